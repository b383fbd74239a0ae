"""A base image made with debootstrap, for machines that can reach package mirrors but no image registry."""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

SUITE = "trixie"
PACKAGES = ("ca-certificates", "python3", "python3-venv")
# What installing left behind, what names this machine or its mirror, and what no container reads.
_LITTER = (
    "etc/apt/sources.list",
    "etc/hostname",
    "etc/resolv.conf",
    "usr/share/doc/*/*",
    "usr/share/info/*",
    "usr/share/locale/*",
    "usr/share/man/*",
    "var/cache/apt/*",
    "var/cache/debconf/*",
    "var/lib/apt/lists/*",
    "var/log/*",
)
_KEPT = {"copyright"}


def reference() -> str:
    """Name the base by its recipe, so that another recipe never meets an older result."""
    recipe = hashlib.sha256(repr((SUITE, PACKAGES, _LITTER, sorted(_KEPT))).encode()).hexdigest()
    return f"localhost/zombie-operator-base:{SUITE}-{recipe[:12]}"


def bootstrap(scratch: Path, mirror: str | None, use: Callable[[Path], None]) -> None:
    """Make the root file system in a folder of its own under `scratch`, hand it to `use` and remove it again."""
    with tempfile.TemporaryDirectory(prefix="base-", dir=scratch) as folder:
        rootfs = Path(folder) / "rootfs"
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(rootfs)]
        subprocess.run([*command, *([mirror] if mirror else [])], check=True)
        _clean(rootfs)
        use(rootfs)


def _clean(rootfs: Path) -> None:
    for pattern in _LITTER:
        for path in rootfs.glob(pattern):
            if path.name in _KEPT:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
