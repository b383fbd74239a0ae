"""The benchmark measures what it says and leaves nothing behind. No figure is judged here: machines differ."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench import cgroups, contenders, peers, plot, report
from bench.population import KINDS, Size, count, population

ROOT = Path(__file__).parents[3]
BUILDS = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("cc") or not cgroups.hierarchies(),
    reason="a population needs root, a C compiler and cgroups",
)


def results() -> dict[str, Any]:
    one = {"ratio": 0.5, "cpu_ms": 6.0, "floor_cpu_ms": 12.0, "peak_rss_mib": 20.0}
    agent = {"peak_rss_mib": 26.0, "core_percent_at_10s": 0.05}
    machine = {"kernel": "6.18", "python": "3.11.7", "cpu": "a <CPU>", "cpus": 2, "cgroup": "v2"}
    return {
        "date": "2026-01-02",
        "machine": machine,
        "populations": [
            {"processes": 600, "results": {"agent": one, "psutil": one, "agent process": agent}},
            {"processes": 20_000, "results": {"agent": one | {"cpu_ms": 99.0}, "agent process": agent}},
        ],
    }


@pytest.mark.parametrize("size", [Size(100, 4, 10), Size(600, 20, 60), Size(20_000, 1_000, 200)])
def test_a_plan_adds_up(size: Size) -> None:
    plan = size.plan()
    assert len(plan) == size.containers
    assert sum(live + zombies for live, zombies, _ in plan) + 1 == size.processes
    assert sum(zombies for _, zombies, _ in plan) == size.zombies
    assert all(live >= 2 for live, _, _ in plan)
    if size.zombies >= 20:
        assert {kind for _, zombies, kind in plan if zombies} == set(KINDS)


@BUILDS
def test_a_population_is_what_was_ordered_and_is_gone_afterwards(tmp_path: Path) -> None:
    program = peers.compiled("population", tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with population(Size(100, 20, 40), program, scratch) as init:
        assert count(init) == (100, 20)
        assert len(os.listdir(scratch / "logs")) == 40  # noqa: PTH208
    assert not Path(f"/proc/{init}").exists()
    assert not [one for base in cgroups.hierarchies() for one in base.glob(f"zombie-bench-{os.getpid()}")]


@BUILDS
def test_a_population_is_gone_after_a_failure_too(tmp_path: Path) -> None:
    program = peers.compiled("population", tmp_path)
    seen = []

    def fail() -> None:
        with population(Size(30, 2, 10), program, tmp_path) as init:
            seen.append(init)
            raise RuntimeError("measuring failed")

    with pytest.raises(RuntimeError, match="measuring failed"):
        fail()
    assert not Path(f"/proc/{seen[0]}").exists()
    assert not [one for base in cgroups.hierarchies() for one in base.glob(f"zombie-bench-{os.getpid()}")]


@pytest.mark.parametrize(
    ("what", "options"), [("sweep", ()), ("agent", ()), ("agent", ("--no-fd-filter", "--no-hold"))]
)
def test_our_workers_answer_each_line_with_a_cost(what: str, options: tuple[str, ...], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.worker", what, "--scratch", str(tmp_path), *options]
    done = subprocess.run(
        command, cwd=ROOT, env={"PYTHONPATH": "operator"}, input="\n\n\n", capture_output=True, text=True, check=True
    )
    answers = [line.split() for line in done.stdout.splitlines()]
    assert len(answers) == 3
    assert all(float(cpu) > 0 and float(wall) > 0 and int(number) > 1 for cpu, wall, number in answers)


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")
def test_the_c_workers_answer_alike(tmp_path: Path) -> None:
    with contenders.worker([peers.compiled("floor", tmp_path)]) as floor:
        assert floor.once().processes > 1
        assert 0 < floor.peak_kib < 20_000
    with contenders.worker([peers.compiled("usage", tmp_path), "echo", "one line"]) as usage:
        assert usage.once().processes == 1
        assert 0 < usage.peak_kib < 20_000


def test_a_peer_that_cannot_be_had_is_an_error_of_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(peers.MissingError, match="no Debian"):
        peers.debian("prometheus-node-exporter", tmp_path)
    with pytest.raises(peers.MissingError, match="cc is not here"):
        peers.compiled("floor", tmp_path)


def test_the_table_has_a_row_for_each_contender_that_was_there() -> None:
    lines = report.table(results()).splitlines()
    assert len(lines) == 2 + 3
    assert lines[2].endswith("| 12.0 (1) | 12.0 (1) | - |")
    assert lines[3] == "| **the agent's round** | 6.0 (0.50) | 99.0 (0.50) | 20.0 |"
    assert lines[4].endswith("| 6.0 (0.50) | - | - |")


def test_promises_are_judged_on_the_population_they_are_about() -> None:
    lines = report.promises(results()).splitlines()[2:]
    assert [line.split(" | ")[-1] for line in lines] == ["met |", "**missed** |", "met |"]


def test_the_plot_is_an_image_that_names_its_lines() -> None:
    text = plot.svg(results())
    words = {"".join(one.itertext()) for one in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314
    assert {"zombie-agent, a whole round", "psutil", "600", "20,000", "10 ms"} <= words
    assert "process-exporter" not in words
