"""Timers that fail: each comes again ever later, and keeps no other waiting."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from shared.kernel.refusal import Busy
from shared.kit import ticker
from shared.kit.documents import Documents
from shared.kit.nats.request import Unavailable
from tests.kit.conftest import Running
from tests.kit.test_ticker import HOUR, Reminding, due, hurried, nothing_armed, ticking
from tests.support.things import cause, thing
from tests.support.waiting import until

__all__ = ["hurried"]


async def test_two_that_hang_keep_no_other_waiting(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the time the second was cut off, the lease with which the first was taken is over."""
    monkeypatch.setattr(ticker, "HANDLER_TIMEOUT", 0.3)
    async with one() as (service, things):
        now = service.clock.now()
        await due(things, "hangs", now - 2 * HOUR)
        await due(things, "hangs too", now - HOUR)
        await due(things, "healthy", now)
        reminding = Reminding(things)

        async def handle(doc: dict[str, Any]) -> None:
            if doc["_id"] != "healthy":
                await asyncio.Event().wait()
            await reminding(doc)

        async with ticking(things, handle):
            await until(lambda: reminding.handled["healthy"] == 1, seconds=5)


async def test_what_fails_again_and_again_waits_twice_as_long_each_time_until_it_is_changed(running: Running) -> None:
    async with running() as (service, things):
        await due(things, "a", service.clock.now())
        reminding = Reminding(things, failures=4)
        async with ticking(things, reminding):
            await until(lambda: nothing_armed(things))
        leases = [lease for lease in reminding.leases if lease is not None]
        waits = [after - before for before, after in pairwise(leases)]
        assert [wait >= timedelta(milliseconds=400 << n) for n, wait in enumerate(waits, 1)] == [True] * 3
        doc = await things.get("a")
        assert doc is not None
        assert not {"lease", "missed"} & doc.keys()


@pytest.mark.parametrize("error", [Busy(), Unavailable(), AutoReconnect("the primary stepped down")])
async def test_what_is_not_the_documents_fault_makes_it_wait_no_longer(one: Running, error: Exception) -> None:
    async with one() as (service, things):
        await due(things, "a", service.clock.now())
        reminding = Reminding(things, failures=2, error=error)
        async with ticking(things, reminding):
            await until(lambda: nothing_armed(things))
        assert reminding.missed == [0, 0, 0]


async def test_no_wait_is_longer_than_ten_minutes_and_a_change_ends_it(one: Running) -> None:
    async with one() as (service, things):
        now = service.clock.now()
        await due(things, "a", now)
        stale = await things.get("a")
        await things.collection.update_one({"_id": "a"}, {"$set": {"missed": 60}})
        reminding = Reminding(things, failures=1)
        until_then = {"$subtract": ["$lease", "$$NOW"]}
        bounds = [{"$gt": [until_then, 500_000]}, {"$lte": [until_then, 600_000]}]

        async def put_off() -> bool:
            return bool(await things.collection.count_documents({"missed": 61, "$expr": {"$and": bounds}}))

        async with ticking(things, reminding):
            await until(put_off)
            with reading(things, stale):
                await things.change("a", lambda _: thing("b", due=(now, "remind")), cause("c"), at=now)
            await until(lambda: nothing_armed(things))
        assert reminding.handled["a"] == 2


@contextmanager
def reading(things: Documents, stale: Any) -> Iterator[None]:
    """What is read is what stood before the ticker took it."""
    stored = things._stored

    async def read(*_: Any) -> Any:
        return stale

    things._stored = read  # type: ignore[assignment,method-assign] # put back
    try:
        yield
    finally:
        things._stored = stored  # type: ignore[method-assign] # put back


async def test_a_plain_document_that_succeeds_begins_anew(one: Running) -> None:
    async with one() as (service, things):
        plain = things.collection
        await plain.insert_one({"_id": "a", "due_at": service.clock.now(), "due_kind": "remind"})
        missed: list[int] = []

        async def handle(doc: dict[str, Any]) -> None:
            missed.append(doc.get("missed", 0))
            if len(missed) < 3:
                raise ConnectionError("no luck")
            if len(missed) == 3:
                await plain.update_one({"_id": "a"}, {"$unset": {"lease": ""}})
            else:
                await plain.update_one({"_id": "a"}, {"$unset": {"due_at": ""}})

        async with ticking(things, handle):
            await until(lambda: nothing_armed(things))
        assert missed == [0, 1, 2, 0]
