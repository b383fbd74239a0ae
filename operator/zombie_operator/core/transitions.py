"""How a remediation's status changes: it enters a phase, pauses, ends, begins again, or takes an intent back.

Every phase that begins is a line of its history; a pause is none. ``core/lifecycle.py`` decides when.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from zombie_operator.core.document import Cause
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Entry, Outcome, Phase, RemediationStatus

MAX_HISTORY = 32
MAX_MESSAGE = 1_024
REST_SECONDS = 60
"""How long what the API server refused is left alone, where the refusal does not say."""


def enter(status: RemediationStatus, phase: Phase, reason: Reason, message: str, now: datetime) -> RemediationStatus:
    """Go to a phase and write it into the history, whose first entry is kept when it grows too long."""
    entry = Entry(now, phase, str(reason), message[:MAX_MESSAGE])
    history = (*status.history, entry)
    if len(history) > MAX_HISTORY:
        history = (history[0], *history[-(MAX_HISTORY - 1) :])
    since = status.since if status.phase is phase and status.since else now
    return replace(
        status,
        phase=phase,
        since=since,
        reason=str(reason),
        message=message[:MAX_MESSAGE],
        not_before=None,
        history=history,
    )


def finish(
    status: RemediationStatus, outcome: Outcome, reason: Reason, message: str, now: datetime
) -> RemediationStatus:
    """End a remediation."""
    return replace(enter(status, Phase.DONE, reason, message, now), outcome=outcome)


def reopen(status: RemediationStatus, reason: Reason, message: str, now: datetime) -> RemediationStatus:
    """Start a done remediation again, keeping its memory."""
    return replace(enter(status, Phase.PENDING, reason, message, now), outcome=None, stage=0, before=None, after=None)


def retract(status: RemediationStatus, refusal: Refusal, now: datetime, *, final: bool) -> RemediationStatus:
    """Take back an intent whose effect the API server refused: nothing happened, so it must not count.

    ``final`` ends the remediation, for refusals that no waiting mends; else it rests before it is tried again.
    """
    back = replace(status, intents=status.intents[:-1])
    if final:
        return finish(back, Outcome.REFUSED, refusal.reason, refusal.message, now)
    return _rest(enter(back, Phase.PENDING, refusal.reason, refusal.message, now), refusal, now)


def hold_back(status: RemediationStatus, refusal: Refusal, now: datetime) -> RemediationStatus:
    """Say why the API server refused a rollback. It is meant all the same: to leave an unproved change is worse."""
    message = f"the rollback was refused and is tried again: {refusal.message}"
    return _rest(say(status, refusal.reason, message), refusal, now)


def take_back(status: RemediationStatus, cause: Cause, message: str, now: datetime) -> RemediationStatus:
    """Begin the rollback of a remediation that was done: its patched pods leak again, by this cause."""
    verdict = cause if cause is Cause.PARENT_NOT_WAITING else status.verdict
    return replace(enter(status, Phase.REVERTING, Reason.LEAK_RETURNED, message, now), outcome=None, verdict=verdict)


def say(status: RemediationStatus, reason: Reason, message: str) -> RemediationStatus:
    """Give the present phase another reason; a pause is no entry of the history."""
    return replace(status, reason=str(reason), message=message[:MAX_MESSAGE])


def led_here(status: RemediationStatus) -> Entry:
    """Return why the present phase began, which a pause in between does not change."""
    return status.history[-1]


def _rest(status: RemediationStatus, refusal: Refusal, now: datetime) -> RemediationStatus:
    return replace(status, not_before=now + timedelta(seconds=refusal.recheck_seconds or REST_SECONDS))
