"""Why: in the histories of bookings and in entries of the waiting list; told to their people, and forgotten."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.viewer import ITSELF
from services.booking.handlers.forgetting import PAGE, TEXT_KEPT, Forgetting
from services.booking.store import Names, NameState, Waits
from services.booking.store.waits import entry_of
from shared.contracts.booking import (
    BookingHistory,
    ConfirmBooking,
    JoinWaitlist,
    LeaveWaitlist,
    PersonalDataInBooking,
    PutResource,
)
from shared.contracts.message import Text
from shared.kernel.decision import Decision
from shared.kernel.ids import new_id
from shared.kit import errands
from shared.kit.clock import SystemClock
from shared.kit.copies import Copy
from shared.kit.documents import Cause, Documents
from shared.kit.documents.chain import Checked, checked
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings, real_series
from tests.booking.running import CLERK, House, at_work, tell
from tests.booking.test_forgetting import DONE, Stream, erased, one_site, said
from tests.booking.test_store_indexes import Asked, stages
from tests.support.booking import OPERATOR, TABLE, StillClock, member, member_state, organization
from tests.support.servers import Servers
from tests.support.waiting import until

WHY, WHY_NOT = "カナリア氏の来訪に合わせて", "カナリア氏が来られないため"


@pytest.fixture
async def house(clean: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Furnished; nobody waits before the second look. Names of their own: the stream knows ids of other tests."""
    monkeypatch.setattr(errands, "SETTLED", timedelta())
    people = [member_state(name, "org-a") for name in ("why-ana", "why-ben")]
    await tell(clean, TABLE, organization(kind="city_staff"), *people)
    async with at_work(clean, replicas=1) as made:
        await made.furnish()
        yield made


class Looked(Asked):
    """Finds what is to be forgotten, and forgets nothing."""

    async def find_one(self, _: Any) -> None:
        """Nothing there any more."""


async def stored(servers: Servers, collection: str) -> list[dict[str, Any]]:
    mongo = Mongo(servers.mongo_url("booking"), "booking")
    docs: list[dict[str, Any]] = await mongo.collection(collection).find({}).to_list(None)
    await mongo.close()
    return docs


def why(doc: dict[str, Any]) -> list[str | None]:
    return [entry.get("reason") for entry in doc["log"]]


async def test_why_somebody_confirmed_stands_in_the_history_is_told_nobody_else_and_goes_with_them(
    house: House, clean: Servers
) -> None:
    ben = member("why-ben")
    hold = house.wish().model_copy(update={"mode": "hold", "reason": WHY})
    held = await house.ask(hold, ben, key=new_id(SystemClock().now()))
    await house.ask(ConfirmBooking(id=held["id"], reason=WHY_NOT), ben, key="k2")
    history = (await house.ask(BookingHistory(id=held["id"]), ben))["items"]
    assert [each["reason"] for each in history] == [WHY, WHY_NOT]
    confirmed = f"evt.booking.booking_confirmed.v1.{held['id']}"

    async def announced() -> bool:
        return len(await said(clean, confirmed)) == 1

    await until(announced)
    assert "カナリア" not in repr(await said(clean, "evt.booking.>"))
    await erased(clean, "why-ben")
    history = (await house.ask(BookingHistory(id=held["id"]), OPERATOR))["items"]
    assert [each["reason"] for each in history[:2]] == [None, None]
    assert "booking.booking_redacted.v1" not in {each["type"] for each in history}, "nobody had heard of it"
    assert len(await said(clean, confirmed)) == 1, "and what was said stays said"
    (doc,) = [doc for doc in await stored(clean, "bookings") if doc["_id"] == held["id"]]
    assert "カナリア" not in repr(doc)
    assert checked(doc["_id"], doc["log"]).faults == ()


async def test_why_somebody_waited_and_left_is_theirs_to_read_and_goes_with_them(house: House, clean: Servers) -> None:
    ana, wanted = member("why-ana"), house.wish(3)
    await house.ask(wanted, member("why-ben"), key="taken")
    join = JoinWaitlist(
        site="nyc", resource="room-a", starts_at=wanted.starts_at, ends_at=wanted.ends_at, purpose="x", reason=WHY
    )
    entry = await house.ask(join, ana, key=new_id(SystemClock().now()))
    await house.ask(LeaveWaitlist(id=entry["id"], reason=WHY_NOT), ana)
    (doc,) = await stored(clean, "waits")
    assert why(doc) == [WHY, WHY_NOT]
    data = await house.ask(PersonalDataInBooking(member=ana.id), ana)
    (row,) = next(each["rows"] for each in data["sections"] if each["key"] == "waits")
    assert row["reasons"] == [WHY, WHY_NOT]
    await erased(clean, ana.id)
    assert [each["member"] for each in await said(clean, DONE)][-1] == ana.id
    (doc,) = await stored(clean, "waits")
    assert "カナリア" not in repr(doc)
    assert checked(doc["_id"], doc["log"]) == Checked(entries=2, chained=2, erased=2)


