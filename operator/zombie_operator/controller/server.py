"""The operator's HTTP server: metrics and the two probes."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


async def serve(
    listen: tuple[str, int], registry: CollectorRegistry, alive: Callable[[], bool], ready: Callable[[], bool]
) -> web.AppRunner:
    """Start serving and return the runner, whose ``cleanup`` stops it. Raises OSError when the port is taken."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def healthz(_: web.Request) -> web.Response:
        return _answer("ok" if alive() else "the evaluation loop stands still", ok=alive())

    async def readyz(_: web.Request) -> web.Response:
        return _answer("ok" if ready() else "no evaluation has succeeded yet", ok=ready())

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    host, port = listen
    await web.TCPSite(runner, host, port).start()
    return runner


def _answer(text: str, *, ok: bool) -> web.Response:
    return web.Response(text=f"{text}\n", status=200 if ok else 503)
