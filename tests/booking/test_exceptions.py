"""Exceptional days: opened on a holiday, closed on a working day, said by staff with a reason."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.booking.domain.exception_refusals import BookedThen, ExceptionTooFar, PastException
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.resource import Resource
from services.booking.handlers.exceptions import ExceptionHandlers
from services.booking.store import Bookings, Resources, Sites
from shared.contracts.booking import Availability, ListExceptions, PutException
from shared.contracts.message import Principal
from shared.contracts.message import Text as Said
from shared.kernel.ids import new_id
from shared.kernel.refusal import Forbidden, NotFound, VersionStale
from shared.kit.documents import Cause, Documents, Stored
from shared.kit.mongo import Mongo
from shared.kit.nats.request import Refused
from tests.booking.conftest import real_bookings
from tests.booking.running import CLERK, at_work, now, tell
from tests.booking.test_domain_exceptions import CHRISTMAS, TUESDAY, but, hours, opened
from tests.support.booking import (
    HOLIDAYS,
    NOW,
    ROOM,
    ROOM_B,
    SITE,
    TABLE,
    FakeHouse,
    FakeSites,
    StillClock,
    asked,
    member,
    member_state,
    organization,
    place,
    staff,
)
from tests.support.servers import Servers
from tests.support.waiting import until

PARTY = Said(ja="開所記念", en="Anniversary")


async def test_every_way_to_book_goes_by_it(bookings: Bookings) -> None:
    house = FakeHouse(site=but(TUESDAY, site=but(CHRISTMAS, ("12:00", "14:00"))))
    house.work_on(bookings)
    assert (await place(house, wall="2026-12-25 12:00")).doc["status"] == "confirmed"
    with pytest.raises(BookingRefused) as refused:
        await place(house, "k2", wall="2026-12-15 19:00")
    assert [no["code"] for no in refused.value.members["violations"]] == ["closed"]
    offered = [each["starts_at"] for each in refused.value.members["alternatives"]]
    assert offered
    assert not any(each.startswith("2026-12-15") for each in offered)


class Office:
    """The handler of one replica over the real database, and what it knows."""

    def __init__(self, mongo: Mongo) -> None:
        self.mongo, self.passed, self.clock = mongo, 0.0, StillClock()
        self.bookings = real_bookings(mongo)
        self.sites = self.another()
        self.resources = Resources(self._documents("resources"))
        self.handle = ExceptionHandlers(
            sites=self.sites,
            resources=self.resources,
            bookings=self.bookings,
            holidays=HOLIDAYS,
            clock=self.clock,
        )

    def another(self) -> Sites:
        """As another replica has it; its time is `passed`."""
        return Sites(self._documents("sites"), elapsed=lambda: self.passed)

    def _documents(self, name: str) -> Documents:
        return Documents(self.mongo.collection(name), None, self.clock, lambda _: None)

    async def furnish(self, *rooms: Resource) -> None:
        await self.sites.define(SITE, Cause("test", "ops", "corr"), at=NOW)
        for room in rooms or (ROOM, ROOM_B):
            await self.resources.define(room, Cause("test", "ops", "corr"), at=NOW)

    async def put(self, day: date, *ranges: tuple[str, str], by: Principal | None = None, **more: Any) -> Stored:
        if_match = more.pop("if_match", None)
        said: Mapping[str, Any] = {"hours": hours(*ranges), "reason": PARTY, **more}
        ask = asked(
            PutException(site="nyc", date=day, **said),
            by or staff(),
            if_match=if_match,
            deadline=self.clock.at + timedelta(seconds=5),
        )
        return await self.handle.put_exception(ask)


@pytest.fixture
async def office(mongo: Mongo) -> Office:
    made = Office(mongo)
    await made.furnish()
    return made


async def test_it_is_stored_with_who_when_and_why_and_undone_the_same_way(office: Office) -> None:
    stored = await office.put(CHRISTMAS, ("10:00", "12:00"))
    assert (stored.doc["version"], len((await office.put(CHRISTMAS, ("10:00", "12:00"))).doc["log"])) == (2, 2)
    last = stored.doc["log"][-1]
    why = {"ja": "開所記念", "en": "Anniversary"}
    assert (last["actor"], last["reason"], last["time"]) == ("stan", why, NOW)
    assert opened(await office.sites.get("nyc"), CHRISTMAS)
    await office.sites.define(replace(SITE, calendars=()), Cause("test", "ops", "corr"), at=NOW)
    assert list((await office.sites.get("nyc")).exceptions) == [(CHRISTMAS, None)]
    office.clock.at = NOW + timedelta(hours=1)
    undone = await office.put(CHRISTMAS, hours=None)
    assert ("exceptions" in undone.doc, undone.doc["version"]) == (False, 4)
    assert list((await office.sites.recall("nyc", NOW)).exceptions) == [(CHRISTMAS, None)]
    assert (await office.sites.recall("nyc", office.clock.at)).exceptions == {}


async def test_who_may_say_it_and_of_which_days(office: Office) -> None:
    for nobody in (member(), staff("eli", "tokyo")):
        with pytest.raises(Forbidden):
            await office.put(CHRISTMAS, by=nobody)
    with pytest.raises(PastException):
        await office.put(date(2026, 11, 30))
    with pytest.raises(ExceptionTooFar):
        await office.put(date(2028, 6, 2))
    with pytest.raises(NotFound):
        await office.put(CHRISTMAS, resource="room-z")
    with pytest.raises(VersionStale):
        await office.put(CHRISTMAS, if_match=7)
    assert (await office.put(date(2026, 12, 1), ("09:00", "24:00"), if_match=1)).doc["version"] == 2


async def test_what_is_booked_keeps_its_day_open_and_is_told_without_whose(office: Office) -> None:
    house = FakeHouse()
    house.work_on(office.bookings)
    await place(house, wall="2026-12-15 19:00")
    with pytest.raises(BookedThen) as refused:
        await office.put(TUESDAY)
    (there,) = refused.value.members["conflicts"]
    assert (refused.value.members["count"], sorted(there)) == (1, ["ends_at", "local", "resource", "starts_at"])
    assert there["local"]["start"] == "19:00"
    with pytest.raises(BookedThen):
        await office.put(TUESDAY, ("09:00", "19:30"))
    await office.put(TUESDAY, ("19:00", "20:00"))
    await office.put(TUESDAY, resource="room-b")
    with pytest.raises(BookedThen):
        await office.put(TUESDAY, resource="room-a")


async def test_an_opened_holiday_stays_open_while_something_is_booked_in_it(office: Office) -> None:
    await office.put(CHRISTMAS, ("10:00", "15:00"))
    house = FakeHouse(site=await office.sites.get("nyc"))
    house.work_on(office.bookings)
    booked = await place(house, wall="2026-12-25 12:00")
    with pytest.raises(BookedThen):
        await office.put(CHRISTMAS, hours=None)
    office.clock.at = booked.doc["ends_at"]
    await office.put(CHRISTMAS, hours=None)


async def test_what_slips_in_within_the_half_second_of_another_replica_is_told_when_asked_again(
    office: Office,
) -> None:
    theirs = office.another()
    house = FakeHouse(site=await theirs.get("nyc"))
    house.work_on(office.bookings)
    await office.put(TUESDAY)
    assert (await theirs.get("nyc")).exceptions == {}
    await place(house, wall="2026-12-15 19:00")
    office.passed = 0.5
    house.ground = replace(house.ground, sites=FakeSites(nyc=await theirs.get("nyc")))
    house.work_on(office.bookings)
    with pytest.raises(BookingRefused):
        await place(house, "k2", wall="2026-12-15 12:00")
    with pytest.raises(BookedThen) as refused:
        await office.put(TUESDAY)
    assert refused.value.members["count"] == 1


async def test_closed_at_once_with_bookings_over_three_replicas_nothing_goes_unseen(clean: Servers) -> None:
    """Refused because of what was booked first, or closed; and then what slipped in is what asking again tells."""
    spring = now().date().replace(month=1, day=1)
    period = {"starts_on": spring, "ends_on": spring.replace(year=spring.year + 2)}
    people = [member_state("stan", "staff")]
    await tell(clean, TABLE, organization("staff", "linkj_staff", membership=period), *people)
    async with at_work(clean, replicas=3) as house:
        await house.furnish()
        closing = PutException(site="nyc", date=house.noon.astimezone(SITE.zone).date(), hours=(), reason=PARTY)
        said: list[str] = []

        async def book(n: int) -> str:
            """What it was refused for, or nothing; also noted."""
            wanted = house.wish(n // 2 * 0.5, resource=f"room-{'ab'[n % 2]}", minutes=15)
            code = await refused_for(house.ask(wanted, CLERK, key=new_id(now())))
            said.append(code)
            return code

        async def all_closed() -> bool:
            return {await book(n) for n in range(24, 32)} == {"booking-refused"}

        answered, *_ = await asyncio.gather(refused_for(house.ask(closing, CLERK)), *map(book, range(20)))
        if answered:
            assert (answered, "" in said) == ("booked-then", True)
            return
        await until(all_closed, seconds=10)
        again = await refused_for(house.ask(closing, CLERK))
        assert again == ("booked-then" if "" in said else "")
        if again:
            assert (await house.refusal(closing, CLERK)).members["count"] == said.count("")


async def refused_for(asking: Awaitable[Any]) -> str:
    try:
        await asking
    except Refused as refused:
        return refused.code
    return ""


async def test_three_replicas_follow_what_one_was_told(clean: Servers) -> None:
    await tell(clean, TABLE, organization("staff", "linkj_staff"), member_state("stan", "staff"))
    async with at_work(clean, replicas=3) as house:
        await house.furnish()
        day = house.noon.astimezone(SITE.zone).date()
        asking = Availability(site="nyc", from_=day, to=day + timedelta(days=1))

        async def seen() -> set[int]:
            """Of nine asked in a row, how many free ranges each saw."""
            return {len(each["free"]) for _ in range(9) for each in (await house.ask(asking, CLERK))["items"]}

        assert await seen() == {1}
        put = await house.ask(PutException(site="nyc", date=day, hours=(), reason=PARTY), CLERK)
        assert put["items"][0]["reason"] == {"ja": "開所記念", "en": "Anniversary"}
        listed = await house.ask(ListExceptions(site="nyc", from_=day, to=day + timedelta(days=1)))
        assert listed == put
        assert (await house.ask(ListExceptions(site="nyc", from_=day + timedelta(days=1))))["items"] == []

        async def followed() -> bool:
            return await seen() == {0}

        await until(followed, seconds=10)
