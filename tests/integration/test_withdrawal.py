"""What ends a remediation from outside: the policy is withdrawn, a person asks, or somebody else was there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.integration import objects
from tests.integration.agents import AgentServer
from tests.integration.audit import Witness
from tests.integration.operators import Operator
from tests.integration.stage import FIELD, Stage
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Outcome, Phase
from zombie_operator.engine.evaluate import evaluate

Object = dict[str, Any]
Reach = Callable[[Operator, Stage], Awaitable[None]]

WITHDRAWALS = {
    "left Enforce": {"spec": {"mode": "Observe"}},
    "selects others now": {"spec": {"selector": {"matchLabels": {"app": "another"}}}},
}
SUSPENDED = {"spec": {"suspend": True}}
RESUMED = {"spec": {"suspend": False}}


async def begun(operator: Operator, stage: Stage) -> None:
    """Have a leaking Deployment, and a remedy that was intended and applied just now."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await operator.round()
    assert (await operator.remediation()).status.phase is Phase.ACTING


async def verifying(operator: Operator, stage: Stage) -> None:
    """Have the remedy rolled out and being verified."""
    await begun(operator, stage)
    await stage.play()
    await operator.round()
    assert (await operator.remediation()).status.phase is Phase.VERIFYING


async def turned(operator: Operator, stage: Stage, rounds: int = 4) -> None:
    """Turn on for some rounds with everybody."""
    for _ in range(rounds):
        await operator.round()
        await stage.play()
        stage.later(60)


async def patches(witness: Witness) -> list[bool]:
    """Return what each PATCH of a Deployment wanted: our field, or its removal."""
    found = await witness.writes("deployments")
    assert {entry.verb for entry in found} <= {"patch"}
    return [bool(entry.body.get("spec")) for entry in found]


async def field(stage: Stage) -> object:
    """Return the field as it is in the template."""
    return (await stage.get("Deployment", "app"))["spec"]["template"]["spec"].get(FIELD)


@pytest.mark.parametrize("reach", [begun, verifying], ids=["Acting", "Verifying"])
@pytest.mark.parametrize("change", [*WITHDRAWALS, "deleted"])
async def test_a_withdrawn_policy_reverts_what_is_unproved_once(
    operator: Operator,
    stage: Stage,
    witness: Witness,
    reach: Reach,
    change: str,
) -> None:
    await reach(operator, stage)
    if change == "deleted":
        await stage.delete("ZombiePolicy", "policy")
    else:
        await stage.edit("ZombiePolicy", "policy", WITHDRAWALS[change])
    await turned(operator, stage)
    status = (await operator.remediation()).status
    assert (status.phase, status.outcome, status.reason) == (Phase.DONE, Outcome.ROLLED_BACK, Reason.POLICY_WITHDRAWN)
    assert await field(stage) is None
    assert await patches(witness) == [True, False]


