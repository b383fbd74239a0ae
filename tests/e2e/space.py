"""One test's namespace: what was applied there, and what can be seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.e2e.manifests import POLICIES, REMEDIATIONS, THRESHOLD
from tests.e2e.witness import proc, zoolog
from tests.e2e.witness.waiting import eventually

if TYPE_CHECKING:
    from tests.e2e.witness.kube import Kubectl

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace of its own."""

    kube: Kubectl
    name: str
    since: datetime

    def apply(self, *objects: Object) -> None:
        """Apply objects here."""
        self.kube.apply(*objects, namespace=self.name)

    def get(self, kind: str, name: str) -> Object:
        """Return an object that must be there."""
        found = self.kube.get(kind, name, self.name)
        assert found is not None, f"{kind} {name} is gone from namespace {self.name}"
        return found

    def pods(self, app: str) -> list[Object]:
        """Return the app's pods that are running and not on their way out."""
        return [
            pod
            for pod in self.kube.list("pods", self.name, f"app={app}")
            if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
        ]

    def uids(self, app: str) -> list[str]:
        """Return the UIDs of these pods."""
        return [pod["metadata"]["uid"] for pod in self.pods(app)]

    def leaking(self, app: str, *, above: int = THRESHOLD) -> frozenset[proc.Process]:
        """Wait until the app's pods hold more zombies than the threshold, in the node's /proc, and return them."""
        return eventually(
            f"more than {above} zombies of {self.name}/{app} in /proc",
            lambda: proc.zombies(self.uids(app)),
            lambda zombies: len(zombies) > above,
        )

    def policy_status(self, name: str = "policy") -> Object:
        """Return the status of the policy."""
        status: Object = self.get(POLICIES, name).get("status", {})
        return status

    def finding(self, app: str, policy: str = "policy") -> Object | None:
        """Return the policy's finding about one workload."""
        findings = self.policy_status(policy).get("findings", [])
        return next((finding for finding in findings if finding["workload"].split()[-1].split("/")[-1] == app), None)

    def found(self, app: str, reason: str, *, within: float = 60) -> Object:
        """Wait until the policy's finding about one workload carries this reason, and return it."""
        finding = eventually(
            f"a finding about {self.name}/{app} with reason {reason}",
            lambda: self.finding(app),
            lambda finding: finding is not None and finding["reason"] == reason,
            within=within,
        )
        assert finding is not None
        return finding

    def remediations(self, app: str) -> list[Object]:
        """Return the ZombieRemediations of one workload."""
        every = self.kube.list(REMEDIATIONS, self.name)
        return [one for one in every if one["spec"]["targetRef"]["name"] == app]

    def remediated(self, app: str, outcome: str, *, within: float = 150) -> Object:
        """Wait until the one ZombieRemediation of a workload is Done with this outcome, and return it."""

        def look() -> list[tuple[str, Object]]:
            return [(one["metadata"]["name"], one.get("status", {})) for one in self.remediations(app)]

        def accept(seen: list[tuple[str, Object]]) -> bool:
            return [(status.get("phase"), status.get("outcome")) for _, status in seen] == [("Done", outcome)]

        done = eventually(f"a ZombieRemediation of {self.name}/{app}, Done and {outcome}", look, accept, within=within)
        return self.get(REMEDIATIONS, done[0][0])

    def orphans(self, app: str, *, since: datetime | None = None) -> int:
        """Count the orphans that the app's running pods say they made."""
        logs = [self.kube.logs(pod["metadata"]["name"], self.name) for pod in self.pods(app)]
        return sum(len(zoolog.orphans(zoolog.parse(log), since=since)) for log in logs)


def shares_process_namespace(workload: Object) -> bool:
    """Tell whether a workload's pod template has the remedy."""
    return bool(workload["spec"]["template"]["spec"].get("shareProcessNamespace", False))


def owner_of_the_remedy(workload: Object) -> list[tuple[str, str]]:
    """Return manager and operation of every managedFields entry that owns shareProcessNamespace in the template."""
    return [
        (entry["manager"], entry["operation"])
        for entry in workload["metadata"]["managedFields"]
        if "f:shareProcessNamespace" in entry["fieldsV1"].get("f:spec", {}).get("f:template", {}).get("f:spec", {})
    ]
