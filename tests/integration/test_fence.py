"""Two operators at once, as after a lost lease: the resourceVersion lets one of them through: there is one effect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.integration import objects
from tests.integration.apiserver import ApiServer
from tests.integration.audit import Witness
from tests.integration.operators import Interrupted, Operator, configuration
from tests.integration.stage import FIELD, Stage
from zombie_operator.core.remediation import EffectKind, Phase
from zombie_operator.engine.evaluate import begin, evaluate

Object = dict[str, Any]

STATUS = ("PUT", "/status")
CREATION = ("POST", "/zombieremediations")
PATIENCE_SECONDS = 20


@asynccontextmanager
async def two(operator: Operator, server: ApiServer, at: tuple[str, str]) -> AsyncIterator[tuple[Operator, Operator]]:
    """Run two operators, both of which have read everything before either makes its request of this kind."""
    meeting = asyncio.Barrier(2)
    found = await configuration(server.kubeconfig(server.folder / "racing"))
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE_SECONDS):
        clients = [await stack.enter_async_context(Interrupted(found, *at, meeting.wait)) for _ in range(2)]
        first, second = (Operator(client, operator.session, operator.stage) for client in clients)
        yield first, second
        assert all(client.interrupted for client in clients)


async def begun(operator: Operator) -> None:
    """Create the remediation and go no further."""
    await begin(operator.client, await evaluate(operator.client, await operator.world(), operator.judge))
    assert (await operator.remediation()).status.phase is Phase.PENDING


async def test_two_drivers_change_a_template_once(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await begun(operator)
    async with two(operator, server, STATUS) as (one, other):
        moves = await asyncio.gather(one.drive(), other.drive())
    assert sorted(str(move.effect) for found in moves for move in found) == ["Apply"]
    assert sorted(entry.code for entry in await witness.writes("zombieremediations/status")) == [200, 409]
    assert len(await witness.writes("deployments")) == 1
    assert (await stage.get("Deployment", "app"))["metadata"]["generation"] == 2
    assert [intent.effect for intent in (await operator.remediation()).status.intents] == [EffectKind.APPLY]


async def test_two_drivers_that_would_evict_different_pods_evict_one(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    """Each has another document of the same node, so each has another candidate."""
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy(remedies=("RestartPod",)))
    await begun(operator)
    worlds = []
    for worst in [pod["metadata"]["uid"] for pod in await stage.pods("app")]:
        stage.zombies = lambda pod, worst=worst: 200 if pod["metadata"]["uid"] == worst else 100
        await stage.play()
        worlds.append(await operator.world())
    async with two(operator, server, STATUS) as (one, other):
        await asyncio.gather(one.drive(worlds[0]), other.drive(worlds[1]))
    (evicted,) = await witness.writes("pods/eviction")
    deleting = [pod["metadata"]["uid"] for pod in await stage.pods("app") if "deletionTimestamp" in pod["metadata"]]
    assert deleting == [evicted.body["deleteOptions"]["preconditions"]["uid"]]
    assert [intent.pod_uid for intent in (await operator.remediation()).status.intents] == deleting


async def test_two_whole_rounds_make_one_remediation_and_one_change(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    async with two(operator, server, CREATION) as (one, other):
        await asyncio.gather(one.round(), other.round())
    assert sorted(entry.code for entry in await witness.writes("zombieremediations")) == [201, 409]
    for _ in range(4):
        await operator.round()
        await stage.play()
        stage.later(300)
    assert (await stage.get("Deployment", "app"))["metadata"]["generation"] == 2
    assert [intent.effect for intent in (await operator.remediation()).status.intents] == [EffectKind.APPLY]


async def test_two_drivers_that_both_find_an_unmade_effect_make_the_same_one(
    operator: Operator, server: ApiServer, stage: Stage
) -> None:
    """The intent's maker died before its PATCH; both of those that come after make it, and it is one change."""
    owner = await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await operator.round()
    removed = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "app"}}
    query = {"fieldManager": "zombie-operator"}
    path = stage.path("Deployment", "app")
    await stage.admin.request("PATCH", path, body=removed, query=query, content_type="application/apply-patch+yaml")
    await stage.play()
    unmade = (await stage.get("Deployment", "app"))["metadata"]["generation"]
    assert FIELD not in (await stage.get("Deployment", "app"))["spec"]["template"]["spec"]
    async with two(operator, server, ("PATCH", "/deployments/")) as (one, other):
        await asyncio.gather(one.drive(), other.drive())
    after = await stage.get("Deployment", "app")
    assert after["spec"]["template"]["spec"][FIELD] is True
    assert after["metadata"]["generation"] == unmade + 1
    assert after["metadata"]["uid"] == owner["metadata"]["uid"]


async def test_a_person_who_suspends_between_reading_and_writing_wins(
    operator: Operator, server: ApiServer, stage: Stage, witness: Witness
) -> None:
    await stage.run(objects.workload("app"))
    await stage.create(objects.policy())
    await begun(operator)
    name = (await operator.remediation()).name

    async def suspend() -> None:
        await stage.edit("ZombieRemediation", name, {"spec": {"suspend": True}})

    found = await configuration(server.kubeconfig(server.folder / "racing"))
    async with Interrupted(found, *STATUS, suspend) as client:
        await Operator(client, operator.session, stage).drive()
        assert client.interrupted
    assert [entry.code for entry in await witness.writes("zombieremediations/status")] == [409]
    assert await witness.writes("deployments") == []
