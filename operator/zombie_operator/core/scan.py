"""What one look at ``/proc`` saw: plain values between the reader (``procfs``) and the judge (``core/diagnose.py``).

Nothing here is an opinion. ``procfs/scan.py`` fills these values, tests write them by hand, and ``diagnose`` turns them
into a ``Document``. All times are seconds on one clock, CLOCK_BOOTTIME of the machine, so that they can be subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from zombie_operator.core.document import Cause

if TYPE_CHECKING:
    from collections.abc import Mapping

Identity = tuple[int, int]
"""(pid, start time in clock ticks since boot): unique within one boot, because a pid alone is used again."""

NOT_ZOMBIES = frozenset({Cause.LEADER_EXITED, Cause.STUCK_IN_KERNEL})
"""Causes of processes that look dead and are not: reported in their own row, never in a container's ``zombies``."""


@dataclass(frozen=True, slots=True)
class ContainerPath:
    """A container as a cgroup path names it. ``pod_uid`` is None for a container outside Kubernetes (podman, docker).

    The UID of a static pod is the hash of its manifest, not the UID of its mirror pod in the API.
    """

    pod_uid: str | None
    container_id: str


@dataclass(frozen=True, slots=True)
class ContainerNames:
    """What the kubelet calls a container, from its link in ``/var/log/containers``."""

    namespace: str
    pod: str
    container: str


@dataclass(frozen=True, slots=True)
class ZombieSample:
    """One process in state Z (proc(5), ``/proc/PID/stat``), read whole or not reported at all.

    ``threads`` is field 20: more than one means that only the first thread is dead. ``depth`` and ``ns_pid`` are the
    length and the last number of NSpid in ``/proc/PID/status``. It died between ``died_after`` and ``died_before``.
    ``stuck`` says that each thread still alive has been killed and cannot die.
    """

    pid: int
    starttime: int
    comm: str
    ppid: int
    session: int
    threads: int
    depth: int
    ns_pid: int
    tracer_pid: int
    container: ContainerPath | None
    died_after: float
    died_before: float
    stuck: bool = False

    @property
    def identity(self) -> Identity:
        """The same process in another scan of the same boot."""
        return (self.pid, self.starttime)


@dataclass(frozen=True, slots=True)
class ParentSample:
    """A live process that has zombies, read once in a scan. ``sigchld`` is Caught, Blocked, Ignored or Default."""

    pid: int
    starttime: int
    comm: str
    state: str
    session: int
    depth: int
    ns_pid: int
    sigchld: str
    container: ContainerPath | None


@dataclass(frozen=True, slots=True)
class ContainerSeen:
    """A container that exists now. Everything but ``path`` and ``names`` is looked up only where there are zombies."""

    path: ContainerPath
    names: ContainerNames | None = None
    init_pid: int | None = None
    init_comm: str | None = None
    sandbox_reaps: bool | None = None
    frozen: bool | None = None
    pids_current: int | None = None
    pids_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Relative:
    """A live descendant of an init that already holds zombies, and its parent at this moment."""

    pid: int
    starttime: int
    ppid: int


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan. ``taken_at`` is when it began; a process that died later may or may not be in it.

    ``vanished`` counts processes that ended while they were read, which is normal; ``unreadable`` those that the
    kernel refused, ``hidden`` says that the mount hides processes (hidepid): either makes the scan incomplete.
    ``raced`` zombies lost their parent twice while they were read; the next scan has them.
    """

    node: str
    boot_id: str
    taken_at: float
    seconds: float = 0.0
    processes: int = 0
    zombies: tuple[ZombieSample, ...] = ()
    parents: Mapping[int, ParentSample] = field(default_factory=lambda: MappingProxyType({}))
    containers: tuple[ContainerSeen, ...] = ()
    relatives: tuple[Relative, ...] = ()
    not_observable: tuple[str, ...] = ()
    vanished: int = 0
    unreadable: int = 0
    raced: int = 0
    hidden: bool = False
    pid_max: int | None = None
    threads_max: int | None = None

    @property
    def complete(self) -> bool:
        """Whether a process that is not in here does not exist."""
        return not self.hidden and self.unreadable == 0
