"""The installation under test: its pods, its metrics, its log, and the names by which the API server knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.e2e import install
from tests.e2e.witness import metrics

if TYPE_CHECKING:
    from datetime import datetime

    from tests.e2e.witness.kube import Kubectl

OPERATOR = "app.kubernetes.io/component=operator"
AGENT = "app.kubernetes.io/component=agent"


@dataclass(frozen=True)
class Installed:
    """The operator and its agents as users see them."""

    kube: Kubectl
    operator_namespace: str = install.OPERATOR_NAMESPACE
    agents_namespace: str = install.AGENTS_NAMESPACE

    @property
    def operator_user(self) -> str:
        """Return how the API server calls the operator's account (a prefix)."""
        return f"system:serviceaccount:{self.operator_namespace}:"

    @property
    def agents_user(self) -> str:
        """Return how the API server would call the agents' account (a prefix)."""
        return f"system:serviceaccount:{self.agents_namespace}:"

    def operator_pods(self) -> list[dict[str, Any]]:
        """Return the operator's pods."""
        return self.kube.list("pods", self.operator_namespace, OPERATOR)

    def agent_pods(self) -> list[dict[str, Any]]:
        """Return the agents that the DaemonSet made, and no others."""
        return [
            pod
            for pod in self.kube.list("pods", self.agents_namespace, AGENT)
            if any(owner["kind"] == "DaemonSet" for owner in pod["metadata"]["ownerReferences"])
        ]

    def restarts(self) -> list[tuple[str, int]]:
        """Return the operator's pods and how often their container was restarted."""
        pods = self.operator_pods()
        return [(pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"]) for pod in pods]

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of one of the operator's metrics over its pods."""
        found = 0.0
        for pod in self.operator_pods():
            port = pod["spec"]["containers"][0]["ports"][0]["containerPort"]
            page = metrics.read(self.kube, self.operator_namespace, pod["metadata"]["name"], port)
            found += metrics.total(page, name, **labels)
        return found

    def log(self, since: datetime) -> str:
        """Return what the operator has logged since then."""
        where = ("-l", OPERATOR, "-n", self.operator_namespace)
        return self.kube.run("logs", *where, "--tail=-1", "--prefix", f"--since-time={since.isoformat()}")
