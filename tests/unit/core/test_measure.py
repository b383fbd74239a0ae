"""Measuring one pod: every container and cause by its own oldest zombie, and the pauses between births."""

from __future__ import annotations

import pytest

from tests.unit.core.builders import (
    NOW,
    SHARE,
    ago,
    observed,
    pod,
    pod_with,
    remediation_spec,
    report,
    row,
    sighting,
    threshold,
)
from zombie_operator.core.assess import Sighting
from zombie_operator.core.document import Age, Assessment, Cause, ContainerReport, Origin
from zombie_operator.core.evidence import Observed
from zombie_operator.core.measure import longest_gap, measured, quiet_before
from zombie_operator.core.policy import DAY, Threshold

LIMIT = threshold(zombies=20, older_than_seconds=60)
PARENT = {"cause": Cause.PARENT_NOT_WAITING, "origin": None}


def seen(*reports: ContainerReport, limit: Threshold | None = LIMIT, **overrides: object) -> Observed:
    sightings: list[Sighting] = [sighting(one, **overrides) for one in reports]
    return measured(pod(), sightings, remediation_spec(SHARE), limit, 60)


def test_each_container_has_the_rate_of_its_own_oldest_zombie() -> None:
    slow, fast = report(row(20, age=72_000)), report(row(600, age=3600), container_id="d" * 64)
    assert seen(slow, fast).per_hour == pytest.approx(1 + 600)


def test_an_old_zombie_of_another_cause_does_not_slow_the_rate() -> None:
    mixed = report(row(600, age=3600), row(5, age=720_000, **PARENT))
    made = seen(mixed)
    assert made.per_hour == pytest.approx(600)
    assert made.others_per_hour == pytest.approx(5 / 200)
    assert (made.treated, made.others, made.oldest_seconds) == (600, 5, 3600)


def test_what_does_not_leak_by_the_threshold_counts_and_gives_no_rate() -> None:
    made = seen(report(row(19)))
    assert (made.treated, made.per_hour, made.quiet_seconds) == (19, 0.0, 0)


@pytest.mark.parametrize("assessment", [Assessment.NOT_GROWING, Assessment.REAPED])
def test_what_does_not_grow_is_constant_and_gives_no_rate(assessment: Assessment) -> None:
    made = seen(report(row(300), assessment=assessment), report(row(60), container_id="d" * 64))
    assert (made.treated, made.constant, made.per_hour) == (360, 300, pytest.approx(360))


def test_a_restart_of_parents_that_do_not_wait_knows_no_other_cause() -> None:
    spec = remediation_spec(SHARE, cause=Cause.PARENT_NOT_WAITING, origin=None)
    made = measured(pod(), [sighting(report(row(30, **PARENT)))], spec, LIMIT, 60)
    assert (made.treated, made.others, made.per_hour) == (30, 0, pytest.approx(180))


@pytest.mark.parametrize(
    ("sightings", "fresh"),
    [
        pytest.param([], False, id="nobody saw it"),
        pytest.param([sighting(age_seconds=60)], True, id="just recent enough"),
        pytest.param([sighting(age_seconds=61)], False, id="too old"),
        pytest.param([sighting(complete=False)], False, id="incomplete"),
        pytest.param([sighting(), sighting(age_seconds=61)], False, id="one of two containers too old"),
    ],
)
def test_only_a_recent_and_complete_sample_is_fresh(sightings: list[Sighting], fresh: bool) -> None:
    assert measured(pod(), sightings, remediation_spec(SHARE), LIMIT, 60).fresh is fresh


def test_without_a_policy_nothing_is_counted() -> None:
    assert seen(report(row(300)), limit=None).treated == 0


def test_a_pod_that_carries_the_patch_is_patched() -> None:
    spec = remediation_spec(SHARE)
    assert measured(pod_with(shareProcessNamespace=True), [], spec, LIMIT, 60).patched
    assert not measured(pod_with(), [], spec, LIMIT, 60).patched


@pytest.mark.parametrize(
    ("times", "gap"),
    [
        pytest.param((), 0, id="no zombies"),
        pytest.param((500,), 500, id="one, long ago"),
        pytest.param((10, 20, 30, 40), 10, id="evenly"),
        pytest.param((5, 3600, 3605), 3595, id="two bursts"),
        pytest.param((300, 301, 302), 300, id="one burst, quiet since"),
    ],
)
def test_the_longest_gap_between_deaths_and_since_the_last(times: tuple[int, ...], gap: int) -> None:
    assert longest_gap([Age(t, t + 3, 7) for t in times]) == gap


def test_the_pauses_of_every_origin_count_together() -> None:
    ages = (Age(100, 100, 15), Age(300, 300, 15))
    unknown = row(30, origin=Origin.UNKNOWN, ages=ages, oldest_seconds=300)
    proved = row(30, ages=(Age(200, 200, 30),), oldest_seconds=200)
    assert seen(report(unknown, proved)).quiet_seconds == 100


@pytest.mark.parametrize(
    ("origin", "age", "quiet"),
    [
        pytest.param(Origin.ORPHAN, 7200, 40, id="a proved orphan: its pauses"),
        pytest.param(Origin.UNKNOWN, 7200, 6600, id="unknown: the time before the first one, too"),
        pytest.param(Origin.UNKNOWN, 610, 40, id="unknown, from the start on"),
        pytest.param(Origin.UNKNOWN, 90 * DAY, DAY, id="a day at most"),
        pytest.param(None, 7200, 40, id="another cause"),
    ],
)
def test_how_long_a_pod_could_be_without_a_birth(origin: Origin | None, age: int, quiet: int) -> None:
    one = observed(created=ago(age), oldest_seconds=600, quiet_seconds=40)
    assert quiet_before(one, origin, one.runs_seconds(NOW)) == quiet


def test_a_pod_that_does_not_leak_says_nothing_about_pauses() -> None:
    healthy = observed(treated=0, oldest_seconds=0)
    assert quiet_before(healthy, Origin.UNKNOWN, healthy.runs_seconds(NOW)) == 0
