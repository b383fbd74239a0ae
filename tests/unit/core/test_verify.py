"""The proof: patched pods compared with what the old rate would have left in the same time."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import NOW, ago, before, later, observed, patched, seen, status
from zombie_operator.core.document import Origin
from zombie_operator.core.evidence import Evidence, Observed, Terms
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Before, Phase
from zombie_operator.core.verify import Judgement, Verdict, before_of, judge

OLDER, VERIFY = 10, 30
SLOW = before(per_hour=90.0)  # one zombie every 40 s
DAY, HOUR = 86_400, 3_600


def verdict(evidence: Evidence, at: float, rate: Before | None = SLOW) -> Judgement:
    """Judge a change that was made at NOW, that many seconds later."""
    return judge(status(Phase.VERIFYING, since=NOW, before=rate), evidence, later(at))


def of(*pods: Observed, **overrides: object) -> Evidence:
    return seen(*pods, **{"patched": True, "terms": Terms(VERIFY, OLDER), **overrides})


# The rate before


def test_the_rate_before_is_the_count_over_the_oldest_age() -> None:
    made = before_of(seen(observed(treated=30, oldest_seconds=600)), Origin.ORPHAN, NOW)
    assert (made.time, made.zombies, made.oldest_seconds, made.per_hour) == (NOW, 30, 600, 180.0)


def test_the_rate_before_is_that_of_one_pod() -> None:
    other = observed("pod-2", treated=0, others=10, oldest_seconds=3600, restarts=3)
    made = before_of(seen(observed(), other), Origin.ORPHAN, NOW)
    assert (made.zombies, made.per_hour, made.others_per_hour) == (30, 90.0, 5.0)
    assert (made.pods, made.ready) == (2, 2)


def test_restarts_before_are_a_rate_over_the_age_of_the_pods() -> None:
    pods = (observed(created=ago(10 * HOUR), restarts=20), observed("pod-2", created=ago(600), restarts=4))
    # A pod younger than an hour counts as one of an hour: four restarts in ten minutes are no rate of 24 an hour.
    assert before_of(seen(*pods), Origin.ORPHAN, NOW).restarts_per_hour == (2.0 + 4.0) / 2


def test_the_longest_pause_before_is_that_of_any_pod() -> None:
    pods = (observed(quiet_seconds=40), observed("pod-2", quiet_seconds=300))
    assert before_of(seen(*pods), Origin.ORPHAN, NOW).quiet_seconds == 300


def test_what_did_not_grow_is_remembered_by_pod() -> None:
    pods = (observed(constant=3), observed("pod-2", treated=0, constant=0))
    assert before_of(seen(*pods), Origin.ORPHAN, NOW).constant == 1.5


def test_the_rate_before_comes_from_pods_that_are_seen_and_stay() -> None:
    pods = (observed(), observed("pod-2", fresh=False, treated=500), observed("pod-3", deleting=True, treated=500))
    assert before_of(seen(*pods), Origin.ORPHAN, NOW) == before_of(seen(observed()), Origin.ORPHAN, NOW)


def test_without_any_data_the_rate_before_is_zero() -> None:
    made = before_of(seen(observed(fresh=False)), Origin.ORPHAN, NOW)
    assert (made.zombies, made.per_hour, made.pods) == (0, 0.0, 0)


def test_a_very_slow_rate_is_not_rounded_into_another() -> None:
    slow = seen(observed(treated=20, oldest_seconds=400 * HOUR))
    assert before_of(slow, Origin.ORPHAN, NOW).per_hour == pytest.approx(0.05)


# The verdict


@pytest.mark.parametrize("at", range(0, 210, 3))
def test_a_slow_leak_is_not_called_cured_before_the_old_rate_predicts_five(at: int) -> None:
    made = verdict(of(patched()), at)
    assert made.call is Verdict.WAIT
    assert made.after is not None
    assert made.after.predicted < 5


@pytest.mark.parametrize("at", [210, 250, 300])
def test_a_slow_leak_that_stopped_is_called_cured_once_five_are_predicted(at: int) -> None:
    made = verdict(of(patched()), at)
    assert made.call is Verdict.CURED
    assert made.after is not None
    assert made.after.predicted >= 5
    assert "the leak stopped: 0 zombies" in made.message


@pytest.mark.parametrize("at", range(0, 600, 7))
def test_a_slow_leak_that_goes_on_is_never_called_cured(at: int) -> None:
    zombies = max(0, at - OLDER) // 40
    made = verdict(of(patched(treated=zombies, oldest_seconds=at)), at)
    assert made.call in ({Verdict.WAIT} if at < 210 else {Verdict.LEAKS})


@pytest.mark.parametrize(
    ("zombies", "expected"),
    [
        pytest.param(0, Verdict.CURED, id="none of ten"),
        pytest.param(2, Verdict.CURED, id="a fifth of ten"),
        pytest.param(3, Verdict.LEAKS, id="more than a fifth"),
        pytest.param(10, Verdict.LEAKS, id="all of ten"),
    ],
)
def test_at_most_a_fifth_of_the_prediction_may_remain(zombies: int, expected: Verdict) -> None:
    assert verdict(of(patched(treated=zombies)), 410).call is expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [pytest.param(29.0, Verdict.WAIT, id="one second early"), pytest.param(30.0, Verdict.CURED, id="in time")],
)
def test_no_verdict_before_the_policys_time(at: float, expected: Verdict) -> None:
    assert verdict(of(patched()), at, before(per_hour=3600.0)).call is expected


def test_a_verdict_says_how_long_it_waits() -> None:
    assert "no verdict before another 20 s" in verdict(of(patched()), 10).message
    assert "a verdict needs 5 predicted" in verdict(of(patched()), 100).message


def test_a_patched_pod_counts_only_after_zombies_could_be_old_enough() -> None:
    made = verdict(of(patched()), 110)
    assert made.after is not None
    assert (made.after.exposure_seconds, made.after.predicted) == (100, 2.5)


def test_the_exposure_of_patched_pods_is_added_up() -> None:
    made = verdict(of(patched(), patched("pod-8"), patched("pod-7", created=later(60))), 110)
    assert made.after is not None
    assert (made.after.exposure_seconds, made.after.pods, made.after.ready) == (240, 3, 3)
    assert made.call is Verdict.CURED


def test_pods_that_are_old_or_going_away_prove_nothing() -> None:
    made = verdict(of(observed(treated=500), patched(deleting=True, treated=500)), 300)
    assert made.call is Verdict.WAIT
    assert made.after is not None
    assert (made.after.zombies, made.after.pods, made.after.exposure_seconds) == (0, 0, 0)


# Own children


def test_a_program_that_holds_its_own_children_now_proves_the_cause_wrong() -> None:
    made = verdict(of(patched(others=10)), 410)
    assert (made.call, made.own_children) == (Verdict.LEAKS, True)
    assert "holds its own children and never waits for them" in made.message
    assert made.after is not None
    assert made.after.zombies == 10


def test_a_leak_that_goes_on_as_before_proves_no_other_cause() -> None:
    made = verdict(of(patched(treated=10)), 410)
    assert (made.call, made.own_children) == (Verdict.LEAKS, False)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        pytest.param(10, Verdict.CURED, id="as many as before"),
        pytest.param(20, Verdict.CURED, id="up to twice as many: chance"),
        pytest.param(22, Verdict.CURED, id="a few more"),
        pytest.param(23, Verdict.LEAKS, id="clearly more than before"),
    ],
)
def test_what_leaked_in_another_way_before_does_not_count_against_the_remedy(others: int, expected: Verdict) -> None:
    rate = before(per_hour=90.0, others_per_hour=90.0)
    assert verdict(of(patched(others=others)), 410, rate).call is expected


# Missing data


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(300, Verdict.WAIT, id="for a while"),
        pytest.param(3600, Verdict.WAIT, id="for an hour at least"),
        pytest.param(3601, Verdict.INCONCLUSIVE, id="then there is no verdict"),
    ],
)
def test_missing_data_waits_and_then_ends_without_a_verdict(at: int, expected: Verdict) -> None:
    made = verdict(of(patched(fresh=False)), at)
    assert made.call is expected
    assert expected is Verdict.WAIT or "the remedy stays, unproved" in made.message


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(3600, Verdict.WAIT, id="for a while"),
        pytest.param(3601, Verdict.INCONCLUSIVE, id="then there is no verdict"),
    ],
)
def test_a_pod_that_nobody_observes_is_no_reason_to_take_a_remedy_back(at: int, expected: Verdict) -> None:
    assert verdict(of(patched(), patched("pod-8", fresh=False)), at).call is expected


def test_a_rollout_that_never_starts_ends_without_a_verdict() -> None:
    assert verdict(of(observed()), 3601).call is Verdict.INCONCLUSIVE


def test_a_slow_leak_gets_ten_times_its_time() -> None:
    rate = before(per_hour=1.0)  # five in five hours
    due = VERIFY + 5 * 3600
    assert verdict(of(patched(fresh=False)), 10 * due, rate).call is Verdict.WAIT
    assert verdict(of(patched(fresh=False)), 10 * due + 1, rate).call is Verdict.INCONCLUSIVE


def test_a_leak_without_a_rate_is_not_waited_for_for_ever() -> None:
    assert verdict(of(patched()), 10 * DAY, before(per_hour=0.0)).call is Verdict.WAIT
    assert verdict(of(patched()), 10 * DAY + 1, before(per_hour=0.0)).call is Verdict.INCONCLUSIVE


def test_without_what_to_compare_with_nothing_is_called_cured() -> None:
    assert verdict(of(patched()), 500, None).call is Verdict.WAIT
    assert verdict(of(patched()), 10 * DAY + 1, None).call is Verdict.INCONCLUSIVE


# Zombies that are there need no prediction


@pytest.mark.parametrize(
    ("zombies", "expected"),
    [
        pytest.param(19, Verdict.WAIT, id="fewer than the policy's threshold"),
        pytest.param(20, Verdict.LEAKS, id="the threshold"),
        pytest.param(300, Verdict.LEAKS, id="many more"),
    ],
)
@pytest.mark.parametrize("rate", [None, before(per_hour=0.0), before(per_hour=1.0)], ids=["unknown", "none", "slow"])
def test_a_patched_pod_over_the_threshold_leaks_whatever_was_predicted(
    zombies: int, expected: Verdict, rate: Before | None
) -> None:
    assert verdict(of(patched(treated=zombies)), 20, rate).call is expected


def test_a_low_threshold_does_not_make_chance_a_verdict() -> None:
    strict = Terms(VERIFY, OLDER, zombies=1)
    assert verdict(of(patched(treated=4), terms=strict), 20).call is Verdict.WAIT
    assert verdict(of(patched(treated=5), terms=strict), 20).call is Verdict.LEAKS


def test_many_pods_with_a_few_each_are_judged_by_the_prediction() -> None:
    pods = [patched(f"pod-{i}", treated=1) for i in range(40)]
    # Forty pods for 400 s at one zombie in 40 s: 400 predicted, and 40 zombies are a tenth of it.
    assert verdict(of(*pods), 410).call is Verdict.CURED


def test_zombies_that_are_seen_are_no_missing_data() -> None:
    assert verdict(of(patched(treated=300)), 10 * DAY + 1, before(per_hour=0.0)).call is Verdict.LEAKS


def test_what_was_constant_before_is_no_leak_after() -> None:
    rate = before(per_hour=90.0, constant=25.0)
    assert verdict(of(patched(treated=25)), 410, rate).call is Verdict.CURED
    assert verdict(of(patched(treated=45)), 410, rate).call is Verdict.LEAKS


# Bursts


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        pytest.param(600, Verdict.WAIT, id="before the longest pause is over"),
        pytest.param(609, Verdict.WAIT, id="a second before"),
        pytest.param(610, Verdict.CURED, id="when it is"),
    ],
)
def test_a_leak_that_came_in_bursts_is_not_called_cured_within_a_pause(at: int, expected: Verdict) -> None:
    bursts = before(per_hour=3600.0, quiet_seconds=600)
    assert verdict(of(patched()), at, bursts).call is expected


def test_many_short_runs_are_not_one_that_is_longer_than_the_pause() -> None:
    pods = [patched(f"pod-{i}") for i in range(20)]
    made = verdict(of(*pods), 300, before(per_hour=3600.0, quiet_seconds=600))
    assert made.call is Verdict.WAIT
    assert "the leak paused for up to 600 s before, so a verdict needs another 311 s" in made.message


def test_a_pause_is_waited_for_ten_times_and_not_for_ever() -> None:
    rate = before(per_hour=3600.0, quiet_seconds=HOUR)
    due = VERIFY + HOUR
    young = patched(created=later(10 * due - 60))
    assert verdict(of(young), 10 * due, rate).call is Verdict.WAIT
    assert verdict(of(young), 10 * due + 1, rate).call is Verdict.INCONCLUSIVE


# Harm


@pytest.mark.parametrize(
    ("evidence", "reason", "words"),
    [
        pytest.param(
            of(patched(broken="container app is in CrashLoopBackOff")),
            Reason.PODS_BROKEN,
            "pod web-9: container app is in CrashLoopBackOff",
            id="a pod crashes",
        ),
        pytest.param(of(patched(), rollout_failed="too slow"), Reason.ROLLOUT_FAILED, "too slow", id="rollout failed"),
        pytest.param(
            of(patched(restarts=2)), Reason.PODS_BROKEN, "restarted 2 times in 0.0 h, 0.0 at the old", id="restarts"
        ),
    ],
)
def test_a_remedy_that_does_harm_is_called_broken_at_once(evidence: Evidence, reason: Reason, words: str) -> None:
    made = verdict(evidence, 1)
    assert (made.call, made.reason) == (Verdict.BROKEN, reason)
    assert words in made.message


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(of(observed(broken="crash"), patched()), id="an unpatched pod crashes"),
        pytest.param(of(patched(broken="crash", deleting=True), patched("pod-8")), id="a pod that goes away crashes"),
        pytest.param(of(patched(restarts=1)), id="one restart of one pod"),
        pytest.param(of(patched(restarts=1), patched("pod-8", restarts=1)), id="one restart of each pod"),
    ],
)
def test_what_the_remedy_did_not_break_is_not_called_broken(evidence: Evidence) -> None:
    assert verdict(evidence, 1).call is Verdict.WAIT


@pytest.mark.parametrize(
    ("restarts", "expected"),
    [pytest.param(5, Verdict.CURED, id="twice as many, and one"), pytest.param(6, Verdict.BROKEN, id="more")],
)
def test_restarts_are_compared_as_rates(restarts: int, expected: Verdict) -> None:
    # Two an hour before, one hour after: what the old pods restarted in their whole lives earns the new one nothing.
    assert verdict(of(patched(restarts=restarts)), HOUR, before(restarts_per_hour=2.0)).call is expected


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(of(patched(), patched("pod-8", ready=False)), id="a pod is not ready"),
        pytest.param(of(patched(), rolled_out=False), id="the rollout is not finished"),
    ],
)
def test_a_stopped_leak_without_all_pods_ready_waits_and_is_then_broken(evidence: Evidence) -> None:
    assert verdict(evidence, 410).call is Verdict.WAIT
    assert verdict(evidence, 3600).call is Verdict.WAIT
    made = verdict(evidence, 3601)
    assert (made.call, made.reason) == (Verdict.BROKEN, Reason.PODS_BROKEN)


def test_a_clock_that_goes_back_waits() -> None:
    assert verdict(of(patched()), -500).call is Verdict.WAIT


def test_a_status_without_its_beginning_waits() -> None:
    assert judge(status(Phase.VERIFYING, since=None, before=SLOW), of(patched()), later(900)).call is Verdict.WAIT
