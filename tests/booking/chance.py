"""A lounge as chance has it: rooms, rules, rights, memberships, and what is booked."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st

from services.booking.domain.opening import Opening
from services.booking.domain.resource import Resource
from services.booking.domain.settling import cancel
from services.booking.domain.site import Calendar, Site
from services.booking.domain.viewer import ITSELF
from services.booking.store import Bookings
from shared.contracts.booking import ChangeBooking, PlaceBooking
from shared.contracts.members import POLICY_ID, MembershipView, PolicyState
from shared.contracts.message import Principal
from shared.kernel.refusal import Refusal
from shared.kit.documents import Cause, Stored
from tests.support.booking import ROOM, SITE, FakeHouse, asked, member, ny, organization, staff, table

QUARTER = timedelta(minutes=15)
EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_numbers = count(1)
HOURS = (
    None,
    (Opening(EVERY_DAY[:5], "09:00", "22:00"),),
    (Opening(EVERY_DAY[:5], "10:00", "13:00"), Opening(EVERY_DAY[:5], "14:00", "17:00")),
    (Opening(EVERY_DAY, "20:00", "03:00"),),
)
BEGINS = st.sampled_from(["2026-12-01 10:00", "2026-12-18 18:20", "2027-03-12 08:00", "2027-10-29 23:50"]).map(ny)
"""Plain days; before holidays; before each change of the clocks."""
rooms = st.builds(
    lambda hours, capacity, granule, buffer, shortest, longest, boundaries, approval: replace(
        ROOM,
        opening_hours=hours,
        capacity=capacity,
        granule_minutes=granule,
        buffer_minutes=buffer,
        shortest_minutes=shortest,
        longest_minutes=max(shortest, longest),
        boundaries=boundaries,
        needs_approval=approval,
    ),
    st.sampled_from(HOURS),
    st.sampled_from([2, 8]),
    st.sampled_from([15, 15, 30, 60]),
    st.sampled_from([0, 15, 45]),
    st.sampled_from([15, 30, 60]),
    st.sampled_from([60, 120, 480]),
    st.sampled_from([(), (), ("09:00", "13:00", "18:00"), ("09:00", "13:00", "17:00", "22:00")]),
    st.booleans(),
)
limits = st.lists(
    st.tuples(
        st.sampled_from(["day", "week", "month"]),
        st.sampled_from(["organization", "person"]),
        st.integers(1, 6),
        st.sampled_from([15, 15, 30, 60]),
    ),
    max_size=2,
    unique_by=lambda each: each[:2],
)
wishes = st.tuples(
    st.integers(0, 3),  # the room
    st.integers(1, 60 * 96),  # quarters of an hour from the beginning on; most are near
    st.sampled_from([15, 30, 45, 60, 120, 180, 240, 300, 480]),
    st.sampled_from([None, 2, 6, 20]),
    st.sampled_from(["confirm", "confirm", "hold", "provisional"]),
)
near_wishes = wishes.map(lambda wish: (wish[0], 1 + wish[1] % 200, *wish[2:]))
people = st.sampled_from(["ana", "ben", "stan"])


@dataclass(frozen=True)
class World:
    """What there is; memberships are days from the beginning on."""

    begin: datetime
    rooms: tuple[Resource, ...]
    hours: list[tuple[str, str, int, int]]
    months: int
    member: tuple[int, int]
    closes: bool

    @property
    def membership(self) -> MembershipView:
        first, last = (self.begin.date() + timedelta(days=days) for days in self.member)
        return MembershipView(starts_on=first, ends_on=last)

    @property
    def rights(self) -> PolicyState:
        given = [dict(zip(("period", "scope", "hours", "step_minutes"), each, strict=True)) for each in self.hours]
        row = {"months_ahead": self.months, "limits": given}
        return table(row, {"kind": "linkj_staff", "months_ahead": 18})


worlds = st.builds(
    World,
    begin=BEGINS,
    rooms=st.tuples(rooms, rooms, rooms),
    hours=limits,
    months=st.sampled_from([1, 6]),
    member=st.sampled_from([(-100, 400), (-100, 400), (-100, 3), (-100, 20), (5, 400)]),
    closes=st.booleans(),
)


class Lounge:
    """A world at work: three rooms, and the one that is the first two."""

    def __init__(self, world: World, bookings: Callable[[], Bookings] | None = None) -> None:
        self.world = world
        self.name = f"s{next(_numbers)}"
        calendars = (Calendar("us-federal", closes=world.closes),)
        self.site: Site = replace(SITE, id=self.name, calendars=calendars)
        named = [replace(room, id=f"room-{n}", site=self.name) for n, room in enumerate(world.rooms)]
        both = replace(named[0], id="room-3", parts=("room-0", "room-1"))
        self.rooms = [*named, both]
        self.house = FakeHouse(*self.rooms, site=self.site)
        self.house.clock.at = world.begin
        self.house.organizations["org-a"] = organization(membership=world.membership)
        self.house.organizations["staff"] = organization(
            "staff", "linkj_staff", membership=MembershipView(starts_on=date(2020, 4, 1), ends_on=date(2040, 3, 31))
        )
        self.house.policies[POLICY_ID] = world.rights
        self.bookings = bookings() if bookings is not None else self.house.bookings
        self.house.work_on(self.bookings)

    def wish(self, room: int, quarters: int, minutes: int, attendees: int | None, mode: str) -> PlaceBooking:
        start = self.world.begin - (self.world.begin - datetime(1970, 1, 1, tzinfo=UTC)) % QUARTER + quarters * QUARTER
        times = {"starts_at": start, "ends_at": start + timedelta(minutes=minutes)}
        more: dict[str, Any] = {"attendees": attendees, "mode": mode, **times}
        return PlaceBooking(site=self.name, resource=f"room-{room}", **more)

    def _principal(self, who: str) -> Principal:
        return staff(who, self.name) if who == "stan" else member(who)

    async def place(self, wish: PlaceBooking, who: str) -> Stored | Refusal:
        by = self._principal(who)
        key, deadline = f"{self.name}-{next(_numbers)}", self.world.begin + timedelta(days=1)
        try:
            return await self.house.handle.place_booking(asked(wish, by, key=key, deadline=deadline))
        except Refusal as refusal:
            return refusal

    async def move(self, stored: Stored, wish: PlaceBooking, who: str) -> Stored | Refusal:
        """To when, where, and for how many that wish is."""
        named = {name: getattr(wish, name) for name in ("resource", "starts_at", "ends_at", "attendees")}
        deadline = self.world.begin + timedelta(days=1)
        data = ChangeBooking(id=stored.doc["_id"], **named)
        try:
            return await self.house.moving.change_booking(asked(data, self._principal(who), deadline=deadline))
        except Refusal as refusal:
            return refusal

    async def give_back(self, stored: Stored) -> None:
        """All of it, as if it had been given back in time."""
        before = self.world.begin - timedelta(days=1)
        gone = Cause("test", "stan", "corr")
        await self.bookings.change(
            stored.doc["_id"], lambda booking: cancel(booking, at=before), gone, ITSELF, at=self.world.begin
        )


before = st.lists(st.tuples(near_wishes, people), max_size=12)
