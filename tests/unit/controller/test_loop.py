"""The loop goes on whatever a round meets, says so, and is unhealthy only when it stands still."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from kubernetes.aio.client.configuration import Configuration

from tests.integration.waiting import until
from zombie_operator.controller.loop import Loop
from zombie_operator.controller.report import Reporter
from zombie_operator.controller.settings import PREFIX, Settings
from zombie_operator.controller.telemetry import Telemetry
from zombie_operator.kube.client import KubeClient
from zombie_operator.kube.events import Recorder
from zombie_operator.runtime.settings import load

UNHEARD_OF: dict[str, object] = {}
"""A Secret without metadata: no API server sends one and nobody thought of it, which is the point."""


@asynccontextmanager
async def looping(answer: web.Response | None) -> AsyncIterator[Loop]:
    """Run a loop against a server that always answers this, or against nobody."""
    app = web.Application()

    async def serve(_: web.Request) -> web.StreamResponse:
        assert answer is not None
        return web.Response(body=answer.body, status=answer.status)

    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    if answer is None:
        await runner.cleanup()
    settings = load(Settings, PREFIX, {f"{PREFIX}NAMESPACE": "zo", f"{PREFIX}AGENT_NAMESPACE": "zo-agents"})
    async with KubeClient(Configuration(host=host)) as client, aiohttp.ClientSession() as session:
        loop = Loop(client, session, settings, Telemetry(), Reporter(client, Recorder(client, "zo-0")))
        running = asyncio.create_task(loop.run())
        try:
            yield loop
        finally:
            running.cancel()
            ended, _ = await asyncio.wait({running}, timeout=5)
            await runner.cleanup()
            assert ended, "the loop ignores that it was cancelled"


def errors(loop: Loop) -> float:
    """Return how many rounds failed."""
    return loop.telemetry.registry.get_sample_value("zombie_operator_evaluations_total", {"result": "error"}) or 0.0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(None, "Evaluation failed", id="nobody there"),
        pytest.param(web.Response(status=403), "Evaluation failed", id="no rights"),
        pytest.param(web.json_response(UNHEARD_OF), "Evaluation failed unexpectedly", id="what nobody thought of"),
    ],
)
async def test_a_failed_round_is_counted_logged_and_followed_by_the_next(
    answer: web.Response | None, message: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("zombie_operator.controller.loop.REST_SECONDS", 0.001)
    with caplog.at_level(logging.WARNING, "zombie_operator.controller.loop"):
        async with looping(answer) as loop:
            for failures in (1, 2, 3):

                async def failed(failures: int = failures) -> bool:
                    return errors(loop) >= failures

                await until(f"failure {failures}", failed)
                loop.wake.set()
            assert loop.alive
            assert not loop.ready
    assert {record.message for record in caplog.records} - {"Could not read the agents' token"} == {message}


async def test_a_burst_of_wakes_is_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zombie_operator.controller.loop.REST_SECONDS", 0.2)
    async with looping(None) as loop:

        async def turned(rounds: int) -> bool:
            return errors(loop) >= rounds

        await until("a first round", lambda: turned(1))
        for _ in range(100):
            loop.wake.set()
            await asyncio.sleep(0)
        await until("a second round", lambda: turned(2))
        assert errors(loop) == 2


async def test_a_wake_at_the_very_end_does_not_keep_it_running() -> None:
    """SIGTERM and a watch's event may come in one moment; ``looping`` cancels right after this wake."""
    async with looping(None) as loop:

        async def waits() -> bool:
            return bool(loop.wake._waiters)  # noqa: SLF001 - an event does not tell who waits

        await until("it waits for a wake", waits)
        loop.wake.set()


async def test_a_loop_that_stands_still_is_not_alive() -> None:
    async with looping(None) as loop:
        loop._beat -= 5 * loop.settings.interval_seconds + 59  # noqa: SLF001 - time itself cannot be asked to pass
        assert loop.alive
        loop._beat -= 2  # noqa: SLF001
        assert not loop.alive
