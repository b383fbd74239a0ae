"""Observe and DryRun change nothing, by the API server's own account of what the operator wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.manifests import GROUP, POLICIES, PROVED, policy, workload
from tests.e2e.witness.waiting import never

if TYPE_CHECKING:
    from tests.e2e.installed import Installed
    from tests.e2e.space import Space
    from tests.e2e.witness.audit import AuditLog, Write

pytestmark = pytest.mark.cluster

APP = "leaky"
OWN_WRITES = {
    "zombiepolicies/status",
    "clusterzombiepolicies/status",
    "zombieremediations/status",
    "leases",
    "events",
}


def _allowed(write: Write, installed: Installed) -> bool:
    of_the_agents = write.path == "secrets" and write.namespace == installed.agents_namespace
    return write.path in OWN_WRITES or of_the_agents


@pytest.mark.parametrize(
    ("mode", "decision", "reason"), [("Observe", "Observed", "Observing"), ("DryRun", "Planned", "DryRun")]
)
def test_nothing_is_changed(
    space: Space, installed: Installed, audit: AuditLog, mode: str, decision: str, reason: str
) -> None:
    space.apply(workload(APP, PROVED), policy(mode))
    space.leaking(APP)
    generation = space.get("Deployment", APP)["metadata"]["generation"]
    finding = space.found(APP, reason)

    def foreign_writes() -> list[Write]:
        """Return what the operator or its agents wrote since this test began, other than what is their own."""
        return [
            write
            for account in (installed.operator_user, installed.agents_user)
            for write in audit.writes(by=account, since=space.since)
            # Another test's namespace may still be on its way out.
            if write.namespace == space.name or not write.namespace.startswith("e2e-")
            if not _allowed(write, installed)
        ]

    assert finding["decision"] == decision
    never("a write to an object that is not the operator's own", foreign_writes, during=10)
    assert any(
        write.path == "zombiepolicies/status"
        for write in audit.writes(by=installed.operator_user, namespace=space.name)
    )
    assert space.get("Deployment", APP)["metadata"]["generation"] == generation
    assert space.remediations(APP) == []


def test_dry_run_says_what_it_would_do(space: Space) -> None:
    space.apply(workload(APP, PROVED), policy("DryRun"))

    finding = space.found(APP, "DryRun")

    assert finding["remedy"] == "ShareProcessNamespace"
    assert "shareProcessNamespace" in finding["message"]


def test_kubectl_get_shows_the_leak_and_why(space: Space) -> None:
    space.apply(workload(APP, PROVED), policy("Observe"))
    space.found(APP, "Observing")

    header, row = space.kube.run("get", POLICIES, "-n", space.name).strip().splitlines()

    assert header.split() == ["NAME", "MODE", "LEAKING", "REMEDIATING", "CURED", "READY", "REASON", "AGE"]
    assert row.split()[:7] == ["policy", "Observe", "1", "0", "0", "True", "Observing"]
    assert space.kube.run("get", "zpol", "-n", space.name, "-o", "name").strip() == f"zombiepolicy.{GROUP}/policy"
