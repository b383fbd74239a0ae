"""Waiting for a condition, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

LOOK_AGAIN_SECONDS = 0.02


async def until(what: str, holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Return when ``holds`` does."""
    for _ in range(int(seconds / LOOK_AGAIN_SECONDS)):
        if await holds():
            return
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    raise AssertionError(f"{what}: not within {seconds} s")
