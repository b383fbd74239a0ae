"""Our own kinds on a real API server: round trips, the fence of the resourceVersion, and what cannot be read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration import objects
from tests.integration.stage import Stage
from tests.integration.waiting import until
from zombie_operator.api.problems import ValidationProblems
from zombie_operator.api.v1alpha1 import decode_remediation
from zombie_operator.core.remediation import (
    After,
    Before,
    EffectKind,
    Entry,
    Intent,
    Outcome,
    Phase,
    Remediation,
    RemediationStatus,
)
from zombie_operator.core.status import Condition, ConditionStatus, PolicyStatus
from zombie_operator.kube import own
from zombie_operator.kube.client import MERGE, KubeClient
from zombie_operator.kube.errors import Conflict, Invalid, NotFound

Object = dict[str, Any]

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
FULL = RemediationStatus(
    observed_generation=1,
    phase=Phase.DONE,
    since=NOW,
    stage=0,
    outcome=Outcome.CURED,
    reason="LeakStopped",
    message="the leak stopped: 0 zombies, ünïcode and all",
    intents=(Intent(NOW, 0, EffectKind.EVICT, "uid", "name", "hash"), Intent(NOW, 0, EffectKind.APPLY)),
    before=Before(NOW, 100, 600, 600.5, 1.5, 2, 2, 1),
    after=After(NOW, 1, 99.5, 300, 2, 2, 0),
    history=(Entry(NOW, Phase.ACTING, "Applying", "changing the pod template"),),
)


async def stored(client: KubeClient, stage: Stage, name: str = "r") -> Remediation:
    """Store a remediation of a Deployment."""
    owner = await stage.create(objects.workload(f"app-{name}"))
    spec = decode_remediation(objects.remediation(name, stage.namespace, objects.remediation_spec(owner))).spec
    return await own.create_remediation(client, stage.namespace, name, spec)


async def test_a_remediation_is_read_back_as_it_was_made(client: KubeClient, stage: Stage) -> None:
    made = await stored(client, stage)
    assert await own.remediation(client, stage.namespace, "r") == made
    assert made in await own.remediations(client)
    assert made.status == RemediationStatus()


async def test_a_remediation_belongs_to_its_workload(client: KubeClient, stage: Stage) -> None:
    """It is no controller, does not hold the workload up, and copies no label by which GitOps tools would claim it."""
    await stored(client, stage)
    owner = await stage.get("Deployment", "app-r")
    meta = (await stage.get("ZombieRemediation", "r"))["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app-r", "uid": owner["metadata"]["uid"]}
    assert meta["ownerReferences"] == [reference]
    assert not {"labels", "annotations", "finalizers"} & set(meta)


async def test_a_second_remediation_of_that_name_is_a_conflict(client: KubeClient, stage: Stage) -> None:
    made = await stored(client, stage)
    with pytest.raises(Conflict):
        await own.create_remediation(client, stage.namespace, "r", made.spec)


async def test_a_full_status_survives_the_round_trip(client: KubeClient, stage: Stage) -> None:
    made = await stored(client, stage)
    written = await own.put_status(client, made, FULL)
    assert written.status == FULL
    assert written.generation == made.generation
    assert await own.remediation(client, stage.namespace, "r") == written


async def test_a_status_put_clears_what_it_leaves_out(client: KubeClient, stage: Stage) -> None:
    full = await own.put_status(client, await stored(client, stage), FULL)
    again = await own.put_status(client, full, RemediationStatus(phase=Phase.PENDING))
    assert again.status == RemediationStatus(observed_generation=1)


async def test_a_stale_resource_version_writes_nothing(client: KubeClient, stage: Stage) -> None:
    made = await stored(client, stage)
    first = await own.put_status(client, made, replace(FULL, message="the faster writer"))
    with pytest.raises(Conflict):
        await own.put_status(client, made, replace(FULL, message="the slower writer"))
    assert await own.remediation(client, stage.namespace, "r") == first


async def test_the_status_of_a_deleted_and_remade_remediation_is_not_written(client: KubeClient, stage: Stage) -> None:
    made = await stored(client, stage)
    await stage.delete("ZombieRemediation", "r")
    new = await own.create_remediation(client, stage.namespace, "r", made.spec)
    with pytest.raises(Conflict):
        await own.put_status(client, replace(made, resource_version=new.resource_version), FULL)
    assert await own.remediation(client, stage.namespace, "r") == new


async def test_the_status_write_cannot_change_the_spec(client: KubeClient, stage: Stage) -> None:
    made = await stored(client, stage)
    await own.put_status(client, replace(made, spec=replace(made.spec, suspend=True)), FULL)
    assert (await own.remediation(client, stage.namespace, "r")).spec == made.spec


async def test_what_is_not_there_is_not_found(client: KubeClient, stage: Stage) -> None:
    with pytest.raises(NotFound):
        await own.remediation(client, stage.namespace, "absent")
    with pytest.raises(NotFound):
        await own.policy(client, "ZombiePolicy", stage.namespace, "absent")
    with pytest.raises(NotFound):
        await own.put_status(client, replace(await stored(client, stage), name="absent"), FULL)


@pytest.mark.parametrize("kind", ["ZombiePolicy", "ClusterZombiePolicy"])
async def test_a_policy_of_either_kind_is_read_with_its_default_status(
    client: KubeClient, stage: Stage, kind: str
) -> None:
    name = f"{stage.namespace}-policy"
    body = await stage.create(objects.policy(name, kind=kind))
    assert body["status"]["observedGeneration"] == -1
    found = await find(client, name)
    assert found.policy == await own.policy(client, kind, stage.namespace, name)
    assert found.policy is not None
    assert found.policy.ref == found.ref
    assert found.ref.namespace == ("" if kind == "ClusterZombiePolicy" else stage.namespace)
    assert found.status == PolicyStatus()
    assert found.problem is None


@pytest.mark.parametrize("kind", ["ZombiePolicy", "ClusterZombiePolicy"])
async def test_a_policy_status_changes_no_generation_and_no_spec(client: KubeClient, stage: Stage, kind: str) -> None:
    name = f"{stage.namespace}-policy"
    before = await stage.create(objects.policy(name, kind=kind))
    found = await find(client, name)
    ready = Condition("Ready", ConditionStatus.TRUE, "NoLeaks", "none", NOW, 1)
    wanted = PolicyStatus(observed_generation=1, conditions=(ready,), leaking=2, cured=1)
    await own.put_policy_status(client, found, wanted)
    after = await stage.get(kind, name)
    assert (after["metadata"]["generation"], after["spec"]) == (before["metadata"]["generation"], before["spec"])
    assert (await find(client, name)).status == wanted


async def test_a_stale_policy_status_writes_nothing(client: KubeClient, stage: Stage) -> None:
    name = f"{stage.namespace}-policy"
    await stage.create(objects.policy(name))
    stale = await find(client, name)
    await own.put_policy_status(client, stale, PolicyStatus(observed_generation=1, leaking=1))
    with pytest.raises(Conflict):
        await own.put_policy_status(client, stale, PolicyStatus(observed_generation=1, leaking=2))
    assert (await find(client, name)).status.leaking == 1


async def test_a_policy_that_cannot_be_read_is_reported_with_its_problem(
    client: KubeClient, stage: Stage, admin: KubeClient
) -> None:
    """It was stored under an older, laxer schema; the others are read all the same."""
    bad, good = f"{stage.namespace}-bad", f"{stage.namespace}-good"
    await stage.create(objects.policy(good))
    async with lax_schema(admin, stage):
        await stage.create(objects.policy(bad, threshold={"zombies": -3, "olderThanSeconds": 60}))
    found = await find(client, bad)
    assert found.policy is None
    assert found.problem is not None
    assert "spec.threshold.zombies: must be >= 1" in found.problem
    with pytest.raises(ValidationProblems):
        await own.policy(client, "ZombiePolicy", stage.namespace, bad)
    assert (await find(client, good)).policy is not None


async def find(client: KubeClient, name: str) -> own.StoredPolicy:
    """Return one policy as it is stored."""
    (found,) = [stored for stored in await own.policies(client) if stored.ref.name == name]
    return found


@asynccontextmanager
async def lax_schema(admin: KubeClient, stage: Stage) -> AsyncIterator[None]:
    """Let the API server accept a negative threshold for a while."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/zombiepolicies.zombie-operator.dev"
    strict = (await admin.get(path))["spec"]["versions"]
    lax = [{**version, "schema": {"openAPIV3Schema": _without_bounds(version)}} for version in strict]
    for versions, wanted in ((lax, True), (strict, False)):
        change = {"spec": {"versions": versions}}
        await admin.request("PATCH", path, body=change, content_type=MERGE)

        async def in_force(wanted: bool = wanted) -> bool:
            return await _accepts_negative(admin, stage) is wanted

        await until("the other schema is in force", in_force)
        if wanted:
            yield


def _without_bounds(version: Object) -> Object:
    schema: Object = version["schema"]["openAPIV3Schema"]
    spec = schema["properties"]["spec"]
    zombies = {"type": "integer", "format": "int64", "minimum": None}
    threshold = {**spec["properties"]["threshold"]["properties"], "zombies": zombies}
    limits = {**spec["properties"]["threshold"], "properties": threshold}
    relaxed = {**spec, "properties": {**spec["properties"], "threshold": limits}}
    return {**schema, "properties": {**schema["properties"], "spec": relaxed}}


async def _accepts_negative(admin: KubeClient, stage: Stage) -> bool:
    body = objects.policy("probe", threshold={"zombies": -3})
    try:
        await admin.request("POST", stage.path("ZombiePolicy"), body=body, query={"dryRun": "All"})
    except Invalid:
        return False
    return True
