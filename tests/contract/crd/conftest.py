"""kubectl against the test cluster, with this checkout's CRDs in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
KINDS = ("zombiepolicies", "clusterzombiepolicies", "zombieremediations")


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl in one namespace. Objects go in as JSON, which is YAML, through standard input."""

    kubeconfig: str
    namespace: str

    def __call__(self, *arguments: str, stdin: object = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl and return what came of it, whatever it was. A list of objects goes in as documents."""
        objects = stdin if isinstance(stdin, list) else [stdin]
        return subprocess.run(
            ["kubectl", "--namespace", self.namespace, *arguments],
            input="".join(f"---\n{json.dumps(raw)}\n" for raw in objects),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "KUBECONFIG": self.kubeconfig},
        )

    def json(self, *arguments: str, stdin: object = None) -> Any:  # noqa: ANN401 - JSON
        """Run kubectl, which must succeed, and return the object that it prints."""
        done = self(*arguments, "--output=json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refusal(self, *arguments: str, stdin: object = None) -> str:
        """Run kubectl, which must be refused by the server, and return why."""
        done = self(*arguments, stdin=stdin)
        assert done.returncode != 0, f"accepted: {done.stdout}"
        assert "nable to connect" not in done.stderr, done.stderr
        return done.stderr

    def refusals(self, *arguments: str, stdin: list[dict[str, Any]]) -> dict[str, str]:
        """Hand in many objects with one kubectl, and return why each was refused, by its name."""
        said = self.refusal(*arguments, stdin=stdin)
        return dict(re.findall(r'"([^"]+)" is invalid: (.*)', said))


@pytest.fixture(scope="module")
def kubectl() -> Iterator[Kubectl]:
    """Yield a kubectl in a namespace of its own, and leave the cluster as it was found.

    For one module: Helm, which installs the kinds for the end-to-end tests, refuses those that it did not make.
    """
    ours, theirs = ROOT / ".cluster" / "kubeconfig", os.environ.get("KUBECONFIG")
    if not theirs and not ours.exists():
        pytest.skip("no cluster: neither $KUBECONFIG nor .cluster/kubeconfig is there")
    run = Kubectl(theirs or str(ours), f"crd-contract-{uuid.uuid4().hex[:8]}")
    crds = [f"customresourcedefinition/{kind}.zombie-operator.dev" for kind in KINDS]
    were_there = run("get", *crds).returncode == 0
    _must(run("apply", "--filename", str(ROOT / "crds")))
    _must(run("wait", "--for=condition=Established", "--timeout=30s", *crds))
    _must(run("create", "namespace", run.namespace))
    try:
        _wait_until_served(run)
        yield run
    finally:
        run("delete", "namespace", run.namespace, "--wait=false")
        if not were_there:
            run("delete", *crds)


def _must(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr


def _wait_until_served(run: Kubectl) -> None:
    # Established comes a moment before the first request is answered.
    deadline = time.monotonic() + 30
    while any(run("get", kind).returncode != 0 for kind in KINDS):
        assert time.monotonic() < deadline, "the kinds are not served"
        time.sleep(0.2)
