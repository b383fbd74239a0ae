"""What an earlier remediation of the same workload and remedy allows: go on, start again, or leave it to a person."""

from __future__ import annotations

from datetime import datetime

from zombie_operator.core.objects import Pod
from zombie_operator.core.policy import Limits
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Outcome, Remediation, RemediationStatus
from zombie_operator.core.restarts import exhaustion, restarts_before
from zombie_operator.core.transitions import finish, reopen

WITHDRAWN = frozenset({str(Reason.POLICY_WITHDRAWN)})


def again(memory: Remediation, pod: Pod, limits: Limits, now: datetime) -> RemediationStatus | Refusal:
    """Return the status with which a done remediation starts again or ends exhausted, or why a person must decide."""
    status, name = memory.status, memory.name
    # A restart that was stopped half-way does not make itself or earlier ones uncounted.
    if status.outcome is Outcome.CLEARED or (
        status.outcome is Outcome.SUPERSEDED and attempts_before(memory, pod, limits, now)
    ):
        return _after_restart(memory, pod, limits, now)
    if status.outcome is Outcome.EXHAUSTED:
        return Refusal(Reason.ATTEMPTS_EXHAUSTED, f"{status.message}; delete zombieremediation {name} to allow more")
    if status.reason == Reason.HUMAN_REVERT or status.outcome is Outcome.CURED:
        return Refusal(
            Reason.HUMAN_REVERT,
            f"what zombieremediation {name} had applied is gone from the pod template; delete it to allow another try",
        )
    if status.outcome is Outcome.REFUSED:
        # The API server's final word: trying again at every evaluation would only repeat it.
        return Refusal(Reason.of(status.reason), f"{status.message}; delete zombieremediation {name} to try again")
    if status.outcome is Outcome.SUPERSEDED or status.reason in WITHDRAWN:
        return reopen(status, Reason.CHOSEN, "the leak is still there", now)
    return Refusal(
        Reason.ALREADY_TRIED,
        f"zombieremediation {name} ended {status.outcome}: {status.message}; delete it to allow another try",
    )


def attempts_before(memory: Remediation, pod: Pod, limits: Limits, now: datetime) -> int:
    """Count the evictions by this remediation that did not keep this pod from leaking."""
    return restarts_before(memory.status.intents, pod.created, limits, now)


def _after_restart(memory: Remediation, pod: Pod, limits: Limits, now: datetime) -> RemediationStatus:
    count = attempts_before(memory, pod, limits, now)
    if message := exhaustion(count, limits):
        return finish(memory.status, Outcome.EXHAUSTED, Reason.ATTEMPTS_EXHAUSTED, message, now)
    if not count:
        message = f"pod {pod.name} leaks as well (0 of {limits.max_attempts} attempts used)"
        return reopen(memory.status, Reason.CHOSEN, message, now)
    message = f"the leak came back ({count} of {limits.max_attempts} attempts used)"
    return reopen(memory.status, Reason.LEAK_RETURNED, message, now)
