"""The Template way on a real API server: exactly our field, by our name, never by force, and back again."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.integration import objects
from tests.integration.apiserver import ApiServer
from tests.integration.audit import Witness
from tests.integration.objects import PLURALS
from tests.integration.operators import Interrupted, Operator, configuration
from tests.integration.stage import FIELD, KUBECTL, Stage
from zombie_operator.api.v1alpha1 import decode_remediation
from zombie_operator.core.reasons import Reason
from zombie_operator.core.remediation import Outcome, Phase, Remediation
from zombie_operator.engine.via import template
from zombie_operator.kube.client import APPLY, KubeClient
from zombie_operator.kube.errors import Conflict, Invalid, NotFound

Object = dict[str, Any]

OURS = {"f:spec": {"f:template": {"f:spec": {f"f:{FIELD}": {}}}}}


def remediation_of(owner: Object, **more: object) -> Remediation:
    """Return a remediation that shares the PID namespace of a workload's pods."""
    spec = objects.remediation_spec(owner, **more)
    return decode_remediation(objects.remediation("r", owner["metadata"]["namespace"], spec))


def fields_of(body: Object, manager: str) -> list[tuple[str, Object]]:
    """Return what a manager owns of an object itself, each with the operation."""
    entries = body["metadata"]["managedFields"]
    return [(e["operation"], e["fieldsV1"]) for e in entries if e["manager"] == manager and "subresource" not in e]


def patched_spec(body: Object) -> Object:
    """Return a workload's spec as it would be with our field and no other difference."""
    spec = copy.deepcopy(body["spec"])
    spec["template"]["spec"][FIELD] = True
    return spec


@pytest.mark.parametrize("kind", PLURALS)
async def test_apply_sets_our_field_and_owns_nothing_else(client: KubeClient, stage: Stage, kind: str) -> None:
    before = await stage.create(objects.workload("app", kind=kind))
    await template.apply(client, remediation_of(before))
    after = await stage.get(kind, "app")
    assert after["spec"] == patched_spec(before)
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert fields_of(after, "zombie-operator") == [("Apply", OURS)]
    assert fields_of(after, KUBECTL) == fields_of(before, KUBECTL)


@pytest.mark.parametrize("kind", PLURALS)
async def test_revert_removes_exactly_our_field(client: KubeClient, stage: Stage, kind: str) -> None:
    before = await stage.create(objects.workload("app", kind=kind))
    await template.apply(client, remediation_of(before))
    await template.revert(client, remediation_of(before))
    after = await stage.get(kind, "app")
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 2
    assert fields_of(after, "zombie-operator") == []
    assert fields_of(after, KUBECTL) == fields_of(before, KUBECTL)


async def test_doing_either_twice_changes_nothing_more(client: KubeClient, stage: Stage) -> None:
    before = await stage.create(objects.workload("app"))
    for change in (template.apply, template.revert):
        await change(client, remediation_of(before))
        once = await stage.get("Deployment", "app")
        await change(client, remediation_of(before))
        assert await stage.get("Deployment", "app") == once


async def test_labels_and_annotations_stay_those_of_the_user(client: KubeClient, stage: Stage) -> None:
    body = objects.workload("app")
    body["metadata"]["annotations"] = {"team": "checkout"}
    before = await stage.create(body)
    await template.apply(client, remediation_of(before))
    after = await stage.get("Deployment", "app")
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert after["metadata"].get("labels") == before["metadata"].get("labels")
    assert "finalizers" not in after["metadata"]


async def test_the_field_of_another_manager_is_a_conflict_that_names_it(client: KubeClient, stage: Stage) -> None:
    before = await stage.create(objects.workload("app", pod={FIELD: False}), manager="checkout-team")
    with pytest.raises(Conflict) as refused:
        await template.apply(client, remediation_of(before))
    assert "checkout-team" in refused.value.managers
    assert FIELD in refused.value.managers
    assert await stage.get("Deployment", "app") == before


async def test_another_uid_is_refused_by_the_server(client: KubeClient, stage: Stage) -> None:
    before = await stage.create(objects.workload("app"))
    stranger = copy.deepcopy(before)
    stranger["metadata"]["uid"] = "6c0a1f0e-0000-4000-8000-000000000000"
    for change in (template.apply, template.revert):
        with pytest.raises(Invalid) as refused:
            await change(client, remediation_of(stranger))
        assert {cause["field"] for cause in refused.value.causes} == {"metadata.uid"}
    assert await stage.get("Deployment", "app") == before


