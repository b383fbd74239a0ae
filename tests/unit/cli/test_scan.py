"""``zombies scan`` on this machine and on made-up ones: output, exit status, and what it admits not to see."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.diagnose.builders import parent, scan, seen, zombie
from tests.unit.procfs.fakeproc import Machine
from tests.unit.procfs.real import CHILD
from tests.unit.procfs.real import program as running
from zombie_operator.cli import scan as command
from zombie_operator.cli.__main__ import parser, program, run
from zombie_operator.cli.render import HEADER, MEANING, duration, render
from zombie_operator.core.codec import decode
from zombie_operator.core.diagnose import diagnose
from zombie_operator.core.document import Cause, Document
from zombie_operator.core.history import History
from zombie_operator.core.scan import ContainerNames, Scan

SOURCES = Path(__file__).parents[3] / "operator"


def once(one: Scan) -> Document:
    return diagnose(one, History())[0]


def test_a_quiet_machine_exits_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(tmp_path)
    assert run(["scan", "--proc-root", str(machine.root / "proc")], "zombies") == 0
    assert capsys.readouterr().out == "No zombies.\n"


def test_a_real_zombie_exits_3_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with running(CHILD) as (pid, _):
        assert run(["scan"], "zombies") == 3
    out = capsys.readouterr().out
    (row,) = [line for line in out.splitlines() if f" {pid} " in line]
    assert "ParentNotWaiting" in row
    assert row.endswith("host")


def test_json_is_the_agents_document(capsys: pytest.CaptureFixture[str]) -> None:
    with running(CHILD) as (pid, _):
        assert run(["scan", "-o", "json"], "zombies") == 3
    document = decode(capsys.readouterr().out.encode())
    assert pid in {one.parent_pid for one in document.host}
    assert document.node.name == os.uname().nodename


def test_a_proc_root_that_is_none_exits_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scan", "--proc-root", str(tmp_path / "none")], "kubectl zombies") == 1
    assert capsys.readouterr().err.startswith("kubectl zombies: ")


@pytest.mark.parametrize("arguments", [["scan", "--interval", "0"], ["scan", "-o", "xml"], ["nap"], []])
def test_wrong_usage_exits_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(arguments, "zombies")
    assert caught.value.code == 2


def test_watching_looks_again_until_interrupted(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    arguments = parser("zombies").parse_args(["scan", "-w", "-o", "json", "--proc-root", str(machine.root / "proc")])
    out = io.StringIO()
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        command.run(arguments, out, sleep)
    assert pauses == [2.0, 2.0, 2.0]
    assert [json.loads(line)["kind"] for line in out.getvalue().splitlines()] == ["ZombieDocument"] * 3


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    pipeline = f"{sys.executable} -m zombie_operator.cli scan -w --interval 0.1 -o json | head -n 1"
    env = {**os.environ, "PYTHONPATH": str(SOURCES)}
    done = subprocess.run(["sh", "-c", pipeline], env=env, capture_output=True, text=True, check=False, timeout=20)
    assert json.loads(done.stdout)["kind"] == "ZombieDocument"
    assert "Traceback" not in done.stderr


def test_what_cannot_be_seen_is_said() -> None:
    assert command.unseen(scan()) == []
    assert "hidepid" in command.unseen(scan(hidden=True))[0]
    assert "7 processes" in command.unseen(scan(unreadable=7))[0]


def test_the_program_is_called_what_the_user_typed() -> None:
    assert program("/usr/bin/zombies") == "zombies"
    assert program("/opt/kubectl-zombies") == "kubectl zombies"
    assert parser("kubectl zombies").format_usage().startswith("usage: kubectl zombies ")


def test_the_table_is_worst_first_and_explains_each_cause_once() -> None:
    named = seen(names=ContainerNames("shop", "web-1", "app"))
    text = render(
        once(
            scan(
                zombie(70, ppid=60, age=7500),
                zombie(71, age=59),
                zombie(72, age=10),
                zombie(73, threads=2),
                parents=(parent(), parent(60, ns_pid=9, comm="wor\x1bker")),
                containers=(named,),
            )
        ),
        colour=False,
    )
    lines = text.splitlines()
    assert lines[0].split() == list(HEADER)
    assert lines[1].split() == ["2", "59s", "InitNotReaping", "Unknown", "50", "app", "job", "shop/web-1/app"]
    assert {line.split()[2]: line.split()[1] for line in lines[2:4]} == {
        "LeaderExited": "5m00s",
        "ParentNotWaiting": "2h05m",
    }
    assert "\x1b" not in text
    assert [line.partition(":")[0] for line in lines[5:8]] == ["InitNotReaping", "ParentNotWaiting", "LeaderExited"]
    assert lines[-1] == "3 zombies on node-1, 1 that only look dead"
    assert render(once(scan()), colour=True) == "No zombies."


def test_every_cause_has_its_sentence() -> None:
    assert set(MEANING) == set(Cause)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (60, "1m00s"), (3599, "59m59s"), (3600, "1h00m"), (86399, "23h59m"), (90000, "1d01h")],
)
def test_durations_in_two_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text
