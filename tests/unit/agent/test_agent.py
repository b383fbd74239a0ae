"""The loop and the program: a scan that fails is survived, a signal ends it, bad settings are all named."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import cast

import pytest

from tests.unit.diagnose.builders import INIT, scan, zombie
from zombie_operator.agent.loop import Loop
from zombie_operator.agent.settings import PREFIX, AgentSettings
from zombie_operator.agent.state import Board
from zombie_operator.core.codec import decode
from zombie_operator.core.scan import Scan
from zombie_operator.procfs.scan import Scanner
from zombie_operator.runtime.settings import load

SOURCES = Path(__file__).parents[3] / "operator"


class Scripted:
    """A scanner that gives what the test says, and notes whom it was told to follow."""

    def __init__(self, *results: Scan | Exception, stop: Event | None = None) -> None:
        self.results = list(results)
        self.followed: list[tuple[int, ...]] = []
        self.stop = stop

    def scan(self, follow: tuple[int, ...]) -> Scan:
        self.followed.append(follow)
        result = self.results.pop(0)
        if self.stop is not None and not self.results:
            self.stop.set()
        if isinstance(result, Exception):
            raise result
        return result


def looping(scanner: Scripted, board: Board) -> Loop:
    return Loop(cast(Scanner, scanner), board, 0.001)


def test_history_goes_from_scan_to_scan() -> None:
    stop = Event()
    scanner = Scripted(scan(zombie(70)), scan(zombie(70)), stop=stop)
    board = Board(0, 10)
    looping(scanner, board).run(stop)
    assert scanner.followed == [(), (INIT,)]
    assert board.value.scans == 2
    assert board.value.latest is not None
    assert board.value.latest.document.containers[0].zombies == 1


def test_a_failed_scan_is_counted_and_the_next_one_tried(caplog: pytest.LogCaptureFixture) -> None:
    stop = Event()
    board = Board(0, 10)
    looping(Scripted(OSError("gone"), scan(unreadable=2, raced=1), stop=stop), board).run(stop)
    assert board.value.errors == {"failed": 1, "unreadable": 2, "raced": 1}
    assert board.value.scans == 1
    assert [record.message for record in caplog.records] == [
        "Failed to scan",
        "Scanned, but processes are hidden from the agent",
    ]


def test_a_failed_scan_keeps_the_last_good_one() -> None:
    board = Board(0, 10)
    loop = looping(Scripted(scan(zombie(70)), OSError("gone")), board)
    loop.once(1.0)
    good = board.value.latest
    loop.once(2.0)
    assert board.value.latest is good
    assert board.value.attempted == 2.0


def test_defaults_are_those_of_the_daemonset() -> None:
    settings = load(AgentSettings, PREFIX, {"ZOMBIE_AGENT_NODE_NAME": "node-1"})
    assert settings.proc_root == "/host/proc"
    assert settings.interval_seconds == 10
    assert settings.listen == ("", 8080)


def environment(**variables: str) -> Mapping[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    return clean | {"PYTHONPATH": str(SOURCES)} | {PREFIX + name: value for name, value in variables.items()}


COMMAND = [sys.executable, "-m", "zombie_operator.agent"]


def test_every_invalid_setting_is_named_and_the_status_is_2() -> None:
    run = subprocess.run(
        COMMAND,
        env=environment(INTERVAL_SECONDS="0", LISTEN="nowhere", LOG_LEVEL="loud"),
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert run.returncode == 2
    named = {json.loads(line)["problem"].partition(":")[0] for line in run.stderr.splitlines()}
    assert named == {PREFIX + name for name in ("NODE_NAME", "INTERVAL_SECONDS", "LISTEN", "LOG_LEVEL")}


def test_an_agent_that_cannot_start_says_why(tmp_path: Path) -> None:
    env = environment(NODE_NAME="node-1", PROC_ROOT=str(tmp_path / "nothing"), LISTEN="127.0.0.1:0")
    run = subprocess.run(COMMAND, env=env, capture_output=True, text=True, check=False, timeout=20)
    assert run.returncode == 1
    assert "nothing" in json.loads(run.stderr)["problem"]


def get(url: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as response:  # noqa: S310
        return bytes(response.read())


def test_the_program_serves_this_machine_within_its_memory(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret")
    env = environment(
        NODE_NAME="node-1",
        PROC_ROOT="/proc",
        CGROUP_ROOT="/sys/fs/cgroup",
        LISTEN="127.0.0.1:0",
        TOKEN_FILE=str(tmp_path / "token"),
    )
    with subprocess.Popen(COMMAND, env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        started = json.loads(process.stderr.readline())
        assert (started["message"], started["node"]) == ("Started", "node-1")
        assert json.loads(process.stderr.readline())["message"].startswith("Scanned")
        base = f"http://127.0.0.1:{started['port']}"
        # The log line comes a moment before the scan is published, so ask until it is.
        while b"zombie_agent_scans_total 0\n" in get(f"{base}/metrics"):
            assert process.poll() is None
        assert get(f"{base}/readyz") == b"ok\n"
        document = decode(get(f"{base}/v1/zombies", Authorization="Bearer s3cret"))
        assert document.node.name == "node-1"
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0])
        assert peak <= 25 * 1024, "KiB"
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
