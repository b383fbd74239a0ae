"""The status of a policy and of its findings: what ``kubectl get zombiepolicies`` shows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from annotated_types import MaxLen

from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.remediation import Count, Generation, Name, RemedyType, Text

MAX_FINDINGS = 20


class ConditionStatus(StrEnum):
    """The three values of a condition (apimachinery, meta/v1 ConditionStatus)."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Decision(StrEnum):
    """What was decided about one leaking workload."""

    OBSERVED = "Observed"
    PLANNED = "Planned"
    REMEDIATING = "Remediating"
    WAITING = "Waiting"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class Condition:
    """A Kubernetes condition (apimachinery, meta/v1 Condition)."""

    type: Name
    """What is true or not, such as Ready."""
    status: ConditionStatus
    """Whether it is: True, False or Unknown."""
    reason: Name
    """Why, in one word."""
    message: Annotated[str, MaxLen(32_768)]
    """Why, in a sentence."""
    last_transition_time: datetime
    """When status last changed."""
    observed_generation: Generation
    """The generation of the spec that this condition is about."""


@dataclass(frozen=True, slots=True)
class FindingStatus:
    """One leaking workload: its worst container, why it leaks, and what is done about it."""

    namespace: Name
    """The workload's namespace."""
    workload: Name
    """The workload, as Kind/name."""
    pod: Name
    """Its pod that holds the most zombies."""
    container: Name
    """The container of that pod that holds them."""
    cause: Cause
    """Why nobody reaps them."""
    zombies: Count
    """How many of that cause it holds."""
    oldest_seconds: Count
    """Age of the oldest of them since its death."""
    per_hour: Count
    """How many more stay per hour."""
    decision: Decision
    """What is done about it."""
    reason: Name
    """Why that, in one word."""
    message: Text
    """The finding and the decision in a sentence."""
    origin: Origin | None = None
    """Where the zombies come from, if their init is what does not reap."""
    remedy: RemedyType | None = None
    """The remedy that was chosen, if any."""


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """What the operator last saw and did for one policy."""

    observed_generation: Generation = -1
    """The generation of the spec that this status is about; -1 before the operator saw it."""
    conditions: Annotated[tuple[Condition, ...], MaxLen(8)] = ()
    """Ready, Reconciling, Stalled, Leaking, Enforcing."""
    leaking: Count = 0
    """Workloads over the threshold now."""
    remediating: Count = 0
    """Remediations that are not done."""
    cured: Count = 0
    """Remediations that ended Cured or Cleared."""
    refused: Count = 0
    """Leaking workloads that are left alone, with the reason in findings, and exhausted remediations."""
    findings: Annotated[tuple[FindingStatus, ...], MaxLen(MAX_FINDINGS)] = ()
    """The worst leaking workloads, worst first; all of them are in the operator's metrics."""
