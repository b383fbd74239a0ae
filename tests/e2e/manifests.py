"""Builders for what the tests apply: workloads that run a program of the zoo, policies that watch them, and budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Object = dict[str, Any]

ZOO_IMAGE = "localhost/zombie-zoo:1"
GROUP = "zombie-operator.dev"
API_VERSION = f"{GROUP}/v1alpha1"
POLICIES = f"zombiepolicies.{GROUP}"
REMEDIATIONS = f"zombieremediations.{GROUP}"

THRESHOLD = 5
OLDER_THAN_SECONDS = 4

FAST = ("--period-ms", "350", "--children", "2")
"""About five children a second: the threshold is crossed as soon as the first zombies are old enough."""
SLOW = ("--period-ms", "4000", "--children", "2")
"""Half a child a second: enough to leak, and never enough for the node's PID limit in the course of a test."""
PROVED = ("adopt", *FAST, "--own-session")
"""Orphans whose session shows that PID 1 did not fork them."""
UNPROVED = ("adopt", *FAST)
"""Orphans of PID 1's own session: /proc alone cannot tell them from its own children."""

PROBE = {
    "exec": {"command": ["/leak", "probe", "--children", "2", "--child-ms", "300"]},
    "initialDelaySeconds": 0,
    "periodSeconds": 1,
    "timeoutSeconds": 1,
    "failureThreshold": 1_000_000,
}
"""A liveness probe that always times out and never gets the pod restarted."""


def workload(  # noqa: PLR0913 - a manifest has that many fields
    name: str,
    program: tuple[str, ...],
    *,
    kind: str = "Deployment",
    replicas: int = 1,
    probe: Object | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    pod: Object | None = None,
) -> Object:
    """Return a workload of one container whose PID 1 is a program of the zoo. ``labels`` are the workload's own."""
    own = {"app": name}
    container: Object = {
        "name": "zoo",
        "image": ZOO_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["/leak", *program],
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
    }
    if probe:
        container["livenessProbe"] = probe
    spec: Object = {
        "selector": {"matchLabels": own},
        "template": {
            "metadata": {"labels": own},
            "spec": {
                "automountServiceAccountToken": False,
                "securityContext": {"runAsUser": 1000, "runAsNonRoot": True},
                "containers": [container],
                **(pod or {}),
            },
        },
    }
    if kind != "DaemonSet":
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec["serviceName"] = name
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": dict(labels or {}), "annotations": dict(annotations or {})},
        "spec": spec,
    }


def policy(
    mode: str = "Enforce",
    *,
    remedies: tuple[str, ...] = ("ShareProcessNamespace",),
    canary: str = "Auto",
    name: str = "policy",
    limits: Mapping[str, int] | None = None,
    selector: Object | None = None,
) -> Object:
    """Return a ZombiePolicy for all pods of its namespace, with times as short as a test needs."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ZombiePolicy",
        "metadata": {"name": name},
        "spec": {
            "mode": mode,
            "selector": selector or {},
            "threshold": {"zombies": THRESHOLD, "olderThanSeconds": OLDER_THAN_SECONDS},
            "remedies": [{"type": remedy} for remedy in remedies],
            "rollout": {"canary": canary, "verifySeconds": 15},
            "limits": {
                "maxConcurrent": 10,
                "maxPerHour": 100,
                "cooldownSeconds": 0,
                "minReplicas": 1,
                "maxAttempts": 2,
                "attemptWindowSeconds": 600,
                **(limits or {}),
            },
        },
    }


def disruption_budget(app: str) -> Object:
    """Return a PodDisruptionBudget that allows no disruption of the pods of one app."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": app},
        "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": app}}},
    }
