"""The rows the sender works off, on the real mongod, with both drivers."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.domain.audience import Registration, Said
from services.notify.domain.plan import Topic
from services.notify.store import Broadcasts, Endings, Mails
from services.notify.store.broadcasts import Broadcast
from services.notify.store.mails import Code, Lane, Status, code_row, mail_row
from shared.kit.mongo import Mongo
from tests.notify.builders import NOON
from tests.support.waiting import until


@pytest.fixture
def mails(mongo: Mongo) -> Mails:
    return Mails(mongo.collection("mails"))


def row(mail_id: str = "m1", lane: Lane = Lane.PERSONAL) -> dict[str, Any]:
    made = mail_row(mail_id, recipient="hanako", topic=Topic.BOOKING_PLACED, lane=lane, event="e1", site="nyc")
    return made | {"correlationid": "corr-1", "created_at": NOON}


async def take(mails: Mails, lane: Lane = Lane.PERSONAL) -> dict[str, Any] | None:
    """The next one, if there is one."""
    return next(iter(await mails.take(lane, 1)), None)


async def test_the_same_row_is_stored_once(mails: Mails) -> None:
    assert await mails.add([row("a"), row("b")]) == 2
    assert await mails.add([row("b"), row("c"), row("a")]) == 1


async def test_a_row_is_taken_by_one_only(mails: Mails) -> None:
    await mails.add([row(f"m{n}") for n in range(20)])
    taken = await asyncio.gather(*(take(mails) for _ in range(40)))
    ids = [each["_id"] for each in taken if each]
    assert sorted(ids) == sorted(f"m{n}" for n in range(20))


async def test_rows_taken_together_are_each_taken_by_one_only(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row(f"m{n}") for n in range(40)])
    taken = await asyncio.gather(*(mails.take(Lane.PERSONAL, 8) for _ in range(12)))
    assert max(map(len, taken)) <= 8
    rows = [each for part in taken for each in part]
    assert len({each["_id"] for each in rows}) == len(rows), "no row twice"
    assert sorted(each["_id"] for each in rows) == sorted(f"m{n}" for n in range(40)), "none is left"
    stored = {each["_id"]: each async for each in mongo.collection("mails").find()}
    assert all(stored[each["_id"]]["lease"] == each["lease"] and each["tries"] == 1 for each in rows)


async def test_each_lane_has_its_own_rows(mails: Mails) -> None:
    await mails.add([row("all", Lane.BROADCAST)])
    assert await take(mails) is None
    assert await take(mails, Lane.BROADCAST) is not None


async def test_a_lease_that_runs_out_frees_the_row(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row()])
    first = await take(mails)
    assert first is not None
    assert await take(mails) is None
    await mongo.collection("mails").update_one(
        {"_id": "m1"}, [{"$set": {"next_try": {"$subtract": ["$next_try", 10_001]}}}]
    )
    again = await take(mails)
    assert again is not None
    assert again["tries"] == 2


async def test_the_lease_is_ten_seconds_of_the_databases_clock(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row()])
    before = await mongo.server_time()
    await take(mails)
    after = await mongo.server_time()
    taken = await mongo.collection("mails").find_one({"_id": "m1"})
    assert before + timedelta(seconds=10) <= taken["next_try"] <= after + timedelta(seconds=10)


async def test_what_is_over_is_never_taken_again_and_says_how_it_ended(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row()])
    taken = await take(mails)
    assert taken is not None
    await mails.end(taken, Status.SENT, at=NOON)
    await mails.end(taken, Status.FAILED, at=NOON, reason="late and wrong")
    stored = await mongo.collection("mails").find_one({"_id": "m1"})
    assert stored["status"] == "sent"
    assert "next_try" not in stored
    assert stored["attempts"] == [{"at": NOON, "outcome": "sent"}]


async def test_a_failed_try_is_on_record_and_due_again_after_its_delay(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row()])
    taken = await take(mails)
    assert taken is not None
    await mails.again(taken, timedelta(milliseconds=300), at=NOON, reason="recipient 451")
    assert await take(mails) is None

    async def is_due() -> bool:
        return await take(mails) is not None

    await until(is_due, seconds=3)
    stored = await mongo.collection("mails").find_one({"_id": "m1"})
    assert stored["attempts"] == [{"at": NOON, "outcome": "again", "reason": "recipient 451"}]


async def test_a_late_worker_does_not_move_a_row_somebody_else_has(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row()])
    late = await take(mails)
    assert late is not None
    await mongo.collection("mails").update_one({"_id": "m1"}, {"$set": {"next_try": datetime(1970, 1, 1, tzinfo=UTC)}})
    taken = await take(mails)
    assert taken is not None
    await mails.again(late, timedelta(0), at=NOON, reason="late")
    stored = await mongo.collection("mails").find_one({"_id": "m1"})
    assert stored["lease"] == taken["lease"] != late["lease"]
    assert stored["next_try"] > await mongo.server_time()
    assert stored["attempts"] == []


async def test_a_code_and_its_address_are_forgotten_at_the_end(mails: Mails, mongo: Mongo) -> None:
    code = Code("hanako@special.example", "01234567", "ja", NOON)
    await mails.add([code_row("c1", code, correlationid="corr-1", at=NOON)])
    taken = await take(mails)
    assert taken is not None
    assert taken["code"] == "01234567"
    await mails.end(taken, Status.EXPIRED, at=NOON)
    stored = str(await mongo.collection("mails").find_one({"_id": "c1"}))
    assert "01234567" not in stored
    assert "hanako" not in stored


async def examined(mongo: Mongo) -> int:
    """How many keys the query of `take` looks at; it may neither scan the collection nor sort."""
    query = {"lane": 0, "next_try": {"$exists": True}, "$expr": {"$lte": ["$next_try", "$$NOW"]}}
    plan = await mongo.collection("mails").find(query).sort([("next_try", 1)]).limit(1).explain()
    winning = str(plan["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in winning
    assert "'SORT'" not in winning
    return int(plan["executionStats"]["totalKeysExamined"])


async def test_taking_looks_at_the_one_row_it_takes(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row(f"m{n}") for n in range(30)])
    for each in [await take(mails) for _ in range(10)]:
        assert each is not None
        await mails.end(each, Status.SENT, at=NOON)
    assert await examined(mongo) <= 2


async def test_rows_that_wait_for_their_next_try_cost_nothing(mails: Mails, mongo: Mongo) -> None:
    await mails.add([row(f"m{n}") for n in range(30)])
    await asyncio.gather(*(take(mails) for _ in range(30)))
    assert await examined(mongo) <= 2


async def test_an_ending_only_moves_on(mongo: Mongo) -> None:
    endings = Endings(mongo.collection("endings"))
    assert await endings.version("booking|b1") is None
    await asyncio.gather(*(endings.note("booking|b1", version) for version in (2, 5, 3, 5, 4)))
    assert await endings.version("booking|b1") == 5
    await endings.note("booking|b1", 1)
    assert await endings.version("booking|b1") == 5


def broadcast(event: str = "e1", at: datetime = NOON) -> Broadcast:
    return Broadcast(
        Said(event, "s1", 2 if at == NOON else 3, at),
        Topic.SEMINAR_CHANGED,
        "events.seminar_changed.v1",
        "nyc",
        {"a": 1},
        "corr-1",
    )


async def test_a_broadcast_opened_again_is_the_one_that_is_there(mongo: Mongo) -> None:
    broadcasts = Broadcasts(mongo.collection("broadcasts"))
    await broadcasts.open(broadcast(), at=NOON)
    await broadcasts.advance("e1", "r5")
    await broadcasts.advance("e1", "r3")
    again = await broadcasts.open(broadcast(), at=NOON)
    assert (again.cursor, again.done) == ("r5", False)
    await broadcasts.finish("e1")
    assert (await broadcasts.open(broadcast(), at=NOON)).done
    await broadcasts.pause("e1", until=NOON)
    assert "due_at" not in (await mongo.collection("broadcasts").find_one({"_id": "e1"}) or {})


@pytest.mark.parametrize("version", [None, 2])
async def test_what_was_said_since_somebody_came_is_found_in_order(mongo: Mongo, version: int | None) -> None:
    """By the version they came to; where that is not known, by the clock."""
    broadcasts = Broadcasts(mongo.collection("broadcasts"))
    for n, minutes in enumerate((0, 20, 10)):
        await broadcasts.open(broadcast(f"e{n}", NOON + timedelta(minutes=minutes)), at=NOON)
    came = NOON + timedelta(minutes=5 if version is None else 30)
    found = await broadcasts.since(Registration("hanako", "s1", "confirmed", came, 1, version))
    assert [each.said.event for each in found] == ["e2", "e1"]
    assert found[0] == broadcast("e2", NOON + timedelta(minutes=10))
