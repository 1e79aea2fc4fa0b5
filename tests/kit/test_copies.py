"""Local copies: whatever the order and however often states arrive, the highest sequence stands; tombstones stay."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from faststream import AckPolicy
from nats.js import api
from pymongo import MongoClient

from shared.kit import copies
from shared.kit.catching_up import Reaching
from shared.kit.copies import Copy
from shared.kit.documents.draft import new_document
from shared.kit.service import Received, Service
from tests.kit.conftest import Running, make_service
from tests.support.post import DURABLE, Post, said
from tests.support.servers import Servers
from tests.support.things import ThingMade, ThingState, cause, thing
from tests.support.waiting import until

MEMBER = "state.members.member.v1"
SITE = "state.booking.site.v1"


def state(sequence: int, *, doc_id: str = "a", erased: bool = False) -> ThingState:
    return ThingState(id=doc_id, sequence=sequence, erased=erased, name="" if erased else f"v{sequence}")


def copy_of(service: Service, *, fresh_seconds: float = copies.FRESH_SECONDS) -> Copy[ThingState]:
    return Copy(service.collection("copy_thing"), ThingState, fresh_seconds=fresh_seconds)


async def test_older_and_equal_states_change_nothing(running: Running) -> None:
    async with running() as (service, _):
        copy = copy_of(service)
        applied = [await copy.apply(state(n)) for n in (2, 1, 2, 3, 3, 1)]
        assert applied == [True, False, False, True, False, False]
        assert (await copy.get("a")) == state(3)
        assert await copy.holds(state(3))
        assert not await copy.holds(state(2))
        assert await copy.get("nobody") is None


async def test_two_hundred_at_once_converge_to_the_highest(running: Running) -> None:
    async with running() as (service, _):
        copy = copy_of(service)
        for round_ in range(5):
            doc_id = f"d{round_}"
            states = [state(n, doc_id=doc_id) for n in range(1, 21) for _ in range(2)]
            random.Random(round_).shuffle(states)
            await asyncio.gather(*(copy.apply(each) for each in states))
        found = await copy.collection.find({}).to_list(10)
        assert sorted((doc["_id"], doc["sequence"], doc["name"]) for doc in found) == [
            (f"d{n}", 20, "v20") for n in range(5)
        ]


async def test_a_tombstone_stays_and_nothing_older_brings_anyone_back(running: Running) -> None:
    async with running() as (service, _):
        copy = copy_of(service, fresh_seconds=0)
        await copy.apply(state(1))
        assert await copy.apply(state(3, erased=True))
        assert not await copy.apply(state(2))
        assert await copy.get("a") is None
        kept = await copy.collection.find_one({"_id": "a"})
        assert (kept["erased"], kept["sequence"], kept["name"]) == (True, 3, "")


async def test_what_another_replica_applied_is_seen_after_two_seconds_at_most(running: Running) -> None:
    async with running() as (service, _):
        mine, theirs = copy_of(service), copy_of(service)
        await mine.apply(state(1))
        assert await mine.get("a") == state(1)
        await theirs.apply(state(2))
        assert await mine.get("a") == state(1), "from memory"
        mine.fresh_seconds = 0
        assert await mine.get("a") == state(2)
        assert copies.FRESH_SECONDS <= 2


async def test_the_memory_is_bounded(one: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_MOST_CACHED", 3)
    async with one() as (service, _):
        copy = copy_of(service)
        for n in range(8):
            await copy.apply(state(1, doc_id=f"d{n}"))
            assert await copy.get(f"d{n}") is not None
        assert len(copy._cache) <= 3


async def test_a_replica_is_ready_only_when_its_copies_have_caught_up(things: Servers, post: Post) -> None:
    for n in range(1, 31):
        data = {"id": f"m{n}", "sequence": n, "name": f"v{n}"}
        await post.js.publish(f"{MEMBER}.m{n}", said(f"m{n}", data=data))
    applied: list[ThingState] = []

    async def on_applied(each: ThingState) -> None:
        applied.append(each)

    service = make_service(things)
    copy = service.copy(ThingState, durable="booking__member", on_applied=on_applied)
    async with service.running():
        assert service.health.ready
        assert await copy.collection.count_documents({}) == 30
        assert await service.lag() == {"booking__member": 0}
        assert len(applied) == 30
        stale = {"id": "m1", "sequence": 0, "name": "late"}
        await post.js.publish(f"{MEMBER}.late", said("late", data=stale))
        await until(lambda: caught_up(service))
        assert len(applied) == 30, "what is older is not told on"


async def test_a_replica_that_needs_a_state_takes_no_command_before_it_has_arrived(things: Servers, post: Post) -> None:
    service = make_service(things)
    copy = service.copy(ThingState, durable="booking__member", needs="x")
    starting = asyncio.create_task(_started(service))
    await post.js.publish(f"{MEMBER}.y", said("y", data={"id": "y", "sequence": 1}))
    await until(lambda: _holds(copy, "y"))
    assert not service.health.ready
    await post.js.publish(f"{MEMBER}.x", said("x", data={"id": "x", "sequence": 1}))
    assert await starting


async def test_events_and_timers_wait_for_the_copies(clean: Servers, post: Post) -> None:
    service, done = make_service(clean, name="notify"), list[str]()
    copy = service.copy(ThingState, durable="notify__site", needs="x")
    armed = service.collection("timed")

    async def handle(_: Received[ThingMade]) -> None:
        done.append("event")

    async def remind(doc: dict[str, Any]) -> None:
        await armed.update_one({"_id": doc["_id"]}, {"$unset": {"due_at": ""}})
        done.append("timer")

    async def beside() -> None:
        done.append("beside")
        await asyncio.Event().wait()

    service.event(stream="EVENTS", durable=DURABLE, model=ThingMade, ack_policy=AckPolicy.NACK_ON_ERROR)(handle)
    service.ticker("timed", {"remind": remind})
    service.background("beside", beside)
    await post.put("waits")
    async with starting(clean, service):
        await post.js.publish(f"{SITE}.y", said("y", data={"id": "y", "sequence": 1}))
        await until(lambda: _holds(copy, "y"))
        assert done == []
        assert await post.leaves(1, 0), "nobody has even asked for it"
        await post.js.publish(f"{SITE}.x", said("x", data={"id": "x", "sequence": 1}))
        await until(lambda: sorted(done) == ["beside", "event", "timer"])


@asynccontextmanager
async def starting(servers: Servers, service: Service) -> AsyncIterator[None]:
    """While it starts, and until it is stopped; a timer is due."""
    with MongoClient[dict[str, Any]](servers.mongo_admin_url) as admin:
        admin["notify"]["timed"].insert_one({"_id": "a", "due_at": service.clock.now(), "due_kind": "remind"})
        try:
            running = asyncio.create_task(service.run())
            yield
        finally:
            service._stopping.set()
            await running
            admin["notify"]["timed"].drop()


async def test_what_is_owed_does_not_wait_for_the_copies(things: Servers, post: Post) -> None:
    service = make_service(things)
    service.documents("things")
    service.copy(ThingState, durable="booking__member", needs="x")
    at = service.clock.now()
    with MongoClient[dict[str, Any]](things.mongo_admin_url) as admin:
        owed = new_document("owed", "nyc", thing("a"), cause("k0"), at) | {"next_try": at}
        admin["booking"]["things"].insert_one(owed)
    starting = asyncio.create_task(_started(service))
    await until(lambda: _said(post))
    assert not service.health.ready
    await post.js.publish(f"{MEMBER}.x", said("x", data={"id": "x", "sequence": 1}))
    assert await starting


async def _said(post: Post) -> bool:
    return len(await post.all("EVENTS")) == 1


async def test_a_replica_starts_while_states_keep_arriving(things: Servers, post: Post) -> None:
    """One of them is always in hand, so the durable is never quiet."""
    service = make_service(things)
    going_on, seen = asyncio.Event(), list[int]()

    async def on_applied(each: ThingState) -> None:
        """Says the next one before this one is acknowledged."""
        seen.append(each.sequence)
        if not going_on.is_set():
            data = {"id": f"n{each.sequence}", "sequence": each.sequence + 1}
            await post.js.publish(f"{MEMBER}.n{each.sequence}", said(f"n{each.sequence}", data=data))
            while seen[-1] == each.sequence and not going_on.is_set():  # noqa: ASYNC110 — the next one wakes nobody
                await asyncio.sleep(0.001)

    copy = service.copy(ThingState, durable="booking__member", on_applied=on_applied)
    for n in range(3):
        await post.js.publish(f"{MEMBER}.first{n}", said(f"first{n}", data={"id": f"first{n}", "sequence": 1}))
    async with service.running():
        assert await copy.collection.count_documents({"_id": {"$regex": "^first"}}) == 3
        going_on.set()
        await until(lambda: caught_up(service))


def info(delivered: int, floor: int, pending: int, in_hand: int) -> api.ConsumerInfo:
    return api.ConsumerInfo(
        name=DURABLE,
        stream_name="STATE",
        config=api.ConsumerConfig(),
        delivered=api.SequenceInfo(consumer_seq=0, stream_seq=delivered),
        ack_floor=api.SequenceInfo(consumer_seq=0, stream_seq=floor),
        num_pending=pending,
        num_ack_pending=in_hand,
        created=datetime(2026, 12, 15, tzinfo=UTC),
    )


def test_a_copy_is_full_once_what_was_delivered_last_is_acknowledged_with_all_before_it() -> None:
    way = Reaching()
    assert not way.reached(info(5, 2, 10, 3)), "there is more to deliver"
    assert not way.reached(info(15, 6, 0, 4)), "up to 15 then"
    assert not way.reached(info(20, 14, 3, 4))
    assert way.reached(info(20, 15, 3, 4)), "whatever has come since"


def test_a_copy_with_nothing_to_deliver_and_nothing_in_hand_is_full() -> None:
    assert Reaching().reached(info(0, 0, 0, 0))
    assert Reaching().reached(info(90, 7, 0, 0)), "the stream's last ones are not on its subject"


async def _started(service: Service) -> bool:
    async with service.running():
        return service.health.ready


async def _holds(copy: Copy[ThingState], doc_id: str) -> bool:
    return await copy.get(doc_id) is not None


async def caught_up(service: Service) -> bool:
    return sum((await service.lag()).values()) == 0


async def test_what_follows_a_state_is_repeated_when_it_failed(things: Servers, post: Post, hasty: None) -> None:
    told: list[int] = []

    async def on_applied(each: ThingState) -> None:
        told.append(each.sequence)
        if len(told) == 1:
            raise ConnectionError("no luck")

    service = make_service(things)
    service.copy(ThingState, durable="booking__member", on_applied=on_applied)
    async with service.running():
        await post.js.publish(f"{MEMBER}.x", said("x", data={"id": "x", "sequence": 5}))
        await until(lambda: told == [5, 5])
        await until(lambda: caught_up(service))


def _told(told: list[Any], times: int) -> bool:
    return len(told) >= times


async def test_before_a_tombstone_is_applied_what_stood_is_told_and_again_where_that_failed(
    things: Servers, post: Post, hasty: None
) -> None:
    told: list[tuple[int, str | None]] = []

    async def on_erased(tombstone: ThingState, before: ThingState | None) -> None:
        told.append((tombstone.sequence, None if before is None else before.name))
        if len(told) == 1:
            raise ConnectionError("no luck")

    service = make_service(things)
    copy = service.copy(ThingState, durable="booking__member", on_erased=on_erased)
    async with service.running():
        await post.js.publish(f"{MEMBER}.x", said("x", data={"id": "x", "sequence": 5, "name": "standing"}))
        await until(lambda: caught_up(service))
        assert (told, await copy.is_erased("x")) == ([], False)
        for times in (2, 3):
            await post.js.publish(f"{MEMBER}.x", said("x", data={"id": "x", "sequence": 6, "erased": True}))
            await until(partial(_told, told, times))
            await until(lambda: caught_up(service))
        late = {"id": "x", "sequence": 4, "name": "late"}
        await post.js.publish(f"{MEMBER}.x", said("x", data=late))
        await until(lambda: caught_up(service))
        assert told == [(6, "standing"), (6, "standing"), (6, None)]
        assert (await copy.is_erased("x"), await copy.get("x")) == (True, None)
        assert not await copy.is_erased("nobody")
