"""Commands and queries over the real server: every request gets an answer, also while a replica stops."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import orjson
import pytest

from shared.contracts.message import Answer, Asked
from shared.kernel.refusal import NotFound
from shared.kit.answers import answer
from shared.kit.mongo import PyMongoError
from shared.kit.nats import commands
from shared.kit.nats.request import Caller, Refused, TimedOut, Unavailable
from shared.kit.service import Service
from tests.kit.conftest import impatient, make_service
from tests.support.asking import ANA, calling
from tests.support.servers import Servers
from tests.support.things import MakeThing, ThingView
from tests.support.waiting import until

Handler = Callable[[Asked[MakeThing]], Awaitable[Answer]]


def made(name: str) -> Answer:
    return answer(ThingView(id="a", version=3, name=name), status=201, replay=True)


@asynccontextmanager
async def answering(servers: Servers, handler: Handler, **settings: Any) -> AsyncIterator[Service]:
    service = impatient(make_service(servers, **settings))
    service.command(MakeThing)(handler)
    async with service.running():
        yield service


async def raw(caller: Caller, payload: bytes) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(await caller.raw(MakeThing.wire, payload, seconds=5))
    return found


async def test_the_handlers_answer_reaches_the_caller_whole(clean: Servers) -> None:
    asked: list[Asked[MakeThing]] = []

    async def handler(ask: Asked[MakeThing]) -> Answer:
        asked.append(ask)
        return made(ask.data.name)

    async with answering(clean, handler) as service, calling(clean) as caller:
        data = await caller.request(MakeThing(name="机"), principal=ANA, key="k1", correlationid="c1", seconds=3)
        now = service.clock.now()
        envelope = Asked[Any](principal=ANA, data=MakeThing(name="x"), correlationid="c", deadline=now)
        whole = await raw(caller, envelope.model_dump_json().encode())
    assert data == {"id": "a", "version": 3, "name": "机"}
    assert (asked[0].key, asked[0].correlationid, asked[0].principal) == ("k1", "c1", ANA)
    assert timedelta() < asked[0].deadline - now < timedelta(seconds=3)
    assert (whole["status"], whole["replay"]) == (201, True)


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (NotFound(thing="a"), 404, "not-found"),
        (KeyError("a bug"), 500, "internal"),
        (PyMongoError("timed out, as a wrapped driver error says it"), 500, "internal"),
        (TimeoutError(), 500, "internal"),
    ],
)
async def test_whatever_a_handler_raises_is_answered(clean: Servers, raised: Exception, status: int, code: str) -> None:
    async def handler(_: Asked[MakeThing]) -> Answer:
        raise raised

    async with answering(clean, handler), calling(clean) as caller:
        began = time.monotonic()
        with pytest.raises(Refused) as refused:
            await caller.request(MakeThing(name="x"), principal=ANA)
    assert time.monotonic() - began < 2, "an answer, not silence"
    assert (refused.value.status, refused.value.code) == (status, code)
    assert refused.value.text.ja
    assert refused.value.text.en
    assert refused.value.members == ({"thing": "a"} if status == 404 else {})


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"\xff", b'{"data": {"name": 7}}', b'{"principal": {"kind": "member", "id": "secret-canary"}}'],
)
async def test_a_body_that_is_no_command_is_answered_without_echo(clean: Servers, payload: bytes) -> None:
    async def handler(_: Asked[MakeThing]) -> Answer:
        raise AssertionError("it is not to be called")

    async with answering(clean, handler), calling(clean) as caller:
        found = await raw(caller, payload)
    assert (found["status"], found["problem"]["code"]) == (422, "invalid")
    assert found["problem"]["members"]["errors"]
    assert "canary" not in str(found)


async def test_a_view_that_cannot_be_made_is_our_fault_not_the_callers(clean: Servers) -> None:
    async def handler(_: Asked[MakeThing]) -> Answer:
        return answer(ThingView.model_validate({"id": "a", "version": "no number", "name": "x"}))

    async with answering(clean, handler), calling(clean) as caller:
        with pytest.raises(Refused) as refused:
            await caller.request(MakeThing(name="x"), principal=ANA)
    assert refused.value.status == 500


async def test_an_unknown_outcome_in_mongodb_is_answered_503(clean: Servers) -> None:
    async with calling(clean) as caller:
        holder: list[Service] = []
        tried: list[int] = []

        async def handler(_: Asked[MakeThing]) -> Answer:
            tried.append(1)
            await holder[0].collection("rows").insert_one({"_id": "x"})
            return made("x")

        async with answering(clean, handler) as service:
            holder.append(service)
            clean.kill_mongo()
            try:
                with pytest.raises(Refused) as refused:
                    await caller.request(MakeThing(name="x"), principal=ANA)
                await until(lambda: service.gate.closed)
                tried.clear()
                with pytest.raises(Refused) as later:
                    await caller.request(MakeThing(name="x"), principal=ANA)
                assert later.value.code == "unavailable"
                assert not tried, "once it is known to be away nobody waits for it"
            finally:
                clean.restart_mongo()
            await until(lambda: service.health.ready)
            assert (await caller.request(MakeThing(name="x"), principal=ANA))["name"] == "x"
    assert (refused.value.status, refused.value.code) == (503, "unavailable")


async def test_without_a_responder_the_caller_knows_at_once(clean: Servers) -> None:
    async with calling(clean) as caller:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await caller.request(MakeThing(name="x"), principal=ANA)
        assert time.monotonic() - began < 1


async def test_without_an_answer_in_time_the_caller_is_told_that_it_may_have_been_done(clean: Servers) -> None:
    let_go = asyncio.Event()

    async def handler(_: Asked[MakeThing]) -> Answer:
        await let_go.wait()
        return made("late")

    async with answering(clean, handler), calling(clean) as caller:
        with pytest.raises(TimedOut):
            await caller.request(MakeThing(name="x"), principal=ANA, seconds=0.2)
        let_go.set()


async def test_a_caller_whose_connection_is_down_does_not_wait(clean: Servers) -> None:
    async with calling(clean) as caller:
        client: Any = caller._broker.config.connection_state.connection
        clean.kill_nats()
        try:
            await until(lambda: not client.is_connected)
            with pytest.raises(Unavailable):
                await caller.request(MakeThing(name="x"), principal=ANA)
        finally:
            clean.restart_nats()
        await until(lambda: client.is_connected)


async def test_a_hundred_slow_commands_run_at_the_same_time(clean: Servers) -> None:
    running, let_go = Counter[str](), asyncio.Event()

    async def handler(ask: Asked[MakeThing]) -> Answer:
        running["now"] += 1
        if running["now"] == 100:
            let_go.set()
        await let_go.wait()
        return made(ask.data.name)

    async with answering(clean, handler), calling(clean) as caller:
        asked = (caller.request(MakeThing(name=f"n{n}"), principal=ANA, seconds=5) for n in range(100))
        answers = await asyncio.gather(*asked)
    assert [each["name"] for each in answers] == [f"n{n}" for n in range(100)], "each its own answer"


async def test_two_replicas_share_the_commands_and_each_is_handled_once(clean: Servers) -> None:
    handled = Counter[str]()

    def by(replica: str) -> Handler:
        async def handler(ask: Asked[MakeThing]) -> Answer:
            handled[replica] += 1
            return made(ask.data.name)

        return handler

    async with (
        answering(clean, by("one"), replica=1),
        answering(clean, by("two"), replica=2),
        calling(clean) as caller,
    ):
        await asyncio.gather(*(caller.request(MakeThing(name=f"n{n}"), principal=ANA) for n in range(60)))
    assert handled.total() == 60
    assert min(handled.values()) > 10


async def test_a_replica_that_stops_answers_what_it_has_and_leaves_the_rest_to_the_other(clean: Servers) -> None:
    slow, let_go = asyncio.Event(), asyncio.Event()

    async def handler(ask: Asked[MakeThing]) -> Answer:
        if ask.data.name == "slow":
            slow.set()
            await let_go.wait()
        return made(ask.data.name)

    async def quick(caller: Caller) -> None:
        for n in range(40):
            await caller.request(MakeThing(name=f"q{n}"), principal=ANA, seconds=2)

    async with calling(clean) as caller:
        async with answering(clean, handler, replica=1):
            pending = asyncio.create_task(caller.request(MakeThing(name="slow"), principal=ANA, seconds=8))
            await slow.wait()
            other = answering(clean, handler, replica=2)
            await other.__aenter__()
            rest = asyncio.create_task(quick(caller))
            rest.add_done_callback(lambda _: let_go.set())
        try:
            assert (await pending)["name"] == "slow", "answered although it stopped meanwhile"
            await rest
        finally:
            await other.__aexit__(None, None, None)


async def test_what_is_in_hand_is_answered_also_where_the_drain_fails(clean: Servers) -> None:
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def handler(_: Asked[MakeThing]) -> Answer:
        begun.set()
        await let_go.wait()
        return made("slow")

    class Undrained:
        async def drain(self) -> None:
            asyncio.get_running_loop().call_soon(let_go.set)
            raise ConnectionError("NATS went away just then")

    async with calling(clean) as caller, answering(clean, handler) as service:
        pending = asyncio.create_task(caller.request(MakeThing(name="slow"), principal=ANA, seconds=8))
        await begun.wait()
        (subscriber,) = [each for each in service.commands.router.subscribers if each.in_hand]  # type: ignore[attr-defined] # ours, see at_once
        subscription, subscriber.subscription = subscriber.subscription, Undrained()  # type: ignore[attr-defined] # ours, see at_once
        with pytest.raises(ConnectionError):
            await commands.drained(subscriber, seconds=5)
        assert not subscriber.in_hand  # type: ignore[attr-defined] # ours, see at_once
        assert (await pending)["name"] == "slow"
        assert not subscriber.running
        await subscription.unsubscribe()
