"""Agents for the operator to pull: HTTP servers of the test's own that speak the document's contract."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

Object = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKENLESS = 401


@dataclass
class AgentServer:
    """One agent: serves ``/v1/zombies`` on an address, and keeps the tokens it was asked with."""

    host: str = "127.0.0.1"
    port: int = 0
    document: Object = field(default_factory=dict)
    answer: Answer | None = None
    tokens: list[str] = field(default_factory=list)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Start serving; a port of 0 becomes a free one."""
        app = web.Application()
        app.router.add_get("/v1/zombies", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, self.host, self.port).start()
        self.port = runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop serving."""
        await self._stack.aclose()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.answer:
            return await self.answer(request)
        return web.Response(body=json.dumps(self.document).encode(), content_type="application/json")
