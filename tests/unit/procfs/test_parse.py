"""Every byte of /proc/PID/{stat,status,sched} is either understood or refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zombie_operator.procfs.parse import (
    MAX_COMM,
    ParseError,
    Stat,
    Status,
    comm_text,
    parse_sched,
    parse_stat,
    parse_status,
)

REAL = (
    b"29528 (python) Z 29527 29482 2878 0 -1 4194372 100 0 0 0 3 1 0 0 20 0 1 0 136463 0 0 "
    b"18446744073709551615 0 0 0 0 0 0 0 16781312 2 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
)
TAIL = REAL[REAL.rfind(b")") + 1 :]


def test_a_zombies_stat_line_gives_every_field_diagnosis_needs() -> None:
    assert parse_stat(REAL) == Stat(
        pid=29528,
        comm="python",
        state="Z",
        ppid=29527,
        session=2878,
        flags=4194372,
        threads=1,
        starttime=136463,
        processor=1,
    )


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"a) S 1 (b", "a) S 1 (b"),
        (b"x) Z 1", "x) Z 1"),
        (b"(sd-pam)", "(sd-pam)"),
        (b"tmux: server", "tmux: server"),
        (b"two\nlines", "two\N{REPLACEMENT CHARACTER}lines"),
        (b"\x1b[31mred", "\N{REPLACEMENT CHARACTER}[31mred"),
        (b"\xff\xfe", "\N{REPLACEMENT CHARACTER}" * 2),
        (b"", ""),
        ("größe".encode(), "größe"),
    ],
    ids=["state-inside", "zombie-inside", "parentheses", "space", "newline", "escape", "not-utf8", "empty", "utf8"],
)
def test_a_name_may_hold_anything(raw: bytes, shown: str) -> None:
    stat = parse_stat(b"7 (" + raw + b")" + TAIL)
    assert (stat.comm, stat.state, stat.ppid) == (shown, "Z", 29527)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"7",
        b"7 (a",
        b"7 a) Z 1",
        b") (",
        b"7 (a) Z",
        b"x (a)" + TAIL,
        b"7 (a)" + TAIL.replace(b"29527", b"parent"),
    ],
    ids=["empty", "no-name", "open", "closed-only", "reversed", "short", "pid", "ppid"],
)
def test_a_line_the_kernel_never_writes_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^stat: "):
        parse_stat(data)


def status(**masks: int) -> bytes:
    lines = [b"Name:\tapp", b"TracerPid:\t0", b"NSpid:\t4711\t1"]
    lines += [f"{name}:\t{value:016x}".encode() for name, value in masks.items()]
    return b"\n".join(lines) + b"\n"


SIGCHLD = 1 << 16


@pytest.mark.parametrize(
    ("masks", "word"),
    [
        ({}, "Default"),
        ({"SigCgt": SIGCHLD}, "Caught"),
        ({"SigIgn": SIGCHLD}, "Ignored"),
        ({"SigBlk": SIGCHLD, "SigCgt": SIGCHLD}, "Blocked"),
        ({"SigCgt": ~SIGCHLD & (1 << 64) - 1}, "Default"),
    ],
    ids=["none", "handler", "ignored", "blocked-handler", "all-other-signals"],
)
def test_bit_16_of_the_masks_says_what_becomes_of_sigchld(masks: dict[str, int], word: str) -> None:
    assert parse_status(status(**masks)) == Status((4711, 1), 0, word, killed=False)


def test_a_pending_sigkill_and_a_tracer_are_seen() -> None:
    read = parse_status(b"Pid:\t9\nTracerPid:\t12\nShdPnd:\t0000000000000100\n")
    assert (read.ns_pids, read.tracer_pid, read.killed) == ((9,), 12, True)


def test_the_kernels_own_line_comes_first_and_wins() -> None:
    assert parse_status(status() + b"NSpid:\t1\n").ns_pids == (4711, 1)


@pytest.mark.parametrize(
    "data", [b"", b"NSpid:\tx\n", b"NSpid:\t1\nSigBlk:\tzz\n", b"NSpid:\n", b"Pid:\t1\nTracerPid:\t?"]
)
def test_a_status_without_usable_pids_or_masks_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^status: "):
        parse_status(data)


def test_exec_start_is_read_in_milliseconds() -> None:
    text = b"app (1, #threads: 1)\n-----\nse.exec_start                                :        590002.394740\nx : 1\n"
    assert parse_sched(text) == 590002.394740


@pytest.mark.parametrize(
    "data", [b"", b"se.vruntime : 1\n", b"se.exec_start : x\n", b"se.exec_start : nan\n", b"se.exec_start"]
)
def test_a_sched_file_without_the_clock_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match=r"^sched: "):
        parse_sched(data)


@given(st.binary(max_size=400) | st.binary(max_size=40).map(lambda middle: b"1 (" + middle + b")" + TAIL))
def test_any_bytes_are_a_value_or_a_parse_error(data: bytes) -> None:
    for parse in (parse_stat, parse_status, parse_sched):
        try:
            value = parse(data)
        except ParseError:
            continue
        assert value is not None


@given(st.binary(max_size=20).filter(lambda name: b"\n" not in name), st.integers(1, 1 << 22), st.integers(0, 1 << 22))
def test_a_stat_line_with_any_name_keeps_its_numbers(name: bytes, pid: int, ppid: int) -> None:
    stat = parse_stat(str(pid).encode() + b" (" + name + b")" + TAIL.replace(b"29527", str(ppid).encode()))
    assert (stat.pid, stat.ppid, stat.starttime) == (pid, ppid, 136463)


@given(st.binary(max_size=200))
def test_a_name_as_text_is_short_and_printable(raw: bytes) -> None:
    text = comm_text(raw)
    assert len(text) <= MAX_COMM
    assert text.isprintable()
