"""What booking forgets: of one person because they are gone, of everybody what outlived its use; and what it tells."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import orjson
import pytest

from services.booking.domain.booking import Booking
from services.booking.domain.events import BookingRedacted
from services.booking.domain.redacting import redact
from services.booking.domain.settling import cancel
from services.booking.domain.viewer import ITSELF
from services.booking.handlers.forgetting import PAGE, TEXT_KEPT, Forgetting
from services.booking.store import Bookings, Names, NameState, Waits
from shared.contracts.booking import (
    BookingHistory,
    CancelBooking,
    GetBooking,
    ListBookings,
    PersonalDataInBooking,
)
from shared.contracts.members import MemberState
from shared.kernel.decision import Decision
from shared.kernel.ids import new_id
from shared.kit import errands
from shared.kit.clock import SystemClock
from shared.kit.copies import Copy
from shared.kit.documents import Cause, Documents
from shared.kit.documents.chain import checked
from shared.kit.mongo import Mongo
from shared.kit.nats.request import Refused
from tests.booking.conftest import real_bookings, real_series
from tests.booking.running import CLERK, House, at_work, tell
from tests.booking.test_store_indexes import Asked, stages
from tests.support.booking import (
    MEMBER_A,
    NOW,
    OPERATOR,
    ROOM,
    SITE,
    TABLE,
    StillClock,
    all_free,
    member,
    member_state,
    organization,
    span,
    under,
    wish,
)
from tests.support.servers import Servers
from tests.support.waiting import until

PURPOSE, REASON = "カナリア氏との面談", "カナリア氏が来られないため"


def booked(booking_id: str = "b1", wall: str = "2026-12-15 19:00", *, by: str = "ana", whom: str = "ana") -> Booking:
    always_open = replace(ROOM, opening_hours=None)
    where = under(always_open, replace(MEMBER_A, kind="city_staff"), replace(SITE, calendars=()))
    wanted = replace(wish(wall), booked_by=by, booked_for=whom, purpose=PURPOSE)
    return Booking.place(booking_id, wanted, where, all_free(where, span(wall)), at=NOW, chance=Random(1)).state


def test_redacted_a_booking_keeps_when_where_and_whose_it_was() -> None:
    booking = replace(booked(), reason=REASON)
    decision = redact(booking)
    assert decision.state == replace(booking, purpose=None, reason=None)
    assert decision.events == [BookingRedacted(decision.state)]
    again = redact(decision.state)
    assert (again.state, again.events) == (decision.state, ())
    told = redact(decision.state, told=True)
    assert (told.state, told.events) == (decision.state, [BookingRedacted(decision.state)])


async def one_site() -> Sequence[str]:
    return ["nyc"]


class Stream:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def take_back(self, doc_id: str, wire: str, *, word: str) -> int:
        self.asked.append((doc_id, wire))
        return 0


async def placed(bookings: Bookings, *wanted: Booking) -> None:
    for booking in wanted:
        cause = Cause("cmd.booking.place_booking.v1", "ana", "corr-1", key=booking.id, fingerprint="f")
        await bookings.place(Decision(booking, []), cause, at=NOW)


def assert_chained(doc: dict[str, Any]) -> None:
    found = checked(doc["_id"], doc["log"])
    assert (found.faults, found.chained) == ((), len(doc["log"]))


async def sent(mongo: Mongo) -> None:
    """As a relay leaves them behind."""
    async for doc in mongo.collection("bookings").find({}):
        mark = {"$set": {"sent": doc["log"][-1]["seq"] if doc["log"] else 0}, "$unset": {"unsent": "", "next_try": ""}}
        await mongo.collection("bookings").update_one({"_id": doc["_id"]}, mark)


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_what_was_written_into_a_booking_goes_half_a_year_after_its_end(clean: Servers, driver: Any) -> None:
    mongo = Mongo(clean.mongo_url("booking"), "booking", driver)
    bookings, clock = real_bookings(mongo), StillClock()
    await placed(bookings, booked("old"), booked("new", "2026-12-16 19:00"))
    why = Cause("cmd.booking.cancel_booking.v1", "ana", "corr-2", reason=REASON)
    for booking_id in ("old", "new"):
        await bookings.change(booking_id, lambda b: cancel(b, at=NOW, reason=REASON), why, ITSELF, at=NOW)
    await sent(mongo)
    stream = Stream()
    names = Names(Copy(mongo.collection("copy_contact"), NameState))
    waits = Waits(Documents(mongo.collection("waits"), None, clock, lambda _: None), None)
    forgetting = Forgetting(bookings, real_series(mongo), names, waits, one_site, stream, clock)
    clock.at = booked().interval.end + TEXT_KEPT
    assert await forgetting.redact_outlived() == 0, "not a moment before"
    clock.at += timedelta(milliseconds=1)
    assert await forgetting.redact_outlived() == 1
    assert await forgetting.redact_outlived() == 0
    stored = {doc["_id"]: doc async for doc in mongo.collection("bookings").find({})}
    assert {name: doc["purpose"] for name, doc in stored.items()} == {"old": None, "new": PURPOSE}
    assert [entry["type"] for entry in stored["old"]["log"]] == [
        "booking.booking_cancelled.v1",
        "booking.booking_redacted.v1",
    ]
    assert "カナリア" not in repr(stored["old"])
    assert ("old", "booking.booking_cancelled.v1") in stream.asked
    for doc in stored.values():
        assert_chained(doc)
    await mongo.close()


async def test_both_looks_use_an_index(clean: Servers) -> None:
    mongo = Mongo(clean.mongo_url("booking"), "booking")
    days = ((n, f"2026-12-{n:02d} 19:00", f"m{n % 5}") for n in range(2, 28))
    await placed(real_bookings(mongo), *(booked(f"b{n}", wall, by=whose, whom=whose) for n, wall, whose in days))
    asked = Asked(mongo.collection("bookings"))
    watched = Bookings(Documents(asked, None, StillClock(), lambda _: None))
    for look in (
        watched.worded(["nyc"], "m3", limit=PAGE),
        watched.outlived(["nyc"], before=NOW + timedelta(days=10), limit=PAGE),
    ):
        found = await look
        assert 0 < len(found) < 26
        ran = (await asked.explained())["executionStats"]
        assert "COLLSCAN" not in stages(ran["executionStages"])
        assert ran["totalKeysExamined"] <= 2 * len(found)
    await mongo.close()


@pytest.fixture
async def house(clean: Servers, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Furnished; Ana and Ben of one organization; nobody waits before the second look."""
    monkeypatch.setattr(errands, "SETTLED", timedelta())
    people = [member_state("stan", "staff"), *(member_state(name, "org-a") for name in ("ana", "ben", "eve"))]
    staff = organization("staff", "linkj_staff")
    await tell(clean, TABLE, organization(kind="city_staff"), staff, *people)
    async with at_work(clean, replicas=1) as made:
        await made.furnish()
        yield made


