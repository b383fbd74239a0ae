"""When a zombie died: the scheduler's clock of its CPU stopped for it then, and ``/proc/PID/sched`` still shows it.

``se.exec_start`` (kernel ``kernel/sched/debug.c``, ``fair.c``) of a task is its CPU's clock when it last ran. Read our
own value on the same CPU and the difference is the age since death, to a few milliseconds. Other CPUs' clocks differ by
the time that a hypervisor stole, so where we may not move to that CPU (cpusets) the answer is a range. Without the file
(CONFIG_SCHED_DEBUG off) the range is what the scans before saw.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from zombie_operator.procfs.files import Root, Unreadable, Vanished
from zombie_operator.procfs.parse import ParseError, parse_sched

if TYPE_CHECKING:
    from collections.abc import Callable

UNPINNED_SECONDS = 0.2
"""Least uncertainty of a reading on another CPU (measured: 55 ms after 11 minutes of uptime on a virtual machine)."""


@dataclass(frozen=True, slots=True)
class Offset:
    """Add ``seconds`` to a CPU's scheduler clock to get CLOCK_BOOTTIME, right to ``error`` seconds either way."""

    seconds: float
    error: float


def boottime() -> float:
    """Return seconds since boot, suspends included: the clock of field 22 of ``/proc/PID/stat`` (proc(5))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class DeathClock:
    """Offsets of the CPUs that zombies of one scan died on, each read once. Use as a context: it moves this thread.

    ``own`` is the real /proc of this machine and not the root that is scanned: when that root is a mount of the host's
    /proc in a container, its ``self`` is somebody else's.
    """

    def __init__(self, own: Root, now: Callable[[], float] = boottime) -> None:
        self._own = own
        self._now = now
        self._offsets: dict[int, Offset | None] = {}
        self._home: set[int] | None = None

    def __enter__(self) -> Self:
        """Begin; nothing moves until a CPU is asked for."""
        return self

    def __exit__(self, *_: object) -> None:
        """Go back to the CPUs this thread had."""
        if self._home is not None:
            os.sched_setaffinity(0, self._home)
            self._home = None

    def offset(self, cpu: int) -> Offset | None:
        """Return the offset of one CPU's clock, None when the kernel does not show its clock."""
        if cpu not in self._offsets:
            self._offsets[cpu] = self._measure(pinned=self._move_to(cpu))
        return self._offsets[cpu]

    def _move_to(self, cpu: int) -> bool:
        try:
            home = os.sched_getaffinity(0) if self._home is None else self._home
            os.sched_setaffinity(0, {cpu})
        except (OSError, OverflowError, ValueError):
            return False
        self._home = home
        return True

    def _measure(self, *, pinned: bool) -> Offset | None:
        try:
            clock = parse_sched(self._own.read("thread-self/sched")) / 1000
        except (Vanished, Unreadable, ParseError):
            return None
        seconds = self._now() - clock
        # What our CPU lost since boot is the scale of what another may have lost.
        return Offset(seconds, 0.0 if pinned else max(UNPINNED_SECONDS, abs(seconds)))


def died_between(
    exec_start: float | None, offset: Offset | None, earliest: float, latest: float
) -> tuple[float, float]:
    """Return the bounds of a death in CLOCK_BOOTTIME seconds.

    ``exec_start`` is the zombie's clock in milliseconds. ``earliest`` (it was alive) and ``latest`` (it is seen dead)
    always hold, so they cut the clock's answer.
    """
    if exec_start is None or offset is None:
        return earliest, latest
    died = exec_start / 1000 + offset.seconds
    after = min(max(died - offset.error, earliest), latest)
    return after, max(after, min(died + offset.error, latest))
