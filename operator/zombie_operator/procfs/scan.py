"""One scan of a node: sweep, samples of the dead, their parents, their containers. Values out, no opinions.

``Scanner`` keeps between scans only what spares reading the same thing twice. Whoever calls it brings the roots, so the
host's ``/proc`` may be mounted anywhere, and names the inits whose live descendants are worth following.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zombie_operator.core.scan import ParentSample, Relative, Scan, ZombieSample
from zombie_operator.procfs.containers import ContainerTable
from zombie_operator.procfs.death import boottime
from zombie_operator.procfs.files import Root, Unreadable
from zombie_operator.procfs.processes import Processes
from zombie_operator.procfs.sweep import fd_size_counts, sweep
from zombie_operator.procfs.zombies import ZombieCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PID_MAX_PER_NAMESPACE = (6, 14)

FOLLOWED = 2_000
"""Live descendants read in one scan at most, about 30 ms."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Where a machine's files are mounted. ``container_logs`` and ``cgroup`` may be absent: then names are unknown."""

    proc: str = "/proc"
    cgroup: str = "/sys/fs/cgroup"
    container_logs: str = "/var/log/containers"
    own_proc: str = "/proc"


class Scanner:
    """Scans one machine again and again. Raises OSError at once when the proc root cannot be opened.

    ``fd_filter`` is only for roots that no kernel made; else the kernel is asked whether it supports it.
    """

    def __init__(
        self, roots: Roots, node: str, *, now: Callable[[], float] = boottime, fd_filter: bool | None = None
    ) -> None:
        self._node = node
        self._now = now
        self._root = Root(roots.proc)
        self._zombies = ZombieCache(self._root, Root(roots.own_proc), now)
        self._containers = ContainerTable(self._root, roots.cgroup, roots.container_logs, now)
        self._fd_filter = fd_size_counts() if fd_filter is None else fd_filter

    def scan(self, follow: Iterable[int] = ()) -> Scan:
        """Look once. ``follow`` are pids of inits whose live descendants are reported as relatives."""
        taken_at = self._now()
        found = sweep(self._root.fd, fd_filter=self._fd_filter)
        processes = Processes(self._root)
        samples, vanished, unreadable = self._zombies.samples(found.dead, processes, taken_at)
        zombies, parents, raced = self._with_parents(samples, processes)
        containers = self._containers.seen(zombies, parents, processes)
        return Scan(
            node=self._node,
            boot_id=self._root.read_text("sys/kernel/random/boot_id") or "",
            taken_at=taken_at,
            seconds=self._now() - taken_at,
            processes=found.processes,
            zombies=tuple(zombies),
            parents=parents,
            containers=containers,
            relatives=tuple(self._relatives(follow, processes)),
            not_observable=self._containers.not_observable,
            vanished=found.vanished + vanished,
            unreadable=found.unreadable + unreadable,
            raced=raced,
            hidden=found.hidden,
            pid_max=self._pid_max(),
            threads_max=self._root.read_int("sys/kernel/threads-max"),
        )

    def _with_parents(
        self, samples: list[ZombieSample], processes: Processes
    ) -> tuple[list[ZombieSample], dict[int, ParentSample], int]:
        """Pair zombies with their parents. One whose parent ended meanwhile is read once more, then left out."""
        zombies: list[ZombieSample] = []
        parents: dict[int, ParentSample] = {}
        raced = 0
        for sample in samples:
            current: ZombieSample | None = sample
            parent = self._parent(sample, processes)
            if parent is None and sample.ppid:
                current = self._zombies.reread(sample.pid, processes)
                parent = self._parent(current, processes) if current else None
            if current is None or (parent is None and current.ppid):
                raced += 1
                continue
            if parent is not None:
                parents[parent.pid] = parent
            zombies.append(current)
        return zombies, parents, raced

    def _parent(self, zombie: ZombieSample, processes: Processes) -> ParentSample | None:
        """Return a zombie's parent; None where it is gone or its pid is another process by now.

        A parent is never younger than its child: who adopts orphans is an ancestor of theirs (kernel
        ``find_new_reaper``).
        """
        try:
            parent = processes.parent(zombie.ppid) if zombie.ppid else None
        except Unreadable:
            return None
        return parent if parent is not None and parent.starttime <= zombie.starttime else None

    def _pid_max(self) -> int | None:
        """Return the machine's limit of process ids, None where this process cannot see it.

        Since Linux 6.14 each pid namespace has a limit of its own and the file shows the reader's, whichever mount it
        is read through (``kernel/pid.c``). A mount of another namespace gives us another pid than we know.
        """
        if _own_pid(self._root) == os.getpid() or _kernel() < _PID_MAX_PER_NAMESPACE:
            return self._root.read_int("sys/kernel/pid_max")
        return None

    def _relatives(self, follow: Iterable[int], processes: Processes) -> Iterable[Relative]:
        left = FOLLOWED
        for init in follow:
            for stat in processes.descendants(init, left):
                left -= 1
                yield Relative(stat.pid, stat.starttime, stat.ppid)


def _own_pid(root: Root) -> int | None:
    """Return our pid as a proc mount knows it; None where it does not know us."""
    try:
        name = os.readlink("self", dir_fd=root.fd)
    except OSError:
        return None
    return int(name) if name.isdigit() else None


def _kernel() -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
