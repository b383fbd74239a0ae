"""The time of death is exact where the scheduler's clock can be read on the same CPU, and a true range elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.unit.procfs.fakeproc import Machine
from zombie_operator.procfs.death import DeathClock, Offset, died_between
from zombie_operator.procfs.files import Root

if TYPE_CHECKING:
    from pathlib import Path

CPU = min(os.sched_getaffinity(0))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("exec_start", "offset", "expected"),
    [
        (None, Offset(5, 0), (10, 100)),
        (50_000.0, None, (10, 100)),
        (50_000.0, Offset(5, 0), (55, 55)),
        (50_000.0, Offset(5, 3), (52, 58)),
        (1_000.0, Offset(5, 0), (10, 10)),
        (99_000.0, Offset(5, 0), (100, 100)),
        (99_000.0, Offset(5, 20), (84, 100)),
    ],
    ids=["no-file", "no-clock", "exact", "other-cpu", "before-birth", "after-now", "cut"],
)
def test_bounds_of_a_death(exec_start: float | None, offset: Offset | None, expected: tuple[float, float]) -> None:
    assert died_between(exec_start, offset, 10, 100) == expected


def test_the_clock_is_read_on_the_zombies_cpu_and_the_thread_goes_back(machine: Machine) -> None:
    machine.own_clock(995.5)
    home = os.sched_getaffinity(0)
    with Root(str(machine.root / "own")) as own, DeathClock(own, lambda: 1000.0) as clock:
        assert clock.offset(CPU) == Offset(4.5, 0.0)
        assert os.sched_getaffinity(0) == {CPU}
    assert os.sched_getaffinity(0) == home


def test_where_the_cpu_is_out_of_reach_the_answer_is_a_range(machine: Machine) -> None:
    machine.own_clock(995.5)
    with Root(str(machine.root / "own")) as own, DeathClock(own, lambda: 1000.0) as clock:
        assert clock.offset(1 << 20) == Offset(4.5, 4.5)
        machine.own_clock(0)
        assert clock.offset(1 << 20) == Offset(4.5, 4.5), "one reading a CPU and scan"


def test_a_kernel_that_hides_the_clock_is_no_error(machine: Machine) -> None:
    with Root(str(machine.root / "own")) as own, DeathClock(own) as clock:
        assert clock.offset(CPU) is None


def test_a_zombie_that_was_there_before_the_agent_has_its_exact_age(machine: Machine) -> None:
    machine.own_clock(999.0)
    machine.process(70, ppid=1, state="Z", died=400.0)
    (zombie,) = machine.scanner().scan().zombies
    # Field 39 of the fake line says CPU 0, which may be out of reach for the tests.
    assert zombie.died_after <= 401.0 <= zombie.died_before


def test_without_the_clock_a_zombie_died_between_two_scans(machine: Machine) -> None:
    scanner = machine.scanner()
    scanner.scan()
    machine.now = 1010.0
    machine.process(70, ppid=1, state="Z")
    (zombie,) = scanner.scan().zombies
    assert (zombie.died_after, zombie.died_before) == (1000.0, 1010.0)
    machine.now = 1020.0
    assert scanner.scan().zombies == (zombie,), "what was learnt once stays"


def test_without_the_clock_and_a_scan_before_birth_is_the_only_bound(machine: Machine) -> None:
    machine.process(70, ppid=1, state="Z", born=123.0)
    (zombie,) = machine.scanner().scan().zombies
    assert (zombie.died_after, zombie.died_before) == (123.0, 1000.0)


def test_a_process_whose_leader_ended_early_dies_when_its_last_thread_does(machine: Machine) -> None:
    machine.own_clock(1000.0)
    machine.process(70, ppid=1, state="Z", threads=3, died=200.0)
    scanner = machine.scanner()
    assert scanner.scan().zombies[0].threads == 3
    machine.now = 1010.0
    machine.process(70, ppid=1, state="Z", threads=1, died=200.0)
    (zombie,) = scanner.scan().zombies
    assert (zombie.died_after, zombie.died_before) == (1000.0, 1010.0)


def test_a_pid_used_again_is_another_zombie(machine: Machine) -> None:
    scanner = machine.scanner()
    machine.process(70, ppid=1, state="Z", born=100)
    first = scanner.scan().zombies[0]
    machine.now = 1010.0
    machine.process(70, ppid=1, state="Z", born=1005)
    second = scanner.scan().zombies[0]
    assert first.identity != second.identity
    assert second.died_after == 1005


def test_a_tracer_that_lets_go_is_noticed(machine: Machine) -> None:
    scanner = machine.scanner()
    machine.process(70, ppid=1, state="Z", tracer=99)
    assert scanner.scan().zombies[0].tracer_pid == 99
    machine.process(70, ppid=1, state="Z", tracer=0)
    assert scanner.scan().zombies[0].tracer_pid == 0


def test_a_known_zombie_is_not_read_again(machine: Machine) -> None:
    scanner = machine.scanner()
    machine.process(70, ppid=1, state="Z")
    before = scanner.scan().zombies
    for name in ("status", "cgroup"):
        (machine.root / "proc/70" / name).unlink()
    assert scanner.scan().zombies == before
