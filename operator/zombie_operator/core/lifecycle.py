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
    Entry,
    Intent,
    Outcome,
    Phase,
    RemediationSpec,
    RemediationStatus,
    Via,
)
from zombie_operator.core.restarts import exhaustion, restarts_before
from zombie_operator.core.verify import Verdict, before_of, judge

MAX_HISTORY = 32
MAX_INTENTS = 64


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
    if spec.suspend or evidence.suspended:
        which = "this remediation" if spec.suspend else "the policy"
        return _say(status, Reason.SUSPENDED, f"{which} is suspended; set its spec.suspend: false"), None
    if status.phase is Phase.REVERTING:
        return _reverting(status, evidence, refusals, now)
    if spec.action is Action.ROLLBACK:
        return _withdraw(spec, status, Reason.ROLLBACK_REQUESTED, "spec.action asks for the rollback", now), None
    if evidence.terms is None:
        sentence = "the policy was deleted, left Enforce or no longer selects the workload"
        return _withdraw(spec, status, Reason.POLICY_WITHDRAWN, sentence, now), None
    match status.phase:
        case Phase.PENDING:
            return _pending(spec, status, evidence, refusals, now)
        case Phase.ACTING:
            return _acting(status, evidence, refusals, now)
        case _:
            return _verifying(spec, status, evidence, now)


def retract(status: RemediationStatus, refusal: Refusal, now: datetime, *, final: bool) -> RemediationStatus:
    """Take back an intent whose effect the API server refused: nothing happened, so it must not count.

    ``final`` ends the remediation, for refusals that no waiting mends.
    """
    back = replace(status, intents=status.intents[:-1])
    if final:
        return finish(back, Outcome.REFUSED, refusal.reason, refusal.message, now)
    return enter(back, Phase.PENDING, refusal.reason, refusal.message, now)


def reopen(status: RemediationStatus, reason: Reason, message: str, now: datetime) -> RemediationStatus:
    """Start a done remediation again, keeping its memory."""
    return replace(enter(status, Phase.PENDING, reason, message, now), outcome=None, stage=0, before=None, after=None)


def finish(
    status: RemediationStatus, outcome: Outcome, reason: Reason, message: str, now: datetime
) -> RemediationStatus:
    """End a remediation."""
    return replace(enter(status, Phase.DONE, reason, message, now), outcome=outcome)


def enter(status: RemediationStatus, phase: Phase, reason: Reason, message: str, now: datetime) -> RemediationStatus:
    """Go to a phase and write it into the history, whose first entry is kept when it grows too long."""
    entry = Entry(now, phase, str(reason), message[:1_024])
    history = (*status.history, entry)
    if len(history) > MAX_HISTORY:
        history = (history[0], *history[-(MAX_HISTORY - 1) :])
    since = status.since if status.phase is phase and status.since else now
    return replace(status, phase=phase, since=since, reason=str(reason), message=message[:1_024], history=history)


def applied(spec: RemediationSpec, status: RemediationStatus) -> bool:
    """Tell whether a template change was intended and not yet taken back."""
    via_template = any(stage.via is Via.TEMPLATE for stage in spec.stages)
    last = next((i.effect for i in reversed(status.intents)), None)
    return via_template and last is EffectKind.APPLY


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
        return _say(status, refusals[0].reason, refusals[0].message), None
    via = spec.stages[status.stage].via
    if evidence.candidate is None:
        return finish(status, Outcome.SUPERSEDED, Reason.NO_LEAKS, "no pod of the workload leaks any more", now), None
    pod = evidence.candidate if via is Via.EVICTION else None
    if pod and (used := _attempts_used(status, pod, evidence.terms, now)):
        return finish(status, Outcome.EXHAUSTED, Reason.ATTEMPTS_EXHAUSTED, used, now), None
    status = replace(status, before=status.before or before_of(evidence, now))
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
        return enter(
            status, Phase.VERIFYING, Reason.VERIFYING, "the pod template was changed; pods roll out", now
        ), None
    else:
        effect = Effect(EffectKind.APPLY)
    if effect.pod is not None and evidence.candidate is None:
        # The pod was not evicted and does not leak any more. The intent stays: a late answer may still make it true.
        return finish(status, Outcome.SUPERSEDED, Reason.NO_LEAKS, "no pod of the workload leaks any more", now), None
    return (_say(status, refusals[0].reason, refusals[0].message), None) if refusals else (status, effect)


def _verifying(
    spec: RemediationSpec, status: RemediationStatus, evidence: Evidence, now: datetime
) -> tuple[RemediationStatus, Effect | None]:
    if spec.stages[status.stage].via is Via.EVICTION:
        return _clearing(status, evidence, now), None
    if not evidence.patched:
        message = "somebody took the change back while it was being verified; the operator does not fight"
        return finish(status, Outcome.SUPERSEDED, Reason.HUMAN_REVERT, message, now), None
    verdict = judge(status, evidence, now)
    status = replace(status, after=verdict.after)
    match verdict.call:
        case Verdict.WAIT:
            return _say(status, Reason.VERIFYING, verdict.message), None
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
    return finish(status, Outcome.CLEARED, Reason.POD_EVICTED, _led_here(status).message, now)


def _reverting(
    status: RemediationStatus, evidence: Evidence, refusals: Sequence[Refusal], now: datetime
) -> tuple[RemediationStatus, Effect | None]:
    """Take the change back, once; the reason that led here stays the reason."""
    meant = bool(status.intents) and status.intents[-1].effect is EffectKind.REVERT
    if not evidence.patched:
        if meant and not evidence.rolled_out and evidence.rollout_failed is None:
            return status, None
        why = _led_here(status)
        return finish(status, Outcome.ROLLED_BACK, Reason.of(why.reason), why.message, now), None
    if refusals:
        return status, None
    if not meant:
        intent = Intent(now, status.stage, EffectKind.REVERT, patch_hash=evidence.patch_hash)
        status = replace(status, intents=(*status.intents, intent)[-MAX_INTENTS:])
    return status, Effect(EffectKind.REVERT)


def _say(status: RemediationStatus, reason: Reason, message: str) -> RemediationStatus:
    """Give the present phase another reason; a pause is no entry of the history."""
    return replace(status, reason=str(reason), message=message[:1_024])


def _led_here(status: RemediationStatus) -> Entry:
    """Return why the present phase began, which a pause in between does not change."""
    return status.history[-1]
