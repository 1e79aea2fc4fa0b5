"""From the log to the stream, on the real servers."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any, ClassVar

import orjson
import pytest
from nats.js.errors import NotFoundError
from pymongo import MongoClient

from shared.contracts.message import Principal, State, personal
from shared.contracts.ops import Republish, republish_subject, status_subject
from shared.kernel.ids import new_id
from shared.kit import relay as relaying
from shared.kit.documents.draft import new_document
from shared.kit.nats.publisher import NatsError
from shared.kit.service import Service
from tests.kit.conftest import Running, cause, make_service, thing
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.things import ThingState, state_of
from tests.support.waiting import until

OPS = Principal(kind="system", id="ops", roles=frozenset({"operator"}))


async def messages(servers: Servers, stream: str) -> list[tuple[str, dict[str, object]]]:
    ops = await servers.client("ops")
    js = ops.jetstream()
    info = await js.stream_info(stream)
    found = []
    for seq in range(info.state.first_seq, info.state.last_seq + 1):
        try:
            raw = await js.get_msg(stream, seq)
        except Exception:  # noqa: BLE001 — a state replaced by a newer one leaves a gap
            continue
        found.append((raw.subject or "", orjson.loads(raw.data or b"")))
    await ops.close()
    return found


async def sent(service: Service) -> bool:
    return bool(await service.collection("things").count_documents({"unsent": True}) == 0)


async def test_log_entries_reach_the_stream_in_order_and_the_latest_state_stands(
    running: Running, servers: Servers
) -> None:
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk", events=2), cause("k0"), at=at)
        await things.change(a, lambda _: thing("sofa"), cause("c1"), at=at)
        await until(lambda: sent(service))
        events = await messages(servers, "EVENTS")
        states = await messages(servers, "STATE")
    assert [(s, e["id"], e["sequence"], e["correlationid"]) for s, e in events] == [
        (f"evt.booking.thing_made.v1.{a}", f"{a}-{n}", n, "corr-1") for n in (1, 2, 3)
    ]
    assert [(s, e["data"]["name"], e["sequence"]) for s, e in states] == [(f"state.booking.thing.v1.{a}", "sofa", 2)]  # type: ignore[index] # JSON, as it came


async def test_what_a_dead_replica_left_is_swept_up(running: Running, servers: Servers) -> None:
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: sent(service))
        await things.collection.update_one({"_id": a}, {"$set": {"sent": 0, "unsent": True, "next_try": at}})
        await until(lambda: sent(service))
        assert len(await messages(servers, "EVENTS")) == 1, "the dedupe window swallows the second sending"


async def test_an_old_state_never_lands_on_a_newer_one(running: Running, servers: Servers) -> None:
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        old = await things.insert(a, "nyc", thing("old"), cause("k0"), at=at)
        await things.change(a, lambda _: thing("new"), cause("c1"), at=at)
        await until(lambda: sent(service))
        service.relays["things"].nudge(old.doc)
        await service.relays["things"].drained()
        assert [e["sequence"] for _, e in await messages(servers, "STATE")] == [2]


async def test_a_tombstone_says_that_it_is_one_and_nothing_else(things: Servers, servers: Servers) -> None:
    service = make_service(servers)
    gone = service.documents("things", states=lambda doc: [ThingState(id=doc["_id"], sequence=7, erased=True)])
    async with service.running():
        at, a = service.clock.now(), new_id(service.clock.now())
        await gone.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: sent(service))
        assert [e["data"] for _, e in await messages(servers, "STATE")] == [{"id": a, "sequence": 7, "erased": True}]
        await gone.say_again(a)
        await gone.say_again("nobody")
        await service.relays["things"].drained()
        assert len(await messages(servers, "STATE")) == 1


async def test_republish_sends_again_past_the_dedupe_window(running: Running, servers: Servers) -> None:
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("desk"), cause("k0"), at=at)
        await until(lambda: sent(service))
        ops = await servers.client("ops")
        reply = await ops.request(
            republish_subject("booking"), Republish(since=at, states=True).model_dump_json().encode(), timeout=5
        )
        status = await ops.request(status_subject("booking"), b"", timeout=5)
        await ops.close()
        assert orjson.loads(reply.data)["data"] == {"entries": 1, "documents": 1}
        assert orjson.loads(status.data)["data"]["unsent"] == {"things": 0}
        assert [e["id"] for _, e in await messages(servers, "EVENTS")] == [f"{a}-1"] * 2


async def test_a_long_log_moves_to_the_history_and_its_keys_still_replay(running: Running) -> None:
    async with running() as (service, things):
        at, a = service.clock.now(), new_id(service.clock.now())
        await things.insert(a, "nyc", thing("0", events=199), cause("k0"), at=at)
        await things.change(a, lambda _: thing("1", events=3), cause("c1"), at=at)
        await until(lambda: sent(service))
        await things.change(a, lambda _: thing("2", events=3), cause("c2"), at=at)

        async def moved() -> bool:
            doc = await things.get(a)
            return doc is not None and len(doc["log"]) <= 200

        await until(moved)
        history = service.collection("things_history")
        doc = await things.get(a)
        assert doc is not None
        assert await history.count_documents({"aggregate": a}) + len(doc["log"]) == 205
        again = await things.change(a, lambda _: thing("never"), cause("c1"), at=at)
        assert again.replay


async def test_what_a_silent_stream_leaves_waits_in_the_database_not_in_memory(
    one: Running, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_MOST_QUEUED", 3)
    monkeypatch.setattr(relaying, "_AT_ONCE", 2)
    async with one() as (service, things):
        relay, answers = service.relays["things"], asyncio.Event()
        publish = service.publisher.publish

        async def published(*args: Any, **more: Any) -> Any:
            await answers.wait()
            return await publish(*args, **more)

        monkeypatch.setattr(service.publisher, "publish", published)
        at = service.clock.now()
        for n in range(12):
            await things.insert(f"silent-{n}", "nyc", thing("desk"), cause(f"k{n}"), at=at)
        assert len(relay._queue) <= 3
        answers.set()
        await until(lambda: sent(service))
    assert len(await messages(servers, "EVENTS")) == 12


async def test_an_older_version_does_not_displace_a_newer_one_that_waits(things: Servers) -> None:
    service = make_service(things)
    service.documents("things")
    relay = service.relays["things"]
    relay.nudge({"_id": "a", "version": 2, "name": "new"})
    relay.nudge({"_id": "a", "version": 1, "name": "old"})
    assert relay._queue["a"]["name"] == "new"
    relay.nudge({"_id": "a", "version": 2, "name": "once more"})
    assert relay._queue["a"]["name"] == "once more"


@pytest.fixture
def left(things: Servers, monkeypatch: pytest.MonkeyPatch) -> Service:
    """Not started yet: it will sweep once, ten at most; a replica that was killed left 45 documents."""
    monkeypatch.setattr(relaying, "_AT_ONCE", 10)
    monkeypatch.setattr(relaying, "SWEEP_SECONDS", 3_600)
    service = make_service(things)
    service.documents("things", states=state_of)
    at = service.clock.now()
    docs = [new_document(f"left-{n}", "nyc", thing("desk"), cause(f"k{n}"), at) for n in range(45)]
    with MongoClient[dict[str, Any]](things.mongo_admin_url) as admin:
        admin["booking"]["things"].insert_many([doc | {"next_try": at} for doc in docs])
    return service


async def test_a_sweep_that_found_a_full_page_is_followed_by_the_next_at_once(left: Service) -> None:
    async with left.running():
        await until(lambda: sent(left))


async def test_a_stream_that_takes_nothing_is_asked_by_a_page_a_sweep(
    left: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left.publisher, "publish", refused)
    put_off = {"unsent": True, "next_try": {"$gt": left.clock.now()}}

    async def a_page() -> bool:
        return bool(await left.collection("things").count_documents(put_off) >= 10)

    async with left.running():
        await until(a_page)
        await left.relays["things"].drained()
        assert await left.collection("things").count_documents(put_off) == 10


class Named(State):
    """A state that may say something of a person."""

    wire: ClassVar[str] = "booking.thing.v1"
    id: str
    sequence: int
    name: Annotated[str, personal()]


class Hand:
    """Of ops, who may do what booking may not."""

    subject = "state.booking.thing.v1.a"

    def __init__(self, post: Post) -> None:
        self.post = post

    async def erase(self, number: int, *, stream: str) -> None:
        await self.post.js.delete_msg(stream, number)

    async def last(self) -> tuple[int, bytes] | None:
        try:
            found = await self.post.js.get_last_msg("STATE", self.subject)
        except NotFoundError:
            return None
        return int(found.seq or 0), found.data or b""

    async def stands(self) -> bool:
        return await self.last() is not None


async def refused(*_: Any, **__: Any) -> Any:
    raise NatsError("it is full, say")


@pytest.mark.parametrize("how", ["say_again", "restate"])
async def test_a_personal_state_that_is_erased_to_be_said_again_is_owed_until_it_is(
    things: Servers, post: Post, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(relaying, "_BACKOFF", timedelta(0))
    service, hand = make_service(things), Hand(post)
    made = service.documents("things", states=lambda d: [Named(id=d["_id"], sequence=d["version"], name=d["name"])])
    monkeypatch.setattr(service.publisher, "erase", hand.erase)
    async with service.running():
        await made.insert("a", "nyc", thing("desk"), cause("k0"), at=service.clock.now())
        await until(lambda: sent(service))
        first = await hand.last()
        with monkeypatch.context() as dying:
            dying.setattr(service.publisher, "publish", refused)
            if how == "say_again":
                await made.say_again("a")
            else:
                with pytest.raises(NatsError):
                    await service.relays["things"].restate()
            await service.relays["things"].drained()
            assert not await hand.stands()
        await until(hand.stands)
        await until(lambda: sent(service))
        assert await hand.last() != first


async def test_every_state_is_said_again_the_personal_ones_too(
    things: Servers, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relaying, "_AT_ONCE", 2)
    service, hand = make_service(things), Hand(post)
    made = service.documents("things", states=lambda d: [Named(id=d["_id"], sequence=d["version"], name=d["name"])])
    monkeypatch.setattr(service.publisher, "erase", hand.erase)
    async with service.running():
        for name in ("a", "b", "c"):
            await made.insert(name, "nyc", thing(name), cause(name), at=service.clock.now())
        await until(lambda: sent(service))
        first = await hand.last()
        assert await service.relays["things"].restate() == 3
        again = await hand.last()
        assert first is not None
        assert again is not None
        assert again[0] > first[0]
        assert [e["sequence"] for _, e in await messages(things, "STATE")] == [1, 1, 1]
        assert await sent(service), "what was said is owed no more"
