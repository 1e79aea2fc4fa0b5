"""How a copy is read: by all who ask at once together, and never remembered older than what has come meanwhile."""

import asyncio
from typing import Any

from tests.kit.conftest import Running
from tests.kit.test_copies import copy_of, state
from tests.support.waiting import until


class Slow:
    """A copy's collection whose reads wait until they are let go."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self.reads = 0
        self.go = asyncio.Event()

    async def find_one(self, *args: Any) -> Any:
        self.reads += 1
        found = await self._collection.find_one(*args)
        await self.go.wait()
        return found


async def test_all_who_ask_while_it_is_read_share_that_read(one: Running) -> None:
    async with one() as (service, _):
        copy = copy_of(service)
        await copy.apply(state(1))
        slow = copy.collection = Slow(copy.collection)
        asking = [asyncio.create_task(copy.get("a")) for _ in range(50)]
        await until(lambda: slow.reads == 1)
        asking[0].cancel()
        slow.go.set()
        assert await asyncio.gather(*asking[1:]) == [state(1)] * 49
        assert (await copy.get("a"), slow.reads) == (state(1), 1), "from memory"


async def test_what_was_read_before_a_newer_state_came_is_not_remembered(one: Running) -> None:
    async with one() as (service, _):
        copy = copy_of(service)
        await copy.apply(state(1))
        real, slow = copy.collection, Slow(copy.collection)
        copy.collection = slow
        asking = asyncio.create_task(copy.get("a"))
        await until(lambda: slow.reads == 1)
        copy.collection = real
        await copy.apply(state(2))
        slow.go.set()
        await asking
        assert await copy.get("a") == state(2)
