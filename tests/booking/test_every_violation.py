"""A refusal names every rule that is broken and no other: judged beside an oracle that tries each rule alone.

The oracle goes quarter by quarter of an hour over the wall clock and counts; it shares no line with the domain.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.booking.domain.refusals import BookingRefused, SlotTaken
from shared.contracts.booking import PlaceBooking
from shared.kit.documents import Stored
from tests.booking.chance import EVERY_DAY, QUARTER, Lounge, World, before, near_wishes, people, wishes, worlds
from tests.support.booking import HOLIDAYS, NEW_YORK

TOKYO = ZoneInfo("Asia/Tokyo")
DAY = timedelta(days=1)
NAMES, OWN = {"day": "daily", "week": "weekly", "month": "monthly"}, {"organization": "", "person": "own-"}
Broken = tuple[str, str]
"""Code and rule."""


class Oracle:
    """What a wish of somebody breaks in a lounge, beside what is booked there."""

    def __init__(self, lounge: Lounge, wish: PlaceBooking, who: str) -> None:
        self.lounge, self.wish, self.who = lounge, wish, who
        self.room = lounge.house.resources[wish.resource]
        self.minutes = (wish.ends_at - wish.starts_at) // timedelta(minutes=1)
        self.quarters = [wish.starts_at + n * QUARTER for n in range(-(-self.minutes // 15))]
        self.live = [doc for doc in lounge.house.bookings.memory.of(lounge.name) if "claims" in doc]

    def broken(self) -> Counter[Broken]:
        found = [*self.of_the_room(), *self.of_hours(), *self.of_the_calendar()]
        if self.who != "stan":
            found += [*self.of_membership(), *self.of_quota()]
        mine = [doc for doc in self.live if doc["status"] == "held" and doc["booked_by"] == self.who]
        if self.wish.mode == "hold" and len(mine) >= 2:
            found.append(("too-many-holds", "holds"))
        if any(self.is_in_the_way(doc) for doc in self.live):
            found.append(("slot-taken", "occupancy"))
        return Counter(found)

    def of_the_room(self) -> Iterator[Broken]:
        walls = [each.astimezone(NEW_YORK) for each in (self.wish.starts_at, self.wish.ends_at)]
        if self.room.boundaries:
            on_grid = all(f"{each:%H:%M}" in self.room.boundaries for each in walls)
        else:
            on_grid = all((each.hour * 60 + each.minute) % self.room.granule_minutes == 0 for each in walls)
        if not on_grid:
            yield "not-on-granule", "granule"
        if self.minutes < self.room.shortest_minutes:
            yield "too-short", "shortest"
        if self.minutes > self.room.longest_minutes:
            yield "too-long", "longest"
        if (self.wish.attendees or 0) > self.room.capacity:
            yield "too-many-attendees", "capacity"

    def of_hours(self) -> Iterator[Broken]:
        if all(self.is_open(each) for each in self.quarters):
            return
        days = sorted({each.astimezone(NEW_YORK).date() for each in self.quarters})
        closing = [day for day in days if self.is_closed(day)]
        yield from [("closed-on-holiday", "holidays")] * len(closing) or [("outside-opening-hours", "opening-hours")]

    def is_open(self, quarter: datetime) -> bool:
        wall = quarter.astimezone(NEW_YORK)
        at, day = f"{wall:%H:%M}", wall.date()
        if self.room.opening_hours is None:
            return not self.is_closed(day)
        for each in self.room.opening_hours:
            over_midnight = each.closes <= each.opens
            if self.opens_on(day, each.days) and each.opens <= at and (over_midnight or at < each.closes):
                return True
            if self.opens_on(day - DAY, each.days) and over_midnight and at < each.closes:
                return True
        return False

    def opens_on(self, day: date, days: tuple[str, ...]) -> bool:
        return EVERY_DAY[day.weekday()] in days and not self.is_closed(day)

    def is_closed(self, day: date) -> bool:
        return self.lounge.world.closes and day in HOLIDAYS.calendars["us-federal"]

    def of_the_calendar(self) -> Iterator[Broken]:
        months = 18 if self.who == "stan" else self.lounge.world.months
        today, day = (at.astimezone(NEW_YORK).date() for at in (self.lounge.world.begin, self.wish.starts_at))
        between = (day.year - today.year) * 12 + day.month - today.month
        if between > months or (between == months and day.day > today.day):
            yield "too-far-ahead", "horizon"

    def of_membership(self) -> Iterator[Broken]:
        period = self.lounge.world.membership
        if self.wish.starts_at.astimezone(TOKYO).date() < period.starts_on:
            yield "membership-starts-after-use", "membership"
        if (self.wish.ends_at - timedelta(seconds=1)).astimezone(TOKYO).date() > period.ends_on:
            yield "membership-ends-before-use", "membership"

    def of_quota(self) -> Iterator[Broken]:
        """Each period the wish touches, in which its quarters and those booked are more than there are, each use's
        rounded up to whole steps.
        """
        theirs = [doc for doc in self.live if doc["organization"] == "org-a"]
        for period, scope, hours, step in self.lounge.world.hours:
            counted = [doc for doc in theirs if scope == "organization" or doc["booked_for"] == self.who]
            used = Counter[tuple[int, ...]]()
            for doc in counted:
                used.update(billed(period, quarters_of(doc), step))
            for name, count in billed(period, self.quarters, step).items():
                if used[name] + count > hours * 4:
                    yield "quota-exceeded", f"{OWN[scope]}{NAMES[period]}-hours"

    def is_in_the_way(self, doc: dict[str, Any]) -> bool:
        other = self.lounge.house.resources[doc["resource"]]
        if set(other.occupies).isdisjoint(self.room.occupies):
            return False
        begins, ends = doc["starts_at"], doc["ends_at"] + other.buffer
        return bool(begins < self.wish.ends_at + self.room.buffer and self.wish.starts_at < ends)


def quarters_of(doc: dict[str, Any]) -> Iterator[datetime]:
    at = doc["starts_at"]
    while at < doc["ends_at"]:
        yield at
        at += QUARTER


def name_of(period: str, at: datetime) -> tuple[int, ...]:
    day = at.astimezone(NEW_YORK).date()
    return {"day": (day.toordinal(),), "week": tuple(day.isocalendar()[:2]), "month": (day.year, day.month)}[period]


def billed(period: str, quarters: Iterable[datetime], step: int) -> Counter[tuple[int, ...]]:
    """Quarters of one use in each period, in whole steps of so many minutes."""
    each = step // 15
    counted = Counter(name_of(period, quarter) for quarter in quarters)
    return Counter({name: (count + each - 1) // each * each for name, count in counted.items()})


async def every_rule_and_no_other(world: World, placed: list[Any], asked_for: list[Any]) -> None:
    lounge = Lounge(world)
    for each, who in [*placed, *asked_for]:
        wish = lounge.wish(*each)
        expected = Oracle(lounge, wish, who).broken()
        outcome = await lounge.place(wish, who)
        if isinstance(outcome, Stored):
            told: Counter[Broken] = Counter()
        elif isinstance(outcome, SlotTaken):
            told = Counter([("slot-taken", "occupancy")])
        else:
            assert isinstance(outcome, BookingRefused), outcome
            told = Counter((no["code"], no["rule"]) for no in outcome.members["violations"])
        assert told == expected, (wish, who)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(worlds, before, st.lists(st.tuples(near_wishes | wishes, people), min_size=3, max_size=10))
def test_a_refusal_names_every_broken_rule_and_no_other(world: World, placed: list[Any], asked_for: list[Any]) -> None:
    asyncio.run(every_rule_and_no_other(world, placed, asked_for))
