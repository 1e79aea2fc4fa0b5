"""Series over fakes: placed all or nothing or without what is taken, cancelled one, from one on, all; by the clock."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.refusals import BookingRefused, KeyRequired, SlotTaken, TooLate
from services.booking.domain.series_refusals import OccurrencesOverlap, OccurrenceUnknown, SeriesTooLong
from services.booking.store.series_mapping import series_body, series_of
from shared.contracts.booking import (
    CancelSeries,
)
from shared.contracts.message import Principal
from shared.kernel.refusal import KeyReused, NotFound, Refusal
from shared.kit.documents import Stored
from tests.support.booking import (
    ROOM,
    SITE,
    FakeHouse,
    asked,
    member,
    ny,
    organization,
    place,
    staff,
    to_repeat,
)

FAR = ny("2028-01-01 00:00")
TUESDAYS = ["12-15", "12-22", "12-29", "01-05"]


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse()


async def repeat(house: FakeHouse, key: str = "s1", by: Principal | None = None, **more: Any) -> Stored:
    return await house.repeat.place_series(asked(to_repeat(**more), by, key=key, deadline=ny("2028-01-01 00:00")))


async def cancel(house: FakeHouse, doc: Any, scope: str, index: int | None = None, **more: Any) -> Stored:
    wish = CancelSeries(id=doc["_id"], scope=scope, index=index, reason=more.pop("reason", None))  # type: ignore[arg-type] # a word of three
    return await house.repeat.cancel_series(asked(wish, more.pop("by", None), deadline=ny("2028-01-01 00:00"), **more))


def statuses(doc: Any) -> list[str]:
    return [each["status"] for each in doc["occurrences"]]


def said(house: FakeHouse, doc: Any) -> list[str]:
    return [entry["type"].split(".")[1] for entry in house.bookings.memory.docs[doc["_id"]]["log"]]


async def test_a_series_holds_the_claims_of_all_of_its_times_in_one_document(house: FakeHouse) -> None:
    doc = (await repeat(house, purpose="Pitch")).doc
    assert [each["local"]["date"][5:] for each in doc["occurrences"]] == TUESDAYS
    assert (doc["status"], statuses(doc), doc["skipped"]) == ("confirmed", ["confirmed"] * 4, [])
    assert (doc["recurrence"], doc["anchor_zone"], doc["on_conflict"]) == (
        "FREQ=WEEKLY;COUNT=4",
        "America/New_York",
        "refuse",
    )
    assert len(of_place(doc["claims"])) == 4 * 5
    assert len(of_quota(doc["claims"])) == 4 * 4
    assert {claim.split("|")[3] for claim in of_quota(doc["claims"])} == {
        "2026-W51",
        "2026-W52",
        "2026-W53",
        "2027-W01",
    }
    assert (doc["due_at"], doc["due_kind"]) == (ny("2026-12-15 20:00"), "series")
    series = series_of(doc)
    assert series_body(series) == {name: doc[name] for name in series_body(series)}
    assert [each.booking.id for each in series.occurrences] == [f"{doc['_id']}-{n}" for n in range(4)]
    assert {each.booking.purpose for each in series.occurrences} == {"Pitch"}


async def test_the_same_key_again_is_the_same_series_and_with_another_body_refused(house: FakeHouse) -> None:
    first, again = await repeat(house), await repeat(house)
    assert (again.replay, again.doc["_id"]) == (True, first.doc["_id"])
    house.clock.at = ny("2026-12-16 09:00")
    assert (await repeat(house)).replay
    with pytest.raises(KeyReused):
        await repeat(house, minutes=30)
    with pytest.raises(KeyRequired):
        await house.repeat.place_series(asked(to_repeat()))


async def test_what_is_taken_refuses_all_of_it_with_the_times_that_are_and_a_room_in_which_all_would_pass(
    house: FakeHouse,
) -> None:
    await place(house, by=staff(), wall="2026-12-22 19:30")
    with pytest.raises(SlotTaken) as refused:
        await repeat(house)
    assert refused.value.members["conflicts"] == [
        {
            "resource": "room-a",
            "starts_at": "2026-12-22T19:30:00-05:00",
            "ends_at": "2026-12-22T20:30:00-05:00",
            "index": 1,
        }
    ]
    (offered,) = refused.value.members["alternatives"]
    assert (offered["resource"], offered["local"]["start"]) == ("room-b", "19:00")
    assert statuses((await repeat(house, resource=offered["resource"])).doc) == ["confirmed"] * 4


async def test_every_rule_that_says_no_is_named_with_the_time_it_is_about(house: FakeHouse) -> None:
    await place(house, by=staff(), wall="2026-12-18 19:00")
    with pytest.raises(BookingRefused) as refused:
        await repeat(house, wall="2026-12-18 19:00", attendees=9)
    found = [(each["index"], each["code"]) for each in refused.value.members["violations"]]
    assert sorted(found) == [
        (0, "slot-taken"),
        (0, "too-many-attendees"),
        (1, "closed-on-holiday"),
        (1, "too-many-attendees"),
        (2, "closed-on-holiday"),
        (2, "too-many-attendees"),
        (3, "too-many-attendees"),
    ]
    assert len(house.bookings.memory.docs) == 1


async def test_where_it_may_skip_it_leaves_out_what_is_taken_or_closed_and_says_why(house: FakeHouse) -> None:
    await place(house, by=staff(), wall="2026-12-18 19:00")
    doc = (await repeat(house, wall="2026-12-18 19:00", recurrence="FREQ=WEEKLY;COUNT=5", on_conflict="skip")).doc
    assert [each["index"] for each in doc["occurrences"]] == [3, 4]
    assert [(each["index"], each["reason"]) for each in doc["skipped"]] == [
        (0, "slot-taken"),
        (1, "closed-on-holiday"),
        (2, "closed-on-holiday"),
    ]
    assert doc["skipped"][0]["message"]["ja"]
    with pytest.raises(BookingRefused):
        await repeat(house, "s2", wall="2026-12-25 19:00", recurrence="FREQ=WEEKLY;COUNT=2", on_conflict="skip")


async def test_a_time_the_clocks_skip_refuses_or_is_left_out() -> None:
    always = replace(ROOM, opening_hours=None, buffer_minutes=0)
    house = FakeHouse(always, site=replace(SITE, calendars=()))
    house.clock.at = ny("2027-03-01 09:00")
    spring: dict[str, Any] = {"wall": "2027-03-12 02:30", "minutes": 30, "recurrence": "FREQ=DAILY;COUNT=4"}
    with pytest.raises(BookingRefused) as refused:
        await repeat(house, **spring)
    assert [(v["index"], v["code"], v["requested"]) for v in refused.value.members["violations"]] == [
        (2, "nonexistent-local-time", "2027-03-14T02:30")
    ]
    doc = (await repeat(house, **spring, on_conflict="skip")).doc
    assert [each["index"] for each in doc["occurrences"]] == [0, 1, 3]
    assert (doc["skipped"][0]["reason"], doc["skipped"][0]["begins"]) == (
        "nonexistent-local-time",
        "2027-03-14T02:30:00",
    )


async def test_a_pool_is_drawn_on_by_each_of_its_times_and_none_is_exceeded(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    daily: dict[str, Any] = {"recurrence": "FREQ=DAILY;COUNT=5", "wall": "2026-12-14 10:00", "minutes": 90}
    with pytest.raises(BookingRefused) as refused:
        await repeat(house, **daily)
    found = [(v["index"], v["code"], v["used"], v["requested"]) for v in refused.value.members["violations"]]
    assert found == [(3, "quota-exceeded", 4.5, 1.5), (4, "quota-exceeded", 4.5, 1.5)]
    assert refused.value.members["alternatives"] == []
    doc = (await repeat(house, **daily, on_conflict="skip")).doc
    assert [each["index"] for each in doc["occurrences"]] == [0, 1, 2]


async def test_lapsed_holds_are_in_nobodys_way(house: FakeHouse) -> None:
    await place(house, wall="2026-12-22 19:00", mode="hold", by=member("ben"))
    house.clock.at += timedelta(minutes=6)
    assert statuses((await repeat(house)).doc) == ["confirmed"] * 4


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"recurrence": "FREQ=DAILY;COUNT=2", "minutes": 1_440}, OccurrencesOverlap),
        ({"recurrence": "FREQ=DAILY;COUNT=70", "minutes": 480}, SeriesTooLong),
    ],
)
async def test_what_no_series_may_be_is_refused_whoever_asks(
    house: FakeHouse, more: dict[str, Any], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        await repeat(house, **more)


async def test_one_is_given_back_with_its_hours_and_again_is_the_same(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    once = (await cancel(house, doc, "one", 1)).doc
    assert (once["status"], statuses(once)) == ("confirmed", ["confirmed", "cancelled", "confirmed", "confirmed"])
    assert (len(once["claims"]), once["version"]) == (27, 2)
    assert (await cancel(house, once, "one", 1)).doc["version"] == 2
    assert (await place(house, "b", by=staff(), wall="2026-12-22 19:00")).doc["status"] == "confirmed"
    with pytest.raises(OccurrenceUnknown):
        await cancel(house, doc, "one", 4)
    with pytest.raises(OccurrenceUnknown):
        await cancel(house, doc, "one")


async def test_from_one_on_and_all_give_back_what_has_not_begun(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    after = (await cancel(house, doc, "following", 2)).doc
    assert statuses(after) == ["confirmed", "confirmed", "cancelled", "cancelled"]
    assert after["ends_at"] == ny("2026-12-22 20:00")
    house.clock.at = ny("2026-12-15 19:30")
    with pytest.raises(TooLate):
        await cancel(house, doc, "one", 0)
    rest = (await cancel(house, doc, "all", reason="Moved out")).doc
    assert statuses(rest) == ["confirmed", "cancelled", "cancelled", "cancelled"]
    assert (await cancel(house, doc, "all")).doc["version"] == rest["version"]
    assert said(house, doc) == ["series_placed", "series_cancelled", "series_cancelled"]
    entry = house.bookings.memory.docs[doc["_id"]]["log"][-1]["data"]
    assert ([each["index"] for each in entry["occurrences"]], entry["remaining"], entry["reason"]) == (
        [1],
        1,
        "Moved out",
    )


async def test_nothing_to_come_is_too_late(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    await house.run_to(ny("2027-01-06 09:00"))
    for scope, index in (("all", None), ("following", 2), ("one", 0)):
        with pytest.raises(Refusal) as refused:
            await cancel(house, doc, scope, index)
        assert refused.value.code == ("not-cancellable" if scope == "one" else "too-late")


async def test_to_strangers_it_is_not_there_and_its_id_is_no_booking(house: FakeHouse) -> None:
    doc = (await repeat(house)).doc
    with pytest.raises(NotFound):
        await cancel(house, doc, "all", by=member("ben"))
    booking = (await place(house, "b", wall="2026-12-16 19:00")).doc
    with pytest.raises(NotFound):
        await cancel(house, booking, "all")
    for each, who in ((doc["_id"], "ana"), (f"{doc['_id']}-4", "ana"), (f"{doc['_id']}-1", "ben")):
        with pytest.raises(NotFound):
            await house.bookings.load(each, await house.ground.parties.viewer(member(who)))
