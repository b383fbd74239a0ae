"""A worker that never waits for its children: no init helps, so nothing is patched, and restarts are counted."""

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

APP = "pool"
WORKER = ("worker", *FAST)


def test_a_worker_that_never_waits_is_never_patched(space: Space) -> None:
    space.apply(workload(APP, WORKER))
    space.leaking(APP)
    generation = space.get("Deployment", APP)["metadata"]["generation"]

    space.apply(policy(remedies=("ShareProcessNamespace",)))
    finding = space.found(APP, "ParentNotWaiting")

    assert (finding["cause"], finding["decision"]) == ("ParentNotWaiting", "Refused")
    assert "never waits" in finding["message"], "the status must say why, in a sentence"
    never(
        "a change of the workload",
        lambda: space.get("Deployment", APP),
        lambda workload: workload["metadata"]["generation"] != generation or shares_process_namespace(workload),
        during=10,
    )
    assert space.remediations(APP) == []


def test_a_worker_is_restarted_exactly_as_often_as_allowed(space: Space, installed: Installed, audit: AuditLog) -> None:
    space.apply(workload(APP, WORKER))
    space.leaking(APP)
    generation = space.get("Deployment", APP)["metadata"]["generation"]

    space.apply(policy(remedies=("ShareProcessNamespace", "RestartPod")))
    done = space.remediated(APP, "Exhausted")

    def evicted() -> list[str]:
        """Return the UID of every pod that the operator had evicted, from the request's own precondition."""
        writes = audit.writes(by=installed.operator_user, namespace=space.name)
        return [
            write.body["deleteOptions"]["preconditions"]["uid"]
            for write in writes
            if write.path == "pods/eviction" and write.succeeded
        ]

    assert done["spec"]["remedy"] == "RestartPod"
    assert len(evicted()) == len(set(evicted())) == 2
    assert space.leaking(APP), "the leak is not cured, which is why a person is needed"
    never("a third eviction", evicted, lambda uids: len(uids) > 2, during=10)
    assert space.get("Deployment", APP)["metadata"]["generation"] == generation
    assert space.policy_status()["refused"] == 1
