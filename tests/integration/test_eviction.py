"""The Eviction way on a real API server: one pod, by identity, and never against a PodDisruptionBudget."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration import objects
from tests.integration.apiserver import ApiServer
from tests.integration.audit import Witness
from tests.integration.operators import Interrupted, Operator, configuration
from tests.integration.stage import CONTROLLERS, Stage
from zombie_operator.core.evidence import Observed
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Outcome, Phase
from zombie_operator.engine.via import eviction
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.errors import NotFound, Throttled

Object = dict[str, Any]

LABELS = {"app": "app"}
RESTART = objects.policy(remedies=("RestartPod",))


def seen(name: str, uid: str) -> Observed:
    """Return a pod as the engine knows it."""
    created = datetime(2026, 1, 1, tzinfo=UTC)
    return Observed(uid, name, created, patched=False, ready=True, deleting=False, restarts=0, broken=None, fresh=True)


async def allow(stage: Stage, disruptions: int) -> None:
    """Make a budget, and its status as the disruption controller would write it."""
    await stage.create(objects.budget("guard", LABELS))
    await set_allowed(stage, disruptions)


async def set_allowed(stage: Stage, disruptions: int) -> None:
    """Write the budget's status."""
    healthy = {"currentHealthy": 1 + disruptions, "desiredHealthy": 1, "expectedPods": 2}
    status = {"observedGeneration": 1, "disruptionsAllowed": disruptions, **healthy}
    await stage.edit("PodDisruptionBudget", "guard", {"status": status}, subresource="status", manager=CONTROLLERS)


async def test_a_pod_is_evicted_by_its_identity(client: KubeClient, stage: Stage) -> None:
    made = await stage.create(objects.pod("a", labels=LABELS))
    await eviction.evict(client, stage.namespace, seen("a", made["metadata"]["uid"]))
    with pytest.raises(NotFound):
        await stage.get("Pod", "a")


async def test_a_vanished_pod_is_not_found(client: KubeClient, stage: Stage) -> None:
    with pytest.raises(NotFound):
        await eviction.evict(client, stage.namespace, seen("never", "there"))


async def test_a_budget_that_allows_none_refuses(client: KubeClient, stage: Stage) -> None:
    made = await stage.create(objects.pod("a", labels=LABELS, node=stage.node))
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    await stage.edit("Pod", "a", {"status": ready}, subresource="status", manager="kubelet")
    await allow(stage, 0)
    with pytest.raises(Throttled, match="disruption budget"):
        await eviction.evict(client, stage.namespace, seen("a", made["metadata"]["uid"]))
    assert "deletionTimestamp" not in (await stage.get("Pod", "a"))["metadata"]


async def test_a_budget_that_allows_none_stops_the_guards(operator: Operator, stage: Stage, witness: Witness) -> None:
    await stage.run(objects.workload("app"))
    await allow(stage, 0)
    await stage.create(RESTART)
    await operator.round()
    assert await operator.remediations() == []
    assert await witness.writes() == []


async def test_a_budget_used_up_after_the_guards_retracts_the_intent(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    """Somebody else uses up the budget between the guards and the eviction: the server refuses, the intent is gone."""
    await stage.run(objects.workload("app"))
    await allow(stage, 1)
    await stage.create(RESTART)
    found = await configuration(server.kubeconfig(server.folder / "interrupted"))
    async with Interrupted(found, "POST", "/eviction", lambda: set_allowed(stage, 0)) as client:
        await Operator(client, operator.session, stage).round()
        assert client.interrupted
    status = (await operator.remediation()).status
    assert (status.phase, status.reason) == (Phase.PENDING, Reason.DISRUPTION_BUDGET)
    assert status.intents == ()
    assert [entry.code for entry in await witness.writes("pods/eviction")] == [429]

    await set_allowed(stage, 1)
    stage.later(60)
    await operator.round()
    codes = [entry.code for entry in await witness.writes("pods/eviction")]
    assert codes == [429, 201]
    assert len((await operator.remediation()).status.intents) == 1


async def test_a_pod_replaced_before_the_eviction_survives(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    """A StatefulSet's pods keep their names, so only the UID tells the new pod from the one that leaked.

    The API server itself tries such an eviction again for ten seconds before it answers.
    """
    owner = await stage.run(objects.workload("app", kind="StatefulSet"))
    await stage.create(RESTART)
    uids = {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in await stage.pods("app")}

    async def replace() -> None:
        for name in uids:
            await stage.delete("Pod", name)
            await stage.create(objects.pod(name, labels=LABELS, owner=owner, node=stage.node))

    found = await configuration(server.kubeconfig(server.folder / "interrupted"))
    async with Interrupted(found, "POST", "/eviction", replace) as client:
        await Operator(client, operator.session, stage).round()
        assert client.interrupted
    (refused,) = await witness.writes("pods/eviction")
    assert refused.code == 409
    assert refused.body["deleteOptions"]["preconditions"]["uid"] in uids.values()
    now = await stage.pods("app")
    assert {pod["metadata"]["name"] for pod in now} == set(uids)
    assert not any("deletionTimestamp" in pod["metadata"] for pod in now)
    status = (await operator.remediation()).status
    assert (status.phase, status.reason, status.intents) == (Phase.PENDING, Reason.POD_GONE, ())


async def test_a_restart_is_cleared_once_its_time_is_over(operator: Operator, stage: Stage, witness: Witness) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(RESTART)
    leaking, healthy = (pod["metadata"] for pod in await stage.pods("app"))
    stage.zombies = lambda pod: 100 if pod["metadata"]["uid"] == leaking["uid"] else 0
    await stage.play()
    done = await operator.turn(Phase.DONE)
    assert done.status.outcome is Outcome.CLEARED
    evicted = [entry.body["deleteOptions"]["preconditions"]["uid"] for entry in await witness.writes("pods/eviction")]
    assert evicted == [leaking["uid"]] == [intent.pod_uid for intent in done.status.intents]
    left = {pod["metadata"]["uid"] for pod in await stage.pods("app")}
    assert healthy["uid"] in left
    assert len(left) == 2
