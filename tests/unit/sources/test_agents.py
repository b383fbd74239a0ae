"""Pulling agents over real sockets: friendly ones, and every way in which one can be of no use."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from tests.integration import objects
from tests.integration.agents import AgentServer, Answer
from zombie_operator.sources import agents
from zombie_operator.sources.agents import Endpoint, Failure, pull

NODE = "node-1"
TOKEN = "a-token"  # noqa: S105 - made up


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Return an HTTP client."""
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest_asyncio.fixture
async def agent() -> AsyncIterator[AgentServer]:
    """Run an agent that speaks for its node."""
    async with AgentServer(document=objects.document(NODE, [objects.container("pod-1", 7)])) as running:
        yield running


def endpoint(agent: AgentServer, node: str = NODE) -> Endpoint:
    """Return where the operator believes an agent to be."""
    return Endpoint("agent-1", node, f"http://{agent.host}:{agent.port}")


async def failure(session: aiohttp.ClientSession, asked: Endpoint) -> Failure:
    """Pull one agent, which must fail."""
    documents, failures = await pull(session, [asked], TOKEN)
    assert documents == []
    (found,) = failures
    assert found.endpoint == asked
    return found


def saying(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Return an answer of fixed bytes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return answer


async def test_a_document_is_read_and_the_token_is_sent(session: aiohttp.ClientSession, agent: AgentServer) -> None:
    (document,), failures = await pull(session, [endpoint(agent)], TOKEN)
    assert failures == []
    assert document.node.name == NODE
    assert [(c.pod_uid, c.zombies) for c in document.containers] == [("pod-1", 7)]
    assert agent.tokens == [f"Bearer {TOKEN}"]


def _without(field: str) -> bytes:
    document = objects.document(NODE)
    del document[field]
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>hello</html>", id="a web page"),
        pytest.param(b"\xff\xfe\x00", id="bytes that are no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"[" * 100_000, id="nesting"),
        pytest.param(json.dumps(objects.document(NODE)).encode()[:-5], id="a cut document"),
        pytest.param(_without("kind"), id="no kind"),
        pytest.param(_without("containers"), id="no containers"),
        pytest.param(json.dumps(objects.document(NODE, pidMax="many")).encode(), id="a word for a number"),
        pytest.param(json.dumps(objects.document(NODE, sampleAgeSeconds=-1)).encode(), id="a sample of the future"),
        pytest.param(b'{"node": NaN}', id="not a number"),
    ],
)
async def test_garbage_is_a_failure_of_that_kind(
    session: aiohttp.ClientSession, agent: AgentServer, body: bytes
) -> None:
    agent.answer = saying(body)
    found = await failure(session, endpoint(agent))
    assert found.kind == "garbage"
    assert len(found.message) < 1_000


async def test_a_count_that_contradicts_itself_is_garbage(session: aiohttp.ClientSession, agent: AgentServer) -> None:
    container = objects.container("pod-1", 7)
    agent.document = objects.document(NODE, [{**container, "zombies": 8}])
    found = await failure(session, endpoint(agent))
    assert found.kind == "garbage"
    assert "containers[0].zombies" in found.message


async def test_no_more_is_read_than_allowed(
    session: aiohttp.ClientSession, agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent would send for ever, without a length; the operator hangs up."""
    monkeypatch.setattr(agents, "MAX_BYTES", 1 << 20)
    hung_up = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        try:
            while True:
                await stream.write(b" " * 65_536)
        finally:
            hung_up.set()

    agent.answer = answer
    found = await failure(session, endpoint(agent))
    assert (found.kind, found.message) == ("garbage", "sent more than 1048576 bytes")
    async with asyncio.timeout(5):
        await hung_up.wait()


async def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused(
    session: aiohttp.ClientSession, agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "MAX_BYTES", 1 << 20)
    packed = gzip.compress(b" " * (8 << 20))
    assert len(packed) < 65_536
    agent.answer = saying(packed, **{"Content-Encoding": "gzip"})
    assert (await failure(session, endpoint(agent))).kind == "garbage"


def _silent(gone: asyncio.Event) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        await gone.wait()
        return web.Response()

    return answer


def _trickling(gone: asyncio.Event) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        while not gone.is_set():
            await stream.write(b" ")
            await asyncio.sleep(0.01)
        return stream

    return answer


@pytest.mark.parametrize("kind", [_silent, _trickling])
async def test_an_agent_that_takes_too_long_is_left(
    session: aiohttp.ClientSession,
    agent: AgentServer,
    monkeypatch: pytest.MonkeyPatch,
    kind: Callable[[asyncio.Event], Answer],
) -> None:
    """A byte now and then does not buy it more time."""
    monkeypatch.setattr(agents, "TIMEOUT_SECONDS", 0.2)
    gone = asyncio.Event()
    agent.answer = kind(gone)
    found = await failure(session, endpoint(agent))
    gone.set()
    assert (found.kind, found.message) == ("timeout", "did not answer within 0.2 s")


@pytest.mark.parametrize("status", [204, 401, 403, 404, 500, 503])
async def test_a_status_other_than_ok_is_named(session: aiohttp.ClientSession, agent: AgentServer, status: int) -> None:
    agent.answer = saying(b"", status)
    found = await failure(session, endpoint(agent))
    assert (found.kind, found.message) == ("status", f"answered {status}")


async def test_a_redirect_is_not_followed_so_the_token_goes_nowhere_else(
    session: aiohttp.ClientSession, agent: AgentServer
) -> None:
    async with AgentServer(document=objects.document(NODE)) as elsewhere:
        agent.answer = saying(b"", 302, Location=f"http://{elsewhere.host}:{elsewhere.port}/v1/zombies")
        assert (await failure(session, endpoint(agent))).message == "answered 302"
        assert elsewhere.tokens == []


async def test_an_agent_may_not_speak_for_another_node(session: aiohttp.ClientSession, agent: AgentServer) -> None:
    found = await failure(session, endpoint(agent, node="node-2"))
    assert (found.kind, found.message) == ("wrong_node", "runs on node-2 and speaks for node-1")


async def test_nobody_there_is_unreachable(session: aiohttp.ClientSession) -> None:
    async with AgentServer() as gone:
        asked = endpoint(gone)
    found = await failure(session, asked)
    assert found.kind == "unreachable"
    assert found.message


async def test_a_connection_cut_halfway_is_unreachable(session: aiohttp.ClientSession, agent: AgentServer) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Length": "1000"})
        await stream.prepare(request)
        await stream.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return stream

    agent.answer = answer
    assert (await failure(session, endpoint(agent))).kind == "unreachable"


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://node one:8080", "ftp://127.0.0.1"])
async def test_an_address_that_is_none_is_unreachable(session: aiohttp.ClientSession, url: str) -> None:
    assert (await failure(session, Endpoint("agent-1", NODE, url))).kind == "unreachable"


async def test_one_bad_agent_does_not_hide_the_others(
    session: aiohttp.ClientSession, agent: AgentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than are asked at once, the first ones silent."""
    monkeypatch.setattr(agents, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(agents, "CONCURRENCY", 2)
    gone = asyncio.Event()
    async with AgentServer(answer=_silent(gone)) as silent:
        asked = [endpoint(silent), endpoint(silent), endpoint(silent), endpoint(agent)]
        documents, failures = await pull(session, asked, TOKEN)
        gone.set()
    assert [document.node.name for document in documents] == [NODE]
    assert [found.kind for found in failures] == ["timeout"] * 3


async def test_without_agents_there_is_nothing(session: aiohttp.ClientSession) -> None:
    assert await pull(session, [], TOKEN) == ([], [])
