"""The life of a remediation: a cursor over its stages, as a pure function of what was written and what is seen.

``advance`` is called again and again with fresh evidence. It returns the next status and at most one effect. The
status goes to the API server first, fenced by its resourceVersion, and the effect is made after; so whoever comes after
a crash finds the intent and makes the same effect again, a no-op then. The verdict itself is in ``core/verify.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from zombie_operator.core.document import Cause
from zombie_operator.core.evidence import Evidence, Observed, Terms
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import (
    Action,
    EffectKind,
    Intent,
    Outcome,
    Phase,
    RemediationSpec,
    RemediationStatus,
    Via,
)
from zombie_operator.core.restarts import exhaustion, restarts_before
from zombie_operator.core.transitions import enter, finish, led_here, say
from zombie_operator.core.verify import Verdict, before_of, judge

MAX_INTENTS = 64
ROLLBACK_PATIENCE = timedelta(hours=1)
"""How long the old pods may take to come back before a rollback is called done without them."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of a foreign object. ``pod`` is the pod to evict, None for a change of the template."""

    kind: EffectKind
    pod: Observed | None = None


def advance(
    spec: RemediationSpec, status: RemediationStatus, evidence: Evidence, refusals: Sequence[Refusal], now: datetime
) -> tuple[RemediationStatus, Effect | None]:
    """Return the next status and the effect that goes with it, if any.

    ``refusals`` are what the guards say of the next effect. A remediation that is done stays done, but for a person's
    rollback of a cure.
    """
    if status.phase is Phase.DONE:
        return _done(spec, status, evidence, now)
    if not evidence.exists:
        return finish(status, Outcome.SUPERSEDED, Reason.WORKLOAD_GONE, "the workload is gone", now), None
    if (paused := _paused(spec, status, evidence, now)) is not None:
        return paused, None
    if status.phase is Phase.REVERTING:
        return _reverting(spec, status, evidence, refusals, now)
    if spec.action is Action.ROLLBACK:
        return _withdraw(spec, status, Reason.ROLLBACK_REQUESTED, "spec.action asks for the rollback", now), None
    if evidence.terms is None:
        return _withdraw(spec, status, Reason.POLICY_WITHDRAWN, evidence.withdrawn, now), None
    match status.phase:
        case Phase.PENDING:
            return _pending(spec, status, evidence, refusals, now)
        case Phase.ACTING:
            return _acting(spec, status, evidence, refusals, now)
        case _:
            return _verifying(spec, status, evidence, now)


def applied(spec: RemediationSpec, status: RemediationStatus) -> bool:
    """Tell whether a template change was intended and not yet taken back."""
    via_template = any(stage.via is Via.TEMPLATE for stage in spec.stages)
    last = next((i.effect for i in reversed(status.intents)), None)
    return via_template and last is EffectKind.APPLY


def _paused(
    spec: RemediationSpec, status: RemediationStatus, evidence: Evidence, now: datetime
) -> RemediationStatus | None:
    """Return the status of what must not move now, or None."""
    if spec.suspend:
        return say(status, Reason.SUSPENDED, "this remediation is suspended; set its spec.suspend: false")
    if evidence.held is not None:
        return say(status, evidence.held.reason, evidence.held.message)
    return status if status.not_before is not None and now < status.not_before else None


def _done(
    spec: RemediationSpec, status: RemediationStatus, evidence: Evidence, now: datetime
) -> tuple[RemediationStatus, Effect | None]:
    kept = status.outcome in {Outcome.CURED, Outcome.INCONCLUSIVE}
    asked = spec.action is Action.ROLLBACK and not spec.suspend
    if kept and asked and evidence.exists and evidence.patched:
        message = "spec.action asks for the rollback"
        return replace(enter(status, Phase.REVERTING, Reason.ROLLBACK_REQUESTED, message, now), outcome=None), None
    return status, None


def _withdraw(
    spec: RemediationSpec, status: RemediationStatus, reason: Reason, message: str, now: datetime
) -> RemediationStatus:
    """Stop: take back what is not proved, or end at once where nothing was changed."""
    if applied(spec, status):
        return enter(status, Phase.REVERTING, reason, message, now)
    return finish(status, Outcome.SUPERSEDED, reason, message, now)


def _pending(
    spec: RemediationSpec,
    status: RemediationStatus,
    evidence: Evidence,
    refusals: Sequence[Refusal],
    now: datetime,
) -> tuple[RemediationStatus, Effect | None]:
    if refusals:
        return say(status, refusals[0].reason, refusals[0].message), None
    via = spec.stages[status.stage].via
    if evidence.candidate is None:
        return finish(status, Outcome.SUPERSEDED, Reason.NO_LEAKS, "no pod of the workload leaks any more", now), None
    pod = evidence.candidate if via is Via.EVICTION else None
    if pod and (used := _attempts_used(status, pod, evidence.terms, now)):
        return finish(status, Outcome.EXHAUSTED, Reason.ATTEMPTS_EXHAUSTED, used, now), None
    status = replace(status, before=status.before or before_of(evidence, spec.origin, now))
    kind = EffectKind.EVICT if pod else EffectKind.APPLY
    intent = Intent(now, status.stage, kind, pod.uid if pod else "", pod.name if pod else "", evidence.patch_hash)
    status = replace(status, intents=(*status.intents, intent)[-MAX_INTENTS:], after=None)
    what = f"evicting pod {pod.name}" if pod else "changing the pod template"
    return enter(status, Phase.ACTING, Reason.APPLYING, what, now), Effect(kind, pod)


def _attempts_used(status: RemediationStatus, pod: Observed, terms: Terms | None, now: datetime) -> str:
    """Say that the attempts are used up for this pod: it may be another one than when the restart was decided."""
    limits = (terms or Terms(0, 0)).limits
    return exhaustion(restarts_before(status.intents, pod.created, limits, now), limits)


