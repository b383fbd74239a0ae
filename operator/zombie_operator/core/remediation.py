"""A ZombieRemediation: one remedy applied to one workload, from its choice to its proof, as frozen values.

Its status is the only memory of the operator, so a crash loses nothing. ``core/lifecycle.py`` moves it; the CRD is
generated from these classes. ``spec`` is fixed at creation but for ``suspend`` and ``action``, which are people's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Le, MaxLen

from zombie_operator.core.document import Cause, Origin


class RemedyType(StrEnum):
    """The remedies of this version; each is one file in ``core/remedies``."""

    SHARE_PROCESS_NAMESPACE = "ShareProcessNamespace"
    RESTART_POD = "RestartPod"


class Action(StrEnum):
    """What a person asks of a remediation: go on (Apply) or take it back (Rollback)."""

    APPLY = "Apply"
    ROLLBACK = "Rollback"


class Scope(StrEnum):
    """How many pods a stage reaches."""

    ONE = "One"
    ALL = "All"


class Via(StrEnum):
    """How a stage reaches pods; each is one file in ``engine/via``."""

    TEMPLATE = "Template"
    EVICTION = "Eviction"


class Phase(StrEnum):
    """Where a remediation stands."""

    PENDING = "Pending"
    ACTING = "Acting"
    VERIFYING = "Verifying"
    REVERTING = "Reverting"
    DONE = "Done"


class Outcome(StrEnum):
    """How a remediation ended."""

    CURED = "Cured"
    CLEARED = "Cleared"
    ROLLED_BACK = "RolledBack"
    INCONCLUSIVE = "Inconclusive"
    REFUSED = "Refused"
    EXHAUSTED = "Exhausted"
    SUPERSEDED = "Superseded"
    RETIRED = "Retired"


class EffectKind(StrEnum):
    """What the operator does to an object that is not its own."""

    APPLY = "Apply"
    REVERT = "Revert"
    EVICT = "Evict"


MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps exactly

Text = Annotated[str, MaxLen(1_024)]
Name = Annotated[str, MaxLen(253)]
Count = Annotated[int, Ge(0), Le(MAX_INTEGER)]
Generation = Annotated[int, Ge(-1), Le(MAX_INTEGER)]


@dataclass(frozen=True, slots=True)
class TargetRef:
    """The workload, by identity: a new object of the same name is another workload."""

    api_version: Name
    """Its apiVersion, such as apps/v1."""
    kind: Name
    """Its kind, such as Deployment."""
    name: Name
    """Its name, in the remediation's namespace."""
    uid: Name
    """Its UID."""


@dataclass(frozen=True, slots=True)
class PolicyRefSpec:
    """The policy that asked for it. A ZombiePolicy is in the same namespace."""

    kind: Name
    """ZombiePolicy or ClusterZombiePolicy."""
    name: Name
    """Its name."""


@dataclass(frozen=True, slots=True)
class PodPatch:
    """The change of the pod template, field by field; a field that is None is not touched."""

    share_process_namespace: bool | None = None
    """The pod's containers share one PID namespace whose init, the sandbox's pause, reaps."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: how many pods it reaches, and how."""

    scope: Scope
    """How many pods it reaches."""
    via: Via
    """What brings the remedy into them: a change of the pod template, or an eviction."""


@dataclass(frozen=True, slots=True)
class RemediationSpec:
    """What is done to which workload and why."""

    target_ref: TargetRef
    """The workload, by identity: a new object of the same name is another workload."""
    policy_ref: PolicyRefSpec
    """The policy that asked for it. A ZombiePolicy is in the same namespace."""
    container: Name
    """The container that held the most zombies when this was decided."""
    cause: Cause
    """Why nobody reaps its zombies."""
    remedy: RemedyType
    """What is done about it."""
    origin: Origin | None = None
    """Where the zombies come from, if their init is what does not reap."""
    patch: PodPatch = PodPatch()
    """The change of the pod template, field by field; a field left out is not touched."""
    stages: Annotated[tuple[Stage, ...], MaxLen(4)] = ()
    """The steps, in order, fixed at creation."""
    suspend: bool = False
    """True stops this remediation where it stands."""
    action: Action = Action.APPLY
    """Rollback takes the remedy back."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An effect, recorded before it is made, so that whoever comes after a crash knows what was meant."""

    time: datetime
    """When it was recorded."""
    stage: Count
    """Index into spec.stages."""
    effect: EffectKind
    """What was to be done."""
    pod_uid: Name = ""
    """The pod to be evicted, by identity."""
    pod_name: Name = ""
    """The name of that pod."""
    patch_hash: Name = ""
    """A hash of the patch to be applied."""


