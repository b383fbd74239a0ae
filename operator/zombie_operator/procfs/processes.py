"""The processes of one scan, each file of each read once: what a zombie's parent is and which container holds it.

A value of this class lives for one scan, so that within it a pid means one process. Answers of ``None`` mean that the
process is gone; a refusal raises ``Unreadable``, which the scan counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zombie_operator.core.scan import ContainerPath, ParentSample
from zombie_operator.procfs.cgroup import parse_cgroup, parse_cgroup_file
from zombie_operator.procfs.files import Unreadable, Vanished
from zombie_operator.procfs.parse import ParseError, Stat, Status, parse_stat, parse_status

if TYPE_CHECKING:
    from zombie_operator.procfs.files import Root

_ANCESTORS = 32
"""How far up a container is looked for: containers in containers start a few processes below the pod's own."""


class Processes:
    """Memo of one scan over one proc root."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._stats: dict[int, Stat | None] = {}
        self._containers: dict[int, ContainerPath | None] = {}
        self._parents: dict[int, ParentSample | None] = {}

    def stat(self, pid: int) -> Stat | None:
        """Return a process's stat, None when it is gone."""
        if pid not in self._stats:
            self._stats[pid] = self.read_stat(pid)
        return self._stats[pid]

    def read_stat(self, pid: int) -> Stat | None:
        """Return a process's stat as it is now, read again."""
        try:
            return parse_stat(self._root.read(f"{pid}/stat"))
        except (Vanished, ParseError):
            return None

    def status(self, pid: int) -> Status | None:
        """Return a process's status as it is now, None when it is gone."""
        try:
            return parse_status(self._root.read(f"{pid}/status"))
        except (Vanished, ParseError):
            return None

    def parent(self, pid: int) -> ParentSample | None:
        """Return what diagnosis needs of a zombie's parent, None when it is gone."""
        if pid not in self._parents:
            self._parents[pid] = self._read_parent(pid)
        return self._parents[pid]

    def _read_parent(self, pid: int) -> ParentSample | None:
        stat = self.stat(pid)
        status = self.status(pid) if stat else None
        if stat is None or status is None:
            return None
        return ParentSample(
            pid=pid,
            starttime=stat.starttime,
            comm=stat.comm,
            state=stat.state,
            session=stat.session,
            depth=len(status.ns_pids),
            ns_pid=status.ns_pids[-1],
            sigchld=status.sigchld,
            container=self.container(pid),
        )

    def own_container(self, pid: int) -> ContainerPath | None:
        """Return the container that a process's own cgroup names, alive or dead.

        ``cgroup`` first: on v2 it holds even for a zombie. On v1 a zombie's lines all read ``/``, and ``cpuset`` has
        the path (kernel ``proc_cgroup_show``, ``proc_cpuset_show``).
        """
        path = None
        try:
            path = parse_cgroup_file(self._root.read(f"{pid}/cgroup").decode("utf-8", "replace"))
            if path is None:
                path = parse_cgroup(self._root.read(f"{pid}/cpuset").decode("utf-8", "replace").rstrip("\n"))
        except Vanished:
            pass
        return path

    def container(self, pid: int) -> ContainerPath | None:
        """Return the pod's container that holds a process.

        Where its own cgroup names no pod the nearest ancestor in a pod decides: docker in docker puts its containers
        outside the pod's cgroup, and a v1 zombie without cpuset names nothing at all.
        """
        own: dict[int, ContainerPath | None] = {}
        pod: ContainerPath | None = None
        current = pid
        while current > 0 and len(own) < _ANCESTORS:
            if current in self._containers:
                pod = self._containers[current]
                break
            own[current] = self.own_container(current)
            if _in_pod(own[current]):
                pod = own[current]
                break
            stat = self.stat(current)
            if stat is None or stat.ppid in own:
                break
            current = stat.ppid
        self._containers.update(own if not _in_pod(pod) else dict.fromkeys(own, pod))
        return self._containers.get(pid)

    def init_of(self, pid: int, container: ContainerPath) -> Stat | None:
        """Return the topmost ancestor of a live process that is still in its container: the container's init."""
        top = None
        for _ in range(_ANCESTORS):
            stat = self.stat(pid)
            if stat is None or self.container(pid) != container:
                break
            top, pid = stat, stat.ppid
            if pid <= 0:
                break
        return top

    def descendants(self, pid: int, limit: int) -> list[Stat]:
        """Return at most ``limit`` live processes below one, by ``/proc/PID/task/TID/children`` (proc(5)).

        The list may miss a process that is forked meanwhile, which only costs a proof, never makes a wrong one.
        """
        found: list[Stat] = []
        queue = [pid]
        while queue and len(found) < limit:
            current = queue.pop()
            for child in self._children(current)[: limit - len(found)]:
                stat = self.stat(child)
                if stat is not None and stat.state not in "ZX":
                    found.append(stat)
                    queue.append(child)
        return found

    def _children(self, pid: int) -> list[int]:
        children: list[int] = []
        for thread in self._root.directories(f"{pid}/task"):
            try:
                text = self._root.read(f"{pid}/task/{thread}/children", 1 << 16)
            except (Vanished, Unreadable):
                continue
            children += [int(word) for word in text.split() if word.isdigit()]
        return children

    def all_killed(self, pid: int, threads: int) -> bool:
        """Whether every thread but the dead first one is in state D with SIGKILL pending: it is ending and cannot."""
        alive = [thread for thread in self._root.directories(f"{pid}/task") if thread != str(pid)]
        if not alive or len(alive) != threads - 1:
            return False
        for thread in alive[:_ANCESTORS]:
            try:
                stat = parse_stat(self._root.read(f"{pid}/task/{thread}/stat"))
                status = parse_status(self._root.read(f"{pid}/task/{thread}/status"))
            except (Vanished, ParseError):
                return False
            if stat.state != "D" or not status.killed:
                return False
        return True


def _in_pod(path: ContainerPath | None) -> bool:
    return path is not None and path.pod_uid is not None
