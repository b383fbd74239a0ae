"""Deciding about one finding: what is shown, and what is started, given what was done to its workload before.

Pure, in two steps: ``consider`` ends most findings; where something could be started it returns a ``Candidate``, for
which the engine asks the guards, and ``settle`` decides with their answer.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from zombie_operator.core.assess import Finding
from zombie_operator.core.attempts import WITHDRAWN, again
from zombie_operator.core.choose import Plan, choose, explain
from zombie_operator.core.document import Cause
from zombie_operator.core.policy import Mode
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.relapse import relapsed
from zombie_operator.core.remediation import (
    Action,
    Outcome,
    Phase,
    Remediation,
    RemediationSpec,
    RemediationStatus,
    RemedyType,
    TargetRef,
)
from zombie_operator.core.status import Decision
from zombie_operator.core.transitions import take_back

PASSING = frozenset(
    {
        Reason.BUDGET_EXHAUSTED,
        Reason.COOLING_DOWN,
        Reason.DISRUPTION_BUDGET,
        Reason.ROLLOUT_IN_PROGRESS,
        Reason.STALE_DATA,
        Reason.UNCHECKED,
        Reason.WARMING_UP,
    }
)
"""Guards that pass by themselves: a leak that meets one waits, any other guard leaves it alone until somebody acts."""
MAX_NAME = 253


@dataclass(frozen=True, slots=True)
class Decided:
    """A finding with its decision. At most one of ``start`` and ``resume`` is set, and only in mode Enforce."""

    finding: Finding
    decision: Decision
    reason: Reason
    message: str
    remedy: RemedyType | None = None
    start: Plan | None = None
    resume: tuple[Remediation, RemediationStatus] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that could be started if no guard refuses; ``resumed`` is the next status of ``memory``, if any.

    ``takes_back`` says that it is the rollback of a remedy that did not cure, which fewer guards hold up.
    """

    finding: Finding
    plan: Plan
    memory: Remediation | None = None
    resumed: RemediationStatus | None = None
    takes_back: bool = False


def consider(finding: Finding, memory: Sequence[Remediation], now: datetime) -> Decided | Candidate:
    """Decide about a finding as far as its policy and the remediations of its workload (``memory``) allow."""
    if finding.policy.spec.mode is Mode.OBSERVE:
        return Decided(finding, Decision.OBSERVED, Reason.OBSERVING, explain(finding, finding.leak))
    if active := next((r for r in memory if r.status.phase is not Phase.DONE), None):
        return _in_progress(finding, active)
    if held := next((r for r in memory if r.spec.action is Action.ROLLBACK), None):
        message = f"a person asked for the rollback of zombieremediation {held.name}; delete it to let the policy act"
        return _left_alone(finding, Refusal(Reason.ROLLBACK_REQUESTED, message))
    if (kept := relapsed(memory, finding)) is not None:
        return _relapse(finding, kept, now)
    return _propose(finding, memory, now)


def _propose(finding: Finding, memory: Sequence[Remediation], now: datetime) -> Decided | Candidate:
    """Choose a remedy, and ask what was done to the workload by it before."""
    plan = choose(finding, taken_back(memory), verdict_of(memory))
    if isinstance(plan, Refusal):
        return _left_alone(finding, plan)
    before = next((r for r in memory if r.spec.remedy is plan.remedy), None)
    if before is None:
        return Candidate(finding, plan)
    if before.spec.policy_ref != plan.spec.policy_ref:
        name, old = before.name, before.spec.policy_ref
        message = f"zombieremediation {name} belongs to {old.kind} {old.name}; delete it so that this policy can begin"
        return _left_alone(finding, Refusal(Reason.ALREADY_TRIED, message), plan.remedy)
    result = again(before, finding.owned.pod, finding.policy.spec.limits, now)
    if isinstance(result, Refusal):
        return _left_alone(finding, result, plan.remedy)
    if result.phase is Phase.DONE:
        # The attempts are used up: that is written once, and no guard need agree.
        reason = Reason.of(result.reason)
        return Decided(finding, Decision.REFUSED, reason, result.message, plan.remedy, resume=(before, result))
    return Candidate(finding, plan, before, result)


def _relapse(finding: Finding, kept: Remediation, now: datetime) -> Candidate:
    """Take back what is still in place and does not help."""
    pod, remedy = finding.owned.pod.name, kept.spec.remedy
    message = f"{explain(finding, finding.leak)}; pod {pod} has {remedy} already, which is taken back"
    back = take_back(kept.status, finding.leak.cause, message, now)
    return Candidate(finding, Plan(kept.spec, message, ()), kept, back, takes_back=True)


def settle(candidate: Candidate, against: Sequence[Refusal]) -> Decided:
    """Decide about a candidate with what the guards say against it."""
    finding, plan = candidate.finding, candidate.plan
    if finding.policy.spec.mode is Mode.DRY_RUN:
        waits = f"; it would wait: {against[0].message}" if against else ""
        return Decided(finding, Decision.PLANNED, Reason.DRY_RUN, f"{plan.sentence}{waits}", plan.remedy)
    if against:
        return _left_alone(finding, against[0], plan.remedy)
    message = "; ".join([plan.sentence, *plan.caveats])
    if candidate.memory and candidate.resumed:
        resume = (candidate.memory, candidate.resumed)
        return Decided(finding, Decision.REMEDIATING, Reason.CHOSEN, message, plan.remedy, resume=resume)
    return Decided(finding, Decision.REMEDIATING, Reason.CHOSEN, message, plan.remedy, start=plan)


def _left_alone(finding: Finding, refusal: Refusal, remedy: RemedyType | None = None) -> Decided:
    """Say what leaks and why it is left alone, so that no refusal hides the diagnosis."""
    word = Decision.WAITING if refusal.reason in PASSING else Decision.REFUSED
    diagnosis = explain(finding, finding.leak)
    known = refusal.message.startswith(diagnosis[: diagnosis.index(":")])
    message = refusal.message if known else f"{diagnosis}; {refusal.message}"
    return Decided(finding, word, refusal.reason, message, remedy)


def verdict_of(memory: Sequence[Remediation]) -> Cause | None:
    """Return the cause that an experiment on this workload proved."""
    return next((r.status.verdict for r in memory if r.status.verdict), None)


def taken_back(memory: Sequence[Remediation]) -> tuple[RemedyType, ...]:
    """Return the remedies that did not help, broke something, or that a person took back."""
    return tuple(
        r.spec.remedy for r in memory if r.status.outcome is Outcome.ROLLED_BACK and r.status.reason not in WITHDRAWN
    )


def remediation_name(spec: RemediationSpec) -> str:
    """Return ``<kind>-<name>-<hash>``: the same for the same workload object and remedy, different for a new object."""
    return _name(spec.target_ref, spec.remedy)


def _in_progress(finding: Finding, active: Remediation) -> Decided:
    status = active.status
    word = Decision.WAITING if status.phase is Phase.PENDING else Decision.REMEDIATING
    reason = Reason.of(status.reason) if status.reason else Reason.CHOSEN
    return Decided(finding, word, reason, status.message or explain(finding, finding.leak), active.spec.remedy)


def _name(target: TargetRef, remedy: RemedyType) -> str:
    unique = hashlib.sha256(f"{target.uid}/{remedy}".encode()).hexdigest()[:8]
    stem = re.sub(r"[^a-z0-9.-]", "-", f"{target.kind}-{target.name}".lower())
    return f"{stem[: MAX_NAME - 9].rstrip('.-')}-{unique}"