@dataclass(frozen=True, slots=True)
class Before:
    """The leak as it was before the first effect. Rates are zombies per hour of one pod."""

    time: datetime
    """When it was measured."""
    zombies: Count
    """Zombies of the treated cause in all pods."""
    oldest_seconds: Count
    """Age of the oldest of them since its death."""
    per_hour: Annotated[float, Ge(0)]
    """Births of the treated cause that stayed."""
    others_per_hour: Annotated[float, Ge(0)] = 0.0
    """Births under a parent that does not wait, which no init would have cured."""
    pods: Count = 0
    """Pods of the workload."""
    ready: Count = 0
    """How many of those were ready."""
    constant: Annotated[float, Ge(0)] = 0.0
    """Zombies of the treated cause in one pod whose number did not grow; no remedy is judged by them."""
    quiet_seconds: Count = 0
    """The longest time without a birth. Patched pods must run longer than that: births may come in bursts."""
    restarts_per_hour: Annotated[float, Ge(0)] = 0.0
    """Container restarts of one pod."""


@dataclass(frozen=True, slots=True)
class After:
    """What the patched pods show. ``predicted`` is what the old rate would have left in the same exposure."""

    time: datetime
    """When it was measured."""
    zombies: Count
    """Zombies of the treated cause in patched pods."""
    predicted: Annotated[float, Ge(0)]
    """How many the old rate would have left there in the same exposure."""
    exposure_seconds: Count
    """Time that patched pods have run, added up."""
    pods: Count = 0
    """Patched pods."""
    ready: Count = 0
    """How many of those are ready."""
    restarts: Count = 0
    """Container restarts in those pods."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a remediation's history: when, in which phase, and why in a sentence."""

    time: datetime
    """When it was entered."""
    phase: Phase
    """The phase that began."""
    reason: Name
    """Why, in one word."""
    message: Text = ""
    """Why, in a sentence."""


@dataclass(frozen=True, slots=True)
class RemediationStatus:
    """Where it stands, what was meant, and what was seen."""

    observed_generation: Generation = -1
    """The generation of the spec that this status is about; -1 before the operator saw it."""
    phase: Phase = Phase.PENDING
    """Where it stands."""
    since: datetime | None = None
    """When the present phase began."""
    stage: Count = 0
    """Index into spec.stages."""
    outcome: Outcome | None = None
    """How it ended; absent until it is Done."""
    verdict: Cause | None = None
    """The cause that the experiment proved, where it differs from the one assumed."""
    reason: Name = ""
    """Why it stands there, in one word."""
    message: Text = ""
    """Why it stands there, in a sentence."""
    not_before: datetime | None = None
    """When to try again what the API server has just refused; absent when nothing was refused."""
    intents: Annotated[tuple[Intent, ...], MaxLen(64)] = ()
    """Every effect, recorded before it was made."""
    before: Before | None = None
    """The leak as it was before the first effect."""
    after: After | None = None
    """What the patched pods show."""
    history: Annotated[tuple[Entry, ...], MaxLen(32)] = ()
    """The phases it went through, the latest last."""


@dataclass(frozen=True, slots=True)
class Remediation:
    """A ZombieRemediation as read from the API server."""

    namespace: str
    name: str
    uid: str
    generation: int
    resource_version: str
    spec: RemediationSpec
    status: RemediationStatus
