"""A reader that is too slow holds nobody up: its stream is ended, and it may come again."""

import asyncio
from typing import Any

import orjson
import pytest

from services.gateway.refusals import TooManyStreams
from services.gateway.streams import Inbox


class Heard:
    def __init__(self, notice_id: str) -> None:
        self.data = orjson.dumps({"data": {"member": "m1", "notice": {"id": notice_id}}})


class Connection:
    """What of a NATS client the inbox uses."""

    def __init__(self) -> None:
        self.stats = {"reconnects": 0}

    async def subscribe(self, _: str, *, cb: Any) -> None:
        self.heard = cb


async def test_a_slow_reader_is_dropped_and_a_quick_one_hears_everything() -> None:
    connection = Connection()
    inbox = Inbox(lambda: connection, most=5)
    await inbox.subscribe()
    slow, quick = inbox.enter("m1"), inbox.enter("m1")
    for number in range(100):
        await connection.heard(Heard(str(number)))
        assert quick.get_nowait() == {"id": str(number)}
    left = [slow.get_nowait() for _ in range(slow.qsize())]
    assert left[-1] is None
    assert len(left) <= 64


async def test_what_is_not_a_notice_is_passed_over() -> None:
    connection = Connection()
    inbox = Inbox(lambda: connection, most=5)
    await inbox.subscribe()
    queue = inbox.enter("m1")
    for junk in (b"", b"[]", b"{}", b'{"data":{"member":"m1"}}'):
        message = Heard("n")
        message.data = junk
        await connection.heard(message)
    assert queue.empty()


async def test_the_streams_of_one_member_are_counted_and_given_back() -> None:
    inbox = Inbox(Connection, most=2)
    first, _ = inbox.enter("m1"), inbox.enter("m1")
    with pytest.raises(TooManyStreams):
        inbox.enter("m1")
    inbox.leave("m1", first)
    inbox.leave("m1", first)
    assert isinstance(inbox.enter("m1"), asyncio.Queue)


async def test_closing_ends_every_stream() -> None:
    inbox = Inbox(Connection, most=2)
    queues = [inbox.enter("m1"), inbox.enter("m1"), inbox.enter("m2")]
    inbox.close()
    assert [queue.get_nowait() for queue in queues] == [None, None, None]