DONE = "evt.booking.member_erased.v1.>"


async def erased(servers: Servers, who: str) -> None:
    """They are gone, and booking has said that it has forgotten them."""
    await tell(servers, MemberState(id=who, sequence=2, erased=True))

    async def told() -> bool:
        return bool(await said(servers, DONE))

    await until(told)


async def said(servers: Servers, subject: str) -> list[dict[str, Any]]:
    """The data of every event on a subject so far."""
    ops = await servers.client("ops")
    js = ops.jetstream()
    subjects = (await js.stream_info("EVENTS", subjects_filter=subject)).state.subjects or {}
    found = [await js.get_last_msg("EVENTS", each) for each in sorted(subjects)]
    await ops.close()
    return [orjson.loads(message.data or b"")["data"] for message in found]


async def test_an_erased_member_s_bookings_keep_the_id_and_nothing_else_of_them(house: House, clean: Servers) -> None:
    own = await house.ask(house.wish().model_copy(update={"purpose": PURPOSE}), key="k1")
    for_ben = house.wish(2).model_copy(update={"purpose": PURPOSE, "for_member": "ben"})
    colleague_s = await house.ask(for_ben, key="k2")
    ben_s = await house.ask(house.wish(4).model_copy(update={"purpose": "Ben alone"}), member("ben"), key="k3")
    await erased(clean, "ana")
    assert [(each["member"], each["counts"]) for each in await said(clean, DONE)] == [("ana", {"bookings": 2})]

    async def settled() -> bool:
        return str((await house.ask(GetBooking(id=own["id"]), OPERATOR))["status"]) == "cancelled"

    await until(settled)
    now = {b["id"]: await house.ask(GetBooking(id=b["id"]), OPERATOR) for b in (own, colleague_s, ben_s)}
    assert (now[own["id"]]["status"], now[own["id"]]["purpose"]) == ("cancelled", None)
    assert (now[colleague_s["id"]]["status"], now[colleague_s["id"]]["purpose"]) == ("confirmed", None)
    assert (now[ben_s["id"]]["status"], now[ben_s["id"]]["purpose"]) == ("confirmed", "Ben alone")
    history = (await house.ask(BookingHistory(id=own["id"]), OPERATOR))["items"]
    assert [e["seq"] for e in history] == [1, 2, 3]
    assert sorted(e["type"] for e in history) == [
        "booking.booking_cancelled.v1",
        "booking.booking_placed.v1",
        "booking.booking_redacted.v1",
    ]


