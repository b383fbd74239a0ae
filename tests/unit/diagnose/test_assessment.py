"""Leaking, not growing, reaped, or too early to tell: from ages and what was seen."""

from __future__ import annotations

import pytest

from zombie_operator.core.document import Assessment
from zombie_operator.core.history import Track, assess_series, exhausted_in

NOW = 10_000.0


def every(step: int, number: int, youngest: int = 0) -> list[tuple[int, int]]:
    return [(youngest + step * index, 1) for index in range(number)]


@pytest.mark.parametrize(
    ("ages", "watched", "reaped", "expected"),
    [
        ([], 600, 5, None),
        (every(10, 3), 30, 0, None),
        (every(10, 30), 30, 0, Assessment.LEAKING),
        (every(7200, 10, youngest=3000), 30, 0, Assessment.LEAKING),
        (every(10, 30, youngest=299), 600, 0, Assessment.LEAKING),
        (every(10, 30, youngest=300), 600, 0, Assessment.NOT_GROWING),
        ([(5000, 3)], 30, 0, Assessment.NOT_GROWING),
        ([(5000, 3), (2, 4)], 30, 0, Assessment.NOT_GROWING),
        ([(90, 1)], 600, 0, None),
        ([(90, 2)], 600, 0, Assessment.LEAKING),
        (every(1, 20), 600, 19, None),
        (every(1, 20), 600, 20, Assessment.REAPED),
        (every(10, 30), 600, 500, Assessment.REAPED),
        (every(10, 30), 580, 500, Assessment.LEAKING),
        (every(100, 9), 10_000, 500, Assessment.REAPED),
        (every(100, 10), 10_000, 500, Assessment.LEAKING),
    ],
    ids=[
        "no-zombies",
        "all-young-nothing-reaped",
        "a-leak-seen-after-an-agents-restart",
        "one-every-two-hours",
        "quiet-but-not-for-long",
        "quiet",
        "from-the-start",
        "from-the-start-and-young-ones-in-passing",
        "one-alone",
        "two-that-stay",
        "young-and-too-few-reaped",
        "young-and-reaped",
        "reaped-in-batches",
        "oldest-older-than-half-the-watch",
        "old-but-under-15-minutes",
        "older-than-15-minutes",
    ],
)
def test_assessment(ages: list[tuple[int, int]], watched: int, reaped: int, expected: Assessment | None) -> None:
    track = Track(since=NOW - watched, seen_at=NOW, reaped=reaped)
    assert assess_series(ages, track, NOW) is expected


@pytest.mark.parametrize(
    ("series", "current", "limit", "expected"),
    [
        (((0, 10), (30, 20), (60, 30)), 40, 100, 180),
        (((0, 10), (30, 20), (60, 30)), 100, 100, 0),
        (((0, 10), (30, 20), (60, 30)), 120, 100, 0),
        (((0, 30), (30, 20), (60, 30)), 40, 100, None),
        (((0, 10), (30, 20), (60, 30)), None, 100, None),
        (((0, 10), (30, 20), (60, 30)), 40, None, None),
        (((0, 10), (60, 30)), 40, 100, None),
    ],
    ids=["grows", "full", "over", "level", "current-unknown", "no-limit", "two-points"],
)
def test_time_to_exhaustion(
    series: tuple[tuple[float, int], ...], current: int | None, limit: int | None, expected: int | None
) -> None:
    assert exhausted_in(Track(since=0, seen_at=60, series=series), current, limit) == expected
