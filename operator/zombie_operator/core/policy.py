"""The spec of a ZombiePolicy and of a ClusterZombiePolicy: what its author allows, as frozen values.

The CRDs in ``crds/`` are generated from these classes (``api/crd.py``), so a docstring, a default or a bound changed
here changes the API. Durations are whole seconds, as the Kubernetes API conventions ask.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le, MaxLen, MinLen

from zombie_operator.core.remediation import RemedyType

DAY = 86_400


class Mode(StrEnum):
    """What a policy may do: Observe reports, DryRun also plans, Enforce acts."""

    OBSERVE = "Observe"
    DRY_RUN = "DryRun"
    ENFORCE = "Enforce"


class Delivery(StrEnum):
    """How a remedy reaches pods. Auto chooses; Template insists on a change of the workload's pod template."""

    AUTO = "Auto"
    TEMPLATE = "Template"


class Canary(StrEnum):
    """Whether one pod is tried first: Auto where the server can, Required always, Off never."""

    AUTO = "Auto"
    REQUIRED = "Required"
    OFF = "Off"


class Trigger(StrEnum):
    """What brings a remedy into pods. Evict is the only value of this version."""

    EVICT = "Evict"


class OnFailure(StrEnum):
    """What happens to a remedy that did not help. Rollback is the only value of this version."""

    ROLLBACK = "Rollback"


class SourceType(StrEnum):
    """Where zombie counts come from. Agent is the only value of this version."""

    AGENT = "Agent"


class SelectorOperator(StrEnum):
    """The operators of a Kubernetes label selector (apimachinery, meta/v1 LabelSelectorOperator)."""

    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


LabelKey = Annotated[str, MinLen(1), MaxLen(317)]
LabelValue = Annotated[str, MaxLen(63)]


@dataclass(frozen=True, slots=True)
class SelectorRequirement:
    """One requirement of a label selector: a key, an operator, and values for In and NotIn."""

    key: LabelKey
    """The label's key."""
    operator: SelectorOperator
    """How the label's value relates to values: In, NotIn, Exists or DoesNotExist."""
    values: Annotated[tuple[LabelValue, ...], MaxLen(64)] = ()
    """The values for In and NotIn; empty for Exists and DoesNotExist."""


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A Kubernetes label selector: every label and every requirement must match; an empty one matches everything."""

    match_labels: Annotated[dict[str, LabelValue], MaxLen(64)] = field(default_factory=dict)
    """Labels that must be there with exactly these values."""
    match_expressions: Annotated[tuple[SelectorRequirement, ...], MaxLen(32)] = ()
    """Requirements on labels, all of which must hold."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """When a container counts as leaking: its zombies of one cause, dead for long enough."""

    zombies: Annotated[int, Ge(1), Le(1_000_000)] = 20
    """How many zombies of one cause one container must hold."""
    older_than_seconds: Annotated[int, Ge(1), Le(DAY)] = 120
    """Only zombies dead at least this long count, so a program that reaps late never alarms."""
    pids_exhausted_within_seconds: Annotated[int, Ge(1), Le(366 * DAY)] | None = None
    """Also leaking when the births against the real PID limit exhaust it within this time, whatever the count."""


@dataclass(frozen=True, slots=True)
class RemedyChoice:
    """One remedy that the author allows, in order of preference."""

    type: RemedyType
    """ShareProcessNamespace changes the workload's pod template; RestartPod evicts the leaking pod."""
    delivery: Delivery = Delivery.AUTO
    """How it reaches the pods. RestartPod is always an eviction and ignores this."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a remedy is tried and judged."""

    canary: Canary = Canary.AUTO
    """Off lets an unproved cause be tried on the whole workload, with rollback; otherwise it is refused.

    Write "Off" in quotes: YAML reads a bare Off as false.
    """
    trigger: Trigger = Trigger.EVICT
    """What brings a remedy into pods that are running."""
    verify_seconds: Annotated[int, Ge(5), Le(DAY)] = 300
    """How long patched pods run at least before a verdict."""
    on_failure: OnFailure = OnFailure.ROLLBACK
    """What happens to a remedy that did not help."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may happen at once, how often, and how many times."""

    max_concurrent: Annotated[int, Ge(1), Le(1_000)] = 1
    """Remediations of this policy that may be in progress at one moment."""
    max_per_hour: Annotated[int, Ge(1), Le(10_000)] = 6
    """Rollouts and evictions of this policy within any 3600 seconds."""
    cooldown_seconds: Annotated[int, Ge(0), Le(30 * DAY)] = 3_600
    """Rest between two actions on one workload."""
    min_replicas: Annotated[int, Ge(1), Le(1_000)] = 2
    """No pod is evicted from a workload that wants fewer replicas."""
    max_attempts: Annotated[int, Ge(1), Le(20)] = 2
    """Evictions after which the leak came back, before a person is needed."""
    attempt_window_seconds: Annotated[int, Ge(10), Le(366 * DAY)] = DAY
    """How far back attempts count."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where zombie counts come from."""

    type: SourceType = SourceType.AGENT
    """The operator's own agents on the nodes."""


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """What a ZombiePolicy declares."""

    selector: LabelSelector
    """Which pods. An empty selector, said explicitly, means all pods of the namespace."""
    remedies: Annotated[tuple[RemedyChoice, ...], MinLen(1), MaxLen(8)]
    """What may be done, in order of preference. Only remedies that answer the observed cause are considered."""
    mode: Mode = Mode.OBSERVE
    """Observe reports, DryRun also says what would be done, Enforce does it."""
    suspend: bool = False
    """True freezes the policy: nothing new is started and nothing in progress moves on."""
    threshold: Threshold = field(default_factory=Threshold)
    """When a container counts as leaking."""
    rollout: Rollout = field(default_factory=Rollout)
    """How a remedy is tried and judged."""
    limits: Limits = field(default_factory=Limits)
    """How much may happen."""
    source: Source = field(default_factory=Source)
    """Where zombie counts come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPolicySpec(PolicySpec):
    """What a ClusterZombiePolicy declares: the same, for the namespaces it names."""

    namespace_selector: LabelSelector
    """Which namespaces, by their labels. Required and never empty: the whole cluster must be said, not slipped into."""


@dataclass(frozen=True, slots=True)
class PolicyRef:
    """Names one policy. ``namespace`` is empty for a ClusterZombiePolicy."""

    kind: str
    namespace: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as read from the API server: who it is, what it declares, and which generation that was."""

    ref: PolicyRef
    generation: int
    created: str
    spec: PolicySpec
