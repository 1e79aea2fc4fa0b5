"""A stream is read by its sequence: in order, in pages, without a consumer."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from nats.aio.client import Client

from shared.kit.health import Health
from shared.kit.nats.broker import LoungeBroker
from shared.kit.nats.tail import NatsError, Tail
from tests.support.asking import kit_settings
from tests.support.servers import Servers


@pytest.fixture
async def gateway(clean: Servers) -> AsyncIterator[LoungeBroker]:
    broker = LoungeBroker(kit_settings(clean, "gateway"), Health(), name="gateway")
    await broker.connect()
    yield broker
    broker.closing = True
    with suppress(Exception):
        await broker.stop()


@pytest.fixture
async def ops(clean: Servers) -> AsyncIterator[Client]:
    client = await clean.client("ops")
    yield client
    await client.close()


@pytest.fixture
def tail(gateway: LoungeBroker) -> Tail:
    return Tail(gateway, "EVENTS", "evt.booking.>")


async def stored(ops: Client, count: int) -> None:
    """So many messages of booking, and as many of members between them."""
    for n in range(count):
        for service in ("booking", "members"):
            await ops.jetstream().publish(f"evt.{service}.probe.v1.x", b"%d" % n, stream="EVENTS", timeout=5)


async def test_what_came_behind_a_position_is_read_in_order_and_only_of_its_subject(tail: Tail, ops: Client) -> None:
    begin = (await tail.span()).last
    assert await tail.after(begin) == []
    await stored(ops, 5)
    first = await tail.after(begin, most=3)
    rest = await tail.after(first[-1].sequence)
    assert [int(each.body) for each in (*first, *rest)] == [0, 1, 2, 3, 4]
    assert [each.sequence - begin for each in (*first, *rest)] == [1, 3, 5, 7, 9]
    assert await tail.after(rest[-1].sequence) == []
    assert await tail.newest() == rest[-1].sequence == (await tail.span()).last - 1


async def test_a_stream_tells_from_where_to_where_it_goes(tail: Tail, ops: Client) -> None:
    begin = (await tail.span()).last
    await stored(ops, 2)
    assert (await tail.span()).last == begin + 4
    await ops.jetstream().purge_stream("EVENTS")
    span = await tail.span()
    assert (span.first, span.last, await tail.newest()) == (begin + 5, begin + 4, begin + 4)
    assert await tail.after(begin) == []


async def test_a_stream_that_may_not_be_read_is_an_error_not_an_empty_one(gateway: LoungeBroker) -> None:
    with pytest.raises(NatsError):
        await Tail(gateway, "DLQ", "dlq.>").after(0)
