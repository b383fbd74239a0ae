"""When an image is built anew, from which files, and what is said when it cannot be built."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.image import __main__ as command
from deploy.image import engines, inputs

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in inputs.paths(ROOT):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "operator/zombie_operator/new.py").write_text(""),
        lambda root: (root / "operator/zombie_operator/py.typed").unlink(),
        lambda root: (root / "Dockerfile").write_text("FROM scratch\n"),
        lambda root: (root / "requirements.txt").write_text(""),
        lambda root: (root / "deploy/image/requirements-build.txt").write_text(""),
        lambda root: (root / "pyproject.toml").chmod(0o755),
    ],
    ids=["new source", "removed source", "Dockerfile", "lock", "build lock", "mode"],
)
def test_a_changed_input_asks_for_a_new_image(tree: Path, change: Callable[[Path], None]) -> None:
    before = inputs.fingerprint(root=tree)
    change(tree)
    assert inputs.fingerprint(root=tree) != before


def test_what_is_no_input_asks_for_none(tree: Path) -> None:
    before = inputs.fingerprint(root=tree)
    (tree / "README.md").write_text("new")
    (tree / "operator/zombie_operator/__pycache__").mkdir()
    (tree / "operator/zombie_operator/__pycache__/x.pyc").write_text("new")
    assert inputs.fingerprint(root=tree) == before


def test_everything_that_the_dockerfile_copies_is_an_input_and_reaches_the_builder() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE) for word in line.split()
    }
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {f"!{name}" for name in copied} == {line for line in allowed if line.startswith("!")}
    known = {str(path.relative_to(ROOT)) for path in inputs.paths(ROOT)}
    assert {name for name in copied if name not in known and not any(k.startswith(f"{name}/") for k in known)} == set()


def test_secrets_are_mounted_where_packages_are_fetched_and_nowhere_else() -> None:
    stages = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert [("type=secret" in stage, "PIP_" in stage) for stage in stages] == [
        (True, True),
        (False, False),
        (False, False),
    ]


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("zombie-operator:dev", "localhost/zombie-operator:dev"),
        ("me/zombie-operator:dev", "localhost/me/zombie-operator:dev"),
        ("localhost/zombie-operator:dev", "localhost/zombie-operator:dev"),
        ("registry.example/zombie-operator:1", "registry.example/zombie-operator:1"),
    ],
)
def test_a_name_is_completed_so_that_every_engine_reads_it_alike(
    tag: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def build(*, reference: str, **_: object) -> int:
        asked.append(reference)
        return 0

    monkeypatch.setattr(command, "build", build)
    assert command.main(["build", "--tag", tag]) == 0
    assert asked == [name]


@pytest.mark.parametrize(
    ("root", "present", "message"),
    [
        (False, True, "needs root"),
        (True, False, "apt-get install --no-install-recommends buildah debootstrap"),
    ],
)
def test_a_missing_prerequisite_is_named_with_the_way_to_get_it(
    root: bool, present: bool, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}" if present else None)
    with pytest.raises(engines.MissingError, match=message):
        engines.Buildah.require(install=False)


def test_a_docker_engine_that_answers_builds_from_the_public_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\necho "$@" >> {calls}\ncase $2 in --output=*) : > "${{2#--output=}}" ;; esac\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    output = tmp_path / "out/image.tar"
    arguments = ["build", "--tag", "localhost/zo:1", "--output", str(output)]
    assert command.main(arguments) == 0
    assert command.main(arguments) == 0
    assert output.is_file()
    info, build, save = calls.read_text(encoding="utf-8").splitlines()
    assert info.startswith("info")
    assert build.startswith("build --tag=localhost/zo:1 --build-arg=VERSION=")
    assert build.endswith(str(ROOT))
    assert "BASE" not in build
    assert save.startswith("save --output=")
    assert save.endswith(" localhost/zo:1")
