"""What the scanning thread hands to the HTTP thread: one immutable value, replaced as a whole.

No lock is needed, because assigning an attribute is atomic and a reader takes the value once per answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zombie_operator.core.document import Document
    from zombie_operator.core.history import History

FRESH_INTERVALS = 3
"""Scans that may be missed before the agent is not ready: a busy node delays one, not three."""

ALIVE_INTERVALS = 12
ALIVE_SECONDS = 120.0
"""A scan that hangs for this many intervals and seconds does not come back; the kubelet may restart the agent."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """One finished scan. ``at`` is on the monotonic clock, ``unix`` the wall clock's time, both when it began."""

    document: Document
    history: History
    at: float
    unix: float
    processes: int


@dataclass(frozen=True, slots=True)
class Published:
    """All the HTTP side may know. ``errors`` counts by kind since the start."""

    started: float
    interval: float
    attempted: float
    latest: Scanned | None = None
    scans: int = 0
    errors: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def ready(self, now: float) -> bool:
        """Whether there is a scan that is still fresh."""
        return self.latest is not None and now - self.latest.at <= FRESH_INTERVALS * self.interval + 5.0

    def alive(self, now: float) -> bool:
        """Whether the loop still turns, successful or not."""
        return now - self.attempted <= max(ALIVE_INTERVALS * self.interval, ALIVE_SECONDS)


class Board:
    """Where the loop puts the latest value and the pages find it."""

    def __init__(self, started: float, interval: float) -> None:
        self.value = Published(started=started, interval=interval, attempted=started)

    def put(self, **changes: object) -> None:
        """Replace some fields. Only the scanning thread calls this."""
        self.value = replace(self.value, **changes)  # type: ignore[arg-type]
