"""What a sweep need not read again is never wrong: it is the same process or it is looked at anew."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.procfs.real import CHILD, ROOT_ONLY, program
from zombie_operator.procfs.sweep import Sweeper, _of_the_kernel, fd_size_counts, room

if TYPE_CHECKING:
    from collections.abc import Iterator

HOLDS = pytest.mark.skipif(not room(), reason="no coredump_filter")
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parents[3] / "operator")}
LAST_PID = Path("/proc/sys/kernel/ns_last_pid")

REUSE = """
import os, sys, time
from zombie_operator.procfs.sweep import Sweeper
def sleeper(ends):
    child = os.fork()
    if not child:
        time.sleep(0 if ends else 60)
        os._exit(0)
    return child
sweeper = Sweeper(os.open("/proc", os.O_RDONLY), fd_filter=True, hold=100)
first = sleeper(ends=sys.argv[1] == "zombie")
if sys.argv[1] == "zombie":
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
for _ in range(3):
    found = sweeper.sweep()
    sweeper.settle([*found.dead, *found.still_dead])
os.kill(first, 9)
os.waitpid(first, 0)
with open("/proc/sys/kernel/ns_last_pid", "w") as file:
    file.write(str(first - 1))
second = sleeper(ends=True)
assert second == first, "the pid was not used again"
os.waitid(os.P_PID, second, os.WEXITED | os.WNOWAIT)
found = sweeper.sweep()
pid = str(first)
assert pid in found.ended and pid in found.arrived and pid in found.dead and pid not in found.still_dead, found
"""

FEW = """
import os, resource
from zombie_operator.procfs.sweep import Sweeper
child = os.fork() or os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
sweeper = Sweeper(os.open("/proc", os.O_RDONLY), fd_filter=True, hold=10_000)
resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))
for _ in range(3):
    found = sweeper.sweep()
    assert str(child) in found.dead and not found.unreadable, found
    assert len(os.listdir("/proc/self/fd")) < 8
"""


@pytest.fixture
def sweeper() -> Iterator[Sweeper]:
    root = os.open("/proc", os.O_RDONLY)
    value = Sweeper(root, fd_filter=fd_size_counts(), hold=room())
    yield value
    value.close()
    os.close(root)


@HOLDS
def test_a_settled_zombie_is_proved_and_not_read(sweeper: Sweeper) -> None:
    with program(CHILD) as (_, pid):
        zombie = str(pid)
        for _ in range(3):
            found = sweeper.sweep()
            assert zombie in found.dead
            assert zombie not in found.still_dead
        sweeper.settle(found.dead)
        for _ in range(2):
            found = sweeper.sweep()
            assert zombie not in found.dead
            assert zombie in found.still_dead
            assert zombie not in found.arrived
    found = sweeper.sweep()
    assert zombie in found.ended
    assert zombie not in [*found.dead, *found.still_dead]


@HOLDS
def test_a_zombie_that_is_not_settled_any_more_is_read_again(sweeper: Sweeper) -> None:
    with program(CHILD) as (_, pid):
        for _ in range(3):
            found = sweeper.sweep()
            sweeper.settle([*found.dead, *found.still_dead])
        assert str(pid) in sweeper.sweep().still_dead
        sweeper.settle([])
        assert str(pid) in sweeper.sweep().dead


@HOLDS
def test_a_held_process_that_dies_is_found(sweeper: Sweeper) -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=subprocess.PIPE) as process:
        for _ in range(3):
            assert str(process.pid) not in sweeper.sweep().dead
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert str(process.pid) in sweeper.sweep().dead
    assert str(process.pid) in sweeper.sweep().ended


def test_without_room_the_difference_to_the_sweep_before_is_known_too() -> None:
    root = os.open("/proc", os.O_RDONLY)
    sweeper = Sweeper(root, fd_filter=fd_size_counts())
    sweeper.sweep()
    with program(CHILD) as (parent, pid):
        found = sweeper.sweep()
        assert {str(parent), str(pid)} <= set(found.arrived)
        assert str(os.getpid()) not in found.arrived
        assert not {str(parent), str(pid)} & set(sweeper.sweep().arrived)
    assert {str(parent), str(pid)} <= set(sweeper.sweep().ended)
    os.close(root)


@HOLDS
@ROOT_ONLY
@pytest.mark.skipif(not os.access(LAST_PID, os.W_OK), reason="this kernel cannot be told which pid comes next")
@pytest.mark.parametrize("first", ["zombie", "living"])
def test_a_pid_that_is_used_again_is_another_process(first: str) -> None:
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-S", "-c", REUSE, first]
    for _ in range(3):  # others may take the number between us
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        if "not used again" not in done.stderr:
            break
        time.sleep(0.1)
    assert done.returncode == 0, done.stderr


@HOLDS
def test_with_few_descriptors_nothing_is_held_and_nothing_is_missed() -> None:
    command = [sys.executable, "-S", "-c", FEW]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"15 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0", True),
        (b"15 (a) S 2 0) S 2 0 0 0 -1 69238848 0 0", True),
        (b"15 (app) S 2 0 0 0 -1 4194304 0 0", False),
        (b"15 (kworker/u4:1) S 9 0 0 0 -1 69238848 0 0", False),
        (b"15 (a-name-that-fills-the-head) S 2 0 0 0 -1 6923", False),
        (b"15 (app) S 2 0 0 0 -1 x 0", False),
        (b"", False),
    ],
)
def test_only_a_child_of_kthreadd_is_the_kernels_for_ever(head: bytes, expected: bool) -> None:
    assert _of_the_kernel(head) is expected
