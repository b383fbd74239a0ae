"""The hot loop: which processes of a proc root are in state Z. Everything that runs once per process is in here.

The kernel is the cost, so the loop asks it for as little as possible. From Linux 6.2 on the size of ``/proc/PID/fd`` is
the number of open files (kernel ``fs/proc/fd.c``, ``proc_fd_getattr``), 0 for a zombie, and asking for it is half
the price of reading ``stat``. On older kernels it is always 0, so every process is read: slower, never wrong.

No pathlib in this package: importing it costs the agent a megabyte, and its objects half of the time of a scan.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

HEAD = 96
"""Bytes of ``stat`` that always reach the state: a pid of 7 digits and the 63 bytes of a kernel worker's name."""

REST = 1024
"""Bytes that hold the remainder of any stat line: 50 numbers of at most 20 digits."""


@dataclass(slots=True)
class Sweep:
    """What one pass found: the whole stat line of each process in state Z, by pid as text."""

    dead: dict[str, bytes] = field(default_factory=dict)
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


def sweep(root_fd: int, *, fd_filter: bool) -> Sweep:
    """List the processes below an open proc root and read those that may be zombies.

    ``hidden`` is set when pid 1 is missing: each pid namespace has one, so a mount without it hides processes
    (hidepid=2, proc(5)).
    """
    result = Sweep()
    pids = [name for name in os.listdir(root_fd) if name.isdigit()]
    result.processes = len(pids)
    result.hidden = "1" not in pids
    stat, opening, reading, closing = os.stat, os.open, os.read, os.close  # looked up once, not once a process
    flags = os.O_RDONLY
    for pid in pids:
        try:
            if fd_filter and stat(pid + "/fd", dir_fd=root_fd).st_size:
                continue
            fd = opening(pid + "/stat", flags, dir_fd=root_fd)
            try:
                line = reading(fd, HEAD)
                # A name may hold this text too: whoever parses the line decides by the last parenthesis.
                if b") Z " in line:
                    result.dead[pid] = line + reading(fd, REST)
            finally:
                closing(fd)
        except PermissionError:
            result.unreadable += 1
        except (FileNotFoundError, ProcessLookupError):
            result.vanished += 1
    return result
