"""What a guard is given: every fact that may speak against one effect on one workload, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from zombie_operator.core.objects import Budget, Pod, Workload
from zombie_operator.core.policy import Policy
from zombie_operator.core.reasons import Refusal
from zombie_operator.core.remediation import Remediation, Via


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The administrator's limits over all policies, from the operator's settings.

    ``enforce_namespaces`` is None for all. Times in seconds; ``storm_percent`` counts only from ``storm_min_pods`` on.
    """

    enforce_namespaces: frozenset[str] | None = None
    protected_namespaces: frozenset[str] = frozenset({"kube-system", "kube-public", "kube-node-lease"})
    max_concurrent: int = 10
    max_per_hour: int = 60
    warmup_seconds: int = 30
    max_sample_age_seconds: int = 60
    storm_workloads: int = 20
    storm_percent: int = 30
    storm_min_pods: int = 10


@dataclass(frozen=True, slots=True)
class Watched:
    """How much the agents see and how much of it leaks."""

    leaking_workloads: int
    leaking_pods: int
    observed_pods: int


@dataclass(frozen=True, slots=True)
class Context:
    """One effect under consideration. ``policy`` is None when it is gone, ``candidate`` unless a pod is to be evicted.

    ``sample_age_seconds`` is the age of the oldest sample that the decision rests on, None when there is none.
    ``unselected`` names the pods of the workload that the policy does not select.
    """

    now: datetime
    started: datetime
    ceiling: Ceiling
    watched: Watched
    policy: Policy | None
    remediation: Remediation
    others: tuple[Remediation, ...]
    via: Via
    workload: Workload
    pods: tuple[Pod, ...]
    candidate: Pod | None
    namespace_annotations: Mapping[str, str]
    budgets: tuple[Budget, ...]
    sample_age_seconds: float | None
    sample_complete: bool
    unselected: tuple[str, ...] = ()


Guard = Callable[[Context], Refusal | None]
