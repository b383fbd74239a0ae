"""The agents' token on a real API server: made once, kept, and never two of them."""

from __future__ import annotations

import asyncio
import base64

from tests.integration.apiserver import ApiServer
from tests.integration.audit import Witness
from tests.integration.operators import Interrupted, client_for, configuration
from tests.integration.stage import Stage
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.tokens import agent_token


async def token(client: KubeClient, stage: Stage) -> str:
    """Ask for the token."""
    return await agent_token(client, stage.namespace, "agent-token")


async def kept(stage: Stage) -> str:
    """Return what the Secret holds."""
    secret = await stage.get("Secret", "agent-token")
    return base64.b64decode(secret["data"]["token"]).decode()


async def test_it_is_made_once_and_kept(client: KubeClient, stage: Stage, witness: Witness) -> None:
    first = await token(client, stage)
    assert len(first) >= 32
    assert await kept(stage) == first
    assert [await token(client, stage) for _ in range(3)] == [first] * 3
    assert [(entry.verb, entry.resource) for entry in await witness.writes()] == [("create", "secrets")]


async def test_an_emptied_secret_gets_a_new_one(client: KubeClient, stage: Stage) -> None:
    first = await token(client, stage)
    for emptied in ({"token": ""}, {"token": None}, None):
        await stage.edit("Secret", "agent-token", {"data": emptied})
        again = await token(client, stage)
        assert again not in {first, ""}
        assert await kept(stage) == again


async def test_a_persons_own_token_is_used(client: KubeClient, stage: Stage) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "agent-token"}}
    await stage.create({**body, "stringData": {"token": "a-persons-own\n"}})
    assert await token(client, stage) == "a-persons-own"


async def test_two_replicas_that_both_find_none_agree(server: ApiServer, stage: Stage) -> None:
    """Both have read that there is none before either creates it; the slower one takes the faster one's."""
    both_have_read = asyncio.Barrier(2)
    found = await configuration(server.kubeconfig(server.folder / "racing"))
    async with (
        Interrupted(found, "POST", "/secrets", both_have_read.wait) as one,
        Interrupted(found, "POST", "/secrets", both_have_read.wait) as two,
    ):
        first, second = await asyncio.gather(token(one, stage), token(two, stage))
        assert one.interrupted
        assert two.interrupted
    assert first == second == await kept(stage)


async def test_two_replicas_that_both_find_an_emptied_secret_agree(server: ApiServer, stage: Stage) -> None:
    async with await client_for(server) as client:
        await token(client, stage)
    await stage.edit("Secret", "agent-token", {"data": None})
    both_have_read = asyncio.Barrier(2)
    found = await configuration(server.kubeconfig(server.folder / "racing"))
    async with (
        Interrupted(found, "PATCH", "/secrets/", both_have_read.wait) as one,
        Interrupted(found, "PATCH", "/secrets/", both_have_read.wait) as two,
    ):
        first, second = await asyncio.gather(token(one, stage), token(two, stage))
    assert first == second == await kept(stage)
