"""Waiting for something to become true, with a deadline and an account of what was last seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Seen = TypeVar("Seen")
LOOK_EVERY = 0.5


class NotSeenError(AssertionError):
    """What was awaited did not happen in time; the message says what was last seen instead."""


def eventually(
    what: str, look: Callable[[], Seen], accept: Callable[[Seen], object] = bool, *, within: float = 60.0
) -> Seen:
    """Look again and again until ``accept`` likes what ``look`` sees, and return that."""
    start = time.monotonic()
    while True:
        seen = look()
        if accept(seen):
            return seen
        if (elapsed := time.monotonic() - start) > within:
            raise NotSeenError(f"{what}: not seen within {elapsed:.0f} s. Last seen: {seen!r}")
        time.sleep(LOOK_EVERY)


def never(what: str, look: Callable[[], Seen], accept: Callable[[Seen], object] = bool, *, during: float) -> None:
    """Look again and again for ``during`` seconds, and fail as soon as ``accept`` likes what ``look`` sees."""
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < during:
        if accept(seen := look()):
            raise NotSeenError(f"{what}: happened after {elapsed:.0f} s, and should not have. Seen: {seen!r}")
        time.sleep(LOOK_EVERY)
