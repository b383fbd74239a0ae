"""What is known of each zombie, read once in its life: a zombie cannot change, except that it gets another parent.

Its stat line is the key: as long as not one byte of it differs, nothing about the process does, and the sample of the
scan before is the sample of this one. A node with thousands of zombies therefore costs one read for each and no more.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zombie_operator.core.scan import ZombieSample
from zombie_operator.procfs.death import DeathClock, boottime, died_between
from zombie_operator.procfs.files import Root, Unreadable, Vanished
from zombie_operator.procfs.parse import ParseError, Stat, parse_sched, parse_stat, parse_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zombie_operator.procfs.processes import Processes


@dataclass(frozen=True, slots=True)
class _Known:
    line: bytes
    sample: ZombieSample


class ZombieCache:
    """Samples of the zombies of the last scan. Not shared between machines or boots."""

    def __init__(self, root: Root, own: Root, now: Callable[[], float] = boottime) -> None:
        self._root = root
        self._own = own
        self._now = now
        self._ticks = os.sysconf("SC_CLK_TCK")
        self._known: dict[str, _Known] = {}
        self._last_scan: float | None = None

    def samples(
        self, dead: Mapping[str, bytes], processes: Processes, taken_at: float
    ) -> tuple[list[ZombieSample], int, int]:
        """Return the samples of one sweep, and how many processes vanished or were refused meanwhile."""
        fresh: dict[str, _Known] = {}
        vanished = unreadable = 0
        with DeathClock(self._own, self._now) as clock:
            for pid, line in dead.items():
                known = self._known.get(pid)
                # A traced zombie is read again: the tracer may let it go without any change to its stat line.
                if known is not None and known.line == line and not known.sample.tracer_pid:
                    fresh[pid] = known
                    continue
                try:
                    sample = self._sample(line, known, processes, clock)
                except ParseError:
                    continue  # only the name looked like state Z
                except Vanished:
                    vanished += 1
                except Unreadable:
                    unreadable += 1
                else:
                    fresh[pid] = _Known(line, sample)
        self._known = fresh
        self._last_scan = taken_at
        return [known.sample for known in fresh.values()], vanished, unreadable

    def reread(self, pid: int, processes: Processes) -> ZombieSample | None:
        """Return a zombie's sample under the parent it has now; None when it was reaped."""
        known = self._known.get(str(pid))
        stat = processes.read_stat(pid)
        if known is None or stat is None or stat.state != "Z" or stat.starttime != known.sample.starttime:
            return None
        return replace(known.sample, ppid=stat.ppid)

    def _sample(self, line: bytes, known: _Known | None, processes: Processes, clock: DeathClock) -> ZombieSample:
        stat = parse_stat(line)
        if stat.state != "Z":
            raise ParseError("stat: not a zombie")
        before = known.sample if known is not None and known.sample.starttime == stat.starttime else None
        status = parse_status(self._root.read(f"{stat.pid}/status"))
        died_after, died_before = self._died(stat, before, clock)
        return ZombieSample(
            pid=stat.pid,
            starttime=stat.starttime,
            comm=stat.comm,
            ppid=stat.ppid,
            session=stat.session,
            threads=stat.threads,
            depth=len(status.ns_pids),
            ns_pid=status.ns_pids[-1],
            tracer_pid=status.tracer_pid,
            container=before.container if before else processes.container(stat.pid),
            died_after=died_after,
            died_before=died_before,
            stuck=stat.threads > 1 and processes.all_killed(stat.pid, stat.threads),
        )

    def _died(self, stat: Stat, before: ZombieSample | None, clock: DeathClock) -> tuple[float, float]:
        """Return the bounds of the death.

        A process whose first thread ended long before the others shows that thread's time, so if the scan before saw
        it with live threads, it died since.
        """
        if before is not None and before.threads == 1:
            return before.died_after, before.died_before
        now = self._now()
        born = stat.starttime / self._ticks
        earliest = born if self._last_scan is None else max(born, self._last_scan)
        if before is not None and stat.threads == 1:
            return min(earliest, now), now
        try:
            exec_start = parse_sched(self._root.read(f"{stat.pid}/sched"))
        except (Vanished, Unreadable, ParseError):
            exec_start = None  # a kernel without the file
        offset = clock.offset(stat.processor) if exec_start is not None else None
        # A leader that ended earlier was no news to the scan before: only its birth bounds its death.
        return died_between(exec_start, offset, min(born if stat.threads > 1 else earliest, now), now)
