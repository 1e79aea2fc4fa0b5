"""Combined rooms, desks by half-day and day, experts' hours: one way of booking, each by its own rules."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.booking.domain.availability import TakenTime, free
from services.booking.domain.opening import Opening
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import Resource
from shared.contracts.booking import CancelBooking, PlaceBooking
from shared.kernel.text import Text
from shared.kit.documents import Stored
from tests.support.booking import (
    HOLIDAYS,
    NEW_YORK,
    ROOM,
    ROOM_B,
    SITE,
    WEEKDAYS,
    FakeHouse,
    asked,
    member,
    ny,
    organization,
    span,
    staff,
    to_place,
)

BOTH = replace(ROOM, id="room-ab", name=Text(en="Rooms A and B"), capacity=12, parts=("room-a", "room-b"))
DESK = Resource(
    id="desk-1",
    site="nyc",
    kind="desk",
    name=Text(en="Desk 1"),
    opening_hours=(Opening(WEEKDAYS, "09:00", "22:00"),),
    longest_minutes=13 * 60,
    boundaries=("09:00", "13:00", "17:00", "22:00"),
)
EXPERT = Resource(
    id="expert-fda",
    site="nyc",
    kind="expert",
    name=Text(ja="FDA申請相談", en="FDA office hour"),
    capacity=3,
    granule_minutes=30,
    buffer_minutes=15,
    opening_hours=(Opening(("tue",), "14:00", "17:00"),),
    shortest_minutes=30,
    longest_minutes=60,
    needs_approval=True,
)


@pytest.fixture
def house() -> FakeHouse:
    return FakeHouse(ROOM, ROOM_B, BOTH, DESK, replace(DESK, id="desk-2"), EXPERT)


async def place(house: FakeHouse, key: str, **more: Any) -> Stored:
    return await house.handle.place_booking(asked(to_place(**more), key=key))


def codes(refused: BookingRefused) -> list[str]:
    return [each["code"] for each in refused.members["violations"]]


async def free_of(house: FakeHouse, resource: Resource, wall: str, minutes: int) -> list[tuple[str, str]]:
    window = span(wall, minutes)
    around = window.lengthened(resource.buffer)
    claims = await house.bookings.claimed("nyc", list(resource.occupies), around)
    found = free(resource, SITE, HOLIDAYS, TakenTime(claims, resource.occupies, around), window)
    return [(_wall(each.start), _wall(each.end)) for each in found]


def _wall(at: datetime) -> str:
    return f"{at.astimezone(NEW_YORK):%H:%M}"


async def test_a_combined_room_and_its_parts_keep_each_other_out_both_ways(house: FakeHouse) -> None:
    await place(house, "p1", resource="room-ab", wall="2026-12-15 10:00", attendees=12)
    for n, part in enumerate(("room-a", "room-b")):
        with pytest.raises(SlotTaken) as refused:
            await place(house, f"x{n}", resource=part, wall="2026-12-15 10:30")
        assert [each["resource"] for each in refused.value.members["conflicts"]] == ["room-ab"]
    await place(house, "p2", resource="room-b", wall="2026-12-15 14:00")
    with pytest.raises(SlotTaken) as refused:
        await place(house, "x3", resource="room-ab", wall="2026-12-15 13:30")
    assert [each["resource"] for each in refused.value.members["conflicts"]] == ["room-b"]
    assert (await place(house, "p3", resource="room-a", wall="2026-12-15 14:00")).doc["status"] == "confirmed"


async def test_what_is_free_of_a_combined_room_is_what_is_free_of_all_its_parts(house: FakeHouse) -> None:
    await place(house, "p1", resource="room-b", wall="2026-12-15 14:00")
    await place(house, "p2", resource="room-ab", wall="2026-12-15 17:00")
    assert await free_of(house, BOTH, "2026-12-15 12:00", 480) == [
        ("12:00", "13:45"),
        ("15:15", "16:45"),
        ("18:15", "20:00"),
    ]
    assert await free_of(house, ROOM, "2026-12-15 12:00", 480) == [("12:00", "16:45"), ("18:15", "20:00")]


async def test_a_combined_room_draws_its_hours_once(house: FakeHouse) -> None:
    made = await place(house, "p1", resource="room-ab", wall="2026-12-15 10:00")
    claims = [claim.split("|")[0] for claim in made.doc["claims"]]
    assert (claims.count("quota"), claims.count("room-a"), claims.count("room-b")) == (4, 5, 5)


@pytest.mark.parametrize(("wall", "hours"), [("09:00", 4), ("13:00", 4), ("17:00", 5), ("09:00", 8), ("09:00", 13)])
async def test_a_desk_is_booked_by_half_days_and_days(house: FakeHouse, wall: str, hours: int) -> None:
    made = await place(house, "p1", resource="desk-1", wall=f"2026-12-15 {wall}", minutes=60 * hours)
    assert made.doc["status"] == "confirmed"


@pytest.mark.parametrize(("wall", "hours"), [("09:00", 3), ("10:00", 4), ("13:15", 4)])
async def test_a_desk_is_booked_by_nothing_between(house: FakeHouse, wall: str, hours: int) -> None:
    with pytest.raises(BookingRefused) as refused:
        await place(house, "p1", resource="desk-1", wall=f"2026-12-15 {wall}", minutes=60 * hours)
    assert codes(refused.value) == ["not-on-granule"]
    assert refused.value.violations[0].limit == "09:00, 13:00, 17:00, 22:00"


async def test_what_is_free_of_a_desk_begins_and_ends_at_its_boundaries(house: FakeHouse) -> None:
    await place(house, "p1", resource="desk-1", wall="2026-12-15 13:00", minutes=240)
    assert await free_of(house, DESK, "2026-12-15 08:00", 900) == [("09:00", "13:00"), ("17:00", "22:00")]
    assert await free_of(house, DESK, "2026-12-15 10:00", 180) == []


async def test_every_half_day_offered_instead_is_accepted(house: FakeHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    taken = asked(to_place("2026-12-15 13:00", 240, resource="desk-1"), staff(), key="s1")
    await house.handle.place_booking(taken)
    with pytest.raises(SlotTaken) as refused:
        await place(house, "p1", resource="desk-1", wall="2026-12-15 13:00", minutes=240)
    offered = refused.value.members["alternatives"]
    first = offered[0]
    assert (first["resource"], first["local"]["start"], first["local"]["end"]) == ("desk-2", "13:00", "17:00")
    for n, each in enumerate(offered):
        wish = PlaceBooking.model_validate(
            {"site": "nyc", **{name: each[name] for name in ("resource", "starts_at", "ends_at")}}, strict=False
        )
        made = await house.handle.place_booking(asked(wish, key=f"o{n}"))
        await house.handle.cancel_booking(asked(CancelBooking(id=made.doc["_id"])))


async def test_boundaries_stand_on_the_wall_whatever_the_clocks_did(house: FakeHouse) -> None:
    daily = replace(DESK, opening_hours=None, boundaries=("00:00", "12:00", "24:00"), longest_minutes=25 * 60)
    house.resources["desk-1"] = daily
    for day, minutes in (("2027-03-14", 23 * 60), ("2027-03-15", 24 * 60)):
        ask = asked(to_place(f"{day} 00:00", minutes, resource="desk-1"), staff(), key=day)
        made = await house.handle.place_booking(ask)
        assert (made.doc["local"]["start"], made.doc["local"]["end"]) == ("00:00", "00:00")


async def test_an_experts_hour_has_rules_of_its_own(house: FakeHouse) -> None:
    made = await place(house, "p1", resource="expert-fda", wall="2026-12-15 14:00", minutes=30, attendees=3)
    assert (made.doc["status"], made.doc["expires_at"]) == ("pending", ny("2026-12-15 10:00"))
    with pytest.raises(BookingRefused) as refused:
        await place(house, "p2", resource="expert-fda", wall="2026-12-16 14:15", minutes=90, attendees=4)
    assert codes(refused.value) == ["not-on-granule", "too-long", "too-many-attendees", "outside-opening-hours"]
    ask = asked(to_place("2026-12-15 14:00", 30, resource="expert-fda"), member("ben"), key="b1")
    with pytest.raises(SlotTaken) as taken:
        await house.handle.place_booking(ask)
    (offer, *_) = taken.value.members["alternatives"]
    assert (offer["resource"], offer["local"]["start"]) == ("expert-fda", "15:00")
