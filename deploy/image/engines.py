"""The two builders: a Docker engine where one answers, else buildah with a store of its own and no daemon."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.image import base, host


class MissingError(Exception):
    """A prerequisite is missing; the message says which and how to get it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One build: the context, the full name of the result, where its archive goes, and what it is made with."""

    context: Path
    reference: str
    archive: Path
    arguments: dict[str, str]
    secrets: dict[str, Path]

    def options(self) -> list[str]:
        """Return the options on which both builders agree."""
        arguments = [f"--build-arg={name}={value}" for name, value in self.arguments.items()]
        secrets = [f"--secret=id={name},src={path}" for name, path in self.secrets.items()]
        return [f"--tag={self.reference}", *arguments, *secrets]


class Engine(Protocol):
    """Builds an image from the Dockerfile and writes it as an archive in the format of `docker save`."""

    name: str

    def build(self, request: Request) -> None:
        """Build and export."""


class Docker:
    """A Docker engine with BuildKit."""

    name = "docker"

    @staticmethod
    def answers() -> bool:
        """Tell whether the client is installed and its engine answers."""
        if not shutil.which("docker"):
            return False
        command = ["docker", "info", "--format", "{{.ServerVersion}}"]
        try:
            return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def build(self, request: Request) -> None:
        """Build and export."""
        environment = os.environ | {"DOCKER_BUILDKIT": "1"}
        options = [*request.options(), *(f"--build-arg={name}" for name in host.proxies())]
        subprocess.run(["docker", "build", *options, str(request.context)], check=True, env=environment)
        subprocess.run(["docker", "save", f"--output={request.archive}", request.reference], check=True)


class Buildah:
    """Buildah as root. Images, layers and the bootstrapped base live in `cache`, apart from the system's own store."""

    name = "buildah"

    def __init__(self, cache: Path, run: Path = Path("/run")) -> None:
        """Keep the store under `cache`, and what buildah notes while it works under `run`, until it is done."""
        self.store = cache / "buildah"
        self.scratch = cache
        # Every store has a folder of its own there, so that a killed build's leftovers are found by the next one.
        self.running = run / f"zombie-operator-buildah-{hashlib.sha256(bytes(self.store)).hexdigest()[:12]}"
        self.driver = ""

    @staticmethod
    def require(*, install: bool) -> None:
        """Check for what this way of building needs; with `install`, get it from the machine's package mirror."""
        if os.geteuid() != 0:
            raise MissingError("No Docker engine answers, and building without one needs root.")
        missing = [name for name in ("buildah", "debootstrap") if not shutil.which(name)]
        if missing and install and shutil.which("apt-get"):
            apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run([*apt, "update"], check=True, env=environment)
            subprocess.run([*apt, "install", "-y", "--no-install-recommends", *missing], check=True, env=environment)
        elif missing:
            names = " and ".join(missing)
            raise MissingError(
                f"No Docker engine answers, and building without one needs {names}. "
                f"Run `apt-get install --no-install-recommends {' '.join(missing)}`, or repeat with --install."
            )

    def build(self, request: Request) -> None:
        """Build and export."""
        with self._at_work():
            if request.arguments.get("BASE") == base.reference() and not self._has(base.reference()):
                base.bootstrap(self.scratch, host.debian_mirror(), self._commit_base)
            # vfs copies the whole file system for every layer that it keeps: building anew is quicker and spares disk.
            layers = f"--layers={str(self.driver == 'overlay').lower()}"
            options = ["--isolation=chroot", "--network=host", "--pull-never", "--format=docker", layers]
            self._run("bud", *options, *request.options(), str(request.context))
            self._run("push", "--quiet", request.reference, f"docker-archive:{request.archive}:{request.reference}")
            if self.driver == "vfs":
                self._run("rmi", "--prune", capture=True)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """Choose the driver: overlay shares layers, vfs copies them where overlay is refused. Then clear up, always."""
        self._clear()
        try:
            self.driver = next((name for name in ("overlay", "vfs") if self._works(name)), "vfs")
            yield
        finally:
            # A step that fails leaves its container, mounted.
            subprocess.run(self._command("rm", "--all"), check=False, capture_output=True)
            self._clear()

    def _clear(self) -> None:
        """Take away what buildah notes while it works, and its mounts: a killed build leaves both."""
        unmount(self.store)
        unmount(self.running)
        if self.running.exists():
            shutil.rmtree(self.running)

    def _commit_base(self, rootfs: Path) -> None:
        container = self._run("from", "scratch", capture=True)
        try:
            self._run("add", "--quiet", container, str(rootfs), "/")
            self._run("config", "--cmd", '["python3"]', container)
            self._run("commit", "--quiet", container, base.reference())
        finally:
            self._run("rm", container, capture=True)

    def _has(self, reference: str) -> bool:
        command = self._command("inspect", "--type=image", reference)
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def _works(self, driver: str) -> bool:
        probe = ["buildah", f"--storage-driver={driver}", *self._folders(driver), "info"]
        return subprocess.run(probe, check=False, capture_output=True).returncode == 0

    def _folders(self, driver: str) -> list[str]:
        return [f"--root={self.store / driver}", f"--runroot={self.running / driver}"]

    def _command(self, verb: str, *arguments: str) -> list[str]:
        return ["buildah", f"--storage-driver={self.driver}", *self._folders(self.driver), verb, *arguments]

    def _run(self, verb: str, *arguments: str, capture: bool = False) -> str:
        pipe = subprocess.PIPE if capture else None
        done = subprocess.run(self._command(verb, *arguments), check=True, stdout=pipe, text=True)
        return done.stdout.strip() if capture else ""


def unmount(folder: Path) -> None:
    """Unmount whatever is mounted below a folder, so that removing the folder empties nothing else."""
    below = f"{folder.resolve()}/"
    table = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    points = [point for line in table if (point := line.split()[4]).startswith(below)]
    for point in reversed(points):
        subprocess.run(["umount", "--lazy", point], check=True)
