"""The cluster's cgroups: who belongs to it, and how to end exactly those.

Membership is what proves that a process is ours. Every process is put into ``/zo-<name>`` of every hierarchy before
it becomes what it is, and children cannot leave by accident. Works on cgroup v1, v2 and the hybrid of both.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.layout import ClusterError

_REQUIRED = ("cpu", "cpuset", "memory", "pids")
_SYSTEM = "system"
_PATIENCE = 30.0
_LOOK_AGAIN = 0.02
_DELETED = " (deleted)"  # what the kernel adds for a zombie of a cgroup that is gone


def hierarchies() -> list[Path]:
    """Return where the hierarchies are mounted."""
    found: dict[Path, None] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, tail = line.partition(" - ")
        if tail.split()[0] in {"cgroup", "cgroup2"} and fields.split()[3] == "/":
            found[Path(fields.split()[4])] = None
    return list(found)


def missing_controllers() -> list[str]:
    """Return which of the controllers that the kubelet needs are not there."""
    available: set[str] = set()
    for hierarchy in hierarchies():
        unified = hierarchy / "cgroup.controllers"
        available.update(unified.read_text().split() if unified.exists() else hierarchy.name.split(","))
    return [controller for controller in _REQUIRED if controller not in available]


def system_group(cluster: str, component: str) -> str:
    """Return the cgroup of one component, apart from those of the pods."""
    return f"{cluster}/{_SYSTEM}/{component}"


def create(group: str) -> list[Path]:
    """Make the cgroup in every hierarchy and return its folders, ready to take processes."""
    return [_create_below(hierarchy, group) for hierarchy in hierarchies()]


def _create_below(hierarchy: Path, group: str) -> Path:
    folder = hierarchy
    for part in group.split("/"):
        _delegate(folder)
        folder = folder / part
        folder.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            _inherit(folder, setting)
    return folder


def _delegate(folder: Path) -> None:
    """Where version 2 has the controllers, hand them down to the children; a hybrid's unified hierarchy stays alone."""
    listing = folder / "cgroup.controllers"
    available = listing.read_text().split() if listing.exists() else []
    if set(_REQUIRED) <= set(available):
        for controller in available:
            with contextlib.suppress(OSError):  # some need conditions that no pod needs
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _inherit(folder: Path, setting: str) -> None:
    """Fill in a cpuset, which the first version leaves empty: nothing may run in an empty one."""
    own = folder / setting
    if own.exists() and not (folder / "cgroup.controllers").exists() and not own.read_text().strip():
        own.write_text((folder.parent / setting).read_text())


def members(group: str) -> set[int]:
    """Return the process ids in the cgroup and below it, as this PID namespace sees them."""
    return {pid for hierarchy in hierarchies() for pid in _members_below(hierarchy / group)}


def _members_below(folder: Path) -> Iterator[int]:
    for path, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            yield from map(int, (Path(path) / "cgroup.procs").read_text().split())


def exists(group: str) -> bool:
    """Tell whether any hierarchy still has the cgroup."""
    return any((hierarchy / group).exists() for hierarchy in hierarchies())


def destroy(group: str) -> None:
    """End every process in the cgroup and below, remove the cgroup, and return when the dead are reaped."""
    deadline = time.monotonic() + _PATIENCE
    ended: set[int] = set()
    while exists(group) or any(_belongs(pid, group) for pid in ended):
        if time.monotonic() > deadline:
            raise ClusterError(_what_stays(group, ended))
        for pid in members(group):
            _kill(pid, group)
            ended.add(pid)
        for hierarchy in hierarchies():
            for path, _, _ in os.walk(hierarchy / group, topdown=False):
                with contextlib.suppress(OSError):  # still busy: the kernel is letting the last member go
                    Path(path).rmdir()
        time.sleep(_LOOK_AGAIN)


def _what_stays(group: str, ended: set[int]) -> str:
    if living := members(group):
        return f"These processes of /{group} do not end: {sorted(living)}."
    zombies = sorted(pid for pid in ended if _belongs(pid, group))
    return f"PID 1 of this machine does not reap orphans, so these stay as zombies of /{group}: {zombies}."


def _kill(pid: int, group: str) -> None:
    """Kill one process, unless its id has come to mean another process since it was listed."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            if _belongs(pid, group):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)


def _belongs(pid: int, group: str) -> bool:
    try:
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except OSError:
        return False
    paths = [line.split(":", 2)[2] for line in lines]
    return any(f"{path.removesuffix(_DELETED)}/".startswith(f"/{group}/") for path in paths)