async def test_a_vanished_workload_is_not_made_again(client: KubeClient, stage: Stage) -> None:
    before = await stage.create(objects.workload("app"))
    await stage.delete("Deployment", "app")
    with pytest.raises(Conflict) as refused:
        await template.apply(client, remediation_of(before))
    assert refused.value.managers == ""
    with pytest.raises(NotFound):
        await stage.get("Deployment", "app")


async def test_release_keeps_the_value_of_a_second_owner(client: KubeClient, stage: Stage, admin: KubeClient) -> None:
    before = await stage.create(objects.workload("app"))
    await template.apply(client, remediation_of(before))
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}}
    fields = {"spec": {"template": {"spec": {FIELD: True}}}}
    query = {"fieldManager": "gitops"}
    path = stage.path("Deployment", "app")
    await admin.request("PATCH", path, body={**theirs, **fields}, query=query, content_type=APPLY)
    await template.revert(client, remediation_of(before))
    after = await stage.get("Deployment", "app")
    assert after["spec"]["template"]["spec"][FIELD] is True
    assert fields_of(after, "zombie-operator") == []
    assert fields_of(after, "gitops") == [("Apply", OURS)]


async def test_a_kind_without_a_known_template_is_never_asked_for(client: KubeClient, witness: Witness) -> None:
    owner = {"apiVersion": "example.com/v1", "kind": "Rollout", "metadata": {"name": "a", "namespace": "b", "uid": "c"}}
    with pytest.raises(Invalid, match="Rollout a has no pod template"):
        await template.apply(client, remediation_of(owner))
    assert await witness.writes() == []


async def interrupted(operator: Operator, server: ApiServer, stage: Stage, *changes: Any) -> Remediation:  # noqa: ANN401
    """Drive a leak's remediation, with ``changes`` made right before the PATCH of the workload; return what became."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())

    async def interrupt() -> None:
        for change in changes:
            await change()

    found = await configuration(server.kubeconfig(server.folder / "interrupted"))
    async with Interrupted(found, "PATCH", "/deployments/", interrupt) as client:
        slow = Operator(client, operator.session, stage)
        await slow.round()
        assert client.interrupted
    return await operator.remediation()


async def test_a_workload_that_vanishes_before_the_patch_is_no_final_refusal(
    operator: Operator, server: ApiServer, stage: Stage
) -> None:
    after = await interrupted(operator, server, stage, lambda: stage.delete("Deployment", "app"))
    assert (after.status.phase, after.status.reason) == (Phase.PENDING, Reason.WORKLOAD_GONE)
    assert after.status.intents == ()
    await operator.round()
    gone = (await operator.remediation()).status
    assert (gone.outcome, gone.reason) == (Outcome.SUPERSEDED, Reason.WORKLOAD_GONE)


async def test_a_workload_that_is_replaced_before_the_patch_is_not_touched(
    operator: Operator, server: ApiServer, stage: Stage
) -> None:
    after = await interrupted(
        operator,
        server,
        stage,
        lambda: stage.delete("Deployment", "app"),
        lambda: stage.create(objects.workload("app")),
    )
    assert (after.status.phase, after.status.reason) == (Phase.PENDING, Reason.WORKLOAD_GONE)
    assert after.status.intents == ()
    assert (await stage.get("Deployment", "app"))["metadata"]["generation"] == 1


async def test_a_field_taken_by_another_manager_before_the_patch_ends_it(
    operator: Operator, server: ApiServer, stage: Stage
) -> None:
    taken = {"spec": {"template": {"spec": {FIELD: False}}}}
    after = await interrupted(
        operator, server, stage, lambda: stage.edit("Deployment", "app", taken, manager="checkout-team")
    )
    assert (after.status.phase, after.status.outcome) == (Phase.DONE, Outcome.REFUSED)
    assert after.status.reason == Reason.FIELD_CONFLICT
    assert "checkout-team" in after.status.message
    assert after.status.intents == ()
    assert (await stage.get("Deployment", "app"))["spec"]["template"]["spec"][FIELD] is False
