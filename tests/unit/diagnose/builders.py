"""Builders of scans: each call makes a new value, and every argument that a test does not care about has a default."""

from __future__ import annotations

from typing import Any

from zombie_operator.core.scan import ContainerPath, ContainerSeen, ParentSample, Scan, ZombieSample

UID = "2f0c9d7e-1b3a-4c5d-8e6f-7a8b9c0d1e2f"
APP = ContainerPath(UID, "a" * 64)
SANDBOX = ContainerPath(UID, "b" * 64)
OTHER = ContainerPath("9e8d7c6b-5a4f-4e3d-8c2b-1a0f9e8d7c6b", "c" * 64)
INIT = 50
NOW = 10_000.0


def zombie(pid: int, *, age: float = 300.0, taken_at: float = NOW, **fields: Any) -> ZombieSample:  # noqa: ANN401
    """Return a zombie of the container's init that died ``age`` seconds before the scan."""
    values: dict[str, Any] = {
        "starttime": 500_000,
        "comm": "job",
        "ppid": INIT,
        "session": INIT,
        "threads": 1,
        "depth": 2,
        "ns_pid": pid,
        "tracer_pid": 0,
        "container": APP,
        "died_after": taken_at - age,
        "died_before": taken_at - age,
    }
    return ZombieSample(pid=pid, **(values | fields))


def parent(pid: int = INIT, **fields: Any) -> ParentSample:  # noqa: ANN401
    """Return a parent: by default the container's init, asleep, without a handler."""
    values: dict[str, Any] = {
        "starttime": 1_000,
        "comm": "app",
        "state": "S",
        "session": INIT,
        "depth": 2,
        "ns_pid": 1,
        "sigchld": "Default",
        "container": APP,
    }
    return ParentSample(pid=pid, **(values | fields))


def scan(*zombies: ZombieSample, parents: tuple[ParentSample, ...] = (), **fields: Any) -> Scan:  # noqa: ANN401
    """Return a scan of these zombies; init is a parent unless others are named."""
    values: dict[str, Any] = {"node": "node-1", "boot_id": "boot-1", "taken_at": NOW}
    return Scan(zombies=zombies, parents={one.pid: one for one in parents or (parent(),)}, **(values | fields))


def seen(path: ContainerPath = APP, **fields: Any) -> ContainerSeen:  # noqa: ANN401
    """Return a container that exists."""
    return ContainerSeen(path, **fields)
