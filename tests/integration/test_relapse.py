"""Remedies that stay in place: taken back when their pods leak again, left alone when the fix is somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration import objects
from tests.integration.audit import Witness
from tests.integration.operators import Operator
from tests.integration.stage import FIELD, Stage
from zombie_operator.core.document import Cause
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Outcome, Phase
from zombie_operator.core.status import Decision
from zombie_operator.engine.evaluate import evaluate
from zombie_operator.kube.client import APPLY

Object = dict[str, Any]


async def cured(operator: Operator, stage: Stage, **policy: object) -> None:
    """Have a workload whose remedy was proved."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(**policy))
    assert (await operator.turn(Phase.DONE)).status.outcome is Outcome.CURED


async def patches(witness: Witness) -> list[bool]:
    """Return what each PATCH of a Deployment wanted: our field, or its removal."""
    return [bool(entry.body.get("spec")) for entry in await witness.writes("deployments")]


async def test_patched_pods_that_leak_again_lose_the_remedy_once(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    """A burst had paused for as long as the proof took; the next one shows that nothing was cured."""
    await cured(operator, stage)
    stage.zombies = lambda _: 300
    await stage.play()
    for _ in range(8):
        await operator.round()
        await stage.play()
        stage.later(600)
    status = (await operator.remediation()).status
    assert (status.phase, status.outcome, status.reason) == (Phase.DONE, Outcome.ROLLED_BACK, Reason.LEAK_RETURNED)
    assert await patches(witness) == [True, False]
    assert FIELD not in (await stage.get("Deployment", "app"))["spec"]["template"]["spec"]
    (decided,) = await decisions(operator)
    assert (decided.decision, decided.reason) == (Decision.REFUSED, Reason.ALREADY_TRIED)


async def decisions(operator: Operator) -> list[Any]:
    """Return what is decided about the leaks here."""
    decided = await evaluate(operator.client, await operator.world(), operator.judge)
    return [d for d in decided if d.finding.owned.pod.namespace == operator.stage.namespace]


@pytest.mark.parametrize(
    "change",
    [{"spec": {"mode": "DryRun"}}, {"spec": {"mode": "Observe"}}, {"spec": {"suspend": True}}],
    ids=["DryRun", "Observe", "suspended"],
)
async def test_a_relapse_changes_nothing_where_the_policy_does_not_enforce(
    operator: Operator, stage: Stage, witness: Witness, change: Object
) -> None:
    await cured(operator, stage)
    await stage.edit("ZombiePolicy", "policy", change)
    stage.zombies = lambda _: 300
    await stage.play()
    await operator.round()
    await operator.round()
    assert (await operator.remediation()).status.outcome is Outcome.CURED
    assert await patches(witness) == [True]


async def own_children(stage: Stage) -> None:
    """Let the agent see the pods' own children, whose parents do not wait."""
    reports = [
        objects.container(pod["metadata"]["uid"], 300, cause="ParentNotWaiting") for pod in await stage.pods("app")
    ]
    stage.agent.document = objects.document(stage.node, reports)


async def test_own_children_after_an_experiment_prove_it_wrong(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    stage.origin = objects.UNPROVED
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(canary="Off"))
    for _ in range(12):  # an unknown origin must be quiet for as long as the pods were before it leaked
        await operator.round()
        await stage.play()
        stage.later(600)
    assert (await operator.remediation()).status.outcome is Outcome.CURED
    await own_children(stage)
    await operator.round()
    status = (await operator.remediation()).status
    assert (status.phase, status.verdict) == (Phase.REVERTING, Cause.PARENT_NOT_WAITING)
    assert await patches(witness) == [True, False]


async def test_own_children_after_a_proved_cure_are_another_leak(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    await cured(operator, stage)
    await own_children(stage)
    await operator.round()
    assert (await operator.remediation()).status.outcome is Outcome.CURED
    assert await patches(witness) == [True]
    (decided,) = await decisions(operator)
    assert decided.reason is Reason.PARENT_NOT_WAITING


async def adopt(stage: Stage, *, force: bool) -> None:
    """Have the fix committed to Git and applied from there."""
    fix: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app"},
        "spec": {"template": {"spec": {FIELD: True}}},
    }
    query = {"fieldManager": "kustomize-controller", "force": str(force).lower()}
    path = stage.path("Deployment", "app")
    await stage.admin.request("PATCH", path, body=fix, query=query, content_type=APPLY)


async def test_a_field_that_another_manager_owns_too_stays_when_ours_is_released(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    """The fix came to Git while it was verified; then the policy is deleted."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await operator.turn(Phase.VERIFYING)
    await adopt(stage, force=False)
    await stage.delete("ZombiePolicy", "policy")
    for _ in range(3):
        await operator.round()
        await stage.play()
    status = (await operator.remediation()).status
    assert (status.outcome, status.reason) == (Outcome.RETIRED, Reason.FIX_ADOPTED)
    assert (await stage.get("Deployment", "app"))["spec"]["template"]["spec"][FIELD] is True
    assert await patches(witness) == [True, False]


async def test_a_more_specific_policy_takes_the_remediation_from_the_one_that_lost(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    here = {"matchLabels": {"kubernetes.io/metadata.name": stage.namespace}}
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy("everywhere", kind="ClusterZombiePolicy", namespaceSelector=here))
    await operator.turn(Phase.VERIFYING)
    await stage.create(objects.policy("careful", mode="Observe"))
    for _ in range(3):
        await operator.round()
        await stage.play()
    status = (await operator.remediation()).status
    assert (status.outcome, status.reason) == (Outcome.ROLLED_BACK, Reason.POLICY_WITHDRAWN)
    assert status.message == "ZombiePolicy careful speaks for the workload now, not ClusterZombiePolicy everywhere"
    assert await patches(witness) == [True, False]


async def test_a_template_is_not_changed_for_pods_that_the_policy_does_not_select(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    await stage.run(objects.workload("app"))
    first, second = await stage.pods("app")
    await stage.edit("Pod", first["metadata"]["name"], {"metadata": {"labels": {"watch": "yes"}}})
    await stage.create(objects.policy(selector={"matchLabels": {"watch": "yes"}}))
    await operator.round()
    (decided,) = await decisions(operator)
    assert (decided.decision, decided.reason) == (Decision.REFUSED, Reason.PARTLY_SELECTED)
    assert second["metadata"]["name"] in decided.message
    assert await patches(witness) == []


async def test_only_a_selected_pod_is_evicted_though_another_one_leaks_more(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    await stage.run(objects.workload("app"))
    first, second = await stage.pods("app")
    await stage.edit("Pod", first["metadata"]["name"], {"metadata": {"labels": {"watch": "yes"}}})
    await stage.create(objects.policy(remedies=("RestartPod",), selector={"matchLabels": {"watch": "yes"}}))
    stage.zombies = lambda pod: 500 if pod["metadata"]["uid"] == second["metadata"]["uid"] else 100
    await stage.play()
    await operator.round()
    evicted = [entry.body["deleteOptions"]["preconditions"]["uid"] for entry in await witness.writes("pods/eviction")]
    assert evicted == [first["metadata"]["uid"]]


async def test_a_policy_that_cannot_be_read_holds_what_it_began(
    operator: Operator, stage: Stage, witness: Witness
) -> None:
    """As after a downgrade: nobody asked for a rollback, and nobody knows what to verify by."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await operator.turn(Phase.VERIFYING)
    crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/zombiepolicies.zombie-operator.dev"
    known = await stage.admin.get(crd)
    try:
        await _allow_any_mode(stage, crd)
        await stage.edit("ZombiePolicy", "policy", {"spec": {"mode": "Tomorrow"}})
        for _ in range(3):
            await operator.round()
            stage.later(600)
        status = (await operator.remediation()).status
        assert (status.phase, status.reason) == (Phase.VERIFYING, Reason.INVALID_POLICY)
        assert "spec.mode" in status.message
        assert await patches(witness) == [True]
    finally:
        await stage.delete("ZombiePolicy", "policy")
        now = await stage.admin.get(crd)
        await stage.admin.request("PUT", crd, body={**known, "metadata": now["metadata"]})


async def _allow_any_mode(stage: Stage, crd: str) -> None:
    body = await stage.admin.get(crd)
    properties = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    del properties["mode"]["enum"]
    await stage.admin.request("PUT", crd, body=body)
