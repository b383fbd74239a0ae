"""A small HTTP/1.1 server for GET, in one thread: this is all of HTTP that the agent needs, in 3 MiB less than asyncio.

One request a connection, then it is closed. Nobody can hold the server: a request has ``DEADLINE`` seconds and
``MAX_REQUEST`` bytes, an answer again ``DEADLINE`` seconds, and when all ``MAX_CONNECTIONS`` places are taken the
oldest connection makes room. What is answered is not decided here; see ``agent/pages.py``.
"""

from __future__ import annotations

import logging
import selectors
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
MAX_REQUEST = 8 << 10
DEADLINE = 5.0

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 seconds: closing resets the connection and drops what was not sent (socket(7))."""

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its body, which GET has none of. Header names are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``headers`` are added to those that the server writes itself."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()

    def head(self) -> bytes:
        """Return the status line and all headers."""
        lines = [f"HTTP/1.1 {self.status} {_REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Cache-Control: no-store",
            "Connection: close",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class BadRequestError(ValueError):
    """The bytes are not a request that this server understands."""


def parse_request(data: bytes) -> Request:
    """Return the request that a head of HTTP/1.x holds (everything before the empty line)."""
    lines = data.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[1].startswith("/"):  # noqa: PLR2004
        raise BadRequestError("not a request line of HTTP/1")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip() or not name:
            raise BadRequestError("not a header")
        headers.setdefault(name.lower(), value.strip())
    return Request(words[0], words[1].partition("?")[0], headers)


@dataclass(slots=True)
class _Connection:
    deadline: float
    received: bytearray = field(default_factory=bytearray)
    # The body stays the page's own object, so that many slow readers share one copy of it.
    pending: list[memoryview] = field(default_factory=list)


class Server:
    """Listens from its creation on; ``serve`` answers until ``stop``, which any thread may call."""

    def __init__(
        self,
        address: tuple[str, int],
        respond: Callable[[Request], Response],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._respond = respond
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._listener = listen(address)
        self._wake, self._waker = socket.socketpair()
        self._connections: dict[socket.socket, _Connection] = {}
        self._stopped = False
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    @property
    def port(self) -> int:
        """The port it listens on, which the system chose if 0 was asked for."""
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        """Let ``serve`` return soon."""
        self._stopped = True
        self._waker.send(b"x")

    def serve(self) -> None:
        """Answer until stopped, then close every socket."""
        try:
            while not self._stopped:
                for key, _ in self._selector.select(self._patience()):
                    self._turn(key.fileobj)
                self._expire()
        finally:
            for connection in list(self._connections):
                self._close(connection)
            for one in (self._listener, self._wake, self._waker):
                one.close()
            self._selector.close()

    def _turn(self, ready: object) -> None:
        if ready is self._listener:
            self._accept()
        elif isinstance(ready, socket.socket) and ready in self._connections:
            try:
                self._advance(ready, self._connections[ready])
            except OSError:
                self._close(ready)  # the other side went away

    def _patience(self) -> float | None:
        if not self._connections:
            return None
        return max(min(one.deadline for one in self._connections.values()) - self._clock(), 0.0)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it went away before it was served
        if len(self._connections) >= MAX_CONNECTIONS:
            self._close(next(iter(self._connections)))
        connection.setblocking(False)
        self._connections[connection] = _Connection(self._clock() + DEADLINE)
        self._selector.register(connection, selectors.EVENT_READ)

    def _advance(self, connection: socket.socket, state: _Connection) -> None:
        if state.pending:
            self._send(connection, state)
            return
        data = connection.recv(MAX_REQUEST)
        if not data:
            self._close(connection)
            return
        state.received += data
        head, end, _ = bytes(state.received).partition(b"\r\n\r\n")
        if end:
            # HEAD is GET without the body, which HTTP asks of every server.
            self._answer(connection, state, self._response(head), with_body=not head.startswith(b"HEAD "))
        elif len(state.received) >= MAX_REQUEST:
            self._answer(connection, state, Response(431, b"request too long\n"))

    def _response(self, head: bytes) -> Response:
        try:
            return self._respond(parse_request(head))
        except BadRequestError as error:
            return Response(400, f"{error}\n".encode())
        except Exception:  # one page's fault must not end the others
            logger.exception("Failed to answer")
            return Response(500, b"internal error\n")

    def _answer(
        self, connection: socket.socket, state: _Connection, response: Response, *, with_body: bool = True
    ) -> None:
        state.received.clear()
        parts = (response.head(), response.body if with_body else b"")
        state.pending = [memoryview(part) for part in parts if part]
        state.deadline = self._clock() + DEADLINE
        self._selector.modify(connection, selectors.EVENT_WRITE)
        self._send(connection, state)

    def _send(self, connection: socket.socket, state: _Connection) -> None:
        try:
            while state.pending:
                sent = connection.send(state.pending[0])
                state.pending[0] = state.pending[0][sent:]
                if not state.pending[0]:
                    del state.pending[0]
        except BlockingIOError:
            return
        self._close(connection)

    def _expire(self) -> None:
        now = self._clock()
        for connection in [one for one, state in self._connections.items() if state.deadline <= now]:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        state = self._connections.pop(connection, None)
        if state is None:
            return
        self._selector.unregister(connection)
        if state.pending:
            # Else the kernel would keep the unsent rest for a reader that may never read, in the agent's memory.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.close()


def listen(address: tuple[str, int]) -> socket.socket:
    """Return a socket that listens on an address. ``::`` and no host at all take IPv4 too, where there is IPv6."""
    host, port = address
    try:
        if ":" in host or not host:
            return socket.create_server(
                (host or "::", port), family=socket.AF_INET6, dualstack_ipv6=host in {"", "::"}, backlog=MAX_CONNECTIONS
            )
    except OSError:
        if host:
            raise
    return socket.create_server((host or "0.0.0.0", port), backlog=MAX_CONNECTIONS)  # noqa: S104
