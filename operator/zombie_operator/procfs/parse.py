"""Turns the bytes of ``/proc/PID/{stat,status,sched}`` into values. Pure: whoever has the bytes may call it.

Formats: proc(5), kernel ``fs/proc/array.c`` (stat, status) and ``kernel/sched/debug.c`` (sched). Each function returns
a value or raises ``ParseError``; a process chooses its own name, so no byte of these files can be trusted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_COMM = 64
"""Longest name kept. The kernel keeps 15 bytes, and 63 for a worker thread of its own."""

_SIGCHLD = 1 << 16
_SIGKILL = 1 << 8
_PROCESSOR = 36  # proc(5) field 39, counted from the state (field 3)


class ParseError(ValueError):
    """A file of /proc does not look as the kernel writes it. The message names the file and the field."""


@dataclass(frozen=True, slots=True)
class Stat:
    """The fields of ``/proc/PID/stat`` that diagnosis needs. ``starttime`` is in clock ticks since boot."""

    pid: int
    comm: str
    state: str
    ppid: int
    session: int
    flags: int
    threads: int
    starttime: int
    processor: int


@dataclass(frozen=True, slots=True)
class Status:
    """The fields of ``/proc/PID/status`` that diagnosis needs.

    ``ns_pids`` is NSpid, outermost namespace first, as the procfs mount sees it. ``sigchld`` is what the process does
    with SIGCHLD; ``killed`` says that SIGKILL is pending.
    """

    ns_pids: tuple[int, ...]
    tracer_pid: int
    sigchld: str
    killed: bool


def parse_stat(data: bytes) -> Stat:
    """Return the fields of one stat line.

    The name is everything between the first ``(`` and the last ``)``: it may itself hold both, spaces and newlines.
    """
    opening, closing = data.find(b"("), data.rfind(b")")
    if opening < 0 or closing < opening:
        raise ParseError("stat: no name in parentheses")
    fields = data[closing + 1 :].split()
    if len(fields) <= _PROCESSOR:
        raise ParseError(f"stat: {len(fields)} fields after the name, expected more than {_PROCESSOR}")
    try:
        return Stat(
            pid=int(data[:opening]),
            comm=comm_text(data[opening + 1 : closing]),
            state=fields[0].decode("ascii"),
            ppid=int(fields[1]),
            session=int(fields[3]),
            flags=int(fields[6]),
            threads=int(fields[17]),
            starttime=int(fields[19]),
            processor=int(fields[_PROCESSOR]),
        )
    except ValueError as error:
        raise ParseError(f"stat: {error}") from error


def parse_status(data: bytes) -> Status:
    """Return the namespaces' pids, the tracer and the SIGCHLD masks.

    NSpid is missing on kernels before 4.1 and without pid namespaces: then the process has one pid, its ``Pid``.
    """
    found: dict[bytes, bytes] = {}
    for line in data.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon:
            # The first wins: Name comes first and the kernel escapes newlines in it, so nobody can forge a later key.
            found.setdefault(key, value)
    try:
        ns_pids = tuple(int(pid) for pid in found.get(b"NSpid", found.get(b"Pid", b"")).split())
        masks = {key: int(found.get(key, b"0"), 16) for key in (b"SigPnd", b"ShdPnd", b"SigBlk", b"SigIgn", b"SigCgt")}
        tracer = int(found.get(b"TracerPid", b"0"))
    except ValueError as error:
        raise ParseError(f"status: {error}") from error
    if not ns_pids:
        raise ParseError("status: neither NSpid nor Pid")
    pending = masks[b"SigPnd"] | masks[b"ShdPnd"]
    return Status(ns_pids, tracer, _sigchld(masks), bool(pending & _SIGKILL))


def _sigchld(masks: dict[bytes, int]) -> str:
    """Name what happens to SIGCHLD, the strongest statement first: a blocked handler never runs."""
    if masks[b"SigBlk"] & _SIGCHLD:
        return "Blocked"
    if masks[b"SigCgt"] & _SIGCHLD:
        return "Caught"
    if masks[b"SigIgn"] & _SIGCHLD:
        return "Ignored"
    return "Default"


def parse_sched(data: bytes) -> float:
    """Return ``se.exec_start``, the scheduler's clock of its CPU when the task last ran, in milliseconds."""
    for line in data.split(b"\n"):
        if line.startswith(b"se.exec_start"):
            try:
                value = float(line.partition(b":")[2])
            except ValueError as error:
                raise ParseError(f"sched: {error}") from error
            if not math.isfinite(value):
                break
            return value
    raise ParseError("sched: no se.exec_start")


def comm_text(raw: bytes) -> str:
    """Return a process name as text that can be printed: what is not UTF-8 or not printable becomes U+FFFD."""
    text = raw.decode("utf-8", "replace")[:MAX_COMM]
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
