"""The locks: complete, with hashes, in step with each other, and silent about where packages come from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.image.lock import LOCKS

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^(?P<name>[a-zA-Z0-9._-]+)(?:\[[^\]]+\])?==(?P<version>[^\s;\\]+)", re.MULTILINE)


@pytest.fixture(params=LOCKS)
def lock(request: pytest.FixtureRequest) -> str:
    text: str = (ROOT / request.param).read_text(encoding="utf-8")
    return text


def test_a_lock_names_no_address_no_index_and_no_path(lock: str) -> None:
    assert "://" not in lock
    assert not re.search(r"^\s*(-i|--(extra-)?index-url|-f|--find-links|--trusted-host)\b", lock, re.MULTILINE)
    assert not re.search(r"(^|\s)/\w", lock)


def test_every_pin_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=[a-zA-Z0-9])", lock.partition("\n")[2])
    entries = [entry for entry in entries if PIN.match(entry)]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_agree_on_every_package() -> None:
    runtime, developers, build = (pins(name) for name in LOCKS)
    assert runtime.items() <= developers.items()
    assert build.items() <= developers.items()


def test_the_locks_satisfy_what_the_project_requires() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    required = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-dev.txt": project["dependency-groups"]["dev"],
        "deploy/image/requirements-build.txt": project["build-system"]["requires"],
    }
    for name, requirements in required.items():
        pinned = pins(name)
        for requirement in map(Requirement, requirements):
            assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), f"{name}: {requirement}"


def test_the_builders_requirements_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    stated = (ROOT / "deploy/image/requirements-build.in").read_text(encoding="utf-8").split("\n")
    assert [line for line in stated if line] == project["build-system"]["requires"]


def pins(name: str) -> dict[str, str]:
    """Return the pinned versions of a lock by canonical name."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(text)}
