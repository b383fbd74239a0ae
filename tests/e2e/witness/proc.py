"""The node's own /proc: which zombies a pod holds, how many are born, and as whom a process runs.

The nodes of the test cluster (and of kind or k3d) are children of this machine's PID namespace, so this machine's /proc
shows every process of every node. A process belongs to a pod when one of its cgroup paths names the pod's UID.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PROC = Path("/proc")
ZOMBIE = "Z"
SETTLE_SECONDS = 1.0
"""A healthy init has a zombie for an instant too, between a death and its wait; one that lasts is not waited for."""


@dataclass(frozen=True, slots=True, order=True)
class Process:
    """One process at one moment. ``pid`` and ``start`` (clock ticks since boot) together are its identity."""

    pid: int
    start: int

    @property
    def folder(self) -> Path:
        """Its place in /proc."""
        return PROC / str(self.pid)


def _state_and_start(pid: int) -> tuple[str, int, int]:
    """Return state, number of threads and start time. The comm may hold anything, so parse from the last bracket."""
    fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return fields[0], int(fields[17]), int(fields[19])


def _paths(pid: int) -> str:
    """Return every cgroup path of a process: v1 says `/` for a zombie in `cgroup` and the truth in `cpuset`."""
    folder = PROC / str(pid)
    return (folder / "cpuset").read_text() + (folder / "cgroup").read_text()


def _each(marks: tuple[str, ...], *, zombies: bool) -> Iterator[Process]:
    for pid in [int(folder.name) for folder in PROC.iterdir() if folder.name.isdigit()]:
        try:
            state, threads, start = _state_and_start(pid)
            # A dead leader whose threads live on is in state Z too, and no zombie.
            if (state == ZOMBIE and threads == 1) is zombies and any(mark in _paths(pid) for mark in marks):
                yield Process(pid, start)
        except (OSError, IndexError):  # it ended while being read
            continue


def _marks(pod_uids: Iterable[str]) -> tuple[str, ...]:
    """Cgroup drivers write a pod's UID with dashes or, in systemd's slices, with underscores."""
    return tuple(f"pod{form}" for uid in pod_uids for form in (uid, uid.replace("-", "_")))


def zombies(pod_uids: Iterable[str]) -> frozenset[Process]:
    """Return the zombies that these pods hold now."""
    return frozenset(_each(_marks(pod_uids), zombies=True))


def lasting_zombies(pod_uids: Iterable[str]) -> frozenset[Process]:
    """Return the zombies that these pods hold now and still hold a moment later."""
    uids = tuple(pod_uids)
    first = zombies(uids)
    time.sleep(SETTLE_SECONDS)
    return first & zombies(uids)


def births(pod_uids: Iterable[str], seconds: float) -> frozenset[Process]:
    """Watch for this long, and return the zombies that appeared meanwhile and stayed."""
    uids = tuple(pod_uids)
    before = zombies(uids)
    time.sleep(seconds)
    return lasting_zombies(uids) - before


def living(*, container_id: str) -> frozenset[Process]:
    """Return the living processes of one container (``containerID`` of its status, with or without scheme)."""
    return frozenset(_each((container_id.rpartition("/")[2],), zombies=False))


@dataclass(frozen=True, slots=True)
class Credentials:
    """As whom a process runs: its four uids and gids, every capability set, and whether it can gain any."""

    uids: tuple[int, ...]
    gids: tuple[int, ...]
    capabilities: dict[str, int]
    no_new_privileges: bool
    seccomp_filtered: bool


def credentials(process: Process) -> Credentials:
    """Read them from the kernel's own account of the process."""
    lines = (process.folder / "status").read_text().splitlines()
    status = {key: value.split() for key, _, value in (line.partition(":") for line in lines)}
    return Credentials(
        uids=tuple(map(int, status["Uid"])),
        gids=tuple(map(int, status["Gid"])),
        capabilities={key: int(value[0], 16) for key, value in status.items() if key.startswith("Cap")},
        no_new_privileges=status["NoNewPrivs"] == ["1"],
        seccomp_filtered=status["Seccomp"] == ["2"],
    )


def nodes_are_visible(pod_uids: Iterable[str]) -> bool:
    """Tell whether processes of these running pods can be seen at all, so that "no zombies" means something."""
    return next(_each(_marks(pod_uids), zombies=False), None) is not None
