"""Builds a /proc, a cgroup tree and log links on disk, as small as a test needs them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zombie_operator.core.scan import ContainerPath
from zombie_operator.procfs.scan import Roots, Scanner

if TYPE_CHECKING:
    from pathlib import Path

UID = "5d1c0f2e-6a7b-4c8d-9e0f-1a2b3c4d5e6f"
APP = hashlib.sha256(b"app").hexdigest()
SANDBOX = hashlib.sha256(b"sandbox").hexdigest()
PATH = ContainerPath(UID, APP)
HZ = 100


def pod_path(container: str = APP, uid: str = UID) -> str:
    return f"/kubepods/burstable/pod{uid}/{container}"


@dataclass
class Machine:
    """One machine's files. ``now`` is the time since boot that its scanner believes."""

    root: Path
    now: float = 1000.0
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write what every machine has."""
        for name in ("proc/sys/kernel/random", "cgroup", "logs", "own"):
            (self.root / name).mkdir(parents=True)
        (self.root / "proc/sys/kernel/random/boot_id").write_text("boot-1\n")
        (self.root / "proc/sys/kernel/pid_max").write_text("32768\n")
        (self.root / "proc/self").symlink_to(str(os.getpid()))
        self.process(1, comm="systemd", cgroup="0::/init.scope\n")

    def process(  # noqa: PLR0913 - each argument is one field of one file
        self,
        pid: int,
        *,
        comm: str = "app",
        state: str = "S",
        ppid: int = 0,
        session: int = 1,
        threads: int = 1,
        born: float = 100.0,
        ns_pids: tuple[int, ...] | None = None,
        tracer: int = 0,
        caught: bool = False,
        cgroup: str = "0::/\n",
        cpuset: str | None = None,
        died: float | None = None,
    ) -> None:
        """Write one process. ``cgroup`` is the whole file, ``died`` its scheduler clock in seconds."""
        home = self.root / "proc" / str(pid)
        home.mkdir(exist_ok=True)
        fields = [state, ppid, pid, session, 0, -1, 0, *[0] * 10, threads, 0, int(born * HZ), *[0] * 16, 0, *[0] * 13]
        (home / "stat").write_text(f"{pid} ({comm}) " + " ".join(map(str, fields)) + "\n")
        ns = "\t".join(map(str, ns_pids or (pid,)))
        mask = 1 << 16 if caught else 0
        (home / "status").write_text(f"Name:\t{comm}\nTracerPid:\t{tracer}\nNSpid:\t{ns}\nSigCgt:\t{mask:016x}\n")
        (home / "cgroup").write_text(cgroup)
        if cpuset is not None:
            (home / "cpuset").write_text(cpuset + "\n")
        if died is not None:
            (home / "sched").write_text(f"app (1, #threads: 1)\nse.exec_start : {died * 1000:.6f}\n")

    def gone(self, pid: int) -> None:
        home = self.root / "proc" / str(pid)
        for file in home.iterdir():
            file.unlink()
        home.rmdir()

    def children(self, pid: int, *pids: int) -> None:
        task = self.root / "proc" / str(pid) / "task" / str(pid)
        task.mkdir(parents=True, exist_ok=True)
        (task / "children").write_text(" ".join(map(str, pids)) + " ")

    def cgroup(self, path: str, **files: str) -> None:
        home = self.root / "cgroup" / path.lstrip("/")
        home.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (home / name.replace("_", ".")).write_text(content + "\n")

    def link(self, container: str = APP, pod: str = "web-1", namespace: str = "shop", name: str = "app") -> None:
        (self.root / "logs" / f"{pod}_{namespace}_{name}-{container}.log").symlink_to("/var/log/pods/elsewhere")

    def own_clock(self, seconds: float) -> None:
        """Show our own scheduler clock, which is how ages become exact."""
        home = self.root / "own" / "thread-self"
        home.mkdir(exist_ok=True)
        (home / "sched").write_text(f"se.exec_start : {seconds * 1000:.6f}\n")

    def scanner(self) -> Scanner:
        roots = Roots(*(str(self.root / name) for name in ("proc", "cgroup", "logs", "own")))
        return Scanner(roots, "node-1", now=lambda: self.now, fd_filter=False)
