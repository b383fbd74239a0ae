"""The containers that exist now, with names, and for those that hold zombies also init, sandbox and PID budget.

Existing means: a log link of the kubelet names it and its cgroup is there, or a zombie is charged to it. A container
whose link is not made yet is known by its zombies only and has no names. Where no cgroup tree is mounted, zombies alone
tell, because the links of ended containers stay behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zombie_operator.core.scan import ContainerPath, ContainerSeen
from zombie_operator.procfs.files import Root, Unreadable
from zombie_operator.procfs.limits import CgroupTree
from zombie_operator.procfs.names import NameTable
from zombie_operator.procfs.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zombie_operator.core.scan import ParentSample, ZombieSample
    from zombie_operator.procfs.parse import Stat
    from zombie_operator.procfs.processes import Processes


class ContainerTable:
    """Kept from scan to scan: links, cgroup directories and sandboxes are looked up once."""

    def __init__(self, root: Root, cgroup: str, container_logs: str, now: Callable[[], float]) -> None:
        self._names = NameTable(container_logs)
        self._tree = CgroupTree(cgroup)
        self._survey = Survey(root, now)

    @property
    def not_observable(self) -> tuple[str, ...]:
        """UIDs of pods whose processes this kernel does not see (gVisor, Kata)."""
        return self._survey.not_observable

    def seen(
        self, zombies: Iterable[ZombieSample], parents: Mapping[int, ParentSample], processes: Processes
    ) -> tuple[ContainerSeen, ...]:
        """Return every container, those without zombies too."""
        self._names.refresh()
        leaking: dict[ContainerPath, ZombieSample] = {}
        for zombie in zombies:
            if zombie.container is not None and zombie.container.pod_uid is not None:
                leaking.setdefault(zombie.container, zombie)
        self._survey.refresh({path.pod_uid for path in leaking if path.pod_uid}, processes)
        quiet = [path for path in self._tree.containers(self._names.by_id) if path not in leaking]
        return tuple(ContainerSeen(path, self._names.by_id.get(path.container_id)) for path in quiet) + tuple(
            self._leaking(path, zombie, parents.get(zombie.ppid), processes) for path, zombie in leaking.items()
        )

    def _leaking(
        self, path: ContainerPath, zombie: ZombieSample, parent: ParentSample | None, processes: Processes
    ) -> ContainerSeen:
        init = self._init(path, zombie, parent, processes)
        budget = self._tree.budget(path)
        return ContainerSeen(
            path=path,
            names=self._names.by_id.get(path.container_id),
            init_pid=init.pid if init else None,
            init_comm=init.comm if init else None,
            sandbox_reaps=self._survey.sandbox_reaps(path, self._names.by_id, processes),
            frozen=self._tree.frozen(path),
            pids_current=budget.current,
            pids_limit=budget.limit,
        )

    def _init(
        self, path: ContainerPath, zombie: ZombieSample, parent: ParentSample | None, processes: Processes
    ) -> Stat | None:
        """Return the container's first process.

        Climb from the zombie's parent while it is in the same container. Where the parent is outside (the shim, or the
        sandbox of a pod that shares its namespace) the survey of all processes knows the oldest one inside.
        """
        try:
            if parent is not None and parent.container == path:
                return processes.init_of(parent.pid, path)
            if zombie.ns_pid == 1:
                return processes.stat(zombie.pid)
            return self._survey.oldest(path, processes)
        except Unreadable:
            return None
