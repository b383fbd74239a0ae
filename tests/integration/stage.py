"""One test's own piece of a cluster: a namespace in which the test plays the controllers, the kubelets and the agent.

The API server is real; what is missing beside it is played by ``play``, one step of everybody at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from tests.integration import objects
from tests.integration.agents import AgentServer
from tests.integration.objects import GROUP, PLURALS
from zombie_operator.engine.observe import AgentsAt
from zombie_operator.kube.client import MERGE, KubeClient
from zombie_operator.kube.errors import NotFound

Object = dict[str, Any]

KUBECTL, CONTROLLERS = "kubectl-client-side-apply", "kube-controller-manager"
FIELD = "shareProcessNamespace"
_PATHS = {
    **{kind: f"/apis/apps/v1/namespaces/{{}}/{plural}" for kind, plural in PLURALS.items()},
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "PodDisruptionBudget": "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    "Event": "/apis/events.k8s.io/v1/namespaces/{}/events",
    "ZombiePolicy": f"/apis/{GROUP}/v1alpha1/namespaces/{{}}/zombiepolicies",
    "ZombieRemediation": f"/apis/{GROUP}/v1alpha1/namespaces/{{}}/zombieremediations",
    "ClusterZombiePolicy": f"/apis/{GROUP}/v1alpha1/clusterzombiepolicies",
}


def leaks_without_remedy(pod: Object) -> int:
    """Return how many zombies a pod holds that leaks unless it shares its PID namespace."""
    return 0 if pod["spec"].get(FIELD) else 100


@dataclass
class Stage:
    """A namespace, the hour, and an agent for its one node. ``zombies`` says what the agent sees in a pod."""

    admin: KubeClient
    namespace: str
    agent: AgentServer
    zombies: Callable[[Object], int] = leaks_without_remedy
    origin: str = objects.PROVED
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    _numbers: count[int] = field(default_factory=lambda: count(1))
    _played: list[tuple[str, str]] = field(default_factory=list)

    @property
    def node(self) -> str:
        """The only node on which this test's pods are."""
        return f"{self.namespace}-node"

    @property
    def agents(self) -> AgentsAt:
        """Where the operator finds the agent."""
        return AgentsAt(self.agents_namespace, "app.kubernetes.io/component=agent", self.agent.port)

    @property
    def agents_namespace(self) -> str:
        """Where the agent's pod is."""
        return f"{self.namespace}-agents"

    def later(self, seconds: int) -> None:
        """Let time pass, for whoever asks the stage for the hour."""
        self.now += timedelta(seconds=seconds)

    def path(self, kind: str, name: str = "", subresource: str = "", namespace: str = "") -> str:
        """Return where an object is."""
        base = _PATHS[kind].format(namespace or self.namespace)
        return "/".join(filter(None, (base, name, subresource)))

    async def create(self, body: Object, *, manager: str = KUBECTL, namespace: str = "") -> Object:
        """Create an object as a person with kubectl does."""
        path = self.path(body["kind"], namespace=namespace)
        return await self.admin.request("POST", path, body=body, query={"fieldManager": manager})

    async def get(self, kind: str, name: str) -> Object:
        """Read an object that must be there."""
        return await self.admin.get(self.path(kind, name))

    async def listed(self, kind: str, namespace: str = "") -> list[Object]:
        """Read all objects of a kind here."""
        return [body async for body in self.admin.pages(self.path(kind, namespace=namespace))]

    async def edit(
        self, kind: str, name: str, change: Object, *, subresource: str = "", manager: str = KUBECTL
    ) -> None:
        """Change an object by a merge patch."""
        path = self.path(kind, name, subresource)
        await self.admin.request("PATCH", path, body=change, content_type=MERGE, query={"fieldManager": manager})

    async def delete(self, kind: str, name: str = "") -> None:
        """Delete an object, or all of a kind, at once."""
        try:
            await self.admin.request("DELETE", self.path(kind, name), query={"gracePeriodSeconds": "0"})
        except NotFound:
            assert name

    async def set_up(self) -> None:
        """Make the namespaces and the agent's pod."""
        for name in (self.namespace, self.agents_namespace):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await self.admin.request("POST", "/api/v1/namespaces", body=body)
        await self.agent_pod("agent", self.node, self.agent.host)

    async def agent_pod(self, name: str, node: str, address: str) -> None:
        """Make the pod of an agent that runs."""
        body = objects.pod(name, labels=objects.AGENT_LABELS, node=node)
        await self.create(body, namespace=self.agents_namespace)
        status = {"status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}}
        path = self.path("Pod", name, "status", self.agents_namespace)
        await self.admin.request("PATCH", path, body=status, content_type=MERGE)

    async def tear_down(self) -> None:
        """Remove what another test's operator would act on."""
        for kind in ("ZombieRemediation", "ZombiePolicy", "ClusterZombiePolicy", "Pod"):
            await self.delete(kind)

    async def run(self, body: Object) -> Object:
        """Create a workload and play until it has its pods."""
        self._played.append((body["kind"], body["metadata"]["name"]))
        await self.create(body)
        await self.play()
        return await self.get(body["kind"], body["metadata"]["name"])

    async def pods(self, app: str) -> list[Object]:
        """Return the pods of a workload, the oldest first."""
        return [pod for pod in await self.listed("Pod") if pod["metadata"]["labels"].get("app") == app]

    async def play(self) -> None:
        """Do what the kubelet, the controllers and the agent would do about what is there now."""
        for kind, name in self._played:
            try:
                owner = await self.get(kind, name)
            except NotFound:
                continue
            await self._bring_pods(owner)
            await self.edit(kind, name, {"status": _status(owner)}, subresource="status", manager=CONTROLLERS)
        reports = [
            objects.container(pod["metadata"]["uid"], self.zombies(pod), origin=self.origin)
            for pod in await self.listed("Pod")
        ]
        self.agent.document = objects.document(self.node, reports)

    async def _bring_pods(self, owner: Object) -> None:
        name, template = owner["metadata"]["name"], owner["spec"]["template"]["spec"]
        kept = []
        for pod in await self.pods(name):
            if "deletionTimestamp" in pod["metadata"] or pod["spec"].get(FIELD) != template.get(FIELD):
                await self.delete("Pod", pod["metadata"]["name"])
            else:
                kept.append(pod)
        parent = owner
        if owner["kind"] == "Deployment":
            parent = await self._replica_set(owner, 1 if template.get(FIELD) else 0)
        for _ in range(_wanted(owner) - len(kept)):
            await self._start_pod(owner, parent)

    async def _replica_set(self, owner: Object, number: int) -> Object:
        body = objects.replica_set(owner, number)
        try:
            return await self.get("ReplicaSet", body["metadata"]["name"])
        except NotFound:
            return await self.create(body, manager=CONTROLLERS)

    async def _start_pod(self, owner: Object, parent: Object) -> None:
        name = f"{owner['metadata']['name']}-{next(self._numbers):03}"
        template = owner["spec"]["template"]
        spec = {**template["spec"], "nodeName": self.node}
        body = objects.pod(name, labels=template["metadata"]["labels"], owner=parent, **spec)
        await self.create(body, manager=CONTROLLERS)
        ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        await self.edit("Pod", name, {"status": ready}, subresource="status", manager="kubelet")


def _wanted(owner: Object) -> int:
    return int(owner["spec"].get("replicas", 2))


def _status(owner: Object) -> Object:
    wanted, generation = _wanted(owner), owner["metadata"]["generation"]
    match owner["kind"]:
        case "Deployment":
            names = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
            return {"observedGeneration": generation, **dict.fromkeys(names, wanted)}
        case "StatefulSet":
            names = ("replicas", "updatedReplicas", "readyReplicas", "currentReplicas")
            revision = {"currentRevision": "r", "updateRevision": "r"}
            return {"observedGeneration": generation, **dict.fromkeys(names, wanted), **revision}
        case _:
            names = ("desired", "current", "updated")
            scheduled = {f"{name}NumberScheduled": wanted for name in names}
            more = {"numberAvailable": wanted, "numberReady": wanted, "numberMisscheduled": 0}
            return {"observedGeneration": generation, **scheduled, **more}
