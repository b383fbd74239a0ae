"""Where the API server keeps things: URL paths of the kinds that the operator reads or writes."""

from __future__ import annotations

from zombie_operator.api.v1alpha1 import GROUP, VERSION, Resource

PLURALS = {
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "ReplicaSet": "replicasets",
    "Job": "jobs",
    "CronJob": "cronjobs",
}
"""The built-in workload kinds, which are the only owners that the operator reads."""
BUILT_IN_GROUPS = frozenset({"apps/v1", "batch/v1"})


def own(resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """Return the path of one of our kinds; without a namespace it is that of all namespaces."""
    scope = f"/namespaces/{namespace}" if namespace else ""
    return _join(f"/apis/{GROUP}/{VERSION}{scope}/{resource.plural}", name, subresource)


def workload(api_version: str, kind: str, namespace: str, name: str) -> str | None:
    """Return the path of a built-in workload, None for any other kind."""
    if api_version not in BUILT_IN_GROUPS or kind not in PLURALS:
        return None
    return f"/apis/{api_version}/namespaces/{namespace}/{PLURALS[kind]}/{name}"


def pods(namespace: str = "", name: str = "", subresource: str = "") -> str:
    """Return the path of pods."""
    return _join(f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods", name, subresource)


def namespace(name: str) -> str:
    """Return the path of a namespace."""
    return f"/api/v1/namespaces/{name}"


def secrets(namespace: str, name: str = "") -> str:
    """Return the path of secrets."""
    return _join(f"/api/v1/namespaces/{namespace}/secrets", name)


def budgets(namespace: str) -> str:
    """Return the path of PodDisruptionBudgets."""
    return f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets"


def events(namespace: str, name: str = "") -> str:
    """Return the path of events."""
    return _join(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", name)


def _join(path: str, *parts: str) -> str:
    return "/".join([path, *(part for part in parts if part)])
