"""The command `python -m deploy.image build`."""

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.image import base, host, inputs
from deploy.image.engines import Buildah, Docker, Engine, MissingError, Request

REFERENCE = "localhost/zombie-operator:dev"


def main(arguments: list[str] | None = None) -> int:
    """Build the image unless nothing that goes into it has changed; return the exit code."""
    options = _options().parse_args(arguments)
    try:
        return build(
            reference=_qualified(options.tag),
            archive=options.output.absolute(),
            engine=options.engine,
            base_image=options.base,
            install=options.install,
            force=options.force,
        )
    except MissingError as error:
        print(f"image: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        print(f"image: {error.cmd[0]} failed with exit code {error.returncode}; its output is above.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def build(*, reference: str, archive: Path, engine: str, base_image: str | None, install: bool, force: bool) -> int:
    """Build under a lock, so that two callers at once make one image."""
    cache = _cache()
    with (cache / "image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = archive.with_suffix(".json")
        wanted = {"reference": reference, "inputs": inputs.fingerprint(reference, base_image or "")}
        if not force and archive.is_file() and _read(record) == wanted:
            print(f"image: {reference} is up to date in {_shown(archive)}")
            return 0
        started = time.monotonic()
        builder = _engine(engine, cache, install=install)
        archive.parent.mkdir(parents=True, exist_ok=True)
        record.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix=".image-", dir=archive.parent) as folder:
            _build(builder, reference, Path(folder), base_image)
            (Path(folder) / "image.tar").replace(archive)
        record.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
        size = archive.stat().st_size / 1e6
        took = time.monotonic() - started
        print(f"image: built {reference} with {builder.name} in {took:.0f} s: {_shown(archive)}, {size:.0f} MB")
        return 0


def _build(builder: Engine, reference: str, folder: Path, base_image: str | None) -> None:
    arguments = {"VERSION": inputs.version()}
    if base_image or builder.name == "buildah":
        arguments["BASE"] = base_image or base.reference()
    secrets = host.write_secrets(folder)
    archive = folder / "image.tar"
    builder.build(
        Request(context=inputs.ROOT, reference=reference, archive=archive, arguments=arguments, secrets=secrets)
    )


def _engine(name: str, cache: Path, *, install: bool) -> Engine:
    if name == "docker" or (name == "auto" and Docker.answers()):
        return Docker()
    Buildah.require(install=install)
    return Buildah(cache)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.image", description="Build the image of Zombie Operator.")
    command = parser.add_subparsers(required=True).add_parser("build", help="build it, unless it is up to date")
    command.add_argument("--tag", default=REFERENCE, help="name of the image (default: %(default)s)")
    command.add_argument("--output", type=Path, default=inputs.ROOT / "build/image.tar", help="archive to write")
    command.add_argument("--engine", choices=("auto", "docker", "buildah"), default="auto")
    command.add_argument("--base", help="base image, instead of the Dockerfile's or the bootstrapped one")
    command.add_argument("--install", action="store_true", help="install missing tools with apt-get")
    command.add_argument("--force", action="store_true", help="build even when nothing changed")
    return parser


def _qualified(tag: str) -> str:
    """Give a bare name the host `localhost`: engines and containerd each complete bare names in their own way."""
    first, slash, _ = tag.partition("/")
    return tag if slash and (first == "localhost" or "." in first or ":" in first) else f"localhost/{tag}"


def _cache() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zombie-operator"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _read(record: Path) -> dict[str, str] | None:
    try:
        found: dict[str, str] = json.loads(record.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    # A build that is told to stop clears up like one that is interrupted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
