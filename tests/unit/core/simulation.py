"""A small cluster with one leaking workload, and the operator's loop over the real core, crashes included.

The world keeps true time; the operator reads a clock that may be wrong. Effects are logged as they change the world, so
that the tests compare what happened with what was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto

from tests.unit.core.builders import (
    NOW,
    context,
    finding,
    leak,
    limits,
    observed,
    owned,
    pod,
    policy,
    remediation,
    rollout,
    seen,
    workload,
    workload_with,
)
from zombie_operator.core.decide import Candidate, Decided, consider, remediation_name, settle
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.evidence import Evidence, Observed, Terms
from zombie_operator.core.guards import GUARDS, REPEAT_GUARDS, REVERT_GUARDS, Context, Guard, refusals
from zombie_operator.core.lifecycle import Effect, advance
from zombie_operator.core.objects import Pod
from zombie_operator.core.policy import Canary, Mode, Policy
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import (
    Action,
    EffectKind,
    Intent,
    Phase,
    Remediation,
    RemediationStatus,
    RemedyType,
    Via,
)
from zombie_operator.core.transitions import retract

OLDER = 10
VERIFY = 60
THRESHOLD = 20
SECONDS_PER_ZOMBIE = 10
COOLDOWN = 120
MAX_ATTEMPTS = 2
MAX_PER_HOUR = 6
LIMITS = limits(
    cooldown_seconds=COOLDOWN,
    max_attempts=MAX_ATTEMPTS,
    max_per_hour=MAX_PER_HOUR,
    attempt_window_seconds=366 * 86_400,
)


class Fate(Enum):
    """What befalls a step of the operator."""

    FINE = auto()
    CRASH_BEFORE_WRITE = auto()
    CRASH_BEFORE_EFFECT = auto()
    CRASH_AFTER_EFFECT = auto()
    REFUSED = auto()
    REFUSED_FOR_GOOD = auto()
    POD_VANISHES = auto()


@dataclass
class RunningPod:
    """One pod of the workload. The first one's program leaks."""

    uid: str
    slot: int
    born: datetime
    patched: bool
    broken: bool = False


@dataclass
class Made:
    """One effect that changed the world, with the intent that was written when it was made."""

    kind: EffectKind
    pod_uid: str
    slot: int
    intent: Intent


