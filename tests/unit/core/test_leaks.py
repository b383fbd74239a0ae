"""Counting zombies that surely stayed, against a policy's threshold."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import leak, report, row, threshold
from zombie_operator.core.document import Age, Assessment, Cause, Evidence, Origin, Pids, Proof
from zombie_operator.core.leaks import by_session, leaks_of, surely_older, tally

UNKNOWN = Origin.UNKNOWN


@pytest.mark.parametrize(
    ("ages", "seconds", "expected"),
    [
        pytest.param((), 60, 0, id="no zombies"),
        pytest.param((Age(60, 60, 3),), 60, 3, id="exactly old enough"),
        pytest.param((Age(59, 59, 3),), 60, 0, id="one second too young"),
        pytest.param((Age(50, 90, 3),), 60, 0, id="maybe old enough is not surely old enough"),
        pytest.param((Age(61, 90, 3),), 60, 3, id="old enough even by the lower bound"),
        pytest.param((Age(10, 20, 5), Age(60, 70, 2), Age(600, 600, 1)), 60, 3, id="buckets are added up"),
    ],
)
def test_only_surely_older_zombies_count(ages: tuple[Age, ...], seconds: int, expected: int) -> None:
    assert surely_older(ages, seconds) == expected


@pytest.mark.parametrize(
    ("zombies", "age", "leaks"),
    [
        pytest.param(20, 120, True, id="at the threshold"),
        pytest.param(19, 120, False, id="one zombie less"),
        pytest.param(20, 119, False, id="one second younger"),
        pytest.param(100_000, 5, False, id="very many young ones"),
    ],
)
def test_a_leak_is_a_number_of_old_zombies(zombies: int, age: int, leaks: bool) -> None:
    assert bool(leaks_of(report(row(zombies, age=age)), threshold())) is leaks


@pytest.mark.parametrize(
    ("assessment", "leaks"),
    [
        pytest.param(Assessment.LEAKING, True, id="growing"),
        pytest.param(None, True, id="not assessed yet: the count decides"),
        pytest.param(Assessment.NOT_GROWING, False, id="constant since the start"),
        pytest.param(Assessment.REAPED, False, id="reaped late"),
    ],
)
def test_what_does_not_grow_or_is_reaped_is_no_leak_however_many(assessment: Assessment | None, leaks: bool) -> None:
    assert bool(leaks_of(report(row(50_000), assessment=assessment), threshold())) is leaks


def test_origins_of_one_cause_are_counted_together() -> None:
    made = report(row(12), row(9, origin=UNKNOWN))
    (found,) = leaks_of(made, threshold())
    assert (found.zombies, found.proved) == (21, 12)


def test_causes_are_counted_apart_and_the_largest_comes_first() -> None:
    made = report(
        row(21), row(40, cause=Cause.PARENT_NOT_WAITING, origin=None), row(5, cause=Cause.TRACED, origin=None)
    )
    assert [(found.cause, found.zombies) for found in leaks_of(made, threshold())] == [
        (Cause.PARENT_NOT_WAITING, 40),
        (Cause.INIT_NOT_REAPING, 21),
    ]


@pytest.mark.parametrize(
    ("rows", "origin"),
    [
        pytest.param((row(20),), Origin.ORPHAN, id="all proved"),
        pytest.param((row(20), row(500, origin=UNKNOWN)), Origin.ORPHAN, id="the proved part alone passes"),
        pytest.param((row(19), row(500, origin=UNKNOWN)), UNKNOWN, id="the proved part alone does not pass"),
        pytest.param((row(30, origin=UNKNOWN),), UNKNOWN, id="none proved"),
        pytest.param((row(20, age=60), row(30, origin=UNKNOWN)), UNKNOWN, id="young proved ones do not count"),
        pytest.param((row(30, cause=Cause.PARENT_NOT_WAITING, origin=None),), None, id="another cause has no origin"),
    ],
)
def test_the_origin_is_proved_when_the_proved_part_passes_alone(
    rows: tuple[object, ...], origin: Origin | None
) -> None:
    (found,) = leaks_of(report(*rows), threshold())
    assert found.origin is origin


@pytest.mark.parametrize(
    ("within", "left", "zombies", "leaks"),
    [
        pytest.param(3600, 3600, 5, True, id="exhausted just within the time"),
        pytest.param(3600, 3601, 5, False, id="exhausted one second later"),
        pytest.param(3600, None, 5, False, id="not known when"),
        pytest.param(None, 10, 5, False, id="the policy does not ask"),
        pytest.param(3600, 60, 0, False, id="no old zombies: they are not what fills it"),
        pytest.param(3600, 999_999, 20, True, id="the count still decides"),
    ],
)
def test_running_out_of_pids_makes_a_small_count_a_leak(
    within: int | None, left: int | None, zombies: int, leaks: bool
) -> None:
    made = report(row(zombies), pids=Pids(current=90, limit=100, exhausted_in_seconds=left))
    assert bool(leaks_of(made, threshold(pids_exhausted_within_seconds=within))) is leaks


@pytest.mark.parametrize(
    ("rows", "origin"),
    [
        pytest.param((row(5),), Origin.ORPHAN, id="all five proved"),
        pytest.param((row(4), row(1, origin=UNKNOWN)), UNKNOWN, id="one of five not proved"),
    ],
)
def test_below_the_threshold_every_zombie_must_be_proved(rows: tuple[object, ...], origin: Origin) -> None:
    made = report(*rows, pids=Pids(current=90, limit=100, exhausted_in_seconds=60))
    (found,) = leaks_of(made, threshold(pids_exhausted_within_seconds=3600))
    assert found.origin is origin


def test_a_leak_carries_what_its_refusals_and_sentences_need() -> None:
    small = row(20, evidence=Evidence(parent_comm="small"))
    large = row(25, origin=UNKNOWN, age=900, evidence=Evidence(parent_comm="large"))
    (found,) = leaks_of(report(small, large, init_comm="init", sandbox_reaps=False), threshold())
    assert (found.pod_uid, found.container, found.init_comm, found.sandbox_reaps) == ("pod-1", "app", "init", False)
    assert found.oldest_seconds == 900
    assert found.evidence.parent_comm == "large"


def test_a_cause_that_a_container_does_not_have_is_counted_as_none() -> None:
    found = tally(report(container=None), Cause.TRACED, 120)
    assert (found.zombies, found.proved, found.oldest_seconds, found.container) == (0, 0, 0, "")


@pytest.mark.parametrize(
    ("zombies", "oldest", "expected"),
    [
        pytest.param(30, 3600, 30.0, id="thirty in an hour"),
        pytest.param(30, 600, 180.0, id="thirty in ten minutes"),
        pytest.param(30, 0, 108_000.0, id="an age of zero counts as a second"),
        pytest.param(0, 600, 0.0, id="none"),
    ],
)
def test_the_rate_is_the_count_over_the_oldest_age(zombies: int, oldest: int, expected: float) -> None:
    assert leak(zombies=zombies, oldest_seconds=oldest).per_hour == pytest.approx(expected)


def test_orphans_proved_by_session_are_counted_alone() -> None:
    proofs = ((Proof.SESSION, 3), (Proof.HISTORY, 7), (Proof.CONTAINER, 2))
    assert by_session(Evidence(proofs=proofs)) == 3
    assert by_session(Evidence()) == 0
