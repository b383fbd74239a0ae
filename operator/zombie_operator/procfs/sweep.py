"""The hot loop: which processes of a proc root are in state Z. Everything that runs once per process is in here.

The kernel is the cost, so the loop asks it for as little as possible. From Linux 6.2 on the size of ``/proc/PID/fd`` is
the number of open files (kernel ``fs/proc/fd.c``, ``proc_fd_getattr``), 0 for a zombie, and asking for it is half
the price of reading ``stat``. On older kernels it is always 0, so every process is read: slower, never wrong.

Half of what is left is finding the file by its path, so a process that two sweeps saw is held: a descriptor of its
``fd`` directory, opened with O_PATH (open(2)), which needs no permission and reads nothing. It belongs to the process
and not to the pid (kernel ``fs/proc/base.c``, ``proc_pid_make_inode`` keeps the ``struct pid``): once the process is
reaped each question fails, also when its pid is another's by then. So as long as the kernel answers, the process is the
one that was read before, and what cannot change need not be read again: a zombie stays one, and so does a thread of the
kernel, which has no files either. Holding does not delay the end of a process, of its namespace or of its container.

No pathlib in this package: importing it costs the agent a megabyte, and its objects half of the time of a scan.
"""

from __future__ import annotations

import errno
import os
import resource
from dataclasses import dataclass, field
from itertools import filterfalse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HEAD = 96
"""Bytes of ``stat`` that always reach the state: a pid of 7 digits and the 63 bytes of a kernel worker's name."""

REST = 1024
"""Bytes that hold the remainder of any stat line: 50 numbers of at most 20 digits."""

MAX_HELD = 30_000
"""Processes held at most. Each costs 2 KB of kernel memory, most of which a scan by path leaves in its caches too."""

_RESERVE = 512
"""Descriptors left for everything else that this program opens."""

_KTHREADD = b"2"
_PF_KTHREAD = 0x00200000  # kernel include/linux/sched.h, field 9 of stat (proc(5))
_FLAGS = 6  # counted from the state


@dataclass(slots=True)
class Sweep:
    """What one pass found, pids as text.

    ``dead`` holds the whole stat line of each process that was found in state Z now; ``still_dead`` are those that were
    settled, proved to be the same process and therefore not read again. ``arrived`` and ``ended`` are the difference to
    the sweep before (to the first one everything has arrived); a pid that is used again is in both.
    """

    dead: dict[str, bytes] = field(default_factory=dict)
    still_dead: list[str] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    processes: int = 0
    vanished: int = 0
    unreadable: int = 0
    hidden: bool = False


def fd_size_counts() -> bool:
    """Whether this kernel reports the number of open files as the size of ``/proc/PID/fd``: we have some open."""
    try:
        return os.stat("/proc/self/fd").st_size > 0  # noqa: PTH116 - see above
    except OSError:
        return False


