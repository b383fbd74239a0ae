"""Which containers exist now, and how many processes each may still start: the host's cgroup tree.

A container exists while its cgroup does, whatever its log link says, so the tree is the list of containers. Walking it
costs as much as a scan of a usual node; therefore a container's directory is found once and then only asked whether it
is still there. Zombies count in ``pids.current`` until they are reaped (kernel ``kernel/cgroup/pids.c``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zombie_operator.core.scan import ContainerPath
from zombie_operator.procfs.cgroup import container_in_pod, parse_cgroup, pod_of
from zombie_operator.procfs.files import Root

if TYPE_CHECKING:
    from collections.abc import Collection

_DEPTH = 8
"""Levels above a pod at most. The kubelet puts kubepods/QoS below a ``cgroupRoot`` that the administrator chooses."""

_MEMORY = 10_000
"""Ids of ended containers remembered; beyond that all are forgotten, which costs one walk."""

_ELSEWHERE = frozenset({"system.slice", "user.slice", "init.scope"})
"""Where no kubelet puts pods, and systemd has hundreds of directories."""


@dataclass(frozen=True, slots=True)
class PidsBudget:
    """``current`` processes and threads against ``limit`` (None: no limit), of the level that runs out first."""

    current: int | None
    limit: int | None


class CgroupTree:
    """The pids hierarchy below a mounted cgroup root: ``<root>/pids`` on v1 and hybrid, the root itself on v2."""

    def __init__(self, path: str) -> None:
        self._paths: dict[str, tuple[str, ContainerPath]] = {}
        self._absent: set[str] = set()
        self._root: Root | None = None
        for candidate in (f"{path}/pids", path):
            try:
                self._root = Root(candidate)
            except OSError:
                continue
            break

    def containers(self, wanted: Collection[str]) -> list[ContainerPath]:
        """Return the containers that exist now, of those in ``wanted`` (container ids).

        The tree is walked only when an id is new. An id that a walk did not find had ended before: the kubelet makes
        the link after the cgroup, and a container id never comes back.
        """
        if self._root is None:
            return []
        for container_id, (directory, _) in list(self._paths.items()):
            if not self._root.exists(directory):
                del self._paths[container_id]
                self._absent.add(container_id)
        self._find(self._root, wanted)
        return [self._paths[one][1] for one in wanted if one in self._paths]

    def budget(self, path: ContainerPath) -> PidsBudget:
        """Return the tightest of the container's and its pod's pids limits, where the kubelet sets its own."""
        directory = self._directory(path)
        if self._root is None or directory is None:
            return PidsBudget(None, None)
        levels = [self._level(self._root, directory), self._level(self._root, directory.rpartition("/")[0])]
        limited = [
            (limit - current, current, limit) for current, limit in levels if current is not None and limit is not None
        ]
        if not limited:
            return PidsBudget(levels[0][0], None)
        _, current, limit = min(limited)
        return PidsBudget(current, limit)

    def frozen(self, path: ContainerPath) -> bool | None:
        """Whether the container is frozen (cgroup v2 ``cgroup.events``); None where that cannot be seen."""
        directory = self._directory(path)
        text = self._root.read_text(f"{directory}/cgroup.events") if self._root and directory else None
        if text is None:
            return None
        states = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
        return states["frozen"] == "1" if "frozen" in states else None

    def _directory(self, path: ContainerPath) -> str | None:
        if self._root is None:
            return None
        self._find(self._root, (path.container_id,))
        found = self._paths.get(path.container_id)
        return found[0] if found else None

    def _find(self, root: Root, wanted: Collection[str]) -> None:
        """Walk the tree if an id in ``wanted`` was never looked for."""
        if all(one in self._paths or one in self._absent for one in wanted):
            return
        self._walk(root, "", _DEPTH)
        if len(self._absent) > _MEMORY:
            self._absent.clear()
        self._absent.update(one for one in wanted if one not in self._paths)

    def _level(self, root: Root, directory: str) -> tuple[int | None, int | None]:
        return root.read_int(f"{directory}/pids.current"), root.read_int(f"{directory}/pids.max")

    def _walk(self, root: Root, directory: str, depth: int) -> None:
        for name in root.directories(directory or "."):
            inner = f"{directory}/{name}" if directory else name
            if pod_of(name):
                for child in root.directories(inner):
                    container_id = container_in_pod(child)
                    path = parse_cgroup(f"/{inner}/{child}")
                    if container_id and path:
                        self._paths[container_id] = (f"{inner}/{child}", path)
            elif depth and name not in _ELSEWHERE:
                self._walk(root, inner, depth - 1)
