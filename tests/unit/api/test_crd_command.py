"""``python -m zombie_operator.api.crd``: writes, and with ``--check`` says what is stale without writing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from zombie_operator.api.crd import main

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["clusterzombiepolicies.yaml", "zombiepolicies.yaml", "zombieremediations.yaml"]


def test_it_writes_every_kind_and_the_reference(tmp_path: Path) -> None:
    assert main([str(tmp_path / "crds"), "--docs", str(tmp_path / "docs" / "api.md")]) == 0
    assert sorted(path.name for path in (tmp_path / "crds").iterdir()) == FILES
    assert "# API reference" in (tmp_path / "docs" / "api.md").read_text()


def test_check_is_content_with_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path)])
    assert main(["--check", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("stale", FILES)
def test_check_shows_what_is_stale_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], stale: str
) -> None:
    main([str(tmp_path)])
    edited = (tmp_path / stale).read_text().replace("served: true", "served: false")
    (tmp_path / stale).write_text(edited)
    assert main(["--check", str(tmp_path)]) == 1
    diff = capsys.readouterr().out
    assert f"--- {tmp_path / stale}\n" in diff
    assert "-      served: false\n+      served: true\n" in diff
    assert (tmp_path / stale).read_text() == edited


def test_check_misses_a_file_that_is_not_there(tmp_path: Path) -> None:
    main([str(tmp_path)])
    (tmp_path / FILES[0]).unlink()
    assert main(["--check", str(tmp_path)]) == 1


def test_check_covers_the_reference_when_it_is_named(tmp_path: Path) -> None:
    main([str(tmp_path)])
    assert main(["--check", str(tmp_path), "--docs", str(tmp_path / "api.md")]) == 1


def test_reading_and_writing_objects_needs_no_yaml() -> None:
    code = "import sys, zombie_operator.api.v1alpha1; print('yaml' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "False\n"
