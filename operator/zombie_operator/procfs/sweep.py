"""The hot loop: which processes of a proc root are in state Z. Everything that runs once per process is in here.

The kernel is the cost, so the loop asks it for as little as possible. A zombie has given back its memory, and the file
``coredump_filter`` of a process without memory is empty (kernel ``fs/proc/base.c``, ``proc_coredump_filter_read``).
Everybody may read that file, and reading one byte of it costs a fifth of reading ``stat``, once it is open. So a
process is held: from the second sweep on the file stays open. An open file below ``/proc/PID`` belongs to the process,
not to the pid (``proc_pid_make_inode`` keeps the ``struct pid``): once the process is reaped every read fails, also
when its pid is another's by then. As long as the kernel answers, the process is the one that was read before, and what
cannot change need not be read again: a zombie stays one, and so does a thread of the kernel, which has no memory
either. Holding does not delay the end of a process, of its namespace or of its container.

A process that is not held is asked by its path for the size of ``/proc/PID/fd``: from Linux 6.2 on the number of open
files (``fs/proc/fd.c``, ``proc_fd_getattr``), 0 for a zombie. On older kernels it is always 0, so every such process is
read: slower, never wrong.

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
    the sweep before (in the first two, everything may have arrived); a pid that is used again is in both.
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
    if not os.access("/proc/self/coredump_filter", os.R_OK):
        return 0  # a kernel without core dumps (CONFIG_ELF_CORE)
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
        self._hold = hold
        self._held: dict[str, int] = {}
        self._settled: set[str] = set()
        self._kernel: set[str] = set()
        self._others: dict[str, None] = {}  # the rest; as a set would, in half of the memory
        self._again = False

    def sweep(self) -> Sweep:
        """List the processes and read those that may be zombies.

        ``hidden`` is set when pid 1 is missing: each pid namespace has one, so a mount without it hides processes
        (hidepid=2, proc(5)). Those that are held come before the list, so that a process that has the pid of one that
        is gone is in it as a new one.
        """
        result = Sweep()
        unread = self._ask_held(result)
        held = self._held
        with os.scandir(self._root) as entries:  # one after the other: a list of all takes a megabyte
            pids = [pid for entry in entries if (pid := entry.name) not in held and pid.isdigit()]
        result.processes = len(held) + len(pids)
        result.hidden = "1" not in held and "1" not in pids
        result.arrived = list(filterfalse(self._others.__contains__, pids))
        left = self._take(pids, unread) if self._again else pids
        unread += self._ask(left, result) if self._fd_filter else left
        self._read(unread, result)
        # After the first sweep of one that is going to hold them all, a list of all would be a waste.
        others = dict.fromkeys(left) if self._again or not self._hold else {}
        result.ended += [pid for pid in self._others if pid not in others and pid not in self._held]
        self._others, self._again = others, True
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
        read = os.pread  # looked up once, not once a process
        empty: list[str] = []
        for pid, fd in self._held.items():
            try:
                if not read(fd, 1, 0):
                    empty.append(pid)
            except OSError:
                result.ended.append(pid)
        for pid in result.ended:
            os.close(self._held.pop(pid))
            self._kernel.discard(pid)
        result.still_dead = [pid for pid in empty if pid in self._settled]
        return [pid for pid in empty if pid not in self._settled and pid not in self._kernel]

    def _take(self, pids: list[str], unread: list[str]) -> list[str]:
        """Hold as many as we may; add to ``unread`` what of them may be dead, and return what could not be held."""
        left: list[str] = []
        for pid in pids:
            if len(self._held) >= self._hold:
                left.append(pid)
                continue
            try:
                self._held[pid] = fd = os.open(pid + "/coredump_filter", os.O_RDONLY, dir_fd=self._root)
                if not os.pread(fd, 1, 0):
                    unread.append(pid)
            except OSError as error:
                # It is gone, refused, or this root has no such file: to ask for it by path tells which.
                left.append(pid)
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self.close()  # others need descriptors more: a sweep without any is slower, and as right
                    self._hold = 0
        return left

    def _ask(self, pids: list[str], result: Sweep) -> list[str]:
        """Return those processes that have no open files."""
        stat, root = os.stat, self._root
        empty: list[str] = []
        for pid in pids:
            try:
                if not stat(pid + "/fd", dir_fd=root).st_size:
                    empty.append(pid)
            except PermissionError:
                result.unreadable += 1
            except (FileNotFoundError, ProcessLookupError):
                result.vanished += 1
        return empty

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
    if len(fields) <= _FLAGS + 1 or fields[1] != _KTHREADD or not fields[_FLAGS].isdigit():
        return False
    return bool(int(fields[_FLAGS]) & _PF_KTHREAD)
