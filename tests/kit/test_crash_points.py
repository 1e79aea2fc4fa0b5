"""A replica killed at each point: after it is started again everything is there, and there once.

Message ids differ from test to test: a stream remembers them for ten minutes, also when it was emptied.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from shared.kernel.ids import derived_id
from shared.kit import crash, ticker
from shared.kit.clock import SystemClock
from shared.kit.documents import Documents
from shared.kit.documents.chain import checked
from shared.kit.documents.draft import new_document
from shared.kit.documents.history import LOG_LIMIT
from shared.kit.nats.request import Unavailable
from shared.kit.service import Service
from tests.support import thing_service
from tests.support.asking import ANA, calling, kit_settings
from tests.support.post import Post, said
from tests.support.replica import Replica, replica
from tests.support.servers import Servers
from tests.support.thing_service import DURABLE, LEASE_MS, TIMED, id_of
from tests.support.things import MakeThing, cause, thing
from tests.support.waiting import until

BY_COMMAND = (
    "store.before_write",
    "store.after_write",
    "command.before_reply",
    "relay.before_publish",
    "relay.after_publish",
    "relay.after_mark",
)
BY_EVENT = ("consumer.after_fetch", "consumer.before_effect", "consumer.after_effect")
BETWEEN = "history.between_copy_and_pull"
SUBJECT = "state.members.member.v1.bo"
OTHERS = ("gateway.", "sender.", "waitlist.")
KILLED = -9


def test_every_point_of_the_kit_is_tried_here() -> None:
    here = {*BY_COMMAND, *BY_EVENT, "ticker.after_due", "dlq.between_park_and_terminate", BETWEEN}
    assert here == {point for point in crash.POINTS if not point.startswith(OTHERS)}


async def ask(caller: Any, name: str, *, key: str) -> dict[str, Any]:
    """The command once, as soon as somebody answers to it."""
    for _ in range(200):
        try:
            answered: dict[str, Any] = await caller.request(MakeThing(name=name), principal=ANA, key=key)
        except Unavailable:
            await asyncio.sleep(0.05)
        else:
            return answered
    raise AssertionError("nobody ever answered")


@asynccontextmanager
async def recovered(servers: Servers) -> AsyncIterator[Service]:
    """The next replica, unharmed."""
    service = thing_service.build(kit_settings(servers, "booking"))
    async with service.running():
        yield service


async def given_up(asked: asyncio.Task[Any]) -> None:
    asked.cancel()
    with suppress(asyncio.CancelledError):
        await asked


async def all_sent(service: Service) -> bool:
    return bool(await service.collection("things").count_documents({"unsent": True}) == 0)


async def sent_ids(post: Post) -> list[str]:
    return [(message.headers or {})["Nats-Msg-Id"] for message in await post.all("EVENTS")]


def assert_killed_at(point: str, dead: Replica) -> None:
    assert dead.status == KILLED
    assert dead.passed[-1] == f"{point} 1 kill"


@pytest.mark.parametrize("point", BY_COMMAND)
async def test_a_command_whose_replica_is_killed_is_done_once_when_it_is_retried(
    things: Servers, post: Post, tmp_path: Path, point: str
) -> None:
    async with calling(things) as caller:
        with replica(things, tmp_path, crash=f"{point}:kill") as dying:
            asked = asyncio.create_task(ask(caller, "desk", key=point))
            await until(lambda: dying.ended)
            assert asked.done() == point.startswith("relay."), "only the relay works after the answer"
            await given_up(asked)
            assert_killed_at(point, dying)
        async with recovered(things) as service:
            again = await ask(caller, "desk", key=point)
            await until(lambda: all_sent(service))
            assert await service.collection("things").count_documents({}) == 1
    assert (again["id"], again["version"]) == (id_of(point), 1)
    assert await sent_ids(post) == [f"{id_of(point)}-1"]


@pytest.mark.parametrize("point", BY_EVENT)
async def test_an_event_whose_replica_is_killed_takes_effect_once(
    things: Servers, post: Post, tmp_path: Path, point: str
) -> None:
    async with calling(things):
        await post.js.publish(SUBJECT, said(point))
        with replica(things, tmp_path, crash=f"{point}:kill") as dying:
            await until(lambda: dying.ended)
            assert_killed_at(point, dying)
        assert (await post.left(DURABLE, "STATE"))[1] == 1, "it is still unacknowledged"
        await post.delete(DURABLE)  # it would come again after ack_wait; so it does at once
        await post.restore(DURABLE)
        async with recovered(things) as service:
            await until(lambda: quiet(post))
            await until(lambda: all_sent(service))
            assert await service.collection("things").count_documents({}) == 1
    assert await sent_ids(post) == [f"{derived_id('said', f'id-{point}')}-1"]


async def quiet(post: Post) -> bool:
    return await post.left(DURABLE, "STATE") == (0, 0)


async def test_a_message_parked_by_a_replica_that_is_killed_then_is_parked_once(
    things: Servers, post: Post, tmp_path: Path
) -> None:
    point = "dlq.between_park_and_terminate"
    await post.js.publish(SUBJECT, said("poison"))
    with replica(things, tmp_path, crash=f"{point}:kill") as dying:
        await until(lambda: dying.ended)
        assert_killed_at(point, dying)
    assert len(await post.parked()) == 1, "parked first"
    assert (await post.left(DURABLE, "STATE"))[1] == 1, "terminated only then"
    await post.delete(DURABLE)
    await post.restore(DURABLE)
    async with recovered(things):
        await until(lambda: quiet(post))
    (dead,) = await post.parked()
    assert (dead.headers or {})["Lounge-Reason"] == "foreign"


async def test_a_timer_whose_replica_is_killed_runs_again_after_its_lease(
    things: Servers, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "LEASE_MS", LEASE_MS)
    async with calling(things) as caller:
        with replica(things, tmp_path, crash="ticker.after_due:kill") as dying:
            asked = asyncio.create_task(ask(caller, TIMED, key="timer"))
            await until(lambda: dying.ended)
            await given_up(asked)
            assert_killed_at("ticker.after_due", dying)
        async with recovered(things) as service:
            await until(lambda: disarmed(service))
            await until(lambda: all_sent(service))
    assert await sent_ids(post) == [f"{id_of('timer')}-1", f"{id_of('timer')}-2"]


async def test_a_log_whose_replica_is_killed_half_moved_is_moved_whole_by_the_next(
    things: Servers, post: Post, tmp_path: Path
) -> None:
    at = SystemClock().now() - timedelta(minutes=1)
    long = new_document("long", "nyc", thing("desk", events=LOG_LIMIT + 1), cause("k0"), at) | {"sent": LOG_LIMIT}
    with MongoClient[dict[str, Any]](things.mongo_admin_url) as admin:
        admin["booking"]["things"].insert_one(long)
    with replica(things, tmp_path, crash=f"{BETWEEN}:kill") as dying:
        await until(lambda: dying.ended)
        assert_killed_at(BETWEEN, dying)
    async with recovered(things) as service:
        own, rows = service.collection("things"), service.collection("things_history")
        copied = await rows.count_documents({"aggregate": "long"})
        assert (len((await own.find_one({"_id": "long"}))["log"]), copied) == (LOG_LIMIT + 1, LOG_LIMIT // 2 + 1)
        documents = Documents(own, rows, service.clock, service.relays["things"].nudge)
        changed = await documents.change("long", lambda _: thing("sofa"), cause("c1"), at=service.clock.now())
        assert len(await documents.whole_log(changed.doc)) == LOG_LIMIT + 2, "nothing is read twice before"
        await until(lambda: cut(service))
        after = await documents.get("long")
        assert after is not None
        assert checked("long", await documents.whole_log(after)).faults == ()
        assert len(await documents.whole_log(after)) == LOG_LIMIT + 2, "nor after"


async def cut(service: Service) -> bool:
    return len((await service.collection("things").find_one({"_id": "long"}))["log"]) <= LOG_LIMIT


async def disarmed(service: Service) -> bool:
    doc = await service.collection("things").find_one({"_id": id_of("timer")})
    return "due_at" not in doc and doc["version"] == 2
