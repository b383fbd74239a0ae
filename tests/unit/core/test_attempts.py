"""What an earlier remediation allows: another try, the end of trying, or a person's decision."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import (
    NOW,
    RESTART,
    SHARE,
    ago,
    done,
    intent,
    limits,
    pod,
    remediation,
)
from zombie_operator.core.attempts import again, attempts_before
from zombie_operator.core.reasons import Reason, Refusal
from zombie_operator.core.remediation import (
    EffectKind,
    Outcome,
    Phase,
    Remediation,
    RemediationStatus,
    RemedyType,
)

WITHDRAWN = str(Reason.POLICY_WITHDRAWN)


def evicted(*ages: float, outcome: Outcome = Outcome.CLEARED, **fields: object) -> Remediation:
    """Return a restart that evicted pods that many seconds ago."""
    intents = tuple(intent(at=ago(age)) for age in ages)
    return remediation(RESTART, status=done(outcome, intents=intents, **fields))


def ended(outcome: Outcome, remedy: RemedyType = SHARE, **fields: object) -> Remediation:
    return remediation(remedy, status=done(outcome, **fields))


def born(seconds: float) -> object:
    return pod(created=ago(seconds))


@pytest.mark.parametrize(
    ("evictions", "age", "expected"),
    [
        pytest.param((), 100, 0, id="nothing was evicted"),
        pytest.param((300,), 7200, 0, id="a pod of the first generation"),
        pytest.param((300, 290, 280), 7200, 0, id="evictions of siblings do not count against it"),
        pytest.param((300,), 290, 1, id="a pod that replaced an evicted one"),
        pytest.param((300,), 300, 1, id="made in the same second"),
        pytest.param((300,), 310, 1, id="made before it by no more than clocks may differ"),
        pytest.param((300,), 311, 0, id="made before it by more than clocks may differ"),
        pytest.param((900, 300), 290, 2, id="two generations"),
        pytest.param((900, 300), 890, 1, id="between two evictions"),
        pytest.param((3600, 300), 290, 2, id="the first just within the window"),
        pytest.param((3601, 300), 290, 1, id="the first just out of the window"),
    ],
)
def test_an_eviction_counts_against_pods_that_were_made_after_it(
    evictions: tuple[float, ...], age: float, expected: int
) -> None:
    allowed = limits(attempt_window_seconds=3600)
    assert attempts_before(evicted(*evictions), born(age), allowed, NOW) == expected


def test_only_evictions_are_attempts() -> None:
    intents = (intent(EffectKind.APPLY, ago(300)), intent(EffectKind.REVERT, ago(200)))
    memory = remediation(SHARE, status=done(Outcome.ROLLED_BACK, intents=intents))
    assert attempts_before(memory, born(10), limits(), NOW) == 0


@pytest.mark.parametrize(
    ("evictions", "age", "exhausted"),
    [
        pytest.param((300,), 7200, False, id="a sibling of the first generation"),
        pytest.param((300,), 290, False, id="one of two attempts"),
        pytest.param((900, 300), 290, True, id="two of two attempts"),
        pytest.param((90_000, 300), 290, False, id="the first was out of the window"),
    ],
)
def test_restarts_go_on_until_the_attempts_are_used_up(
    evictions: tuple[float, ...], age: float, exhausted: bool
) -> None:
    result = again(evicted(*evictions), born(age), limits(max_attempts=2), NOW)
    assert isinstance(result, RemediationStatus)
    if exhausted:
        assert (result.phase, result.outcome) == (Phase.DONE, Outcome.EXHAUSTED)
        assert result.reason == Reason.ATTEMPTS_EXHAUSTED
        assert "after 2 restarts within 86400 s" in result.message
    else:
        assert (result.phase, result.outcome) == (Phase.PENDING, None)
        returned = attempts_before(evicted(*evictions), born(age), limits(), NOW)
        assert result.reason == (Reason.LEAK_RETURNED if returned else Reason.CHOSEN)


def test_another_try_keeps_its_memory_and_starts_from_the_first_stage() -> None:
    memory = evicted(300, stage=0, before=None)
    result = again(memory, born(290), limits(), NOW)
    assert isinstance(result, RemediationStatus)
    assert result.intents == memory.status.intents
    assert (result.stage, result.before, result.after) == (0, None, None)
    assert [entry.phase for entry in result.history] == [Phase.PENDING]
    assert "1 of 2 attempts used" in result.message


@pytest.mark.parametrize("reason", [WITHDRAWN, str(Reason.NO_LEAKS)])
def test_a_restart_that_was_stopped_half_way_still_counts(reason: str) -> None:
    memory = evicted(900, 300, outcome=Outcome.SUPERSEDED, reason=reason)
    result = again(memory, born(290), limits(max_attempts=2), NOW)
    assert isinstance(result, RemediationStatus)
    assert result.outcome is Outcome.EXHAUSTED


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(
            ended(Outcome.SUPERSEDED, reason=WITHDRAWN), id="the policy was withdrawn before anything was done"
        ),
        pytest.param(ended(Outcome.SUPERSEDED, reason=str(Reason.NO_LEAKS)), id="the leak was gone for a while"),
        pytest.param(ended(Outcome.ROLLED_BACK, reason=WITHDRAWN), id="taken back because the policy was withdrawn"),
    ],
)
def test_what_ended_without_a_verdict_starts_again(memory: Remediation) -> None:
    result = again(memory, born(10), limits(), NOW)
    assert isinstance(result, RemediationStatus)
    assert (result.phase, result.reason) == (Phase.PENDING, Reason.CHOSEN)


@pytest.mark.parametrize(
    ("memory", "reason", "way_out"),
    [
        pytest.param(
            ended(Outcome.EXHAUSTED, RESTART, message="came back"),
            Reason.ATTEMPTS_EXHAUSTED,
            "delete zombieremediation web to allow more",
            id="exhausted",
        ),
        pytest.param(
            ended(Outcome.SUPERSEDED, reason=str(Reason.HUMAN_REVERT)),
            Reason.HUMAN_REVERT,
            "delete it to allow another try",
            id="a person took it back while it was verified",
        ),
        pytest.param(
            ended(Outcome.CURED), Reason.HUMAN_REVERT, "gone from the pod template; delete it", id="a cure that is gone"
        ),
        pytest.param(
            ended(Outcome.ROLLED_BACK, reason=str(Reason.LEAK_CONTINUES), message="it went on"),
            Reason.ALREADY_TRIED,
            "ended RolledBack: it went on; delete it",
            id="it did not help",
        ),
        pytest.param(
            ended(Outcome.INCONCLUSIVE), Reason.ALREADY_TRIED, "delete it to allow another try", id="inconclusive"
        ),
        pytest.param(ended(Outcome.RETIRED), Reason.ALREADY_TRIED, "delete it", id="retired"),
        pytest.param(
            ended(Outcome.REFUSED, reason=str(Reason.FIELD_CONFLICT), message="helm owns it"),
            Reason.FIELD_CONFLICT,
            "helm owns it; delete zombieremediation web",
            id="the API server's final refusal is not asked for again",
        ),
    ],
)
def test_what_only_a_person_may_allow_again(memory: Remediation, reason: Reason, way_out: str) -> None:
    result = again(memory, born(10), limits(), NOW)
    assert isinstance(result, Refusal)
    assert result.reason is reason
    assert way_out in result.message
