"""The first process of a node: makes its file system view, runs containerd and the kubelet, and reaps orphans.

``node`` starts it as PID 1 of the node's namespaces, in an interpreter without the repository on its path, so it
imports the standard library only. Like a service manager it starts a component again when it ends.
"""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

OWN_FOLDERS = {"/var/lib": "lib", "/var/log": "log"}
# What the kubelet wants to set on a machine that is its own. This one is not: it gets copies to write to.
_KERNEL_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
_KUBELET = """
set -e
mount --make-private /proc
for setting in {settings}; do
    mount --bind "{copies}/$setting" "/proc/sys/$setting"
done
exec "$@"
"""
_SOCKET = Path("/run/containerd/containerd.sock")
_PATIENCE = 60.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``node`` asks for: the node's folder, its name and three commands."""

    folder: str
    hostname: str
    containerd: list[str]
    images: list[str]
    kubelet: list[str]

    def dump(self) -> str:
        """Write the plan down for ``main``."""
        return json.dumps(asdict(self), indent=2)


def main() -> None:
    """Bring the node up and keep it up until the namespace is killed."""
    plan = Plan(**json.loads(Path(sys.argv[1]).read_text()))
    _own_file_systems(Path(plan.folder))
    socket.sethostname(plan.hostname)
    commands = {_start(plan.containerd): plan.containerd}
    _wait_for_containerd()
    subprocess.run(plan.images, check=True)
    kubelet = ["unshare", "--mount", "--propagation=unchanged", "--", "sh", "-c", _shielded(plan), "kubelet"]
    commands[_start([*kubelet, *plan.kubelet])] = [*kubelet, *plan.kubelet]
    while True:
        pid, _ = os.wait()  # mostly somebody else's orphan
        if command := commands.pop(pid, None):
            print(f"{command[0]} ended; starting it again", flush=True)
            time.sleep(1)
            commands[_start(command)] = command


def _own_file_systems(folder: Path) -> None:
    for place, own in OWN_FOLDERS.items():
        _run("mount", "--bind", str(folder / own), place)
    _run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    _run("mount", "--make-rshared", "/")  # as on a real node: what the kubelet mounts, containerd must see


def _shielded(plan: Plan) -> str:
    copies = Path(plan.folder, "sysctl")
    for setting in _KERNEL_SETTINGS:
        copy = copies / setting
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(Path("/proc/sys", setting).read_text())
    return _KUBELET.format(settings=" ".join(_KERNEL_SETTINGS), copies=copies)


def _start(command: list[str]) -> int:
    return os.spawnvp(os.P_NOWAIT, command[0], command)  # noqa: S606 - no Popen: `main` reaps, whoever it is


def _wait_for_containerd() -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        probe = subprocess.run(["ctr", "version"], check=False, capture_output=True)
        if probe.returncode == 0:
            return
        if time.monotonic() > deadline:
            sys.exit(f"containerd does not answer at {_SOCKET}: {probe.stderr.decode()}")
        time.sleep(_PAUSE)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
