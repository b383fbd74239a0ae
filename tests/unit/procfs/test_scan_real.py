"""Scans of this machine's own /proc, with zombies that the tests make."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.unit.procfs.real import CHILD, LEADER, NAMESPACE, ORPHAN, ROOT_ONLY, child_of, program
from zombie_operator.core.causes import judge
from zombie_operator.core.document import Cause, Origin, Proof
from zombie_operator.procfs.scan import Roots, Scanner
from zombie_operator.procfs.sweep import fd_size_counts, sweep


def boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.parametrize(
    "fd_filter",
    [False, pytest.param(True, marks=pytest.mark.skipif(not fd_size_counts(), reason="before Linux 6.2"))],
)
def test_a_zombie_is_found_with_and_without_the_filter(*, fd_filter: bool) -> None:
    root = os.open("/proc", os.O_RDONLY)
    try:
        with program(CHILD) as (_, zombie):
            found = sweep(root, fd_filter=fd_filter)
            assert str(zombie) in found.dead
            assert str(os.getpid()) not in found.dead
            assert found.processes > 2
        assert str(zombie) not in sweep(root, fd_filter=fd_filter).dead
    finally:
        os.close(root)


def test_a_child_that_its_living_parent_does_not_reap() -> None:
    before = boottime()
    with program(CHILD) as (parent, pid):
        after = boottime()
        scan = Scanner(Roots(), "here").scan()
        (zombie,) = [one for one in scan.zombies if one.pid == pid]
        sample = scan.parents[parent]
        assert zombie.ppid == parent
        assert judge(zombie, sample).cause is Cause.PARENT_NOT_WAITING
        assert sample.sigchld == "Default"
        # The scheduler's clock is right to a tick; where the CPU is out of reach the range holds it anyway.
        assert zombie.died_after <= after + 0.05
        assert zombie.died_before >= before - 0.05


@ROOT_ONLY
@pytest.mark.parametrize(
    ("session", "origin", "proofs"),
    [("session", Origin.ORPHAN, (Proof.SESSION,)), ("", Origin.UNKNOWN, ())],
    ids=["orphan-of-another-session", "orphan-of-inits-session"],
)
def test_an_orphan_that_init_does_not_reap(session: str, origin: Origin, proofs: tuple[Proof, ...]) -> None:
    with program(ORPHAN, session, wrap=NAMESPACE) as (unshare, _):
        init = child_of(unshare)
        scan = Scanner(Roots(), "here").scan()
        (zombie,) = [one for one in scan.zombies if one.ppid == init]
        verdict = judge(zombie, scan.parents[init])
        assert (verdict.cause, verdict.origin, verdict.proofs) == (Cause.INIT_NOT_REAPING, origin, proofs)


@ROOT_ONLY
def test_an_init_that_its_runtime_does_not_reap() -> None:
    """The parent of a namespace's init is outside: as a shim's, its own namespace is one level up."""
    source = """
import ctypes, os, sys
assert ctypes.CDLL(None).unshare(0x20000000) == 0  # CLONE_NEWPID, for the children
child = os.fork() or os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)
sys.stdin.read()
"""
    with program(source) as (parent, pid):
        scan = Scanner(Roots(), "here").scan()
        (zombie,) = [one for one in scan.zombies if one.pid == pid]
        assert (zombie.depth, zombie.ns_pid) == (scan.parents[parent].depth + 1, 1)
        assert judge(zombie, scan.parents[parent]).cause is Cause.RUNTIME_NOT_REAPING


def test_a_dead_leader_with_living_threads_is_no_zombie() -> None:
    with program(LEADER) as (_, pid):
        scan = Scanner(Roots(), "here").scan()
        (sample,) = [one for one in scan.zombies if one.pid == pid]
        assert sample.threads == 2
        assert judge(sample, scan.parents.get(sample.ppid)).cause is Cause.LEADER_EXITED


@ROOT_ONLY
def test_a_living_process_is_followed_until_it_is_an_orphan() -> None:
    source = """
import os, sys
gate, open_gate = os.pipe()
middle_gate, open_middle = os.pipe()
middle = os.fork()
if not middle:
    if not os.fork():
        os.read(gate, 1)
        os._exit(0)
    os.read(middle_gate, 1)
    os._exit(0)
print(middle, flush=True)
sys.stdin.readline()
os.write(open_middle, b'x')
os.waitpid(middle, 0)
os.write(open_gate, b'x')
os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
print('orphaned', flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [*NAMESPACE, sys.executable, "-S", "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        init = child_of(process.pid)
        scanner = Scanner(Roots(), "here")
        living = {(one.pid, one.starttime): one.ppid for one in scanner.scan([init]).relatives}
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "orphaned\n"
        scan = scanner.scan()
        (zombie,) = [one for one in scan.zombies if one.ppid == init]
        verdict = judge(zombie, scan.parents[init], first_parent=living[zombie.identity])
        process.stdin.close()
    assert (verdict.origin, verdict.proofs) == (Origin.ORPHAN, (Proof.HISTORY,))
