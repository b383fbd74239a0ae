"""What a node's agent says about zombies: the values of the ``/v1/zombies`` document.

The agent fills these, the operator and ``zombies scan`` read them; ``core/codec.py`` turns them into JSON and back.
Unknown is ``None``, never absent and never 0. No command line and no environment of any process is in here, because
both carry secrets.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

API_VERSION = "zombie-operator.dev/v1alpha1"
KIND = "ZombieDocument"


class Cause(StrEnum):
    """Why nobody reaps a zombie: the row of the parent rule that matched first (see ``core/diagnose.py``)."""

    INIT_NOT_REAPING = "InitNotReaping"
    PARENT_NOT_WAITING = "ParentNotWaiting"
    RUNTIME_NOT_REAPING = "RuntimeNotReaping"
    TRACED = "Traced"
    PARENT_SUSPENDED = "ParentSuspended"
    LEADER_EXITED = "LeaderExited"
    STUCK_IN_KERNEL = "StuckInKernel"


class Origin(StrEnum):
    """Where the zombies of ``InitNotReaping`` come from. The agent says Orphan or Unknown, the operator adds Probe."""

    ORPHAN = "Orphan"
    PROBE = "Probe"
    UNKNOWN = "Unknown"


class Proof(StrEnum):
    """What proves that a zombie's present parent did not fork it (facts of proc(5), field 6 and cgroup paths)."""

    SESSION = "Session"
    CONTAINER = "Container"
    HISTORY = "History"


class Assessment(StrEnum):
    """What a series of scans shows of one container."""

    LEAKING = "Leaking"
    NOT_GROWING = "NotGrowing"
    REAPED = "Reaped"


@dataclass(frozen=True, slots=True)
class Age:
    """``count`` zombies whose age since death is between two bounds, in whole seconds (equal where it is exact)."""

    min_seconds: int
    max_seconds: int
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the diagnosis rests on.

    ``sigchld`` is what the parent does with SIGCHLD: ``Caught``, ``Blocked``, ``Ignored`` or ``Default``.
    ``proofs`` counts zombies by proof, ``comms`` by their own command name (15 bytes, the most frequent ones),
    ``sessions`` counts the distinct session ids among them.
    """

    parent_pid: int | None = None
    parent_comm: str | None = None
    sigchld: str | None = None
    proofs: tuple[tuple[Proof, int], ...] = ()
    comms: tuple[tuple[str, int], ...] = ()
    sessions: int | None = None


@dataclass(frozen=True, slots=True)
class CauseCount:
    """The zombies of one container with one cause and one origin. ``origin`` is None unless init does not reap."""

    cause: Cause
    origin: Origin | None
    zombies: int
    ages: tuple[Age, ...]
    oldest_seconds: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Pids:
    """The PID budget of a container: ``current`` and ``limit`` of its pids cgroup (None: unknown or unlimited)."""

    current: int | None
    limit: int | None
    exhausted_in_seconds: int | None


@dataclass(frozen=True, slots=True)
class ContainerReport:
    """One container as the node sees it. ``sandbox_reaps``: the sandbox's init catches SIGCHLD (None: not seen)."""

    pod_uid: str
    container_id: str
    namespace: str | None
    pod: str | None
    container: str | None
    init_pid: int | None
    init_comm: str | None
    sandbox_reaps: bool | None
    zombies: int
    causes: tuple[CauseCount, ...]
    assessment: Assessment | None
    pids: Pids


@dataclass(frozen=True, slots=True)
class HostReport:
    """Zombies outside any container, by the parent that does not reap them."""

    parent_pid: int | None
    parent_comm: str | None
    zombies: int
    causes: tuple[CauseCount, ...]


@dataclass(frozen=True, slots=True)
class NodeReport:
    """The node and the sample itself.

    ``sample_age_seconds`` is how old the scan was when it was served, ``scan_seconds`` how long it took.
    ``complete`` is False when processes could not be read (hidepid, permissions), so zeros prove nothing.
    """

    name: str
    boot_id: str
    sample_age_seconds: float
    scan_seconds: float
    complete: bool
    pid_max: int | None
    threads_max: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """All that one agent knows of its node at one moment."""

    node: NodeReport
    containers: tuple[ContainerReport, ...]
    host: tuple[HostReport, ...] = ()
    not_observable: tuple[str, ...] = ()
