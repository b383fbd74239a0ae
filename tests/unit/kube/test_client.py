"""The transport over real sockets: what is sent, and what becomes of answers that are none."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from zombie_operator.kube.client import APPLY, KubeClient
from zombie_operator.kube.errors import Invalid, NotFound, Refused, ServerError, Unreachable

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def serving(answer: Answer, **settings: Any) -> AsyncIterator[KubeClient]:  # noqa: ANN401 - the library's own
    """Run a server and a client of it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    configuration = Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}", **settings)
    try:
        async with KubeClient(configuration) as client:
            yield client
    finally:
        await runner.cleanup()


def saying(body: bytes, status: int = 200) -> Answer:
    """Return an answer of fixed bytes."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status)

    return answer


async def test_a_request_carries_the_token_our_name_and_only_what_was_asked() -> None:
    seen: list[tuple[str, str, dict[str, str], object]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.method, request.path_qs, dict(request.headers), await request.json()))
        return web.json_response({})

    body = {"metadata": {"name": "ü"}, "spec": {}}
    async with serving(answer, api_key={"BearerToken": "Bearer secret"}) as client:
        query = {"fieldManager": "zombie-operator", "continue": ""}
        await client.request("PATCH", "/apis/x", body=body, query=query, content_type=APPLY)
    ((method, path, headers, sent),) = seen
    assert (method, path, sent) == ("PATCH", "/apis/x?fieldManager=zombie-operator", body)
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == "application/apply-patch+yaml"
    assert headers["User-Agent"].split("/")[0] == "zombie-operator"


@pytest.mark.parametrize("value", ["a=b,c in (d,e)", "spec.nodeName=n&limit=1", "ü /?#"])
async def test_a_query_reaches_the_server_as_it_is(value: str) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request.query["labelSelector"])
        return web.json_response({})

    async with serving(answer) as client:
        await client.get("/x", {"labelSelector": value})
    assert seen == [value]


async def test_an_empty_answer_is_an_empty_object() -> None:
    async with serving(saying(b"")) as client:
        assert await client.get("/x") == {}


@pytest.mark.parametrize("body", [b"<html>502</html>", b"\xff\xfe", b"[1]", b'"text"', b"null"])
async def test_a_failure_that_is_no_status_object_is_still_its_error(body: bytes) -> None:
    async with serving(saying(body, 502)) as client:
        with pytest.raises(ServerError, match="GET /x: 502 ") as raised:
            await client.get("/x")
    assert len(str(raised.value)) < 400
    assert raised.value.causes == ()


async def test_a_long_answer_that_is_no_json_is_cut() -> None:
    async with serving(saying(b"x" * 100_000, 404)) as client:
        with pytest.raises(NotFound) as raised:
            await client.get("/x")
    assert len(str(raised.value)) < 400


async def test_the_words_of_the_server_are_kept() -> None:
    status = {"kind": "Status", "message": "spec.x is wrong", "details": {"causes": [{"field": "spec.x"}]}}
    async with serving(saying(json.dumps(status).encode(), 422)) as client:
        with pytest.raises(Invalid, match=r"POST /x: 422 spec\.x is wrong") as raised:
            await client.request("POST", "/x", body={})
    assert raised.value.causes == ({"field": "spec.x"},)


async def test_missing_rights_are_refused() -> None:
    async with serving(saying(b"{}", 403)) as client:
        with pytest.raises(Refused):
            await client.get("/x")


async def test_an_answer_that_takes_too_long_is_unreachable() -> None:
    gone = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        await gone.wait()
        return web.Response()

    async with serving(answer) as client:
        with pytest.raises(Unreachable, match=r"GET /x: ."):
            await client.request("GET", "/x", timeout_seconds=0.2)
        gone.set()


async def test_an_answer_cut_halfway_is_unreachable() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Length": "1000"})
        await stream.prepare(request)
        await stream.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return stream

    async with serving(answer) as client:
        with pytest.raises(Unreachable):
            await client.get("/x")


async def test_nobody_there_is_unreachable() -> None:
    async with serving(saying(b"{}")) as client:
        await client.get("/x")
        host = client._configuration.host  # noqa: SLF001 - where nobody listens in a moment
    async with KubeClient(Configuration(host=host)) as late:
        with pytest.raises(Unreachable, match="GET /x: "):
            await late.get("/x")


async def test_pages_are_followed_to_the_end_with_the_query_kept() -> None:
    asked: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        number = len(asked)
        meta = {"continue": f"page-{number + 1}"} if number < 3 else {}
        items = None if number == 2 else [{"metadata": {"name": f"pod-{number}"}}]
        return web.json_response({"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": items})

    async with serving(answer) as client:
        found = [body async for body in client.pages("/api/v1/pods", {"fieldSelector": "spec.nodeName=a"})]
    assert [(body["kind"], body["metadata"]["name"]) for body in found] == [("Pod", "pod-1"), ("Pod", "pod-3")]
    assert [query.get("continue") for query in asked] == [None, "page-2", "page-3"]
    assert {(query["limit"], query["fieldSelector"]) for query in asked} == {("500", "spec.nodeName=a")}


async def test_the_token_is_read_again_for_each_request() -> None:
    """A service account's token is rotated; the one of the start does not last."""
    seen: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers["Authorization"])
        return web.json_response({})

    async with serving(answer, api_key={"BearerToken": "Bearer old"}) as client:

        def refresh(configuration: Configuration) -> None:
            configuration.api_key["BearerToken"] = f"Bearer new-{len(seen)}"

        client._configuration.refresh_api_key_hook = refresh  # noqa: SLF001 - as load_incluster_config sets it
        await client.get("/x")
        await client.get("/x")
    assert seen == ["Bearer new-0", "Bearer new-1"]


CONNECT = """
import asyncio
from zombie_operator.kube.client import connect
from zombie_operator.kube.errors import KubeError
try:
    asyncio.run(connect())
except KubeError as error:
    print(error)
"""


@pytest.mark.parametrize("content", [None, "", "{]", "apiVersion: v1\nkind: Config\n"])
def test_without_credentials_there_is_a_sentence(tmp_path: Path, content: str | None) -> None:
    """A process of its own: the library fixes the place of the kubeconfig when it is imported."""
    kubeconfig = tmp_path / "config"
    if content is not None:
        kubeconfig.write_text(content)
    outside = {name: value for name, value in os.environ.items() if not name.startswith("KUBERNETES_")}
    environ = {**outside, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "operator")}
    done = subprocess.run(
        [sys.executable, "-c", CONNECT], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("no service account and no usable kubeconfig: ")