async def test_why_a_resource_was_defined_so_stands_in_its_record(house: House, clean: Servers) -> None:
    room = PutResource(site="nyc", id="room-a", kind="room", name=Text(en="a"), capacity=6, reason="改装のため")
    await house.ask(room, CLERK)
    (doc,) = [doc for doc in await stored(clean, "resources") if doc["_id"].endswith("room-a")]
    assert (why(doc), doc["capacity"]) == ([None, "改装のため"], 6)
    await house.ask(room.model_copy(update={"reason": "another"}), CLERK)
    (doc,) = [doc for doc in await stored(clean, "resources") if doc["_id"].endswith("room-a")]
    assert why(doc) == [None, "改装のため"], "the same definition again changes nothing"


async def waited(mongo: Mongo, count: int) -> tuple[Waits, list[dict[str, Any]]]:
    """Entries of many people, an hour apart, each left again for a reason; all said on the stream."""
    collection = mongo.collection("waits")
    waits = Waits(Documents(collection, mongo.collection("waits_history"), StillClock(), lambda _: None), None)
    (first,) = await collection.find({}).to_list(None)
    entry = entry_of(first)
    for n in range(count):
        later = timedelta(hours=n)
        within = type(entry.interval)(entry.interval.start + later, entry.interval.end + later)
        other = type(entry)(
            **{name: getattr(entry, name) for name in entry.__slots__}
            | {"id": f"w{n}", "interval": within, "booked_by": f"m{n}", "booked_for": f"m{n}"}
        )
        cause = Cause("cmd.booking.leave_waitlist.v1", f"m{n}", "corr-1", reason=WHY if n % 2 else None)
        await waits.add(Decision(other, []), cause, at=within.start)
        await waits.change(f"w{n}", lambda now: now.cancel(), cause, ITSELF, at=within.start)
    await collection.update_many({}, [{"$set": {"sent": {"$max": "$log.seq"}}}, {"$unset": ["unsent", "next_try"]}])
    return waits, await collection.find({}).to_list(None)


async def test_why_somebody_waited_goes_half_a_year_after_what_was_waited_for_and_is_found_by_an_index(
    house: House, clean: Servers
) -> None:
    wanted = house.wish(3)
    await house.ask(wanted, member("why-ben"), key="taken-too")
    join = JoinWaitlist(site="nyc", resource="room-a", starts_at=wanted.starts_at, ends_at=wanted.ends_at)
    await house.ask(join, member("why-ana"), key=new_id(SystemClock().now()))
    mongo = Mongo(clean.mongo_url("booking"), "booking")
    waits, docs = await waited(mongo, 40)
    ends = sorted(doc["ends_at"] for doc in docs if any(why(doc)))
    clock, contacts = StillClock(), Names(Copy(mongo.collection("copy_contact"), NameState))
    kept = real_bookings(mongo), real_series(mongo)
    forgetting = Forgetting(*kept, contacts, waits, one_site, Stream(), clock)
    clock.at = ends[4] + TEXT_KEPT
    assert await forgetting.redact_outlived() == 4, "those that ended before that"
    assert await forgetting.redact_outlived() == 0
    left = [doc for doc in await stored(clean, "waits") if any(why(doc))]
    assert [doc["ends_at"] for doc in sorted(left, key=lambda doc: doc["ends_at"])] == ends[4:]
    asked = Looked(mongo.collection("waits"))
    watched = Waits(Documents(asked, mongo.collection("waits_history"), clock, lambda _: None), None)
    for look in (
        watched.forget_reasons_in_turn(["nyc"], "m9", limit=PAGE),
        watched.outlived_reasons(["nyc"], before=ends[10], limit=PAGE),
    ):
        found = int(await look)
        assert 0 < found < 8
        for cursor in asked.cursors[-2:]:
            ran = (await cursor.clone().explain())["executionStats"]
            assert "COLLSCAN" not in stages(ran["executionStages"])
            assert ran["totalDocsExamined"] <= 2 * found
    await mongo.close()
