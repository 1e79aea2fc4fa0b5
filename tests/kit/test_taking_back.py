"""Erasing from the stream what people wrote, while what a document said is on its way there."""

from typing import Any

import pytest

from shared.kernel.ids import new_id
from shared.kit.marking import Marks
from tests.kit.conftest import Running, ThingMade, cause, thing
from tests.kit.test_relay import messages, sent
from tests.support.servers import Servers
from tests.support.waiting import until


async def told(servers: Servers) -> list[tuple[Any, Any]]:
    """Number and data of the events the stream has, in the order in which they stand."""
    return [(event["sequence"], event["data"]) for _, event in await messages(servers, "EVENTS")]


async def test_what_is_said_again_lacks_the_word_and_nothing_else(running: Running, servers: Servers) -> None:
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk", events=2), cause("k0"), at=at)
        await until(lambda: sent(service))
        assert await told(servers) == [(1, {"name": "desk-0"}), (2, {"name": "desk-1"})]
        assert await service.relays["things"].take_back(a, ThingMade.wire, word="name") == 2
        assert await told(servers) == [(1, {}), (2, {})]


async def test_what_is_on_the_stream_and_not_yet_marked_so_is_said_again_too(
    running: Running, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay says it no second time: it has, and the stream would drop it by its id."""

    async def marked_later(*_: Any) -> None: ...

    monkeypatch.setattr(Marks, "gather", marked_later)
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk"), cause("k0"), at=at)

        async def on_the_stream() -> bool:
            return await told(servers) == [(1, {"name": "desk-0"})]

        await until(on_the_stream)
        assert not await sent(service)
        assert await service.relays["things"].take_back(a, ThingMade.wire, word="name") == 1
        assert await told(servers) == [(1, {})]
