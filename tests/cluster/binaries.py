"""Builds the cluster's programs once and keeps them outside the work tree, each under a hash of what it is made from.

The Go modules next to this file pin every version. A second run, another checkout and a parallel run all find the
same finished folder: a build happens in a folder of its own and appears by one rename, under a lock.
"""

import hashlib
import inspect
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import locks, oci
from tests.cluster.layout import ClusterError

SOURCES = Path(__file__).parent
CONTAINERD = SOURCES / "containerd"
PAUSE_REFERENCE = "zombie-operator.dev/test/pause:1"
_COMPONENTS = (
    "etcd kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet zo-key".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folders of finished programs."""

    kubernetes: Path
    containerd: Path
    pause: Path

    @property
    def search_path(self) -> str:
        """What goes in front of PATH."""
        return f"{self.kubernetes}:{self.containerd}"

    @property
    def pause_image(self) -> Path:
        """The archive of the sandbox image."""
        return self.pause / "pause.tar"

    @property
    def complete(self) -> bool:
        """Tell whether nothing is left to build."""
        return self.kubernetes.exists() and self.containerd.exists() and self.pause.exists()


def cache() -> Path:
    """Return the folder that outlives work trees."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "zombie-operator"


def locate() -> Binaries:
    """Return where the programs are, or will be once built."""
    return Binaries(
        kubernetes=_place(
            f"kubernetes-{_pinned(SOURCES, 'k8s.io/kubernetes')}",
            _build_kubernetes,
            *(SOURCES / name for name in ("main.go", "go.mod", "go.sum")),
        ),
        containerd=_place(
            f"containerd-{_pinned(CONTAINERD, 'containerd/v2')}",
            _build_containerd,
            *(CONTAINERD / name for name in ("go.mod", "go.sum")),
        ),
        pause=_place("pause", _build_pause, SOURCES / "pause" / "pause.c", SOURCES / "oci.py"),
    )


def build() -> Binaries:
    """Return the programs, built first where they are missing."""
    binaries = locate()
    _once(binaries.kubernetes, "Kubernetes, etcd and Helm: about 5 minutes on 2 cores, once", _build_kubernetes)
    _once(binaries.containerd, "containerd: about a minute, once", _build_containerd)
    _once(binaries.pause, "the pause image", _build_pause)
    return binaries


def _place(title: str, recipe: Callable[[Path], None], *sources: Path) -> Path:
    made_from = [platform.machine(), inspect.getsource(recipe), *(source.read_text() for source in sources)]
    return cache() / f"{title}-{hashlib.sha256(chr(0).join(made_from).encode()).hexdigest()[:12]}"


def _pinned(folder: Path, module: str) -> str:
    found = re.search(rf"^(?:require)?\s*\S*{re.escape(module)} (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise ClusterError(f"{folder / 'go.mod'} does not require {module}.")
    return found[1]


def _once(place: Path, what: str, make: Callable[[Path], None]) -> None:
    if place.exists():
        return
    with locks.held(place.with_name(f".{place.name}.lock"), f"waiting for another build of {place.name}"):
        if place.exists():
            return
        print(f"building {what}", flush=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}.", dir=place.parent) as scratch:
            (finished := Path(scratch, "bin")).mkdir()
            make(finished)
            finished.rename(place)


def _build_kubernetes(out: Path) -> None:
    version, helm = _pinned(SOURCES, "k8s.io/kubernetes"), _pinned(SOURCES, "helm.sh/helm/v3")
    major, minor = version.removeprefix("v").split(".")[:2]
    variables = {
        "k8s.io/component-base/version.gitVersion": version,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": version,
        "helm.sh/helm/v3/internal/version.version": helm,
    }
    for package in ("chartutil", "lint/rules"):
        variables[f"helm.sh/helm/v3/pkg/{package}.k8sVersionMajor"] = major
        variables[f"helm.sh/helm/v3/pkg/{package}.k8sVersionMinor"] = minor
    _go_build(SOURCES, out, variables, ".", "tool")
    for component in _COMPONENTS:
        (out / component).symlink_to("zo-kube")


def _build_containerd(out: Path) -> None:
    version = _pinned(CONTAINERD, "containerd/v2")
    variables = {"github.com/containerd/containerd/v2/version.Version": version}
    _go_build(CONTAINERD, out, variables, "-tags=no_btrfs,no_devmapper,no_zfs", "tool")


def _go_build(folder: Path, out: Path, variables: dict[str, str], *arguments: str) -> None:
    settings = {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "HOME": str(Path.home()),
    }
    linked = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in variables.items())])
    command = ["go", "build", "-trimpath", "-buildvcs=false", f"-ldflags={linked}", f"-o={out}/", *arguments]
    _must("The Go build", ["setpriv", "--pdeathsig", "KILL", *command], cwd=folder, env=os.environ | settings)


def _build_pause(out: Path) -> None:
    program = out / "pause"
    compiler = [
        "gcc",
        "-static",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        str(program),
        str(SOURCES / "pause" / "pause.c"),
    ]
    _must("Compiling pause.c", compiler, cwd=out, env=dict(os.environ))
    oci.write_image(
        out / "pause.tar",
        PAUSE_REFERENCE,
        {"/pause": (program.read_bytes(), 0o755)},
        entrypoint=["/pause"],
        user="65535",
    )


def _must(what: str, command: list[str], *, cwd: Path, env: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if not line.startswith("go: downloading")]
        raise ClusterError("\n".join([f"{what} failed:", *told]))
