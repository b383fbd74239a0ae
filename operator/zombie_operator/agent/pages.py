"""What each path answers: a function of the request, the published scan and the time.

``/v1/zombies`` names pods and counts, so it needs the bearer token; the file that holds it is read for each request,
because the kubelet swaps it when the Secret changes. ``/metrics`` and the probes are open, as scrapers expect.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from zombie_operator.agent.metrics import CONTENT_TYPE, render
from zombie_operator.agent.server import Request, Response
from zombie_operator.core.codec import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from zombie_operator.agent.state import Board, Scanned

MAX_TOKEN = 4096
"""Bytes of the token file that count; a longer file is no token."""


class Pages:
    """Routes requests. Keeps one encoded document, so that a crowd of readers costs one."""

    def __init__(
        self, board: Board, token_file: str, max_series: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._board = board
        self._token_file = token_file
        self._max_series = max_series
        self._clock = clock
        self._encoded: tuple[Scanned, int, bytes] | None = None
        self._routes: dict[str, Callable[[Request], Response]] = {
            "/v1/zombies": self._zombies,
            "/metrics": self._metrics,
            "/healthz": self._healthz,
            "/readyz": self._readyz,
        }

    def __call__(self, request: Request) -> Response:
        """Answer one request. HEAD is answered as GET; the server leaves the body out."""
        page = self._routes.get(request.path)
        if page is None:
            return Response(404, b"not found\n")
        if request.method not in {"GET", "HEAD"}:
            return Response(405, b"only GET\n", headers=(("Allow", "GET, HEAD"),))
        return page(request)

    def _zombies(self, request: Request) -> Response:
        token = read_token(self._token_file)
        if token is None:
            return Response(503, b"no token file yet\n", headers=(("Retry-After", "10"),))
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), token):
            return Response(401, b"needs the bearer token\n", headers=(("WWW-Authenticate", "Bearer"),))
        latest = self._board.value.latest
        if latest is None:
            return Response(503, b"no scan yet\n", headers=(("Retry-After", "1"),))
        return Response(200, self._encode(latest), "application/json")

    def _encode(self, latest: Scanned) -> bytes:
        """Return the document with the age of its scan; within one second everybody gets the same bytes."""
        age = max(self._clock() - latest.at, 0.0)
        if self._encoded is None or self._encoded[0] is not latest or self._encoded[1] != int(age):
            node = replace(latest.document.node, sample_age_seconds=round(age, 3))
            self._encoded = (latest, int(age), encode(replace(latest.document, node=node)))
        return self._encoded[2]

    def _metrics(self, _: Request) -> Response:
        return Response(200, render(self._board.value, self._max_series), CONTENT_TYPE)

    def _healthz(self, _: Request) -> Response:
        alive = self._board.value.alive(self._clock())
        return Response(200, b"ok\n") if alive else Response(503, b"the scan hangs\n")

    def _readyz(self, _: Request) -> Response:
        ready = self._board.value.ready(self._clock())
        return Response(200, b"ok\n") if ready else Response(503, b"no fresh scan\n")


def read_token(path: str) -> bytes | None:
    """Return the token without surrounding white space; None when there is no file, or nothing or too much in it."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib costs the agent memory that it does not have
            token = file.read(MAX_TOKEN + 1)
    except OSError:
        return None
    return token.strip() or None if len(token) <= MAX_TOKEN else None