@dataclass
class World:
    """The cluster, its people, and what the operator has written."""

    remedies: tuple[RemedyType, ...]
    own_children: bool
    time: datetime = NOW
    skew: timedelta = timedelta(0)
    template: bool = False
    exists: bool = True
    mode: Mode | None = Mode.ENFORCE
    suspended: bool = False
    stale: bool = False
    memory: dict[RemedyType, Remediation] = field(default_factory=dict)
    pods: list[RunningPod] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    asked: int = 0
    serial: int = 0

    def __post_init__(self) -> None:
        """Start two pods an hour ago; the first one leaks."""
        self.pods = [self._new(slot, NOW - timedelta(hours=1)) for slot in (0, 1)]

    @property
    def now(self) -> datetime:
        """What the operator's clock says."""
        return self.time + self.skew

    @property
    def frozen(self) -> bool:
        """Whether there is a policy that is suspended; a policy that is gone suspends nothing."""
        return self.suspended and self.mode is not None

    # What happens without the operator

    def replace_pod(self, slot: int) -> None:
        """Replace a pod by one of the present template."""
        self.pods[slot] = self._new(slot, self.time)

    def roll_out(self) -> bool:
        """Replace one pod that is not of the present template; tell whether there was one."""
        late = next((one for one in self.pods if one.patched != self.template), None)
        if late is not None:
            self.replace_pod(late.slot)
        return late is not None

    def ask(self, remedy: RemedyType, **fields: object) -> None:
        """Let a person change their fields of a remediation."""
        if one := self.memory.get(remedy):
            self.asked += fields.get("action") is Action.ROLLBACK
            self.memory[remedy] = replace(one, generation=one.generation + 1, spec=replace(one.spec, **fields))

    # The operator's loop

    def evaluate(self) -> Decided | None:
        """Decide about the leak, and create or resume what was decided."""
        leaking = self._worst()
        spec = self._policy()
        if not self.exists or self.stale or leaking is None or spec is None:
            return None
        whole = owned(pod=self._pod(leaking), workload=self._workload())
        made = finding(policy=spec, owned=whole, leak=self._leak(leaking), pods=(whole.pod,))
        result = consider(made, tuple(self.memory.values()), self.now)
        if isinstance(result, Candidate):
            fresh = remediation(result.plan.remedy, name=remediation_name(result.plan.spec), spec=result.plan.spec)
            result = settle(result, self._guards(result.memory or fresh, GUARDS))
        if result.start is not None:
            spec = result.start.spec
            fresh = remediation(spec.remedy, name=remediation_name(spec), spec=spec)
            self.memory[spec.remedy] = replace(fresh, status=RemediationStatus())
        elif result.resume is not None:
            self._write(*result.resume)
        return result

    def drive(self, remedy: RemedyType, fate: Fate) -> tuple[Sequence[Refusal], Effect | None]:
        """Move one remediation by a step, as the engine does, with what befalls it."""
        one = self.memory.get(remedy)
        if one is None:
            return (), None
        guards: tuple[Guard, ...] = {Phase.PENDING: GUARDS, Phase.ACTING: REPEAT_GUARDS}.get(
            one.status.phase, REVERT_GUARDS
        )
        against = self._guards(one, guards) if self.exists else ()
        after, effect = advance(one.spec, one.status, self.evidence(one), against, self.now)
        if fate is Fate.CRASH_BEFORE_WRITE:
            return against, None
        self._write(one, after)
        if effect is None or fate is Fate.CRASH_BEFORE_EFFECT:
            return against, effect
        refusal = self._make(remedy, effect, fate)
        if refusal is not None and effect.kind is not EffectKind.REVERT:
            final = fate is Fate.REFUSED_FOR_GOOD
            self._write(self.memory[remedy], retract(after, refusal, self.now, final=final))
        return against, effect

    def evidence(self, one: Remediation) -> Evidence:
        """Return what the engine would gather."""
        pods = tuple(self._observed(each, one) for each in self.pods) if self.exists else ()
        leaking = [p for p in pods if p.fresh and p.treated >= THRESHOLD]
        template = self.template and one.spec.remedy is RemedyType.SHARE_PROCESS_NAMESPACE
        return seen(
            *pods,
            exists=self.exists,
            held=Refusal(Reason.SUSPENDED, "suspended") if self.frozen else None,
            terms=Terms(VERIFY, OLDER) if self.mode is Mode.ENFORCE else None,
            patched=template and self.exists,
            rolled_out=all(p.patched == self.template for p in self.pods),
            pods=pods,
            candidate=max(leaking, key=lambda p: p.treated, default=None),
        )

    def _make(self, remedy: RemedyType, effect: Effect, fate: Fate) -> Refusal | None:
        if fate in {Fate.REFUSED, Fate.REFUSED_FOR_GOOD}:
            return Refusal(Reason.REJECTED_BY_SERVER, "the server said no")
        meant = self.memory[remedy].status.intents[-1]
        if effect.kind is EffectKind.EVICT:
            if fate is Fate.POD_VANISHES and effect.pod:
                self.replace_pod(next(p.slot for p in self.pods if p.uid == effect.pod.uid))
            there = next((p for p in self.pods if effect.pod and p.uid == effect.pod.uid), None)
            if there is None:
                return Refusal(Reason.POD_GONE, "the pod is gone")
            self.made.append(Made(effect.kind, there.uid, there.slot, meant))
            self.replace_pod(there.slot)
        elif self.template != (effect.kind is EffectKind.APPLY):
            self.template = not self.template
            self.made.append(Made(effect.kind, "", -1, meant))
        return None

    def _write(self, one: Remediation, after: RemediationStatus) -> None:
        known = replace(after, observed_generation=one.generation)
        self.memory[one.spec.remedy] = replace(one, status=known)

    def _guards(self, one: Remediation, guards: tuple[Guard, ...]) -> tuple[Refusal, ...]:
        return refusals(self._context(one), guards)

    def _context(self, one: Remediation) -> Context:
        leaking = self._worst()
        via = one.spec.stages[one.status.stage].via
        return context(
            now=self.now,
            started=self.now - timedelta(hours=2),
            policy=self._policy(),
            remediation=one,
            others=tuple(r for r in self.memory.values() if r.spec.remedy is not one.spec.remedy),
            via=via,
            workload=self._workload(),
            pods=tuple(self._pod(each) for each in self.pods),
            candidate=self._pod(leaking) if leaking and via is Via.EVICTION else None,
            sample_age_seconds=600.0 if self.stale else 5.0,
        )

    def _policy(self) -> Policy | None:
        if self.mode is None:
            return None
        tried = rollout(canary=Canary.OFF, verify_seconds=VERIFY)
        return policy(*self.remedies, mode=self.mode, suspend=self.suspended, limits=LIMITS, rollout=tried)

    def _workload(self) -> object:
        done = sum(one.patched == self.template for one in self.pods)
        made = workload_with(
            replicas=2, status={"replicas": 2, "updatedReplicas": done, "availableReplicas": 2, "readyReplicas": 2}
        )
        return replace(made, ref=workload().ref)

    def _leak(self, one: RunningPod) -> object:
        held = {"zombies": self._zombies(one), "oldest_seconds": self._age(one), "pod_uid": one.uid}
        if self.own_children and one.patched:
            return leak(cause=Cause.PARENT_NOT_WAITING, origin=None, proved=0, **held)
        if self.own_children:
            return leak(origin=Origin.UNKNOWN, proved=0, **held)
        return leak(proved=held["zombies"], **held)

    def _observed(self, one: RunningPod, about: Remediation) -> Observed:
        parents = self.own_children and one.patched
        treats_parents = about.spec.cause is Cause.PARENT_NOT_WAITING
        held = self._zombies(one)
        return observed(
            one.uid,
            created=one.born,
            patched=one.patched and about.spec.remedy is RemedyType.SHARE_PROCESS_NAMESPACE,
            fresh=not self.stale,
            treated=held if parents == treats_parents else 0,
            others=held if parents and not treats_parents else 0,
            oldest_seconds=self._age(one),
            broken="container app is in CrashLoopBackOff" if one.broken else None,
        )

    def _worst(self) -> RunningPod | None:
        worst = max(self.pods, key=self._zombies)
        return worst if self._zombies(worst) >= THRESHOLD else None

    def _zombies(self, one: RunningPod) -> int:
        """Count zombies that are old enough: only the first pod leaks, and orphans only where nobody reaps them."""
        cured = one.patched and not self.own_children
        return 0 if one.slot or cured else max(0, self._age(one) - OLDER) // SECONDS_PER_ZOMBIE

    def _age(self, one: RunningPod) -> int:
        return int((self.time - one.born).total_seconds())

    def _pod(self, one: RunningPod) -> Pod:
        spec = {"containers": [{"name": "app"}], **({"shareProcessNamespace": True} if one.patched else {})}
        return pod(uid=one.uid, name=one.uid.replace("pod", "web"), created=one.born, spec=spec)

    def _new(self, slot: int, born: datetime) -> RunningPod:
        self.serial += 1
        return RunningPod(f"pod-{self.serial}", slot, born, self.template)
