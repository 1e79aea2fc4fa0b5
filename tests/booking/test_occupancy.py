"""What each change takes and gives back is in its event; and what is taken is told, range by range."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.booking import Booking
from services.booking.domain.claims import exchanged, places
from services.booking.domain.resource import granules_of
from services.booking.domain.settling import cancel
from services.booking.domain.viewer import ITSELF
from services.booking.queries.places import PlaceQueries
from services.booking.queries.watching import WatchQueries
from services.booking.store import Bookings
from shared.contracts.booking import (
    ApproveBooking,
    CancelBooking,
    ChangeBooking,
    ConfirmBooking,
    Occupancy,
    RejectBooking,
    Touched,
)
from shared.kernel.interval import GRANULE, Interval
from shared.kit.documents import Cause
from tests.support.booking import (
    HOLIDAYS,
    NOW,
    ROOM,
    ROOM_B,
    FakeHouse,
    all_free,
    asked,
    member,
    ny,
    place,
    span,
    staff,
    under,
    wish,
)

COMBINED = replace(ROOM, id="room-ab", parts=("room-a", "room-b"))
APPROVED = replace(ROOM_B, id="studio", needs_approval=True)
starts = st.integers(0, 95).map(lambda n: NOW + n * GRANULE)
intervals = st.tuples(starts, st.integers(1, 20)).map(lambda each: Interval(each[0], each[0] + each[1] * GRANULE))
held = st.lists(st.tuples(st.sampled_from(["a", "b"]), intervals), max_size=6)


def claims(of: list[tuple[str, Interval]]) -> set[str]:
    return {claim for each in of for claim in granules_of(*each)}


@given(held)
def test_ranges_say_what_their_granules_do_and_none_touches_another(of: list[tuple[str, Interval]]) -> None:
    found = places(claims(of))
    assert claims(found) == claims(of)
    for (resource, one), (other, next_one) in pairwise(found):
        assert (resource, one.end) < (other, next_one.start)


@given(held, held)
def test_what_is_exchanged_leads_from_one_to_the_other(
    before: list[tuple[str, Interval]], after: list[tuple[str, Interval]]
) -> None:
    had, has = claims(before), claims(after)
    quota = ("quota|org-a|weekly|2026-W51|3", "hold|ana|1")
    taken, released = exchanged((*had, *quota), tuple(has))
    assert (had - claims(released)) | claims(taken) == has
    assert not claims(taken) & had


def told(house: FakeHouse, booking: str) -> list[tuple[list[str], list[str]]]:
    """Of each event of a booking: what it took, what it gave back; `room-a 19:00-20:15`."""

    def line(each: dict[str, Any]) -> str:
        start, end = (datetime.fromisoformat(each[name]).astimezone(ny("2026-12-15 12:00").tzinfo) for name in TIMES)
        return f"{each['resource']} {start:%H:%M}-{end:%H:%M}"

    log = house.bookings.memory.docs[booking]["log"]
    return [([line(each) for each in e["data"]["taken"]], [line(each) for each in e["data"]["released"]]) for e in log]


TIMES = ("starts_at", "ends_at")
AT = "2026-12-15 19:00"
STEPS: list[tuple[str, dict[str, Any], Callable[[str], Any], Any, tuple[list[str], list[str]]]] = [
    ("cancelled", {}, lambda b: CancelBooking(id=b), None, ([], ["room-a 00:00-01:15"])),
    ("confirmed", {"mode": "hold"}, lambda b: ConfirmBooking(id=b), None, ([], [])),
    ("reworded", {}, lambda b: ChangeBooking(id=b, purpose="a talk"), None, ([], [])),
    (
        "moved a little",
        {},
        lambda b: ChangeBooking(id=b, starts_at=ny("2026-12-15 19:30"), ends_at=ny("2026-12-15 20:30")),
        None,
        (["room-a 01:15-01:45"], ["room-a 00:00-00:30"]),
    ),
    (
        "moved to another room",
        {},
        lambda b: ChangeBooking(id=b, resource="room-b"),
        None,
        (["room-b 00:00-01:15"], ["room-a 00:00-01:15"]),
    ),
    ("approved", {"resource": "studio"}, lambda b: ApproveBooking(id=b), staff(), ([], [])),
    ("rejected", {"resource": "studio"}, lambda b: RejectBooking(id=b), staff(), ([], ["studio 00:00-01:15"])),
]


@pytest.mark.parametrize(("what", "wanted", "step", "who", "expected"), STEPS, ids=[each[0] for each in STEPS])
async def test_each_step_tells_what_it_takes_and_gives_back(
    what: str, wanted: dict[str, Any], step: Callable[[str], Any], who: Any, expected: tuple[list[str], list[str]]
) -> None:
    house = FakeHouse(ROOM, ROOM_B, COMBINED, APPROVED)
    booking = (await place(house, **wanted)).doc["_id"]
    ask = step(booking)
    handle = house.moving if isinstance(ask, ChangeBooking) else house.handle
    await getattr(handle, ask.wire.split(".")[2])(asked(ask, who or member()))
    room = wanted.get("resource", "room-a")
    assert told(house, booking) == [([f"{room} 00:00-01:15"], []), expected], what


async def test_a_combined_room_takes_its_parts_and_what_expires_gives_back() -> None:
    house = FakeHouse(ROOM, ROOM_B, COMBINED)
    booking = (await place(house, resource="room-ab", mode="hold")).doc["_id"]
    await house.run_to(NOW + timedelta(minutes=6))
    both = ["room-a 00:00-01:15", "room-b 00:00-01:15"]
    assert told(house, booking) == [(both, []), ([], both)]


async def test_a_range_is_parted_into_what_is_taken_and_what_is_not(bookings: Bookings) -> None:
    """The same on the real store."""
    one = span(AT, 60)
    decided = Booking.place("b1", wish(), under(), all_free(under(), one), at=NOW, chance=Random(1))
    await bookings.place(decided, Cause("test", "ana", "corr"), at=NOW)
    house = FakeHouse()
    ground = house.ground
    queries = WatchQueries(PlaceQueries(bookings, ground.sites, ground.resources, HOLIDAYS, house.clock))  # type: ignore[arg-type] # fakes of the stores
    whole = span("2026-12-15 18:30", 120)
    ranges = [Touched(resource=each, starts_at=whole.start, ends_at=whole.end) for each in ("room-a", "room-b")]
    view = await queries.occupancy(asked(Occupancy(site="nyc", ranges=tuple(ranges))))
    taken, released = (
        [(each.resource, each.local.start, each.local.end) for each in found] for found in (view.taken, view.released)
    )
    assert taken == [("room-a", "19:00", "20:15")]
    assert released == [
        ("room-a", "18:30", "19:00"),
        ("room-a", "20:15", "20:30"),
        ("room-b", "18:30", "20:30"),
    ]
    assert view.taken[0].starts_at == "2026-12-15T19:00:00-05:00"
    await bookings.change("b1", lambda b: cancel(b, at=NOW), Cause("test", "ana", "corr"), ITSELF, at=NOW)
    again = await queries.occupancy(asked(Occupancy(site="nyc", ranges=tuple(ranges))))
    assert again.taken == ()
