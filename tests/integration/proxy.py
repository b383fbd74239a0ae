"""An HTTP proxy in front of the API server at which an operator dies: before or after its n-th write gets through.

From that moment on every request of this operator is cut off, as of a process that is gone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

import aiohttp
from aiohttp import web

from tests.integration.apiserver import HOST, ApiServer

PASSED_ON = ("Authorization", "Content-Type", "Accept", "User-Agent")


class When(StrEnum):
    """Whether the fatal write reaches the API server."""

    BEFORE = "before"
    AFTER = "after"


@dataclass
class Proxy:
    """Passes requests on until the fatal write. ``seen`` are the writes that arrived here, in order."""

    server: ApiServer
    fatal: int = 0
    when: When = When.BEFORE
    kill: Callable[[], None] = lambda: None
    url: str = ""
    seen: list[str] = field(default_factory=list)
    died: asyncio.Event = field(default_factory=asyncio.Event)
    _dead: bool = False
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Start serving on a free port."""
        trust = ssl.create_default_context(cafile=str(self.server.authority))
        connector = aiohttp.TCPConnector(ssl=trust)
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        app = web.Application(client_max_size=1 << 24)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, HOST, 0).start()
        self.url = f"http://{HOST}:{runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving."""
        await self._stack.aclose()

    def revive(self) -> None:
        """Let the next operator through, for good."""
        self._dead, self.fatal = False, 0

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        last = False
        if request.method != "GET" and not self._dead:
            self.seen.append(f"{request.method} {request.path}")
            last = len(self.seen) == self.fatal
        if last and self.when is When.BEFORE:
            self._die()
        if self._dead:
            return _cut(request)
        content = await request.read()
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        url = self.server.url + request.raw_path
        async with self._session.request(request.method, url, data=content, headers=headers) as answer:
            text, status = await answer.read(), answer.status
        if last:
            self._die()
        if self._dead:
            return _cut(request)
        return web.Response(body=text, status=status, content_type=answer.content_type)

    def _die(self) -> None:
        self._dead = True
        self.kill()
        self.died.set()


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()
