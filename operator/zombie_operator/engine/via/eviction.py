"""Eviction: asks the API server to evict one pod, by identity, so that PodDisruptionBudgets decide.

Never a delete: where the budget says no, nothing happens (policy/v1 Eviction).
"""

from __future__ import annotations

from zombie_operator.core.evidence import Observed
from zombie_operator.kube import paths
from zombie_operator.kube.client import KubeClient


async def evict(client: KubeClient, namespace: str, pod: Observed) -> None:
    """Evict a pod. Raises NotFound or Conflict when it is another one by now, Throttled when a budget forbids it."""
    body = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": namespace},
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    }
    await client.request("POST", paths.pods(namespace, pod.name, "eviction"), body=body)
