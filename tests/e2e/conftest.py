"""One cluster and one installed operator for the whole run; a namespace for each test.

``tests/e2e/install.py`` says what a cluster other than the project's own needs. $ZOMBIE_E2E_KEEP leaves namespaces and
installation behind, to look at.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.e2e import install
from tests.e2e.installed import Installed
from tests.e2e.manifests import POLICIES, REMEDIATIONS
from tests.e2e.space import Space
from tests.e2e.values import FAST_VALUES
from tests.e2e.witness.audit import AuditLog
from tests.e2e.witness.kube import Kubectl, KubectlError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

KEEP = bool(os.environ.get("ZOMBIE_E2E_KEEP"))
LONGEST_NAME = 58


@pytest.fixture(scope="session")
def cluster() -> install.Cluster:
    """Return a running cluster with both images on its nodes."""
    installer = install.Installer()
    found = installer.find_cluster()
    installer.load_images(found)
    return found


@pytest.fixture(scope="session")
def installed(cluster: install.Cluster) -> Iterator[Installed]:
    """Install the operator by its chart, with short intervals."""
    install.Installer().install_chart(cluster, FAST_VALUES)
    yield Installed(cluster.kube)
    if not KEEP:
        install.Installer().uninstall_chart(cluster)


@pytest.fixture
def audit(cluster: install.Cluster) -> AuditLog:
    """Return the API server's audit log."""
    if cluster.audit_log is None:
        pytest.skip("$ZOMBIE_AUDIT_LOG does not name the audit log of this cluster")
    return AuditLog(cluster.audit_log)


@pytest.fixture
def space(installed: Installed, request: pytest.FixtureRequest) -> Iterator[Space]:
    """Make a namespace for one test."""
    here = _make(installed.kube, request.node.name)
    yield here
    _leave(here)


@pytest.fixture(scope="module")
def make_space(installed: Installed) -> Iterator[Callable[[str], Space]]:
    """Return a maker of namespaces, for the tests of a module that let their workloads run at the same time."""
    made: list[Space] = []

    def make(title: str) -> Space:
        made.append(_make(installed.kube, title))
        return made[-1]

    yield make
    for here in made:
        _leave(here)


def _make(kube: Kubectl, title: str) -> Space:
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    name = f"e2e-{datetime.now(UTC):%H%M%S%f}-{words}"[:LONGEST_NAME].rstrip("-")
    since = datetime.now(UTC)
    kube.run("create", "namespace", name)
    return Space(kube, name, since)


def _leave(here: Space) -> None:
    if not KEEP:
        here.kube.run("delete", "namespace", here.name, "--wait=false")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failed test's report what the operator said and what it wrote."""
    report = yield
    here = getattr(item, "funcargs", {}).get("space")
    if report.failed and isinstance(here, Space):
        report.sections.extend(_account(here))
    return report


def _account(here: Space) -> Iterator[tuple[str, str]]:
    kinds, more = f"{POLICIES},{REMEDIATIONS}", "deployments,pods,events.events.k8s.io"
    accounts: dict[str, Callable[[], str]] = {
        "what the operator wrote": lambda: here.kube.run("get", kinds, "-n", here.name, "-o", "yaml"),
        f"namespace {here.name}": lambda: here.kube.run("get", f"{kinds},{more}", "-n", here.name, "-o", "wide"),
        "the operator's log": lambda: Installed(here.kube).log(here.since),
    }
    for title, tell in accounts.items():
        try:
            yield title, tell()
        except KubectlError as error:
            yield title, str(error)
