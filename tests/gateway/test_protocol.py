"""When a reader is cut off: by what the transport says is unsent, on a clock of the test's."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from services.gateway.protocol import BoundedProtocol


class Timer:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self._now = 0.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self._now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self._timers.append(Timer(at, call))
        return self._timers[-1]

    def call_later(self, seconds: float, call: Callable[[], None]) -> Timer:
        return self.call_at(self._now + seconds, call)

    def forward(self, seconds: float) -> None:
        until = self._now + seconds
        while due := [each for each in self._timers if each.at <= until and not each.cancelled]:
            timer = min(due, key=lambda each: each.at)
            self._timers.remove(timer)
            self._now = max(self._now, timer.at)
            timer.call()
        self._now = until


class Transport(asyncio.Transport):
    """A close waits until nothing is unsent, as a real one's does."""

    def __init__(self) -> None:
        super().__init__()
        self.unsent = 0
        self.closing = self.cut = False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.cut = True


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """No application is asked here."""


class Connection:
    def __init__(self) -> None:
        self.loop, self.transport = Loop(), Transport()
        config = uvicorn.Config(nothing, log_config=None, lifespan="off")
        config.load()
        self.protocol = BoundedProtocol(config=config, server_state=ServerState(), app_state={}, _loop=self.loop)
        self.protocol.connection_made(self.transport)
        self.protocol._disarm()


@pytest.fixture
def connection() -> Connection:
    return Connection()


def answered(connection: Connection, unsent: int) -> None:
    connection.transport.unsent = unsent
    connection.protocol.on_response_complete()


def test_an_answer_nobody_takes_is_cut_off_though_its_close_waits(connection: Connection) -> None:
    answered(connection, 800_000)
    connection.loop.forward(9)
    assert (connection.transport.closing, connection.transport.cut) == (True, False)
    connection.loop.forward(2)
    assert connection.transport.cut


def test_who_takes_a_little_again_and_again_gets_it_all(connection: Connection) -> None:
    answered(connection, 100)
    for unsent in range(90, -1, -10):
        connection.loop.forward(9)
        connection.transport.unsent = unsent
    connection.loop.forward(60)
    assert not connection.transport.cut


def test_who_stops_in_the_middle_is_cut_off(connection: Connection) -> None:
    answered(connection, 100)
    connection.loop.forward(9)
    connection.transport.unsent = 50
    connection.loop.forward(10)
    assert not connection.transport.cut
    connection.loop.forward(10)
    assert connection.transport.cut


def test_the_next_answer_on_a_connection_has_a_time_of_its_own(connection: Connection) -> None:
    answered(connection, 10)
    connection.loop.forward(9)
    answered(connection, 500)
    connection.loop.forward(9)
    assert not connection.transport.cut
    connection.loop.forward(2)
    assert connection.transport.cut


def test_a_stream_that_may_not_go_on_is_cut_off_and_one_that_may_is_not(connection: Connection) -> None:
    connection.transport.unsent = 70_000
    connection.protocol.pause_writing()
    connection.loop.forward(9)
    connection.transport.unsent = 60_000
    connection.protocol.resume_writing()
    connection.loop.forward(9)
    connection.transport.unsent = 65_000
    connection.loop.forward(9)
    assert not connection.transport.cut
    connection.transport.unsent = 70_000
    connection.protocol.pause_writing()
    connection.loop.forward(11)
    assert connection.transport.cut
