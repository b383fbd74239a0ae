"""A PID 1 that never waits for its own children: /proc cannot tell it from an orphan, so only an experiment can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.manifests import FAST, policy, workload
from tests.e2e.space import shares_process_namespace
from tests.e2e.witness.waiting import never

if TYPE_CHECKING:
    from tests.e2e.installed import Installed
    from tests.e2e.space import Space
    from tests.e2e.witness.audit import AuditLog

pytestmark = pytest.mark.cluster

APP = "careless"
OWN = ("own", *FAST)


def test_without_a_canary_it_is_patched_once_and_rolled_back(
    space: Space, installed: Installed, audit: AuditLog
) -> None:
    space.apply(workload(APP, OWN))
    space.leaking(APP)
    generation = space.get("Deployment", APP)["metadata"]["generation"]

    space.apply(policy(canary="Off"))
    done = space.remediated(APP, "RolledBack")

    def applied() -> list[bool]:
        """Return, for every change of the Deployment, whether it asked for the remedy."""
        writes = audit.writes(by=installed.operator_user, namespace=space.name)
        return [
            write.body.get("spec", {}).get("template", {}).get("spec", {}).get("shareProcessNamespace", False)
            for write in writes
            if write.path == "deployments" and write.succeeded
        ]

    assert done["status"]["verdict"] == "ParentNotWaiting"
    assert applied() == [True, False]
    assert not shares_process_namespace(space.get("Deployment", APP))
    assert space.get("Deployment", APP)["metadata"]["generation"] == generation + 2

    assert space.leaking(APP), "the program still leaks, which must not tempt the operator"
    never("a second try", applied, lambda changes: len(changes) > 2, during=15)
    assert len(space.remediations(APP)) == 1


def test_with_a_canary_that_the_server_lacks_it_is_refused(space: Space) -> None:
    space.apply(workload(APP, OWN))
    space.leaking(APP)
    generation = space.get("Deployment", APP)["metadata"]["generation"]

    space.apply(policy(canary="Auto"))
    finding = space.found(APP, "CanaryUnavailable")

    assert finding["decision"] == "Refused"
    assert (finding["cause"], finding["origin"]) == ("InitNotReaping", "Unknown")
    never(
        "a change of the workload",
        lambda: space.get("Deployment", APP)["metadata"]["generation"],
        lambda seen: seen != generation,
        during=10,
    )
    assert space.remediations(APP) == []
