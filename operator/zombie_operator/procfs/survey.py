"""A slow look at every live process, now and then: sandboxes of pods, oldest processes, runtimes that hide theirs.

The scan itself never reads live processes. What only they can tell changes rarely and is wanted for few pods, so this
pass runs every ``EVERY`` seconds, and sooner when a pod starts to leak that the last pass did not know.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zombie_operator.procfs.files import Root, Unreadable, Vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from zombie_operator.core.scan import ContainerPath
    from zombie_operator.procfs.parse import Stat
    from zombie_operator.procfs.processes import Processes

EVERY = 600.0
"""Seconds between passes; one costs about 25 µs a process."""

SOONEST = 10.0
"""Seconds between passes at least, however many pods begin to leak."""

OPAQUE = ("runsc-sandbox", "runsc-gofer", "cloud-hyperviso", "firecracker", "qemu-system", "virtiofsd", "kata-")
"""Beginnings of names (15 bytes are kept) of the processes that stand for a whole pod of gVisor or Kata."""


class Survey:
    """Pids by container, and pods that cannot be observed, as of the last pass."""

    def __init__(self, root: Root, now: Callable[[], float]) -> None:
        self._root = root
        self._now = now
        self._due = float("-inf")
        self._soonest = float("-inf")
        self._members: dict[ContainerPath, list[tuple[int, int]]] = {}
        self._pods: set[str] = set()
        self.not_observable: tuple[str, ...] = ()

    def refresh(self, pods: Collection[str], processes: Processes) -> None:
        """Pass over all processes if it is time, or if one of ``pods`` (UIDs) is unknown."""
        now = self._now()
        if now < self._due and (now < self._soonest or self._pods.issuperset(pods)):
            return
        self._due, self._soonest = now + EVERY, now + SOONEST
        self._members = {}
        opaque: set[str] = set()
        for name in os.listdir(self._root.fd):  # noqa: PTH208 - see sweep.py
            if name.isdigit():
                self._visit(int(name), processes, opaque)
        self._pods = {path.pod_uid for path in self._members if path.pod_uid} | set(pods)
        self.not_observable = tuple(sorted(opaque))

    def _visit(self, pid: int, processes: Processes, opaque: set[str]) -> None:
        """Note one process. Everything is read past the scan's memo, which would keep each process of the node."""
        try:
            path = processes.own_container(pid)
            if path is None or path.pod_uid is None:
                return
            stat = processes.read_stat(pid)
        except (Unreadable, Vanished):
            return
        if stat is None or stat.state in "ZX":
            return
        self._members.setdefault(path, []).append((stat.starttime, pid))
        if stat.comm.startswith(OPAQUE):
            opaque.add(path.pod_uid)

    def oldest(self, path: ContainerPath, processes: Processes) -> Stat | None:
        """Return the container's process that started first, if it still lives."""
        members = self._members.get(path)
        if not members:
            return None
        starttime, pid = min(members)
        stat = processes.stat(pid)
        return stat if stat is not None and stat.starttime == starttime else None

    def sandbox_reaps(self, path: ContainerPath, named: Collection[str], processes: Processes) -> bool | None:
        """Whether init of the pod's sandbox has a handler for SIGCHLD; None when no sandbox process is found.

        The sandbox is the pod's container that the kubelet never names. A container whose link is not made yet looks
        the same, therefore the oldest one counts: the sandbox starts first. CRI-O runs none where it is not needed.
        """
        candidates = [
            min(members)
            for other, members in self._members.items()
            if other.pod_uid == path.pod_uid and other.container_id not in named and other != path
        ]
        if not candidates or not named:
            return None
        starttime, pid = min(candidates)
        try:
            stat, status = processes.stat(pid), processes.status(pid)
        except Unreadable:
            return None
        if stat is None or status is None or stat.starttime != starttime or status.ns_pids[-1] != 1:
            return None
        return status.sigchld == "Caught"
