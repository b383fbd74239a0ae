"""No tracked file names a host from which images or packages come: that is each machine's own configuration."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The words are apart here, or this file would be the first that names them.
KNOWN = (
    ("docker", "io"),
    ("ghcr", "io"),
    ("quay", "io"),
    ("gcr", "io"),
    ("pkg", "dev"),
    ("registry", "k8s", "io"),
    ("mcr", "microsoft", "com"),
    ("ecr", "aws"),
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("proxy", "golang", "org"),
    ("sum", "golang", "org"),
    ("deb", "debian", "org"),
    ("archive", "ubuntu", "com"),
)
NAMES = "|".join(re.escape(".".join(words)) for words in KNOWN)
HOST = re.compile(rf"(?<![\w-])(?:{NAMES})(?![\w-])", re.IGNORECASE)
# Where an image is named, the first part of its name is a registry when it holds a dot or a port.
IMAGE = re.compile(
    r"(?:^FROM\s+|\bBASE=|\bimage:\s*\"?|\brepository:\s*\"?)(?P<host>[\w-]+(?:\.[\w-]+|:\d+)[\w.:-]*)/", re.MULTILINE
)
RESERVED = re.compile(r"(^|\.)(example(\.(com|net|org))?|test|invalid)$")


def tracked() -> list[Path]:
    """Return the files that are committed, or were without a repository around them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def named_hosts(text: str) -> list[str]:
    """Return every host of a registry that a text names."""
    hosts = [found["host"] for found in IMAGE.finditer(text) if not RESERVED.search(found["host"].partition(":")[0])]
    return [*HOST.findall(text), *hosts]


def test_no_tracked_file_names_a_registrys_host() -> None:
    files = tracked()
    assert ROOT / "Dockerfile" in files
    named = {
        str(path.relative_to(ROOT)): hosts
        for path in files
        if (hosts := named_hosts(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert named == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"ARG BASE={'.'.join(KNOWN[0])}/library/python:3.13-slim", True),
        ("FROM {}/python:3.13-slim AS build", True),
        ("FROM {}:5000/python:3.13-slim", True),
        ('  image: "{}/app:1"', True),
        (f"index-url = https://{'.'.join(KNOWN[8])}/simple", True),
        ("ARG BASE=python:3.13-slim", False),
        ("ARG BASE=python:3.13-slim@sha256:0123", False),
        ("make image BASE=registry.example/python:3.13-slim", False),
        ("  image: localhost/zombie-zoo:1", False),
        ("  image: example/app:1", False),
        ("FROM ${{BASE}} AS dependencies", False),
    ],
)
def test_a_registrys_host_is_recognized(text: str, found: bool) -> None:
    # Written out above, these lines would be found in this very file.
    assert bool(named_hosts(text.format("registry.corp"))) is found


def test_the_base_image_is_named_by_its_version_alone() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (base,) = re.findall(r"^ARG BASE=(\S+)$", dockerfile, re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim", base)
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${BASE}", "dependencies", "${BASE}"]
