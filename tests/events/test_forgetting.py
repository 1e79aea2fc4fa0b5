"""What events forgets of one person: seats and queues of what is to come; the next who waits gets them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest
from nats.aio.client import Client

from shared.contracts.events import PersonalDataInEvents
from shared.contracts.members import MemberState
from shared.kernel.ids import new_id
from shared.kit import errands
from shared.kit.clock import SystemClock
from tests.events.conftest import OPERATOR, House, Open, member
from tests.events.test_registration import held, mine, promoted_in_order, register
from tests.events.words import INSTANT
from tests.support.servers import Servers
from tests.support.waiting import until


@pytest.fixture
async def hurried(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Nobody waits before the second look."""
    monkeypatch.setattr(errands, "SETTLED", timedelta())
    async with open_house() as opened:
        yield opened


def somebody() -> str:
    """The stream remembers ids of events for minutes, longer than a test runs."""
    return f"m-{new_id(SystemClock().now())}"


async def state(ops: Client, who: str, sequence: int, **more: Any) -> None:
    """As members' relay would say it."""
    data = MemberState(id=who, sequence=sequence, **more).model_dump(mode="json")
    event = {"id": f"s-{who}-{sequence}", "source": "/services/members", "type": "org.link-j.state.members.member.v1"}
    body = orjson.dumps({**event, "time": "2026-01-01T00:00:00Z", "data": data})
    await ops.jetstream().publish(f"state.members.member.v1.{who}", body, stream="STATE")


async def said(house: House, who: str) -> list[dict[str, Any]]:
    return [each for each in await house.told("events.member_erased.v1") if each["member"] == who]


async def test_seats_of_what_is_to_come_go_to_the_next_and_what_was_stays_by_id(hurried: House) -> None:
    house, gone = hurried, somebody()
    one_seat, now = await house.seminar(modes={"onsite": {"capacity": 1}}), await house.seminar("s-2")
    for seminar in (one_seat, now):
        await register(house, seminar, gone)
    await register(house, one_seat, "next")
    at = SystemClock().now()
    under_way = INSTANT | {"starts_at": at - timedelta(hours=1), "ends_at": at + timedelta(hours=1)}
    when: dict[str, Any] = under_way | {"announced": [], "month": None}
    house.admin["events"]["seminars"].update_one({"_id": now}, {"$set": {"content.when": when}})
    await state(house.ops, gone, 2, erased=True)

    async def done() -> bool:
        return bool(await said(house, gone))

    await until(done)
    assert [each["counts"] for each in await said(house, gone)] == [{"cancelled": 1}]
    assert await promoted_in_order(house, 1) == ["next"]
    assert {doc["member"] for doc in held(house, one_seat, "confirmed")} == {"next"}
    assert {doc["member"] for doc in held(house, now, "confirmed")} == {gone}, "it has begun with them"
    (doc,) = held(house, one_seat, "cancelled")
    assert (doc["member"], doc["seat"], doc["ticket"]) == (gone, None, None)
    late = await register(house, one_seat, gone, key="another")
    assert (late.status, late.problem and late.problem.code) == (403, "forbidden")


async def test_a_tombstone_that_comes_again_is_answered_again_and_changes_nothing(hurried: House) -> None:
    house, gone = hurried, somebody()
    seminar = await house.seminar()
    await register(house, seminar, gone)
    for n in (1, 2, 3):
        await state(house.ops, gone, 2, erased=True)

        async def heard(n: int = n) -> bool:
            return len(await said(house, gone)) == n

        await until(heard)
    (doc,) = held(house, seminar, "cancelled")
    assert [entry["type"] for entry in doc["log"]] == [
        "events.registration_placed.v1",
        "events.registration_cancelled.v1",
    ]
    assert sorted(each["counts"]["cancelled"] for each in await said(house, gone)) == [0, 0, 1]


async def test_a_person_reads_their_registrations_and_nobody_else_does(house: House, servers: Servers) -> None:
    seminar = await house.seminar()
    await register(house, seminar, "m-1")
    await register(house, seminar, "m-2")
    for asker in (member("m-1"), OPERATOR):
        data = (await house.ask(PersonalDataInEvents(member="m-1"), asker)).data
        (section,) = data["sections"]
        (row,) = section["rows"]
        assert (row["seminar"], row["status"], row["title"]["ja"]) == (
            seminar,
            "confirmed",
            "米国の最新ライフサイエンス事情",
        )
        assert row["since"] == (await mine(house, seminar, "m-1"))["since"]
        assert data["next"] is None
    assert (await house.ask(PersonalDataInEvents(member="m-1"), member("m-2"))).status == 404
