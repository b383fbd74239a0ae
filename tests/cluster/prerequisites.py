"""Says in one sentence each what this machine lacks for a cluster, and what to do about it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.cluster import binaries, cgroups
from tests.cluster.layout import REPOSITORY, ClusterError
from tests.cluster.node import CNI_PLUGINS
from tests.cluster.node_init import OWN_FOLDERS

# Program -> the Debian package that has it.
_TOOLS = {"ip": "iproute2", "nft": "nftables", "runc": "runc", "unshare": "util-linux", "setpriv": "util-linux"}
_CNI_PACKAGE = "containernetworking-plugins"
_COMPILER = {"gcc": "gcc"}
# What the cluster does not need, but the tests on it: they build the project's image.
_FOR_THE_TESTS = {"buildah": "buildah", "debootstrap": "debootstrap", "update-ca-certificates": "ca-certificates"}
_SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def check(*, install: bool) -> None:
    """Raise a ``ClusterError`` that lists everything that is missing; install Debian packages first if asked to."""
    missing = list(_fundamentals())
    complete = binaries.locate().complete
    needed = _TOOLS if complete else _TOOLS | _COMPILER
    if install and not missing and (wanted := _missing_packages(_TOOLS | _COMPILER | _FOR_THE_TESTS)):
        _install(wanted)
    packages = _missing_packages(needed)
    if packages:
        missing.append(f"These Debian packages are missing: `apt-get install {' '.join(packages)}`, or `up --install`.")
    if not complete:
        missing.extend(_go_problems())
    if missing:
        raise ClusterError("\n".join(missing))


def _fundamentals() -> Iterator[str]:
    if sys.platform != "linux":
        yield "A kubelet needs Linux: run this on a Linux machine, or point KUBECONFIG at a cluster that you have."
        return
    if os.geteuid() != 0:
        yield "Namespaces, cgroups and mounts need root: run this as root."
    if controllers := cgroups.missing_controllers():
        yield f"The cgroup controllers {', '.join(controllers)} are not mounted: mount them below /sys/fs/cgroup."
    for place in (REPOSITORY, binaries.cache(), Path(sys.prefix)):
        for hidden in (*OWN_FOLDERS, "/run"):
            if place.resolve().is_relative_to(hidden):
                yield f"A node has a {hidden} of its own and would not see {place}: move it elsewhere."


def _missing_packages(tools: dict[str, str]) -> list[str]:
    search = os.pathsep.join([os.environ.get("PATH", ""), *_SBIN])
    packages = {package for tool, package in tools.items() if not shutil.which(tool, path=search)}
    if not any((folder / "ptp").exists() for folder in CNI_PLUGINS):
        packages.add(_CNI_PACKAGE)
    if "gcc" in tools and not _links_statically():
        packages.add("libc6-dev")
    return sorted(packages)


def _links_statically() -> bool:
    if not shutil.which("gcc"):
        return False
    found = subprocess.run(["gcc", "-print-file-name=libc.a"], check=False, capture_output=True, text=True).stdout
    return Path(found.strip()).is_absolute()


def _go_problems() -> Iterator[str]:
    wanted = max(_go_directive(folder) for folder in (binaries.SOURCES, binaries.CONTAINERD))
    needed = ".".join(map(str, wanted))
    if not shutil.which("go"):
        yield f"Go {needed} or newer builds the cluster's programs, and there is no `go` in PATH: install it."
        return
    answer = subprocess.run(["go", "env", "GOVERSION"], check=False, capture_output=True, text=True).stdout
    found = tuple(map(int, re.findall(r"\d+", answer)[:3]))
    if found < wanted:
        yield f"Go {needed} or newer builds the programs, and `go` is {answer.strip() or 'broken'}: update it."


def _go_directive(folder: Path) -> tuple[int, ...]:
    found = re.search(r"^go (\S+)$", (folder / "go.mod").read_text(), re.MULTILINE)
    return tuple(map(int, found[1].split("."))) if found else ()


def _install(packages: list[str]) -> None:
    print(f"installing {' '.join(packages)}", flush=True)
    if not shutil.which("apt-get"):
        raise ClusterError(f"There is no apt-get here: install what Debian calls {' '.join(packages)} yourself.")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-qq", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", *arguments], check=False, capture_output=True, text=True, env=quiet)
        if done.returncode:
            raise ClusterError(f"`apt-get {' '.join(arguments)}` failed:\n{done.stderr.strip()}")
