"""Scans of made-up machines: each cgroup version, and what a node may lack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tests.unit.procfs.fakeproc import APP, PATH, SANDBOX, UID, Machine, pod_path
from zombie_operator.core.scan import ContainerNames, ContainerPath, Relative
from zombie_operator.procfs.files import Root, Unreadable

if TYPE_CHECKING:
    from pathlib import Path

V2 = f"0::{pod_path()}\n"
V1 = f"8:pids:{pod_path()}\n3:cpuset:{pod_path()}\n"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("live", "dead", "cpuset"),
    [
        (V2, V2, None),
        (V2, V2.replace("\n", " (deleted)\n"), None),
        (V1, "8:pids:/\n3:cpuset:/\n", pod_path()),
        (V1 + "0::/system.slice/containerd.service\n", "8:pids:/\n0::/system.slice/containerd.service\n", pod_path()),
        (V1 + V2, "8:pids:/\n" + V2, "/"),
        (V1, "8:pids:/\n", None),
    ],
    ids=["v2", "v2-removed", "v1", "hybrid-not-joined", "hybrid-joined", "v1-without-cpuset"],
)
def test_a_zombie_belongs_to_its_container(machine: Machine, live: str, dead: str, cpuset: str | None) -> None:
    machine.process(50, comm="shim", ppid=1, cgroup="0::/system.slice/containerd.service\n")
    machine.process(60, ppid=50, ns_pids=(60, 1), cgroup=live)
    machine.process(70, ppid=60, state="Z", ns_pids=(70, 9), cgroup=dead, cpuset=cpuset)
    scan = machine.scanner().scan()
    (zombie,) = scan.zombies
    assert zombie.container == PATH
    assert (zombie.depth, zombie.ns_pid) == (2, 9)
    assert scan.parents[60].container == PATH
    assert scan.parents[60].ns_pid == 1
    (seen,) = scan.containers
    assert (seen.init_pid, seen.init_comm, seen.names) == (60, "app", None)


def test_docker_in_docker_belongs_to_the_pod_above(machine: Machine) -> None:
    machine.process(60, ppid=1, cgroup=V2)
    machine.process(65, comm="dind-init", ppid=60, cgroup=f"0::/docker/{SANDBOX}\n")
    machine.process(70, ppid=65, state="Z", cgroup=f"0::/docker/{SANDBOX}\n")
    assert machine.scanner().scan().zombies[0].container == PATH


def test_a_host_zombie_has_no_container(machine: Machine) -> None:
    machine.process(70, ppid=1, state="Z", cgroup="0::/system.slice/cron.service\n")
    scan = machine.scanner().scan()
    assert scan.zombies[0].container is None
    assert scan.containers == ()


def test_containers_that_exist_are_seen_with_names_and_ended_ones_are_not(machine: Machine) -> None:
    ended = "e" * 64
    machine.cgroup(f"site/kubepods/burstable/pod{UID}/{APP}")
    machine.link(APP)
    machine.link(ended, name="migrate")
    scanner = machine.scanner()
    (seen,) = scanner.scan().containers
    assert seen.path == PATH
    assert seen.names == ContainerNames("shop", "web-1", "app")
    (machine.root / "cgroup" / f"site/kubepods/burstable/pod{UID}/{APP}").rmdir()
    assert scanner.scan().containers == ()
    machine.cgroup(f"site/kubepods/burstable/pod{UID}/{'f' * 64}")
    machine.link("f" * 64)
    assert [one.path.container_id for one in scanner.scan().containers] == ["f" * 64]


@pytest.mark.parametrize("prefix", ["", "pids"], ids=["v2", "v1"])
def test_the_tighter_of_pods_and_containers_limits_counts(machine: Machine, prefix: str) -> None:
    machine.process(60, ppid=1, cgroup=V2)
    machine.process(70, ppid=60, state="Z", cgroup=V2)
    machine.cgroup(f"{prefix}/kubepods/burstable/pod{UID}", pids_current="90", pids_max="100")
    machine.cgroup(f"{prefix}/kubepods/burstable/pod{UID}/{APP}", pids_current="40", pids_max="max")
    (seen,) = machine.scanner().scan().containers
    assert (seen.pids_current, seen.pids_limit) == (90, 100)


def test_without_any_limit_the_containers_own_count_is_told(machine: Machine) -> None:
    machine.process(60, ppid=1, cgroup=V2)
    machine.process(70, ppid=60, state="Z", cgroup=V2)
    machine.cgroup(f"kubepods/burstable/pod{UID}", pids_current="90", pids_max="max")
    machine.cgroup(f"kubepods/burstable/pod{UID}/{APP}", pids_current="40", pids_max="max")
    (seen,) = machine.scanner().scan().containers
    assert (seen.pids_current, seen.pids_limit) == (40, None)


def test_a_frozen_container_is_seen(machine: Machine) -> None:
    machine.process(60, ppid=1, cgroup=V2)
    machine.process(70, ppid=60, state="Z", cgroup=V2)
    machine.cgroup(f"kubepods/burstable/pod{UID}/{APP}", cgroup_events="populated 1\nfrozen 1")
    assert machine.scanner().scan().containers[0].frozen is True


@pytest.mark.parametrize("reaps", [True, False])
def test_the_sandbox_is_the_pods_container_without_a_name(machine: Machine, reaps: bool) -> None:
    machine.process(55, comm="pause", ppid=1, ns_pids=(55, 1), caught=reaps, cgroup=f"0::{pod_path(SANDBOX)}\n")
    machine.process(60, ppid=1, ns_pids=(60, 1), cgroup=V2)
    machine.process(70, ppid=60, state="Z", ns_pids=(70, 9), cgroup=V2)
    machine.link(APP)
    assert machine.scanner().scan().containers[0].sandbox_reaps is reaps


def test_without_names_no_container_is_taken_for_the_sandbox(machine: Machine) -> None:
    machine.process(55, comm="pause", ppid=1, ns_pids=(55, 1), caught=True, cgroup=f"0::{pod_path(SANDBOX)}\n")
    machine.process(60, ppid=1, ns_pids=(60, 1), cgroup=V2)
    machine.process(70, ppid=60, state="Z", ns_pids=(70, 9), cgroup=V2)
    assert machine.scanner().scan().containers[0].sandbox_reaps is None


def test_gvisor_and_kata_pods_are_not_observable(machine: Machine) -> None:
    machine.process(60, comm="runsc-sandbox", ppid=1, cgroup=V2)
    assert machine.scanner().scan().not_observable == (UID,)


def test_the_oldest_process_stands_for_a_container_whose_namespace_is_shared(machine: Machine) -> None:
    machine.process(55, comm="pause", ppid=1, ns_pids=(55, 1), cgroup=f"0::{pod_path(SANDBOX)}\n")
    machine.process(60, comm="main", ppid=50, born=101, ns_pids=(60, 7), cgroup=V2)
    machine.process(61, comm="worker", ppid=60, born=102, ns_pids=(61, 8), cgroup=V2)
    machine.process(70, ppid=55, born=103, state="Z", ns_pids=(70, 9), cgroup=V2)
    (seen,) = machine.scanner().scan().containers
    assert (seen.init_pid, seen.init_comm) == (60, "main")


def test_a_parent_that_is_gone_leaves_the_zombie_to_the_next_scan(machine: Machine) -> None:
    machine.process(70, ppid=60, state="Z")
    scanner = machine.scanner()
    first = scanner.scan()
    assert (first.zombies, first.raced) == ((), 1)
    machine.process(70, ppid=1, state="Z")
    assert [one.ppid for one in scanner.scan().zombies] == [1]


def test_a_parent_younger_than_its_child_is_another_process(machine: Machine) -> None:
    machine.process(60, ppid=1, born=200)
    machine.process(70, ppid=60, born=150, state="Z")
    scan = machine.scanner().scan()
    assert (scan.zombies, scan.raced) == ((), 1)


def test_only_the_state_after_the_last_parenthesis_counts(machine: Machine) -> None:
    machine.process(70, ppid=1, comm="x) Z 1", state="S")
    scan = machine.scanner().scan()
    assert (scan.zombies, scan.processes) == ((), 2)


def test_followed_inits_show_their_living_descendants(machine: Machine) -> None:
    machine.process(60, ppid=1)
    machine.process(61, ppid=60, born=110)
    machine.process(62, ppid=61, born=120)
    machine.process(63, ppid=60, state="Z")
    machine.children(60, 61, 63)
    machine.children(61, 62)
    assert set(machine.scanner().scan([60]).relatives) == {Relative(61, 11000, 60), Relative(62, 12000, 61)}


def test_an_unreadable_process_makes_the_scan_incomplete(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.process(70, ppid=1, state="Z")
    scanner = machine.scanner()
    original = Root.read

    def read(self: Root, name: str, limit: int = 4096) -> bytes:
        if name == "70/status":
            raise Unreadable(name)
        return original(self, name, limit)

    monkeypatch.setattr(Root, "read", read)
    scan = scanner.scan()
    assert (scan.complete, scan.unreadable, scan.zombies) == (False, 1, ())


def test_a_proc_without_pid_1_hides_processes(machine: Machine) -> None:
    machine.gone(1)
    machine.process(70, ppid=0)
    scan = machine.scanner().scan()
    assert (scan.hidden, scan.complete) == (True, False)


def test_node_facts_are_read_or_unknown(machine: Machine) -> None:
    scan = machine.scanner().scan()
    assert (scan.node, scan.boot_id, scan.pid_max, scan.threads_max) == ("node-1", "boot-1", 32768, None)


@pytest.mark.parametrize(("release", "limit"), [("6.13.9-generic", 32768), ("6.14.0", None), ("7.0-rc1", None)])
def test_another_namespaces_limit_of_pids_is_not_ours_to_tell(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, release: str, limit: int | None
) -> None:
    (machine.root / "proc/self").unlink()
    (machine.root / "proc/self").symlink_to("99999")
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(release=release))
    assert machine.scanner().scan().pid_max == limit


def test_a_missing_proc_root_is_an_error_at_once(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    (tmp_path / "proc").rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        machine.scanner()


def test_a_container_outside_kubernetes_keeps_its_id(machine: Machine) -> None:
    machine.process(60, ppid=1, cgroup=f"0::/machine.slice/libpod-{APP}.scope/container\n")
    machine.process(70, ppid=60, state="Z", cgroup=f"0::/machine.slice/libpod-{APP}.scope/container\n")
    assert machine.scanner().scan().zombies[0].container == ContainerPath(None, APP)
