"""Which files make the image, and one hash over them: unchanged inputs need no second build."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FILES = (
    ".dockerignore",
    "Dockerfile",
    "LICENSE",
    "deploy/image/base.py",
    "deploy/image/requirements-build.txt",
    "pyproject.toml",
    "requirements.txt",
)


def paths(root: Path = ROOT) -> Iterator[Path]:
    """Yield every file that the Dockerfile copies, and what describes its base, in a stable order."""
    yield from (root / name for name in _FILES)
    sources = (path for path in (root / "operator").rglob("*") if path.is_file())
    yield from sorted(path for path in sources if "__pycache__" not in path.parts)


def fingerprint(*more: str, root: Path = ROOT) -> str:
    """Hash names, executable bits and contents of the inputs, and whatever else decides the result."""
    digest = hashlib.sha256()
    for text in more:
        digest.update(text.encode() + b"\0")
    for path in paths(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {path.stat().st_mode & 0o111:o} {len(content)}\0".encode() + content)
    return digest.hexdigest()


def version(root: Path = ROOT) -> str:
    """Read the project's version without importing it."""
    text = (root / "operator/zombie_operator/__init__.py").read_text(encoding="utf-8")
    if found := re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE):
        return found[1]
    raise ValueError("operator/zombie_operator/__init__.py names no __version__")
