"""What the scans before this one tell: births, who forked whom, and whether a container leaks at all.

``History`` is a bounded value that ``diagnose`` takes and returns; losing it costs counters and proofs of kind
``History``, never a wrong answer. Ages of zombies carry most of the past, so a restarted agent knows nearly all again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from zombie_operator.core.document import Assessment
from zombie_operator.core.scan import ContainerPath, Identity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Key = ContainerPath | None
"""A container, or None for the host."""

MAX_LINEAGE = 20_000
"""First parents remembered; beyond it new processes are not noted, so their orphans stay unproved."""

MAX_FOLLOWED = 100
"""Inits whose live descendants the next scan reads."""

PERSISTENT_SECONDS = 60
"""A zombie younger than this may only be waiting for its turn: ``wait`` calls come in batches."""

QUIET_SECONDS = 300
"""Without a death for this long, and for three usual gaps between deaths, a container has stopped to leak."""

YOUNG_MAX_SECONDS = 900
"""However long a container is watched, zombies older than this are not on their way out."""

SERIES_STEP_SECONDS = 20.0
SERIES_LENGTH = 30
"""Ten minutes of counts, from which the growth is taken."""

FORGET_SECONDS = 600.0
"""A container without zombies is forgotten this long after it was last seen, so a gap does not reset its counters."""


@dataclass(frozen=True, slots=True)
class Track:
    """One container over time. ``births`` and ``reaped`` are lower bounds: what lived between two scans is not seen."""

    since: float
    seen_at: float
    births: int = 0
    reaped: int = 0
    series: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """All scans of one boot so far. ``follow`` are the pids of inits whose descendants the next scan should read."""

    boot_id: str = ""
    scans: int = 0
    dead: Mapping[Identity, Key] = field(default_factory=lambda: MappingProxyType({}))
    first_parents: Mapping[Identity, int] = field(default_factory=lambda: MappingProxyType({}))
    sleepers: frozenset[Identity] = frozenset()
    tracks: Mapping[Key, Track] = field(default_factory=lambda: MappingProxyType({}))
    follow: tuple[int, ...] = ()


def advance_tracks(history: History, dead: Mapping[Identity, Key], seen: set[Key], now: float) -> dict[Key, Track]:
    """Return the tracks after one more scan. The first scan of all sees no births: its zombies were there before."""
    born: dict[Key, int] = {}
    gone: dict[Key, int] = {}
    alive: dict[Key, int] = {}
    for identity, key in dead.items():
        alive[key] = alive.get(key, 0) + 1
        if identity not in history.dead:
            born[key] = born.get(key, 0) + 1
    for identity, key in history.dead.items():
        if identity not in dead:
            gone[key] = gone.get(key, 0) + 1
    tracks: dict[Key, Track] = {}
    for key in {*seen, *alive, *history.tracks}:
        old = history.tracks.get(key)
        present = key in seen or key in alive
        if old is not None and not present and now - old.seen_at > FORGET_SECONDS:
            continue
        base = old or Track(since=now, seen_at=now)
        tracks[key] = Track(
            since=base.since,
            seen_at=now if present else base.seen_at,
            births=base.births + (born.get(key, 0) if history.scans else 0),
            reaped=base.reaped + gone.get(key, 0),
            series=_appended(base.series, now, alive.get(key, 0)),
        )
    return tracks


def _appended(series: tuple[tuple[float, int], ...], now: float, count: int) -> tuple[tuple[float, int], ...]:
    if not series and not count:
        return series  # nothing has happened in most containers
    if series and now - series[-1][0] < SERIES_STEP_SECONDS:
        return series
    return (*series, (now, count))[-SERIES_LENGTH:]


def assess_series(ages: Sequence[tuple[int, int]], track: Track, now: float) -> Assessment | None:
    """Say whether a container leaks, from the ages of its zombies as (seconds, count) and what was seen of it.

    None: too little to tell. ``Reaped``: no zombie outlives its wait for long, and at least as many went as are here.
    ``NotGrowing``: none died lately, measured by the usual gap between their deaths. ``Leaking``: they stay and come.
    """
    total = sum(count for _, count in ages)
    if not total:
        return None
    young = min(max(PERSISTENT_SECONDS, (now - track.since) / 2), YOUNG_MAX_SECONDS)
    if track.reaped >= total and max(age for age, _ in ages) < young:
        return Assessment.REAPED
    staying = [(age, count) for age, count in ages if age >= PERSISTENT_SECONDS]
    if not staying:
        return None
    oldest, youngest = max(staying)[0], min(staying)[0]
    number = sum(count for _, count in staying)
    gap = (oldest - youngest) / (number - 1) if number > 1 else 0.0
    if youngest >= max(QUIET_SECONDS, 3 * gap):
        return Assessment.NOT_GROWING
    return Assessment.LEAKING if number > 1 else None


def exhausted_in(track: Track, current: int | None, limit: int | None) -> int | None:
    """Return the seconds until the limit of processes is reached at the pace of the last minutes; None: not growing."""
    if current is None or limit is None or len(track.series) < 3:  # noqa: PLR2004 - two points are no trend
        return None
    (start, before), (end, after) = track.series[0], track.series[-1]
    if after <= before or end <= start:
        return None
    return int(max(limit - current, 0) * (end - start) / (after - before))
