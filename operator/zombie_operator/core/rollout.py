"""Rollouts of the three workload kinds: finished or not, failed or not, and how many pods they take away at most.

The arithmetic is that of the controllers (kubernetes, pkg/controller/deployment/util and pkg/controller/statefulset)
and of ``kubectl rollout status`` (kubectl, pkg/polymorphichelpers/rollout_status.go).
"""

from __future__ import annotations

from zombie_operator.core.objects import Workload


def replicas_of(workload: Workload) -> int:
    """Return how many pods the workload wants now."""
    if workload.ref.kind == "DaemonSet":
        return int(workload.status.get("desiredNumberScheduled", 0))
    return int(workload.spec.get("replicas", 1))


def rolled_out(workload: Workload) -> bool:
    """Tell whether every pod is of the present template and available."""
    status, wanted = workload.status, replicas_of(workload)
    if int(status.get("observedGeneration", 0)) < workload.generation:
        return False
    match workload.ref.kind:
        case "Deployment":
            return bool(
                status.get("updatedReplicas", 0) == wanted
                and status.get("replicas", 0) == wanted
                and status.get("availableReplicas", 0) == wanted
            )
        case "StatefulSet":
            return bool(
                status.get("readyReplicas", 0) == wanted
                and status.get("currentRevision") == status.get("updateRevision")
                and status.get("updatedReplicas", wanted) == wanted
            )
        case "DaemonSet":
            return bool(
                status.get("updatedNumberScheduled", 0) == wanted and status.get("numberAvailable", 0) == wanted
            )
        case _:
            return bool(status.get("readyReplicas", 0) == wanted)


def failed(workload: Workload) -> str | None:
    """Return why a rollout will not finish by itself. Only a Deployment says so."""
    for condition in workload.status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return f"{workload.title}: {condition.get('message', 'progress deadline exceeded')}"
    return None


def strategy_of(workload: Workload) -> str:
    """Return the name of the update strategy."""
    key = "strategy" if workload.ref.kind == "Deployment" else "updateStrategy"
    return str((workload.spec.get(key) or {}).get("type", "RollingUpdate"))


def max_unavailable(workload: Workload) -> int:
    """Return how many pods a rolling update may take away at once, as the controllers compute it."""
    key = "strategy" if workload.ref.kind == "Deployment" else "updateStrategy"
    rolling = (workload.spec.get(key) or {}).get("rollingUpdate") or {}
    wanted = replicas_of(workload)
    if workload.ref.kind != "Deployment":
        # A DaemonSet rounds a percentage up, a StatefulSet down; neither goes below one.
        daemons = workload.ref.kind == "DaemonSet"
        surge = _scaled(rolling.get("maxSurge", 0), wanted, up=True) if daemons else 0
        return 0 if surge else max(1, _scaled(rolling.get("maxUnavailable", 1), wanted, up=daemons))
    unavailable = _scaled(rolling.get("maxUnavailable", "25%"), wanted, up=False)
    surge = _scaled(rolling.get("maxSurge", "25%"), wanted, up=True)
    return unavailable if unavailable or surge else 1


def _scaled(value: object, total: int, *, up: bool) -> int:
    """Resolve an IntOrString against a total (apimachinery, util/intstr GetScaledValueFromIntOrPercent)."""
    if isinstance(value, int):
        return value
    percent = int(str(value).rstrip("%") or 0)
    return -(-total * percent // 100) if up else total * percent // 100
