"""The HTTP server under friendly and unfriendly clients, over real sockets."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from zombie_operator.agent import server as module
from zombie_operator.agent.server import BadRequestError, Request, Response, Server, listen, parse_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BIG = b"z" * (32 << 20)


def answer(request: Request) -> Response:
    if request.path == "/fault":
        raise RuntimeError("a page's fault")
    if request.path == "/big":
        return Response(200, BIG)
    return Response(200, f"{request.method} {request.path} {request.headers.get('x-test', '')}".encode())


@contextlib.contextmanager
def serving(respond: Callable[[Request], Response] = answer) -> Iterator[int]:
    server = Server(("127.0.0.1", 0), respond)
    thread = threading.Thread(target=server.serve)
    port = server.port
    thread.start()
    try:
        yield port
    finally:
        server.stop()
        thread.join(5)
        assert not thread.is_alive()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def exchange(port: int, data: bytes) -> bytes:
    with connect(port) as connection:
        connection.sendall(data)
        return read_all(connection)


def test_a_request_is_answered_and_the_connection_closed() -> None:
    with serving() as port:
        raw = exchange(port, b"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nX-Test: yes \r\n\r\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 16" in head
    assert b"Connection: close" in head
    assert body == b"GET /metrics yes"


def test_a_head_request_gets_no_body() -> None:
    with serving() as port:
        raw = exchange(port, b"HEAD /a HTTP/1.1\r\n\r\n")
    assert raw.endswith(b"\r\n\r\n")
    assert b"Content-Length: 8\r\n" in raw


def test_a_request_may_come_byte_by_byte() -> None:
    with serving() as port, connect(port) as connection:
        for byte in b"GET /slow HTTP/1.1\r\n\r\n":
            connection.sendall(bytes([byte]))
        assert read_all(connection).endswith(b"GET /slow ")


def test_a_big_answer_reaches_a_slow_reader_whole() -> None:
    with serving() as port, connect(port) as connection:
        connection.sendall(b"GET /big HTTP/1.1\r\n\r\n")
        assert exchange(port, b"GET /other HTTP/1.1\r\n\r\n").endswith(b"/other "), "others are served meanwhile"
        assert len(read_all(connection).partition(b"\r\n\r\n")[2]) == len(BIG)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\r\n\r\n", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET http://a/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / SPDY/3\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno header\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nBad Name : x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: ".ljust(module.MAX_REQUEST, b"x"), b"431"),
        (b"GET /fault HTTP/1.1\r\n\r\n", b"500"),
    ],
    ids=["empty", "word", "absolute", "protocol", "no-colon", "space", "long", "fault"],
)
def test_what_is_no_request_gets_a_status_and_not_a_crash(data: bytes, status: bytes) -> None:
    with serving() as port:
        assert exchange(port, data).split(b" ")[1] == status
        assert b"200 OK" in exchange(port, b"GET / HTTP/1.1\r\n\r\n")


def test_a_client_that_says_nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEADLINE", 0.05)
    with serving() as port, connect(port) as connection:
        connection.sendall(b"GET / HT")
        assert connection.recv(1) == b""


def test_a_reader_that_never_reads_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEADLINE", 0.1)
    with serving() as port, connect(port) as connection:
        connection.sendall(b"GET /big HTTP/1.1\r\n\r\n")
        hangup = select.poll()
        hangup.register(connection, select.POLLHUP)
        assert hangup.poll(5000), "the server gave up, without lingering"
        assert b"200 OK" in exchange(port, b"GET / HTTP/1.1\r\n\r\n")


def test_when_all_places_are_taken_the_oldest_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 3)
    with serving() as port, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connect(port)) for _ in range(3)]
        assert b"200 OK" in exchange(port, b"GET / HTTP/1.1\r\n\r\n")
        assert idle[0].recv(1) == b""
        idle[1].sendall(b"GET /kept HTTP/1.1\r\n\r\n")
        assert read_all(idle[1]).endswith(b"/kept ")


def test_a_client_that_resets_harms_nobody() -> None:
    with serving() as port:
        connection = connect(port)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.sendall(b"GET /big HTTP/1.1\r\n\r\n")
        connection.close()
        assert b"200 OK" in exchange(port, b"GET / HTTP/1.1\r\n\r\n")


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
@pytest.mark.parametrize("host", ["", "::"])
def test_every_address_means_ipv4_too(host: str) -> None:
    with listen((host, 0)) as listener:
        port = listener.getsockname()[1]
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family) as client:
                client.connect((address, port))
                assert client.getpeername()[1] == port


def test_headers_are_found_whatever_their_case_and_the_first_wins() -> None:
    request = parse_request(b"GET / HTTP/1.0\r\nAuthorization: a\r\nAUTHORIZATION: b")
    assert request.headers == {"authorization": "a"}
    with pytest.raises(BadRequestError):
        parse_request(b"GET  HTTP/1.1")
