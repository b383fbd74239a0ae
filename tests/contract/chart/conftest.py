"""Renders the chart with the real helm."""

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.chart.helm import Manifest, One, Render, Template

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy/chart"
KUBERNETES = "1.36.3"


@pytest.fixture(scope="session")
def helm() -> str:
    """Return helm from PATH, or the one that the test cluster's driver has built."""
    script = 'eval "$("$0" -m tests.cluster env)" && command -v helm'
    found = (
        shutil.which("helm")
        or subprocess.run(
            ["sh", "-c", script, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()
    )
    if not found:
        pytest.fail("There is no helm: put one on PATH, or build the pinned one with `python -m tests.cluster build`.")
    return found


@pytest.fixture(scope="session")
def template(helm: str) -> Template:
    """Return a function that runs `helm template` with values in JSON; every call renders anew."""

    def run(values: str) -> subprocess.CompletedProcess[str]:
        command = [helm, "template", "zombie-operator", str(CHART), "--namespace", "zombie-operator"]
        options = ["--kube-version", KUBERNETES, "--values", "-"]
        return subprocess.run([*command, *options], input=values, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def render(template: Template) -> Render:
    """Return a function that renders the chart with values and returns the manifests."""

    @cache
    def rendered(values: str) -> list[Manifest]:
        done = template(values)
        assert done.returncode == 0, done.stderr
        return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]

    def run(**values: Any) -> list[Manifest]:  # noqa: ANN401 - values are any JSON
        return rendered(json.dumps(values))

    return run


@pytest.fixture(scope="session")
def one(render: Render) -> One:
    """Return a function that renders and picks the one manifest of a kind and name."""

    def pick(kind: str, name: str, **values: Any) -> Manifest:  # noqa: ANN401 - values are any JSON
        found = [m for m in render(**values) if (m["kind"], m["metadata"]["name"]) == (kind, name)]
        assert len(found) == 1, f"{len(found)} manifests are {kind} {name}"
        return found[0]

    return pick
