"""One replica's life: what runs beside it, what it says to ops, and how it stops."""

import asyncio
import os
import signal
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from faststream.exceptions import RejectMessage
from nats.errors import Error as NatsError

from shared.contracts.ops import republish_subject, status_subject
from shared.kit import watches
from shared.kit.mongo import Mongo, index
from shared.kit.nats import loops
from shared.kit.nats.gate import Gate
from shared.kit.nats.request import Unavailable
from shared.kit.service import Received
from shared.kit.tasks import ended
from shared.kit.watches import probe, watch_parent
from tests.kit.conftest import Consuming, Running, make_service
from tests.support.asking import calling
from tests.support.post import Post
from tests.support.servers import Servers
from tests.support.things import ThingMade, cause, thing
from tests.support.waiting import until


async def test_what_runs_beside_a_replica_is_started_again_and_closed_with_it(clean: Servers) -> None:
    runs: list[str] = []

    async def restless() -> None:
        runs.append("run")
        raise ConnectionError("no luck")

    async def close() -> None:
        runs.append("closed")

    async def broken() -> None:
        runs.append("broken")
        raise ConnectionError("cannot be closed")

    service = make_service(clean)
    service.background("restless", restless)
    service.after_stop(broken)
    service.after_stop(close)
    async with service.running():
        await until(lambda: runs.count("run") == 2)
    assert runs[-2:] == ["broken", "closed"], "one that cannot be closed keeps no other open"
    assert not service.health.ready


async def test_every_replica_tells_ops_how_it_is(one: Running, clean: Servers) -> None:
    async with one(replica=1) as (service, things), one(replica=2), calling(clean) as caller:
        things._nudge = lambda _: None
        at = service.clock.now() + timedelta(minutes=10)  # no sweep takes it up
        await things.insert("a", "nyc", thing("x"), cause("k"), at=at)
        replies = [orjson.loads(reply)["data"] for reply in await caller.everyone(status_subject("booking"), b"")]
    assert sorted(each["replica"] for each in replies) == [1, 2]
    assert all(each["ready"] and each["pid"] == os.getpid() and each["unsent"] == {"things": 1} for each in replies)


async def test_a_question_to_everyone_where_nobody_is_has_no_answer(clean: Servers) -> None:
    async with calling(clean) as caller:
        assert await caller.everyone(status_subject("booking"), b"", seconds=0.3) == []
        caller._broker.closing = True  # nobody is to be told: the process is the test's
        await caller._broker.config.connection_state.connection.close()
        with pytest.raises(Unavailable):
            await caller.everyone(status_subject("booking"), b"")


async def test_a_republish_that_is_none_is_refused(one: Running, clean: Servers) -> None:
    async with one(), calling(clean) as caller:
        reply = orjson.loads(await caller.raw(republish_subject("booking"), b'{"since": "yesterday"}'))
    assert (reply["status"], reply["problem"]["code"]) == (422, "invalid")


async def test_a_handlers_own_verdict_stands(consuming: Consuming, post: Post) -> None:
    seen: list[str] = []

    async def handle(event: Received[ThingMade]) -> None:
        seen.append(event.data.name)
        raise RejectMessage

    async with consuming(handle):
        await post.put("unwanted")
        await until(lambda: seen == ["unwanted"])
        await until(post.idle)
    assert await post.parked() == []


async def test_a_task_that_takes_a_cancellation_for_an_outage_is_ended_all_the_same() -> None:
    heard: list[int] = []

    async def deaf() -> None:
        while len(heard) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                heard.append(1)

    async def failing() -> None:
        raise ConnectionError("no luck")

    tasks = [asyncio.create_task(deaf()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    await asyncio.wait_for(ended(tasks), 20)
    assert len(heard) == 2


class Skewed:
    """A machine whose clock is off."""

    def now(self) -> datetime:
        return datetime(2020, 1, 1, tzinfo=UTC)


async def test_a_clock_that_is_off_is_not_ready_but_takes_what_is_asked_of_it(clean: Servers) -> None:
    service, gate = make_service(clean), Gate()
    watching = asyncio.create_task(probe(service.mongo, Skewed(), service.health, gate))
    await until(lambda: "off MongoDB's" in service.health.wrong.get("mongo", ""))
    assert not gate.closed
    await ended([watching])
    await service.mongo.close()


async def test_a_replica_that_cannot_stop_after_its_supervisor_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[tuple[int, int]] = []

    def kill(pid: int, signum: int) -> None:
        killed.append((pid, signum))
        raise SystemExit

    monkeypatch.setattr(watches, "_LAST_SECONDS", 0.01)
    monkeypatch.setattr(os, "kill", kill)
    stopping = asyncio.Event()
    with pytest.raises(SystemExit):
        await watch_parent(1, stopping)
    assert stopping.is_set()
    assert killed == [(os.getpid(), signal.SIGKILL)]


async def test_a_binding_that_cannot_be_made_anew_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "_REBIND_PAUSE", 0.01)
    bound: list[int] = []

    class Gone:
        async def fetch(self, **_: object) -> list[object]:
            raise NatsError("consumer deleted")

        async def unsubscribe(self) -> None:
            raise AssertionError("the only one there is")

    async def bind() -> Gone:
        bound.append(1)
        if len(bound) > 1:
            raise NatsError("not now")
        return Gone()

    binding = loops.Binding(bind)
    await binding.open()
    assert [await binding.fetch(1) for _ in range(3)] == [[], [], []]
    assert len(bound) == 4


async def test_loops_that_see_the_same_loss_bind_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bound: list[object] = []

    class Subscription:
        async def unsubscribe(self) -> None:
            return None

    async def bind() -> Subscription:
        bound.append(Subscription())
        return bound[-1]  # type: ignore[return-value] # just made

    binding = loops.Binding(bind)
    stale = await binding.open()
    await asyncio.gather(*(binding.renew(stale) for _ in range(5)))
    assert len(bound) == 2


def test_indexes_are_data() -> None:
    plain = index([("a", 1)]).document
    full = index([("a", 1)], unique=True, partial={"b": 1}, expire_after=60).document
    assert (plain["key"], "unique" in plain) == ({"a": 1}, False)
    assert (full["unique"], full["partialFilterExpression"], full["expireAfterSeconds"]) == (True, {"b": 1}, 60)


def test_a_database_needs_an_address() -> None:
    with pytest.raises(ValueError, match="LOUNGE_MONGO_URL"):
        Mongo("", "booking")
