"""What a build leaves behind on the machine that makes it: the image, its cache, and nothing under /run.

Marked `cluster` because buildah needs root.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.image import engines
from deploy.image.engines import Buildah, Request

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 30
# Notes what it does where it is told to, as the real one, and then never ends.
SLEEPY = """
for word; do case $word in --runroot=*) mkdir -p "${word#--runroot=}" ;; esac; done
case "$*" in *" info"* | *" rm "*) ;; *) exec sleep 60 ;; esac
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    if engines.Docker.answers() and not shutil.which("buildah"):
        pytest.skip("a Docker engine builds here, and there is no buildah")
    Buildah.require(install=False)
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def request_for(tmp_path: Path, dockerfile: str) -> Request:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(dockerfile, encoding="utf-8")
    (context / "file").write_text("content", encoding="utf-8")
    return Request(
        context=context, reference="localhost/zo-test:1", archive=tmp_path / "i.tar", arguments={}, secrets={}
    )


@pytest.mark.parametrize(("copied", "works"), [("file", True), ("missing", False)])
def test_buildah_leaves_nothing_running_whether_it_builds_or_fails(
    tmp_path: Path, run: Path, copied: str, works: bool
) -> None:
    request = request_for(tmp_path, f"FROM scratch\nCOPY {copied} /\n")
    try:
        Buildah(tmp_path / "cache", run).build(request)
    except subprocess.CalledProcessError:
        assert not works
    assert request.archive.exists() is works
    assert list(run.iterdir()) == []
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def test_what_a_killed_build_left_is_taken_away_and_a_mount_in_it_is_not_emptied(tmp_path: Path, run: Path) -> None:
    builder = Buildah(tmp_path / "cache", run)
    elsewhere, mounted = tmp_path / "elsewhere", builder.running / "overlay/mounted"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    mounted.mkdir(parents=True)
    subprocess.run(["mount", "--bind", elsewhere, mounted], check=True)
    builder.build(request_for(tmp_path, "FROM scratch\nCOPY file /\n"))
    assert list(run.iterdir()) == []
    assert (elsewhere / "precious").exists()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_build_that_is_told_to_stop_clears_up_first(tmp_path: Path, how: signal.Signals) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in {"docker": "exit 1", "debootstrap": "exit 1", "buildah": SLEEPY}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)}
    running = Buildah(tmp_path / "zombie-operator").running
    command = [sys.executable, "-m", "deploy.image", "build", "--output", str(tmp_path / "image.tar")]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as build:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not running.exists() and build.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        assert running.exists()
        build.send_signal(how)
        assert build.wait(PATIENCE_SECONDS) == 128 + how
    assert not running.exists()
    assert not list(tmp_path.glob(".image-*"))


def test_every_store_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folders = {engines.Buildah(tmp_path / name).running for name in ("a", "b")}
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {Path("/run")}
