"""Deciding about one finding: what is shown, what is started, and what is left alone."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import (
    NOW,
    RESTART,
    SHARE,
    ago,
    done,
    finding,
    intent,
    leak,
    owned,
    pod,
    policy,
    remediation,
    remediation_spec,
    rollout,
    status,
)
from zombie_operator.core.choose import explain
from zombie_operator.core.decide import (
    PASSING,
    Candidate,
    Decided,
    consider,
    remediation_name,
    settle,
    taken_back,
    verdict_of,
)
from zombie_operator.core.document import Cause, Origin
from zombie_operator.core.policy import Canary, Mode
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import Outcome, Phase, Remediation, TargetRef
from zombie_operator.core.status import Decision


def decided(made: object, *memory: Remediation) -> Decided:
    result = consider(made, memory, NOW)
    assert isinstance(result, Decided), result
    return result


def candidate(made: object, *memory: Remediation) -> Candidate:
    result = consider(made, memory, NOW)
    assert isinstance(result, Candidate), result
    return result


def rolled_back(**fields: object) -> Remediation:
    return remediation(
        SHARE,
        status=done(Outcome.ROLLED_BACK, **{"reason": str(Reason.LEAK_CONTINUES), "message": "no help", **fields}),
    )


def test_observe_only_reports() -> None:
    result = decided(finding(policy=policy(mode=Mode.OBSERVE)))
    assert (result.decision, result.reason, result.remedy) == (Decision.OBSERVED, Reason.OBSERVING, None)
    assert result.message.startswith("container app of Deployment web holds 30 zombies")


def test_observe_says_nothing_of_what_is_in_progress() -> None:
    active = remediation(status=status(Phase.VERIFYING, reason=str(Reason.VERIFYING)))
    assert decided(finding(policy=policy(mode=Mode.OBSERVE)), active).decision is Decision.OBSERVED


def test_a_new_leak_is_a_candidate_with_its_plan() -> None:
    result = candidate(finding())
    assert (result.plan.remedy, result.memory, result.resumed) == (SHARE, None, None)


@pytest.mark.parametrize(
    ("active", "decision", "reason", "message"),
    [
        pytest.param(
            status(Phase.PENDING, reason=str(Reason.COOLING_DOWN), message="wait"),
            Decision.WAITING,
            Reason.COOLING_DOWN,
            "wait",
            id="waiting for its guards",
        ),
        pytest.param(
            status(Phase.VERIFYING, reason=str(Reason.VERIFYING), message="measuring"),
            Decision.REMEDIATING,
            Reason.VERIFYING,
            "measuring",
            id="being verified",
        ),
        pytest.param(status(), Decision.WAITING, Reason.CHOSEN, "container app", id="just created"),
    ],
)
def test_what_is_in_progress_is_shown_and_nothing_else_is_started(
    active: object, decision: Decision, reason: Reason, message: str
) -> None:
    result = decided(finding(), remediation(status=active))
    assert (result.decision, result.reason, result.remedy) == (decision, reason, SHARE)
    assert result.message.startswith(message)
    assert (result.start, result.resume) == (None, None)


def test_a_leak_that_no_remedy_answers_is_refused() -> None:
    result = decided(finding(SHARE, leak=leak(cause=Cause.PARENT_NOT_WAITING, origin=None)))
    assert (result.decision, result.reason, result.remedy) == (Decision.REFUSED, Reason.PARENT_NOT_WAITING, None)


def test_a_remedy_that_did_not_help_gives_way_to_the_next() -> None:
    assert candidate(finding(), rolled_back()).plan.remedy is RESTART


def test_an_experiments_verdict_is_remembered() -> None:
    unknown = finding(
        policy=policy(SHARE, rollout=rollout(canary=Canary.OFF)), leak=leak(origin=Origin.UNKNOWN, proved=0)
    )
    result = decided(unknown, rolled_back(verdict=Cause.PARENT_NOT_WAITING))
    assert result.reason is Reason.PARENT_NOT_WAITING
    assert "fix the program" in result.message


def test_what_was_taken_back_because_the_policy_was_withdrawn_may_be_tried_again() -> None:
    memory = rolled_back(reason=str(Reason.POLICY_WITHDRAWN))
    result = candidate(finding(), memory)
    assert (result.plan.remedy, result.memory) == (SHARE, memory)
    assert result.resumed is not None
    assert result.resumed.phase is Phase.PENDING


def test_a_cure_that_somebody_removed_is_left_alone() -> None:
    result = decided(finding(), remediation(status=done(Outcome.CURED)))
    assert (result.decision, result.reason, result.remedy) == (Decision.REFUSED, Reason.HUMAN_REVERT, SHARE)


def test_a_leak_that_came_back_is_restarted_again() -> None:
    memory = remediation(RESTART, status=done(Outcome.CLEARED, intents=(intent(at=ago(9000)),)))
    result = candidate(finding(RESTART), memory)
    assert result.memory is memory
    assert result.resumed is not None
    assert result.resumed.reason == Reason.LEAK_RETURNED


def test_used_up_attempts_are_written_once_and_refuse() -> None:
    memory = remediation(RESTART, status=done(Outcome.CLEARED, intents=(intent(at=ago(900)), intent(at=ago(300)))))
    leaking = finding(RESTART, owned=owned(pod=pod(created=ago(290))))
    first = decided(leaking, memory)
    assert (first.decision, first.reason) == (Decision.REFUSED, Reason.ATTEMPTS_EXHAUSTED)
    assert first.resume is not None
    resumed, written = first.resume
    assert (resumed, written.outcome) == (memory, Outcome.EXHAUSTED)
    second = decided(leaking, remediation(RESTART, status=written))
    assert (second.decision, second.reason, second.resume) == (Decision.REFUSED, Reason.ATTEMPTS_EXHAUSTED, None)


def test_only_remedies_that_did_not_help_count_as_taken_back() -> None:
    memory = (
        rolled_back(),
        remediation(RESTART, status=done(Outcome.CLEARED)),
        rolled_back(reason=str(Reason.POLICY_WITHDRAWN)),
    )
    assert taken_back(memory) == (SHARE,)


def test_a_verdict_is_that_of_any_experiment() -> None:
    memory = (remediation(RESTART), rolled_back(verdict=Cause.PARENT_NOT_WAITING))
    assert verdict_of(memory) is Cause.PARENT_NOT_WAITING
    assert verdict_of(()) is None


def test_with_all_guards_agreeing_a_new_remediation_is_started() -> None:
    made = candidate(finding())
    result = settle(made, ())
    assert (result.decision, result.reason, result.remedy) == (Decision.REMEDIATING, Reason.CHOSEN, SHARE)
    assert (result.start, result.resume) == (made.plan, None)


def test_with_all_guards_agreeing_an_old_remediation_is_resumed() -> None:
    memory = remediation(RESTART, status=done(Outcome.CLEARED, intents=(intent(at=ago(9000)),)))
    made = candidate(finding(RESTART), memory)
    result = settle(made, ())
    assert result.start is None
    assert result.resume == (memory, made.resumed)
    assert "a restart clears the zombies and does not cure the leak" in result.message


@pytest.mark.parametrize("reason", list(Reason))
def test_a_guards_refusal_waits_where_it_passes_by_itself(reason: Reason) -> None:
    result = settle(candidate(finding()), (Refusal(reason, "because"), Refusal(Reason.SUSPENDED, "second")))
    assert result.decision is (Decision.WAITING if reason in PASSING else Decision.REFUSED)
    diagnosis = explain(finding(), finding().leak)
    assert (result.reason, result.message, result.remedy) == (reason, f"{diagnosis}; because", SHARE)
    assert (result.start, result.resume) == (None, None)


@pytest.mark.parametrize(
    ("against", "says"),
    [
        pytest.param((), "", id="nothing speaks against it"),
        pytest.param((Refusal(Reason.COOLING_DOWN, "too early"),), "; it would wait: too early", id="a guard would"),
    ],
)
def test_a_dry_run_says_what_would_be_done_and_starts_nothing(against: tuple[Refusal, ...], says: str) -> None:
    made = candidate(finding(policy=policy(mode=Mode.DRY_RUN)))
    result = settle(made, against)
    assert (result.decision, result.reason, result.remedy) == (Decision.PLANNED, Reason.DRY_RUN, SHARE)
    assert result.message == made.plan.sentence + says
    assert (result.start, result.resume) == (None, None)


def test_a_remediations_name_is_of_the_workload_object_and_the_remedy() -> None:
    spec = remediation_spec()
    name = remediation_name(spec)
    assert name.startswith("deployment-web-")
    assert name == remediation_name(remediation_spec())
    others = {
        remediation_name(remediation_spec(RESTART)),
        remediation_name(remediation_spec(target_ref=TargetRef("apps/v1", "Deployment", "web", "uid-new"))),
    }
    assert len(others | {name}) == 3


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a" * 253, id="the longest name"),
        pytest.param("my.app", id="dots stay"),
        pytest.param("Weird_Name", id="other characters become dashes"),
    ],
)
def test_a_remediations_name_is_a_valid_name_of_an_object(name: str) -> None:
    made = remediation_name(remediation_spec(target_ref=TargetRef("apps/v1", "Deployment", name, "u")))
    assert len(made) <= 253
    assert all(c.islower() or c.isdigit() or c in ".-" for c in made)
    assert made[0].isalnum()
    assert made[-1].isalnum()