async def test_what_an_erased_member_gave_as_a_reason_is_gone_from_history_and_stream_and_the_chain_verifies(
    house: House, clean: Servers
) -> None:
    # Eve, not Ana: ids come from names and keys, and the stream drops a message whose id it has seen in another test.
    dropped = await house.ask(house.wish(), member("eve"), key="k1")
    await house.ask(CancelBooking(id=dropped["id"], reason=REASON), member("eve"), key="k2")
    told = f"evt.booking.booking_cancelled.v1.{dropped['id']}"

    async def announced() -> bool:
        return [each["reason"] for each in await said(clean, told)] == [REASON]

    await until(announced)
    await erased(clean, "eve")
    assert [(each["id"], "reason" in each) for each in await said(clean, told)] == [(dropped["id"], False)], (
        "who has not heard of it yet still does"
    )
    assert (await house.ask(GetBooking(id=dropped["id"]), OPERATOR))["reason"] is None
    history = (await house.ask(BookingHistory(id=dropped["id"]), OPERATOR))["items"]
    assert [(e["type"], e["reason"]) for e in history] == [
        ("booking.booking_placed.v1", None),
        ("booking.booking_cancelled.v1", None),
        ("booking.booking_redacted.v1", None),
    ]
    mongo = Mongo(clean.mongo_url("booking"), "booking")
    docs = await mongo.collection("bookings").find({}).to_list(None)
    assert "カナリア" not in repr(docs)
    for doc in docs:
        assert_chained(doc)
    await mongo.close()


async def test_whoever_was_erased_books_nothing_with_a_token_that_still_lives_and_no_late_state_brings_them_back(
    house: House, clean: Servers
) -> None:
    async def refused() -> bool:
        try:
            await house.ask(house.wish(), key=new_id(SystemClock().now()))
        except Refused as refusal:
            return (refusal.status, refusal.code) == (403, "no-organization")
        return False

    await tell(clean, MemberState(id="ana", sequence=2, erased=True))
    await until(refused)
    await tell(clean, member_state("ana", "org-a"), member_state("zoe", "org-a"))

    async def heard() -> bool:
        try:
            await house.ask(house.wish(6), member("zoe"), key=new_id(SystemClock().now()))
        except Refused:
            return False
        return True

    await until(heard)
    assert await refused()


async def test_a_person_reads_all_of_their_bookings_and_of_nobody_else_s(house: House) -> None:
    mine = await house.ask(house.wish().model_copy(update={"purpose": PURPOSE}), key="k1")
    await house.ask(house.wish(2), member("ben"), key="k2")
    question = PersonalDataInBooking(member="ana")
    for asker in (member(), OPERATOR, CLERK):
        data = await house.ask(question, asker)
        (section,) = data["sections"]
        assert [(row["id"], row["purpose"], row["for_you"]) for row in section["rows"]] == [(mine["id"], PURPOSE, True)]
        assert data["next"] is None
    assert (await house.refusal(question, member("ben"))).code == "not-found"
    assert len((await house.ask(ListBookings()))["items"]) == 1