def room() -> int:
    """Return how many processes this program may hold, after it took all the descriptors that it is allowed to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MAX_HELD + _RESERVE
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most - _RESERVE, 0)


def sweep(root_fd: int, *, fd_filter: bool) -> Sweep:
    """Sweep once and remember nothing."""
    return Sweeper(root_fd, fd_filter=fd_filter).sweep()


class Sweeper:
    """Sweeps an open proc root again and again, and holds up to ``hold`` of its processes in between."""

    def __init__(self, root_fd: int, *, fd_filter: bool, hold: int = 0) -> None:
        self._root = root_fd
        self._fd_filter = fd_filter
        self._hold = hold if fd_filter else 0
        self._held: dict[str, int] = {}
        self._settled: set[str] = set()
        self._kernel: set[str] = set()
        self._others: set[str] = set()

    def sweep(self) -> Sweep:
        """List the processes and read those that may be zombies.

        ``hidden`` is set when pid 1 is missing: each pid namespace has one, so a mount without it hides processes
        (hidepid=2, proc(5)). Those that are held come before the list, so that one whose pid was given to another
        process is in it as a new one.
        """
        result = Sweep()
        unread = self._ask_held(result)
        names = os.listdir(self._root)
        unknown = list(filterfalse(self._held.__contains__, names))
        pids = [name for name in unknown if name.isdigit()]
        result.processes = len(names) - len(unknown) + len(pids)
        result.hidden = "1" not in names
        result.arrived = list(filterfalse(self._others.__contains__, pids))
        others = set(pids)
        result.ended += self._others - others
        unread += self._ask(pids, result) if self._fd_filter else pids
        self._read(unread, result)
        self._others = others.difference(self._held) if self._held else others
        return result

    def settle(self, pids: Iterable[str]) -> None:
        """Say which zombies need no reading any more, whole: those of the call before are forgotten."""
        self._settled = {pid for pid in pids if pid in self._held}

    def close(self) -> None:
        """Let go of all processes."""
        for fd in self._held.values():
            os.close(fd)
        self._held.clear()

    def _ask_held(self, result: Sweep) -> list[str]:
        """Return the held processes that may have died since, and let go of those that are gone."""
        fstat = os.fstat  # looked up once, not once a process
        empty: list[str] = []
        for pid, fd in self._held.items():
            try:
                if not fstat(fd).st_size:
                    empty.append(pid)
            except OSError:
                result.ended.append(pid)
        for pid in result.ended:
            os.close(self._held.pop(pid))
            self._kernel.discard(pid)
        result.still_dead = [pid for pid in empty if pid in self._settled]
        return [pid for pid in empty if pid not in self._settled and pid not in self._kernel]

    def _ask(self, pids: list[str], result: Sweep) -> list[str]:
        """Return those of the processes that are not held which have no open files, and hold what was seen before."""
        stat, root, seen = os.stat, self._root, self._others
        empty: list[str] = []
        for pid in pids:
            try:
                if pid in seen and len(self._held) < self._hold:
                    size = self._take(pid)
                else:
                    size = stat(pid + "/fd", dir_fd=root).st_size
                if not size:
                    empty.append(pid)
            except PermissionError:
                result.unreadable += 1
            except (FileNotFoundError, ProcessLookupError):
                result.vanished += 1
        return empty

    def _take(self, pid: str) -> int:
        """Hold a process from now on; returns the number of its open files."""
        try:
            fd = os.open(pid + "/fd", os.O_PATH, dir_fd=self._root)
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            self.close()  # others need descriptors more than we do: without any a sweep is slower, and as right
            self._hold = 0
            return os.stat(pid + "/fd", dir_fd=self._root).st_size
        self._held[pid] = fd  # if the next line fails, so does the next sweep's question, and it is let go
        return os.fstat(fd).st_size

    def _read(self, pids: list[str], result: Sweep) -> None:
        """Read the stat lines of processes that may be zombies."""
        opening, reading, closing, root = os.open, os.read, os.close, self._root
        flags = os.O_RDONLY
        for pid in pids:
            try:
                fd = opening(pid + "/stat", flags, dir_fd=root)
                try:
                    line = reading(fd, HEAD)
                    # A name may hold this text too: whoever parses the line decides by the last parenthesis.
                    if b") Z " in line:
                        result.dead[pid] = line + reading(fd, REST)
                    elif pid in self._held and _of_the_kernel(line):
                        self._kernel.add(pid)
                finally:
                    closing(fd)
            except PermissionError:
                result.unreadable += 1
            except (FileNotFoundError, ProcessLookupError):
                result.vanished += 1


def _of_the_kernel(head: bytes) -> bool:
    """Whether a stat line is that of a thread which kthreadd made: it never runs a program, and nobody waits for it.

    Others that look like one for a moment are programs that the kernel is about to start (``kernel/umh.c``).
    """
    fields = head.rpartition(b") ")[2].split(b" ")
    return len(fields) > _FLAGS + 1 and fields[1] == _KTHREADD and bool(int(fields[_FLAGS]) & _PF_KTHREAD)
