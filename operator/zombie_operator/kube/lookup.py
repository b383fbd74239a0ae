"""Looking up foreign objects, on demand and only what a leak names: pods of a node, owners, budgets, namespaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zombie_operator.core.assess import Owned
from zombie_operator.core.objects import Budget, OwnerRef, Pod, Workload, budget_from, pod_from, workload_from
from zombie_operator.core.remediation import TargetRef
from zombie_operator.kube import paths
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import NotFound

Body = Mapping[str, Any]
MAX_DEPTH = 4
"""Owners of owners that are followed: CronJob, Job, Pod is the longest built-in chain."""


@dataclass
class Lookup:
    """Reads with a memory of one evaluation, so that ten pods of one Deployment cost one read of it."""

    client: KubeClient
    _objects: dict[str, Body | None] = field(default_factory=dict)
    _budgets: dict[str, tuple[Budget, ...]] = field(default_factory=dict)

    async def pods_on(self, node: str) -> list[Pod]:
        """List the pods of one node."""
        return [pod_from(b) async for b in self.client.pages(paths.pods(), {"fieldSelector": f"spec.nodeName={node}"})]

    async def pods_in(self, namespace: str, selector: str) -> list[Pod]:
        """List the pods of a namespace that match a label selector in its text form."""
        query = {"labelSelector": selector}
        return [pod_from(b) async for b in self.client.pages(paths.pods(namespace), query)]

    async def pod_bodies(self, namespace: str, selector: str) -> list[Body]:
        """List pods as raw bodies, for the little that the core does not know of them (addresses)."""
        return [b async for b in self.client.pages(paths.pods(namespace), {"labelSelector": selector})]

    async def owned(self, pod: Pod) -> Owned:
        """Return a pod with its namespace and its top owner."""
        namespace = await self._get(paths.namespace(pod.namespace)) or {}
        meta = namespace.get("metadata") or {}
        top = await self.top_owner(pod.namespace, pod.owner)
        terminating = "deletionTimestamp" in meta
        return Owned(pod, meta.get("labels") or {}, meta.get("annotations") or {}, top, terminating)

    async def top_owner(self, namespace: str, owner: OwnerRef | None) -> Workload | None:
        """Follow controller references up to the highest built-in kind.

        An owner of any other kind is not read (no right to), but stands on the object below it as its ``owner``, or is
        returned as a workload of that kind without a spec when the pod belongs to it directly.
        """
        top: Workload | None = None
        for _ in range(MAX_DEPTH):
            if owner is None:
                return top
            path = paths.workload(owner.api_version, owner.kind, namespace, owner.name)
            body = await self._get(path) if path else None
            if path is None and top is None:
                return _foreign(namespace, owner)
            if body is None or (body.get("metadata") or {}).get("uid") != owner.uid:
                return top
            top = workload_from(body)
            owner = top.owner
        return top

    async def workload(self, namespace: str, ref: TargetRef) -> Workload | None:
        """Read a workload by its identity; None when it is gone or another one of the same name."""
        path = paths.workload(ref.api_version, ref.kind, namespace, ref.name)
        body = await self._get(path) if path else None
        found = workload_from(body) if body else None
        return found if found and found.ref.uid == ref.uid else None

    async def pods_of(self, workload: Workload) -> list[Pod]:
        """List the pods that a workload controls, through ReplicaSets where it has them; never by labels alone."""
        from_labels = await self.pods_in(workload.namespace, _selector_text(workload.spec.get("selector") or {}))
        found = []
        for pod in from_labels:
            top = await self.top_owner(workload.namespace, pod.owner)
            if top is not None and top.ref.uid == workload.ref.uid:
                found.append(pod)
        return found

    async def budgets(self, namespace: str) -> tuple[Budget, ...]:
        """List the PodDisruptionBudgets of a namespace."""
        if namespace not in self._budgets:
            bodies = [budget_from(b) async for b in self.client.pages(paths.budgets(namespace))]
            self._budgets[namespace] = tuple(bodies)
        return self._budgets[namespace]

    async def _get(self, path: str) -> Body | None:
        if path not in self._objects:
            try:
                self._objects[path] = await self.client.get(path)
            except NotFound:
                self._objects[path] = None
        return self._objects[path]


def _foreign(namespace: str, owner: OwnerRef) -> Workload:
    ref = {"apiVersion": owner.api_version, "kind": owner.kind}
    return workload_from({**ref, "metadata": {"name": owner.name, "namespace": namespace, "uid": owner.uid}})


def _selector_text(selector: Body) -> str:
    """Return a workload's selector in the text form of list queries (apimachinery, labels/selector.go)."""
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for requirement in selector.get("matchExpressions") or ():
        key, values = requirement["key"], ",".join(requirement.get("values") or ())
        match requirement["operator"]:
            case "In":
                terms.append(f"{key} in ({values})")
            case "NotIn":
                terms.append(f"{key} notin ({values})")
            case "Exists":
                terms.append(key)
            case _:
                terms.append(f"!{key}")
    return ",".join(terms)
