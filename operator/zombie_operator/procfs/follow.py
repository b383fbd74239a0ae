"""Live descendants of inits that hold zombies, each read once in its life: who its parent was when it was first seen.

A process that outlives its parent is adopted, so only an early look tells who forked it. The tree below an init is
walked when the init is first asked for; after that the sweep says which processes arrived, and only those are read.
A pid that is used again between two sweeps of a kernel that lets nobody hold processes is missed: that costs a proof
and never makes a wrong one, because a process is its pid and its start time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zombie_operator.core.scan import Identity, Relative
from zombie_operator.procfs.files import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zombie_operator.procfs.parse import Stat
    from zombie_operator.procfs.processes import Processes
    from zombie_operator.procfs.sweep import Sweep

FOLLOWED = 2_000
"""Live descendants known at once. The first walk reads them all, about 30 ms."""


class Followed:
    """Kept from scan to scan. An init that nobody asks for any more is forgotten with all below it."""

    def __init__(self) -> None:
        self._inits: dict[int, Identity] = {}
        self._members: dict[int, tuple[int, Relative]] = {}

    def relatives(self, inits: Iterable[int], found: Sweep, processes: Processes) -> tuple[Relative, ...]:
        """Return the live descendants of ``inits`` (pids) after one more sweep."""
        asked = {init: (stat.pid, stat.starttime) for init in inits if (stat := _stat(init, processes))}
        kept = {init for init, identity in asked.items() if self._inits.get(init) == identity}
        if len(kept) < len(self._inits):
            self._members = {pid: member for pid, member in self._members.items() if member[0] in kept}
        for pid in (*found.ended, *found.dead):
            self._members.pop(int(pid), None)
        self._inits = asked
        if kept:
            self._adopt(found.arrived, processes)
        for init in asked:
            if init not in kept:
                self._walk(init, processes)
        return tuple(relative for _, relative in self._members.values())

    def _walk(self, init: int, processes: Processes) -> None:
        for stat in processes.descendants(init, FOLLOWED - len(self._members)):
            self._members[stat.pid] = (init, Relative(stat.pid, stat.starttime, stat.ppid))

    def _adopt(self, arrived: Iterable[str], processes: Processes) -> None:
        """Take in new processes whose ancestors lead to an init or to one that is known to be below it."""
        new = {stat.pid: stat for pid in arrived if (stat := _stat(int(pid), processes)) and stat.state not in "ZX"}
        for stat in new.values():
            init = self._init_above(stat, new)
            if init is not None and len(self._members) < FOLLOWED:
                self._members[stat.pid] = (init, Relative(stat.pid, stat.starttime, stat.ppid))

    def _init_above(self, stat: Stat, new: dict[int, Stat]) -> int | None:
        """Climb; the steps are bounded, because ancestors that are read one after another may even form a ring."""
        for _ in new:
            if stat.ppid in self._inits:
                return stat.ppid
            if stat.ppid in self._members:
                return self._members[stat.ppid][0]
            if stat.ppid not in new:
                return None
            stat = new[stat.ppid]
        return None


def _stat(pid: int, processes: Processes) -> Stat | None:
    try:
        return processes.stat(pid)
    except Unreadable:
        return None