async def test_a_withdrawn_policy_leaves_a_proved_cure_alone(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    await begun(operator, stage)
    await operator.turn(Phase.DONE)
    await stage.delete("ZombiePolicy", "policy")
    await turned(operator, stage)
    assert (await operator.remediation()).status.outcome is Outcome.CURED
    assert await patches(witness) == [True]


async def test_a_policy_that_comes_back_may_try_again(operator: Operator, stage: Stage, witness: Witness) -> None:
    await verifying(operator, stage)
    await stage.delete("ZombiePolicy", "policy")
    await turned(operator, stage)
    await stage.create(objects.policy())
    assert (await operator.turn(Phase.DONE)).status.outcome is Outcome.CURED
    assert await patches(witness) == [True, False, True]


@pytest.mark.parametrize("phase", [Phase.VERIFYING, Phase.DONE])
async def test_a_person_gets_the_rollback_that_they_ask_for(
    operator: Operator, stage: Stage, witness: Witness, phase: Phase
) -> None:
    await begun(operator, stage)
    found = await operator.turn(phase)
    await stage.edit("ZombieRemediation", found.name, {"spec": {"action": "Rollback"}})
    await turned(operator, stage, rounds=6)
    status = (await operator.remediation()).status
    assert (status.outcome, status.reason) == (Outcome.ROLLED_BACK, Reason.ROLLBACK_REQUESTED)
    assert await field(stage) is None
    assert await patches(witness) == [True, False]


@pytest.mark.parametrize("phase", [Phase.VERIFYING, Phase.DONE])
async def test_a_person_who_removes_the_field_is_not_fought(
    operator: Operator, stage: Stage, witness: Witness, phase: Phase
) -> None:
    await begun(operator, stage)
    await operator.turn(phase)
    removed = {"spec": {"template": {"spec": {FIELD: None}}}}
    await stage.edit("Deployment", "app", removed, manager="kubectl-edit")
    await stage.play()
    await turned(operator, stage)
    assert await field(stage) is None
    assert await patches(witness) == [True]
    status = (await operator.remediation()).status
    assert status.phase is Phase.DONE
    if phase is Phase.VERIFYING:
        assert (status.outcome, status.reason) == (Outcome.SUPERSEDED, Reason.HUMAN_REVERT)
    (decided,) = (await stage_decisions(operator)).values()
    assert decided is Reason.HUMAN_REVERT


async def stage_decisions(operator: Operator) -> dict[str, Reason]:
    """Return what is decided now about the leaks of this test, by workload."""
    decided = await evaluate(operator.client, await operator.world(), operator.judge)
    return {d.finding.title: d.reason for d in decided if d.finding.owned.pod.namespace == operator.stage.namespace}


@pytest.mark.parametrize("what", ["ZombiePolicy", "ZombieRemediation"])
@pytest.mark.parametrize("reach", [begun, verifying], ids=["Acting", "Verifying"])
async def test_while_suspended_nothing_moves(
    operator: Operator,
    stage: Stage,
    witness: Witness,
    reach: Reach,
    what: str,
) -> None:
    await reach(operator, stage)
    before = await operator.remediation()
    name = "policy" if what == "ZombiePolicy" else before.name
    await stage.edit(what, name, SUSPENDED)
    stage.later(3_600)
    await turned(operator, stage)
    after = await operator.remediation()
    assert (after.status.phase, after.status.reason) == (before.status.phase, Reason.SUSPENDED)
    assert after.status.intents == before.status.intents
    assert await patches(witness) == [True]
    assert await field(stage) is True

    await stage.edit(what, name, RESUMED)
    assert (await operator.turn(Phase.DONE)).status.outcome is Outcome.CURED
    assert await patches(witness) == [True]


async def test_a_suspended_policy_begins_nothing(operator: Operator, stage: Stage, witness: Witness) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(suspend=True))
    await turned(operator, stage)
    assert await operator.remediations() == []
    assert await witness.writes() == []


async def test_a_rollback_asked_for_while_suspended_waits(operator: Operator, stage: Stage, witness: Witness) -> None:
    await begun(operator, stage)
    found = await operator.turn(Phase.DONE)
    asked = {"spec": {"action": "Rollback", "suspend": True}}
    await stage.edit("ZombieRemediation", found.name, asked)
    await turned(operator, stage)
    assert await patches(witness) == [True]
    await stage.edit("ZombieRemediation", found.name, RESUMED)
    await turned(operator, stage)
    assert await patches(witness) == [True, False]


async def test_a_remedy_that_does_not_help_is_taken_back_once(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    stage.zombies, stage.origin = lambda _: 100, objects.UNPROVED
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(canary="Off"))
    done = await operator.turn(Phase.DONE)
    assert (done.status.outcome, done.status.reason) == (Outcome.ROLLED_BACK, Reason.LEAK_CONTINUES)
    await turned(operator, stage)
    assert await patches(witness) == [True, False]
    assert await stage_decisions(operator) == {"Deployment app": Reason.ALREADY_TRIED}


async def test_a_cured_workload_that_is_managed_by_git_afterwards_is_still_rolled_back_on_request(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    """Guards bind what goes forward; a way back must not depend on them."""
    await begun(operator, stage)
    found = await operator.turn(Phase.DONE)
    tracked = {"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "app"}}}
    await stage.edit("Deployment", "app", tracked, manager="argocd-controller")
    await stage.edit("ZombieRemediation", found.name, {"spec": {"action": "Rollback"}})
    await turned(operator, stage)
    assert await patches(witness) == [True, False]


async def test_an_agent_of_another_node_cannot_take_a_cure_back(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    """It says that the patched pods leak as before; they are not on its node, so nobody listens."""
    await verifying(operator, stage)
    accused = [objects.container(pod["metadata"]["uid"], 500) for pod in await stage.pods("app")]
    liar = f"{stage.namespace}-liar"
    renamed = [{**report, "containerID": f"liar-{number}"} for number, report in enumerate(accused)]
    await stage.agent_pod("liar", liar, "127.0.0.2")
    async with AgentServer("127.0.0.2", stage.agent.port, objects.document(liar, renamed)):
        assert {s.node for s in (await operator.world()).sightings} == {stage.node, liar}
        assert (await operator.turn(Phase.DONE)).status.outcome is Outcome.CURED
    assert await patches(witness) == [True]
