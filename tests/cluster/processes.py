"""Starts the cluster's components, each in a cgroup of its own, and waits for what they become.

A component joins its cgroup in a shell that then turns into the component, so there is no moment at which it runs
and could not be found by ``cgroups``. Its output goes to one log file.
"""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import cgroups
from tests.cluster.layout import ClusterError, Layout

_JOIN_AND_BECOME = """
set -e
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs"; shift; done
shift
exec "$@"
"""
_LOOK_AGAIN = 0.05
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ComponentError(ClusterError):
    """A component ended or did not become ready; carries the end of its log."""

    def __init__(self, message: str, log: Path, lines: int = 25) -> None:
        tail = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
        super().__init__("\n".join([message, f"The end of {log}:", *(f"  {line[:400]}" for line in tail)]))


@dataclass(frozen=True, slots=True)
class Component:
    """A running component: its name and the id of its first process."""

    layout: Layout
    name: str
    pid: int

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.layout.logs / f"{self.name}.log"

    def wait_until(self, what: str, ready: Callable[[], bool], seconds: float = 60) -> None:
        """Return when ``ready`` holds; give up with the component's log when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not alive(self.layout, self.name):
                raise ComponentError(f"{self.name} ended before it was {what}.", self.log)
            if time.monotonic() > deadline:
                raise ComponentError(f"{self.name} is not {what} after {seconds:.0f} s.", self.log)
            time.sleep(_LOOK_AGAIN)


def start(layout: Layout, name: str, command: Sequence[object], path: str = "") -> Component:
    """Start a component in the background, outliving this program, with the folders of ``path`` first in its PATH."""
    folders = cgroups.create(cgroups.system_group(layout.cgroup, name))
    joined = ["/bin/sh", "-c", _JOIN_AND_BECOME, name, *map(str, folders), "--", *map(str, command)]
    search = f"{path}:{_SYSTEM_PATH}" if path else _SYSTEM_PATH
    with (layout.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            joined,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=layout.run,
            env={"PATH": search, "HOME": str(layout.run), "LANG": "C.UTF-8"},
            start_new_session=True,
        )
    _pid_file(layout, name).write_text(str(process.pid))
    while not alive(layout, name) and process.poll() is None:
        time.sleep(_LOOK_AGAIN)  # the shell has not joined the cgroup yet
    process.returncode = 0  # it is meant to outlive us: no warning that it still runs
    return Component(layout, name, process.pid)


def alive(layout: Layout, name: str) -> bool:
    """Tell whether any process of the component is there."""
    return bool(cgroups.members(cgroups.system_group(layout.cgroup, name)))


def find(layout: Layout, name: str) -> Component:
    """Return the running component of this name, if its recorded process is really in its cgroup."""
    record = _pid_file(layout, name)
    pid = int(record.read_text() or 0) if record.exists() else 0
    if pid not in cgroups.members(cgroups.system_group(layout.cgroup, name)):
        raise ClusterError(f"{name} of the cluster {layout.name!r} is not running; `python -m tests.cluster up` helps.")
    return Component(layout, name, pid)


def _pid_file(layout: Layout, name: str) -> Path:
    return layout.run / f"{name}.pid"


def run(*command: object) -> str:
    """Run a short command to its end and return its output; its own words are the error."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    )
    if done.returncode:
        raise ClusterError(f"`{' '.join(map(str, command))}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
