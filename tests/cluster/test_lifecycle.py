"""A cluster comes up, works, and leaves nothing behind, even where ``up`` was killed half-way.

The witnesses are the machine's own: interfaces, routes, packet rules, processes, mounts, cgroups and kernel settings,
read without the driver. Clusters of other names may run beside.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import binaries, oci
from tests.cluster.layout import REPOSITORY, Layout

pytestmark = [
    pytest.mark.cluster_lifecycle,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces, cgroups and mounts need root"),
]

_NUMBERS = itertools.count(1)
_IMAGE = "zombie-operator.dev/test/lifecycle:1"
_SETTINGS = ("net/ipv4/ip_forward", "vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")


@pytest.fixture
def layout() -> Iterator[Layout]:
    """Lend a cluster name that is nobody else's, and clear up after a test that failed."""
    layout = Layout(f"t{os.getpid()}-{next(_NUMBERS)}")
    yield layout
    _driver(layout, "down")
    shutil.rmtree(layout.state, ignore_errors=True)


def test_a_cluster_runs_pods_and_leaves_nothing_behind(layout: Layout, tmp_path: Path) -> None:
    before = _settings_of_the_machine()
    assert "is Ready" in _driver(layout, "up", "--nodes=1")
    program = (binaries.locate().pause / "pause").read_bytes()
    oci.write_image(tmp_path / "image.tar", _IMAGE, {"/bin/wait": (program, 0o755)}, entrypoint=["/bin/wait"])
    assert "into 1 node" in _driver(layout, "load", str(tmp_path / "image.tar"))
    _run_pod(layout)

    assert "is up" in _driver(layout, "status")
    assert "is up: " in _driver(layout, "up", "--nodes=1"), "a healthy cluster is left alone"
    assert _remains(layout), "the witnesses must see a running cluster, or they prove nothing below"

    assert "is gone" in _driver(layout, "down")
    assert _remains(layout) == []
    assert _settings_of_the_machine() == before
    assert not layout.kubeconfig.exists()
    assert (layout.logs / "kube-apiserver.log").stat().st_size, "logs are kept"
    assert '"resource":"pods"' in layout.audit_log.read_text(), "and so is the audit log"


@pytest.mark.parametrize("component", ["network", "etcd", "kube-scheduler", "{name}-node-1"])
def test_an_up_that_was_killed_half_way_is_taken_down(layout: Layout, component: str) -> None:
    group = f"/zo-{layout.name}/system/{component.format(name=layout.name)}"
    with subprocess.Popen(_command(layout, "up", "--nodes=1"), cwd=REPOSITORY, stdout=subprocess.DEVNULL) as up:
        _await(lambda: any(group in cgroup for cgroup in _cgroups_of_processes()))
        up.kill()
    assert not layout.kubeconfig.exists(), "it was killed too late to mean anything"

    _driver(layout, "down")
    assert _remains(layout) == []


def test_a_cluster_that_lost_a_component_is_mended(layout: Layout) -> None:
    _driver(layout, "up", "--nodes=1")
    (lost,) = [pid for pid, cgroup in _processes().items() if f"/zo-{layout.name}/system/etcd" in cgroup]
    os.kill(lost, 9)
    _await(lambda: lost not in _processes())

    assert "clearing away" in _driver(layout, "up", "--nodes=1")
    assert "is up" in _driver(layout, "status")


def test_down_without_a_cluster_does_nothing(layout: Layout) -> None:
    assert "there is no cluster" in _driver(layout, "down")
    assert not layout.state.exists()


def _command(layout: Layout, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.cluster", arguments[0], f"--name={layout.name}", *arguments[1:]]


def _driver(layout: Layout, *arguments: str) -> str:
    done = subprocess.run(
        _command(layout, *arguments), cwd=REPOSITORY, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, done.stdout.decode()
    return done.stdout.decode()


def _run_pod(layout: Layout) -> None:
    container = {"name": "wait", "image": _IMAGE, "imagePullPolicy": "Never"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "wait"}, "spec": {"containers": [container]}}
    kubectl = [str(binaries.locate().kubernetes / "kubectl"), f"--kubeconfig={layout.kubeconfig}"]
    subprocess.run([*kubectl, "create", "-f", "-"], input=json.dumps(pod).encode(), check=True)
    subprocess.run([*kubectl, "wait", "--for=condition=Ready", "--timeout=60s", "pod/wait"], check=True)


def _await(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def _remains(layout: Layout) -> list[str]:
    """Return every trace of the cluster that the machine knows of."""
    mark = f"zo-{layout.name}"
    return [
        *_lines_with(mark, "ip", "-oneline", "link"),
        *_lines_with(mark, "ip", "route", "show", "table", "all"),
        *(f"process {pid} in {cgroup}" for pid, cgroup in _processes().items() if f"/{mark}" in cgroup),
        *(f"process {pid} runs {line}" for pid, line in _read_of_all("cmdline") if str(layout.state) in line),
        *(f"process {pid} has a mount" for pid, text in _read_of_all("mountinfo") if str(layout.run) in text),
        *map(str, Path("/sys/fs/cgroup").glob(f"**/{mark}")),
        *map(str, Path("/run/netns").glob(f"*{layout.name}*")),
        *([str(layout.run)] if layout.run.exists() else []),
    ]


def _lines_with(mark: str, *command: str) -> list[str]:
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line for line in output.splitlines() if mark in line]


def _settings_of_the_machine() -> dict[str, str]:
    """Return what a cluster could change for everyone: packet rules and kernel settings."""
    tables = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True, text=True).stdout
    return {"tables": tables} | {name: Path("/proc/sys", name).read_text() for name in _SETTINGS}


def _processes() -> dict[int, str]:
    return dict(_read_of_all("cgroup"))


def _cgroups_of_processes() -> list[str]:
    return list(_processes().values())


def _read_of_all(file: str) -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / file).read_text(errors="replace")
        except OSError:
            continue