def _acting(
    spec: RemediationSpec,
    status: RemediationStatus,
    evidence: Evidence,
    refusals: Sequence[Refusal],
    now: datetime,
) -> tuple[RemediationStatus, Effect | None]:
    """Go on when the effect is seen; else it was not made, or its maker died, and it is made again."""
    intent = status.intents[-1]
    if intent.effect is EffectKind.EVICT:
        pod = next((p for p in evidence.pods if p.uid == intent.pod_uid and not p.deleting), None)
        if pod is None:
            return enter(status, Phase.VERIFYING, Reason.POD_EVICTED, f"pod {intent.pod_name} was evicted", now), None
        effect = Effect(EffectKind.EVICT, pod)
    elif evidence.patched:
        message = "the pod template was changed; pods roll out"
        return enter(status, Phase.VERIFYING, Reason.VERIFYING, message, now), None
    elif evidence.carried:
        return _adopted(spec, status, now), None
    else:
        effect = Effect(EffectKind.APPLY)
    if effect.pod is not None and evidence.candidate is None:
        # The pod was not evicted and does not leak any more. The intent stays: a late answer may still make it true.
        return finish(status, Outcome.SUPERSEDED, Reason.NO_LEAKS, "no pod of the workload leaks any more", now), None
    return (say(status, refusals[0].reason, refusals[0].message), None) if refusals else (status, effect)


def _verifying(
    spec: RemediationSpec, status: RemediationStatus, evidence: Evidence, now: datetime
) -> tuple[RemediationStatus, Effect | None]:
    if spec.stages[status.stage].via is Via.EVICTION:
        return _clearing(status, evidence, now), None
    if not evidence.patched and evidence.carried:
        return _adopted(spec, status, now), None
    if not evidence.patched:
        message = "the change is gone from the pod template while it was being verified; the operator does not fight"
        return finish(status, Outcome.SUPERSEDED, Reason.HUMAN_REVERT, message, now), None
    verdict = judge(status, evidence, now)
    status = replace(status, after=verdict.after)
    match verdict.call:
        case Verdict.WAIT:
            return say(status, Reason.VERIFYING, verdict.message), None
        case Verdict.CURED:
            return _next_stage(spec, status, verdict.message, now), None
        case Verdict.INCONCLUSIVE:
            return finish(status, Outcome.INCONCLUSIVE, Reason.PROOF_MISSING, verdict.message, now), None
        case Verdict.LEAKS:
            found = Cause.PARENT_NOT_WAITING if verdict.own_children else None
            status = replace(status, verdict=found)
            return enter(status, Phase.REVERTING, Reason.LEAK_CONTINUES, verdict.message, now), None
        case Verdict.BROKEN:
            return enter(status, Phase.REVERTING, verdict.reason, verdict.message, now), None


def _next_stage(spec: RemediationSpec, status: RemediationStatus, message: str, now: datetime) -> RemediationStatus:
    if status.stage + 1 < len(spec.stages):
        return replace(enter(status, Phase.PENDING, Reason.LEAK_STOPPED, message, now), stage=status.stage + 1)
    return finish(status, Outcome.CURED, Reason.LEAK_STOPPED, message, now)


def _clearing(status: RemediationStatus, evidence: Evidence, now: datetime) -> RemediationStatus:
    """Wait until the workload has its pods back, or the policy's time is over; a restart proves nothing more."""
    seconds = evidence.terms.verify_seconds if evidence.terms else 0
    since = status.since or now
    if now - since < timedelta(seconds=seconds):
        return status
    return finish(status, Outcome.CLEARED, Reason.POD_EVICTED, led_here(status).message, now)


def _adopted(spec: RemediationSpec, status: RemediationStatus, now: datetime) -> RemediationStatus:
    """End where the template has the fix and it is somebody else's, so that it is not ours to prove or to take back."""
    message = f"another field manager of the {spec.target_ref.kind} owns the fix now, so it stays and is theirs"
    return finish(status, Outcome.RETIRED, Reason.FIX_ADOPTED, message, now)


def _reverting(
    spec: RemediationSpec,
    status: RemediationStatus,
    evidence: Evidence,
    refusals: Sequence[Refusal],
    now: datetime,
) -> tuple[RemediationStatus, Effect | None]:
    """Take the change back, once; the reason that led here stays the reason."""
    meant = bool(status.intents) and status.intents[-1].effect is EffectKind.REVERT
    if not evidence.patched:
        return (
            _adopted(spec, status, now) if evidence.carried else _rolling_back(status, evidence, now, meant=meant)
        ), None
    if refusals:
        return status, None
    if not meant:
        intent = Intent(now, status.stage, EffectKind.REVERT, patch_hash=evidence.patch_hash)
        status = replace(status, intents=(*status.intents, intent)[-MAX_INTENTS:])
    return status, Effect(EffectKind.REVERT)


def _rolling_back(status: RemediationStatus, evidence: Evidence, now: datetime, *, meant: bool) -> RemediationStatus:
    """Wait for the old pods to come back, for an hour at most: what holds them up then is not the rollback."""
    why = led_here(status)
    ended = evidence.rolled_out or evidence.rollout_failed is not None
    if not meant or ended:
        return finish(status, Outcome.ROLLED_BACK, Reason.of(why.reason), why.message, now)
    if now - status.intents[-1].time > ROLLBACK_PATIENCE:
        message = f"{why.message}; the change is taken back, and its rollout has not ended within {ROLLBACK_PATIENCE}"
        return finish(status, Outcome.ROLLED_BACK, Reason.of(why.reason), message, now)
    return say(status, Reason.ROLLING_BACK, f"the change was taken back and pods roll out; {why.message}")
