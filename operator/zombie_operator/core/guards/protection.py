"""Whom the operator never touches: the system, critical and static pods, and whoever opted out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from zombie_operator.core.guards.base import Context
from zombie_operator.core.objects import Pod
from zombie_operator.core.reasons import Reason, Refusal

IGNORE_ANNOTATION = "zombie-operator.dev/ignore"
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
CRITICAL_CLASSES = frozenset({"system-cluster-critical", "system-node-critical"})


def protected(context: Context) -> Refusal | None:
    """Refuse for system namespaces, critical priority, and static pods (their API objects are mirrors)."""
    namespace = context.workload.namespace
    if namespace in context.ceiling.protected_namespaces:
        return Refusal(Reason.PROTECTED, f"namespace {namespace} is never acted on")
    if context.workload.pod_spec.get("priorityClassName") in CRITICAL_CLASSES:
        return Refusal(Reason.PROTECTED, f"{context.workload.title} has a system-critical priority class")
    for pod in context.pods:
        if pod.spec.get("priorityClassName") in CRITICAL_CLASSES:
            return Refusal(Reason.PROTECTED, f"pod {pod.name} has a system-critical priority class")
        if MIRROR_ANNOTATION in pod.annotations:
            return Refusal(Reason.PROTECTED, f"pod {pod.name} is a static pod of node {pod.node}")
    return None


def opted_out(context: Context) -> Refusal | None:
    """Refuse for workloads, pods and namespaces that carry the annotation."""
    for what, carried in _annotated(context):
        if carried.get(IGNORE_ANNOTATION) == "true":
            return Refusal(
                Reason.OPTED_OUT, f'{what} has the annotation {IGNORE_ANNOTATION}: "true"; remove it to opt in'
            )
    return None


def _annotated(context: Context) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield f"namespace {context.workload.namespace}", context.namespace_annotations
    yield context.workload.title, context.workload.annotations
    yield from (_of_pod(pod) for pod in context.pods)


def _of_pod(pod: Pod) -> tuple[str, Mapping[str, str]]:
    return f"pod {pod.name}", pod.annotations
