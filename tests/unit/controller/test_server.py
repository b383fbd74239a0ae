"""The operator's probes and metrics over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter

from zombie_operator.controller.server import serve


@asynccontextmanager
async def serving(*, alive: bool = True, ready: bool = True) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """Run the server and return a client and its address."""
    registry = CollectorRegistry()
    Counter("made_up", "A counter.", registry=registry).inc(3)
    runner = await serve(("127.0.0.1", 0), registry, lambda: alive, lambda: ready)
    try:
        async with aiohttp.ClientSession() as session:
            yield session, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("alive", "ready"), [(True, True), (True, False), (False, True), (False, False)])
async def test_each_probe_answers_for_itself(*, alive: bool, ready: bool) -> None:
    async with serving(alive=alive, ready=ready) as (session, url):
        for path, good in {"/healthz": alive, "/readyz": ready}.items():
            async with session.get(url + path) as answer:
                assert answer.status == (200 if good else 503)
                assert (await answer.text() == "ok\n") is good


async def test_metrics_are_served_even_when_nothing_else_is_well() -> None:
    async with serving(alive=False, ready=False) as (session, url), session.get(f"{url}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        assert "made_up_total 3.0" in await answer.text()


async def test_nothing_else_is_served() -> None:
    async with serving() as (session, url):
        async with session.get(f"{url}/") as answer:
            assert answer.status == 404
        async with session.post(f"{url}/metrics") as answer:
            assert answer.status == 405


async def test_a_taken_port_is_an_error_at_once() -> None:
    async with serving() as (_, url):
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="address already in use"):
            await serve(("127.0.0.1", port), CollectorRegistry(), lambda: True, lambda: True)
