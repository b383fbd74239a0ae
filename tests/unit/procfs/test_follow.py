"""A followed process is read once, and its first parent is remembered while it lives."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.unit.procfs.fakeproc import Machine
from zombie_operator.core.scan import Relative

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    value = Machine(tmp_path)
    value.process(60, ppid=1)
    value.process(61, ppid=60, born=110)
    value.children(60, 61)
    return value


def test_new_processes_are_taken_in_with_those_between_them_and_init(machine: Machine) -> None:
    scanner = machine.scanner()
    assert scanner.scan([60]).relatives == (Relative(61, 11000, 60),)
    machine.process(64, ppid=63, born=140)
    machine.process(63, ppid=61, born=130)
    machine.process(65, ppid=1, born=150)
    machine.process(66, ppid=63, born=160, state="Z")
    assert set(scanner.scan([60]).relatives) == {
        Relative(61, 11000, 60),
        Relative(63, 13000, 61),
        Relative(64, 14000, 63),
    }


def test_an_orphan_keeps_its_first_parent(machine: Machine) -> None:
    machine.process(62, ppid=61, born=120)
    machine.children(61, 62)
    scanner = machine.scanner()
    scanner.scan([60])
    shutil.rmtree(machine.root / "proc/61")
    machine.process(62, ppid=60, born=120)
    assert scanner.scan([60]).relatives == (Relative(62, 12000, 61),)


def test_who_ended_or_died_is_followed_no_more(machine: Machine) -> None:
    machine.process(62, ppid=60, born=120)
    machine.children(60, 61, 62)
    scanner = machine.scanner()
    scanner.scan()
    assert len(scanner.scan([60]).relatives) == 2
    machine.process(61, ppid=60, born=110, state="Z")
    machine.gone(62)
    scan = scanner.scan([60])
    assert (scan.relatives, [one.pid for one in scan.zombies]) == ((), [61])


def test_an_init_that_nobody_asks_for_is_forgotten(machine: Machine) -> None:
    scanner = machine.scanner()
    assert len(scanner.scan([60]).relatives) == 1
    assert scanner.scan().relatives == ()
    assert scanner.scan([60]).relatives == (Relative(61, 11000, 60),), "walked anew"


def test_another_init_with_the_same_pid_is_walked_anew(machine: Machine) -> None:
    scanner = machine.scanner()
    scanner.scan([60])
    machine.process(60, ppid=1, born=500)
    machine.process(71, ppid=60, born=510)
    machine.gone(61)
    machine.children(60, 71)
    assert scanner.scan([60]).relatives == (Relative(71, 51000, 60),)


def test_an_init_that_is_gone_has_no_relatives(machine: Machine) -> None:
    scanner = machine.scanner()
    scanner.scan([60])
    machine.gone(61)
    (machine.root / "proc/60/stat").unlink()
    assert scanner.scan([60]).relatives == ()


def test_new_processes_that_are_each_others_parents_belong_to_nobody(machine: Machine) -> None:
    scanner = machine.scanner()
    scanner.scan([60])
    machine.process(80, ppid=81, born=600)
    machine.process(81, ppid=80, born=600)
    assert scanner.scan([60]).relatives == (Relative(61, 11000, 60),)
