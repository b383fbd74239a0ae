"""Each runtime's and driver's path shape names the right pod and container; ids here are made up."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zombie_operator.core.scan import ContainerPath
from zombie_operator.procfs.cgroup import container_in_pod, parse_cgroup, parse_cgroup_file, pod_of

UID = "0b5a7f64-9c1e-4d2b-8e3f-5a6b7c8d9e0f"
SLICE = UID.replace("-", "_")
HASH = hashlib.md5(b"static pod", usedforsecurity=False).hexdigest()
ID = hashlib.sha256(b"container").hexdigest()
INNER = hashlib.sha256(b"inner container").hexdigest()

SHAPES = [
    ("v1-cgroupfs-burstable", f"11:memory:/kubepods/burstable/pod{UID}/{ID}", UID, ID),
    ("v1-cgroupfs-besteffort", f"6:pids:/kubepods/besteffort/pod{UID}/{ID}", UID, ID),
    ("cgroupfs-guaranteed", f"4:cpu:/kubepods/pod{UID}/{ID}", UID, ID),
    ("static-pod", f"/kubepods/burstable/pod{HASH}/{ID}", HASH, ID),
    ("sub-cgroup", f"/kubepods/besteffort/pod{UID}/{ID}/kube-proxy", UID, ID),
    (
        "v2-systemd-containerd",
        f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SLICE}.slice/cri-containerd-{ID}.scope",
        UID,
        ID,
    ),
    (
        "v1-systemd-crio",
        f"9:devices:/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{SLICE}.slice/crio-{ID}.scope",
        UID,
        ID,
    ),
    ("cgroupfs-crio", f"/kubepods/pod{UID}/crio-{ID}", UID, ID),
    (
        "v2-cri-dockerd",
        f"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{SLICE}.slice/docker-{ID}.scope",
        UID,
        ID,
    ),
    ("dashes-in-slice", f"/kubepods.slice/kubepods-burstable-pod{UID}.slice/docker-{ID}.scope", UID, ID),
    ("colons-at-root", f"7:rdma:/kubepods-burstable-pod{SLICE}.slice:cri-containerd:{ID}", UID, ID),
    ("colons-bare", f"/kubepods-burstable-pod{SLICE}.slice:cri-containerd:{ID}", UID, ID),
    ("private-cgroupns", f"0::/../../kubepods-besteffort-pod{SLICE}.slice/docker-{ID}.scope", UID, ID),
    ("private-cgroupns-cgroupfs", f"/../../../burstable/pod{UID}/{ID}", UID, ID),
    (
        "kind-inside",
        f"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable-pod{SLICE}.slice/cri-containerd-{ID}.scope",
        UID,
        ID,
    ),
    ("kind-outside", f"0::/system.slice/docker-{INNER}.scope/kubelet/kubepods/burstable/pod{HASH}/{ID}", HASH, ID),
    ("kind-v1", f"12:pids:/docker/{INNER}/kubelet/kubepods/burstable/pod{UID}/{ID}", UID, ID),
    (
        "docker-in-docker",
        f"/kubepods.slice/kubepods-burstable-pod{SLICE}.slice/docker-{ID}.scope/docker/{INNER}",
        UID,
        ID,
    ),
    ("deleted", f"0::/kubepods.slice/kubepods-pod{SLICE}.slice/cri-containerd-{ID}.scope (deleted)", UID, ID),
    ("podman", f"0::/machine.slice/libpod-{ID}.scope/container", None, ID),
    ("docker", f"5:cpuset:/docker/{ID}", None, ID),
]

HOST = [
    "0::/system.slice/k3s.service",
    "0::/system.slice/containerd.service",
    "0::/podruntime/kubelet",
    "0::/init.scope",
    "8:pids:/",
    "0::/../../../..",
    f"0::/kubepods.slice/kubepods-burstable-pod{SLICE}.slice/crio-conmon-{ID}.scope",
    f"0::/kubepods/pod{UID}",
    "",
]


@pytest.mark.parametrize(("line", "pod", "container"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES])
def test_a_containers_path_names_pod_and_container(line: str, pod: str | None, container: str) -> None:
    assert parse_cgroup(line) == ContainerPath(pod, container)
    assert parse_cgroup_file(f"12:cpu:/\n{line}\n") == ContainerPath(pod, container)


@pytest.mark.parametrize("line", HOST)
def test_a_path_without_a_container_belongs_to_the_host(line: str) -> None:
    assert parse_cgroup(line) is None


def test_a_line_that_names_a_pod_wins_over_one_that_names_a_container_only() -> None:
    text = f"3:cpuset:/docker/{INNER}\n2:pids:/kubepods/pod{UID}/{ID}\n"
    assert parse_cgroup_file(text) == ContainerPath(UID, ID)
    assert parse_cgroup_file("8:pids:/\n0::/\n") is None


def test_directories_are_told_apart() -> None:
    assert pod_of(f"kubepods-burstable-pod{SLICE}.slice") == UID
    assert pod_of("kubepods.slice") is None
    assert container_in_pod(f"cri-containerd-{ID}.scope") == ID
    assert container_in_pod(f"crio-conmon-{ID}.scope") is None


@given(st.text(max_size=300))
def test_any_line_is_a_container_or_none(line: str) -> None:
    path = parse_cgroup(line)
    assert path is None or len(path.container_id) == 64
