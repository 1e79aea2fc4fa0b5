"""Rows H17 and H19–H21: what cannot be said through an honest HTTP client."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices
from tests.gateway.sockets import connected, exchange, is_open, received
from tests.support.eventually import eventually
from tests.support.servers import Servers

HOST = b"Host: lounge\r\n"
GET = b"GET /health/live HTTP/1.1\r\n" + HOST
POST = b"POST /v1/auth/codes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
BODY = b'{"email":"a@b.example"}'


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed-request"),
        (b"GET /health/live HTTP/1.1\nHost: lounge\n\n", 400, "malformed-request"),
        (GET + b"X-A: 1\nX-B: 2\r\n\r\n", 400, "malformed-request"),
        (b"GET /health/live HTTP/1.1\r\nHost : lounge\r\n\r\n", 400, "malformed-request"),
        (GET + b"X-Folded: a\r\n b\r\n\r\n", 400, "malformed-request"),
        (b"GET /health/live HTTP/1.1\r\n\r\n", 400, "malformed-request"),
        (b"NONSENSE\r\n\r\n", 400, "malformed-request"),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400, "malformed-request"),
        (POST + b"Content-Length: -1\r\n\r\n", 400, "malformed-request"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n", 400, "malformed-request"),
        (GET + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n", 431, "headers-too-large"),
        (GET + b"X-Long: " + b"x" * 20_000, 431, "headers-too-large"),
        (GET + b"X-Many: 1\r\n" * 200 + b"\r\n", 431, "headers-too-large"),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "uri-too-long"),
        (b"GET /" + b"x" * 10_000, 414, "uri-too-long"),
    ],
)
def test_what_is_not_http_is_refused_at_the_edge_and_the_connection_closed(
    request_: bytes, status: int, code: str, door: Door
) -> None:
    raw = exchange(door, request_)
    assert (raw.status, raw.problem["code"], raw.closed) == (status, code, True)
    assert raw.seconds < 3


def test_a_body_that_ends_before_its_length_is_400(door: Door) -> None:
    raw = exchange(door, POST + b"Content-Length: 500\r\n\r\n" + BODY, half_close=True)
    assert (raw.status, raw.problem["code"], raw.closed) == (400, "malformed-request", True)


def test_a_body_longer_than_its_length_is_not_taken_for_more_of_it(door: Door) -> None:
    raw = exchange(door, POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY + b"EXTRA\r\n\r\n")
    assert raw.status == 200
    assert (b"HTTP/1.1 400" in raw.bytes, raw.closed) == (True, True)


def test_a_declared_giant_is_refused_before_it_is_sent(door: Door) -> None:
    with connected(door) as link:
        link.sendall(POST + b"Content-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n")
        raw = received(link, time.monotonic(), 1)
    assert raw.status == 413
    assert b"100 Continue" not in raw.bytes


def poured(link: socket.socket, chunk: bytes, *, most: int) -> int:
    """How many bytes went out before the gateway closed."""
    sent = 0
    try:
        while sent < most:
            link.sendall(chunk)
            sent += len(chunk)
    except ConnectionError:
        return sent
    return sent


def test_a_chunked_body_without_end_is_answered_then_dropped_up_to_a_megabyte(door: Door) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with connected(door) as link:
        began = time.monotonic()
        link.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2)
        first = link.recv(65_536)
        assert first.startswith(b"HTTP/1.1 413 ")
        assert 512 * 1024 <= poured(link, chunk, most=8 * 1024 * 1024) < 8 * 1024 * 1024
        assert time.monotonic() - began < 5


def test_a_sender_whose_large_body_was_refused_may_go_on_with_the_connection(door: Door) -> None:
    with connected(door) as link:
        link.sendall(POST + b"Content-Length: 200000\r\n\r\n" + b"x" * 100_000)
        assert link.recv(65_536).startswith(b"HTTP/1.1 413 ")
        link.sendall(b"x" * 100_000 + GET + b"\r\n")
        assert received(link, time.monotonic(), 1).statuses == [200]


@pytest.fixture(scope="module")
def hasty(servers: Servers, services: FakeServices) -> Iterator[Door]:
    """A gateway that waits two seconds for a request and one for the next or a reader, others ten, five and ten."""
    door = Door(servers, read_seconds=2, keep_alive_seconds=1, write_seconds=1)
    eventually(door.is_ready, what="the hasty gateway to be ready")
    yield door
    door.stop()


def test_slow_headers_and_slow_bodies_are_cut_at_the_deadline_and_nobody_else_waits(hasty: Door) -> None:
    began = time.monotonic()
    with connected(hasty) as slow_head, connected(hasty) as slow_body, connected(hasty) as silent:
        slow_head.sendall(GET)
        slow_body.sendall(POST + b"Content-Length: 500\r\n\r\n{")
        while time.monotonic() - began < 1.5:
            slow_head.sendall(b"X-Slow: 1\r\n")
            slow_body.sendall(b" ")
            asked = time.monotonic()
            assert hasty.client.get("/health/live").status_code == 200
            assert time.monotonic() - asked < 1
            assert received(slow_head, asked, 0.2).bytes == b""
        heads, bodies = received(slow_head, began, 5), received(slow_body, began, 5)
        nothing = received(silent, began, 5)
    assert (heads.status, heads.problem["code"], heads.closed) == (408, "request-timeout", True)
    assert (bodies.status, bodies.problem["code"], bodies.closed) == (408, "request-timeout", True)
    assert 1.9 < heads.seconds < 4
    assert (nothing.bytes, nothing.closed) == (b"", True)


def test_a_second_request_that_comes_slowly_is_cut_too(hasty: Door) -> None:
    raw = exchange(hasty, GET + b"\r\n", b"GET /health", seconds=5)
    assert (raw.statuses, raw.closed) == ([200, 408], True)


def test_an_idle_connection_is_closed(hasty: Door) -> None:
    raw = exchange(hasty, GET + b"\r\n", seconds=4)
    assert (raw.status, raw.closed) == (200, True)
    assert 0.9 < raw.seconds < 3


def test_who_takes_nothing_of_a_big_answer_is_cut_off(hasty: Door) -> None:
    document = b"GET /asyncapi.json HTTP/1.1\r\n" + HOST + b"\r\n"
    whole = len(hasty.client.get("/asyncapi.json").content)
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        stuck.connect(("127.0.0.1", hasty.port))
        place = stuck.getsockname()[1]
        eventually(lambda: is_open(hasty, place), what="the connection")
        stuck.sendall(document * 100)
        eventually(lambda: not is_open(hasty, place), what="it to be cut off", seconds=30)
        assert len(received(stuck, time.monotonic(), 5).bytes) < 100 * whole


def test_requests_in_one_piece_are_answered_in_order(door: Door) -> None:
    raw = exchange(door, (GET + b"\r\n") * 2 + b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n", seconds=1)
    assert raw.statuses == [200, 200, 404]


def test_a_second_request_smuggled_behind_bare_line_feeds_is_refused(door: Door) -> None:
    raw = exchange(door, GET + b"\r\n" + b"GET /health/ready HTTP/1.1\nHost: lounge\n\n")
    assert raw.statuses == [200, 400]


def test_a_forged_forwarding_header_changes_nothing(door: Door) -> None:
    headers = bearer() | {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Proto": "https", "Forwarded": "for=10.0.0.1"}
    assert door.client.get("/v1/bookings", headers=headers).status_code == 200
