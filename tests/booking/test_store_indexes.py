"""Every read names its index: no collection scan, hardly a key examined in vain. And sites and resources."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from services.booking.domain.booking import Booking
from services.booking.domain.holding import SLOTS, hold_prefix
from services.booking.domain.settling import cancel
from services.booking.domain.status import Mode
from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.store import Bookings, BookingsPage, Resources, Sites
from services.booking.store.bookings import Coming
from services.booking.store.lost import Try
from shared.kernel.refusal import NotFound, VersionStale
from shared.kernel.text import Text
from shared.kit.documents import Cause, Documents
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings
from tests.support.booking import MEMBER_A, NOW, ROOM, ROOM_B, SITE, StillClock, ny, span, under, wish

ASKED = Cause("cmd.booking.put_resource.v1", "ops", "corr-1", key="k", fingerprint="f")


class Asked:
    """A collection that remembers each filter it was asked, and explains it afterwards."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection
        self.name: str = collection.name
        self.cursors: list[Any] = []

    def find(self, *args: Any) -> Any:
        cursor = self._collection.find(*args)
        self.cursors.append(cursor)
        return cursor

    async def count_documents(self, where: dict[str, Any]) -> int:
        return int(await self._collection.count_documents(where))

    async def explained(self) -> dict[str, Any]:
        explained: dict[str, Any] = await self.cursors[-1].clone().explain()
        return explained


def stages(plan: dict[str, Any]) -> set[str]:
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return {plan["stage"]}.union(*(stages(each) for each in inner))


def assert_narrow(explained: dict[str, Any], claims: int = 5) -> None:
    """Something is found, by an index, and hardly a document or key is examined in vain: at most two keys for each
    document, and one for each place the index is entered at. In an index on claims a document has a key for each of
    its `claims`.
    """
    plan, ran = explained["queryPlanner"]["winningPlan"], explained["executionStats"]
    assert ran["nReturned"] > 0, explained["command"]
    assert not stages(plan) & {"COLLSCAN", "SORT"}, plan
    assert ran["totalDocsExamined"] <= 2 * ran["nReturned"], plan
    each = claims if "'claims'" in repr(plan) else 2
    assert ran["totalKeysExamined"] <= each * ran["nReturned"] + entered(ran["executionStages"]), plan


def entered(stage: dict[str, Any]) -> int:
    """How often an index was entered anew."""
    inner = [stage["inputStage"]] if "inputStage" in stage else stage.get("inputStages", [])
    return int(stage.get("seeks", 0)) + sum(map(entered, inner))


async def filled(bookings: Bookings) -> None:
    """Two rooms, forty days, each booked at nine hours; of twenty members."""
    places = []
    unclosed = replace(SITE, calendars=())
    for day in range(40):
        for hour in range(9, 21, 2):
            for room in (ROOM, ROOM_B):
                start = ny(f"2026-12-02 {hour:02d}:00") + timedelta(days=day)
                wanted = replace(wish(), interval=replace(wish().interval, start=start, end=start + timedelta(hours=1)))
                name = f"m{(day + hour) % 20}"
                where = under(replace(room, opening_hours=None), replace(MEMBER_A, kind="city_staff"), unclosed)
                wanted = replace(wanted, booked_by=name, booked_for=name)
                if day == 3 and room is ROOM:
                    wanted = replace(wanted, mode=Mode.HOLD)
                slots = {hold_prefix(name): SLOTS}
                booking = Booking.place(f"b-{day}-{hour}-{room.id}", wanted, where, slots, at=NOW, chance=Random(hour))
                places.append(bookings.place(booking, replace(ASKED, key=booking.state.id), at=NOW))
    await asyncio.gather(*places)


async def test_every_read_of_bookings_uses_an_index_and_examines_little_more_than_it_returns(mongo: Mongo) -> None:
    await filled(real_bookings(mongo))
    some = {"_id": {"$regex": "^b-5-"}}
    there = {"status": "checked_in", "checked_in_at": NOW, "visible": True}
    await mongo.collection("bookings").update_many(some, {"$set": there})
    strike = {"strike": {"member": "m3", "at": NOW}}
    await mongo.collection("bookings").update_many({"_id": {"$regex": "^b-7-"}}, {"$set": strike})
    asked = Asked(mongo.collection("bookings"))
    watched = Bookings(Documents(asked, None, StillClock(), lambda _: None))
    elsewhere = {"organization": {"$not": {"$in": ["org-b"]}}}
    month = BookingsPage(("nyc",), ny("2026-12-05 00:00"), ny("2026-12-20 00:00"), limit=50)
    after = replace(month, after=(ny("2026-12-10 11:00"), "b"))
    for read in (
        watched.occupied("nyc", ["room-a", "room-b"], span("2026-12-15 00:00", 1440)),
        watched.claimed("nyc", ["room-a", "room-b"], span("2026-12-15 00:00", 1440)),
        watched.holding("nyc", [("room-a", span("2026-12-15 09:00", 480)), ("room-b", span("2026-12-20 00:00", 1440))]),
        watched.late([Try(f"b-{n}-9-room-a", "nyc", f"room-a|2026-12-1{n}T14:00") for n in range(5)]),
        watched.used_units("nyc", hold_prefix("m12")),
        watched.listed(month, Viewer("stan", site="nyc")),
        watched.listed(after, Viewer("stan", site="nyc")),
        watched.listed(month, Viewer("m3")),
        watched.listed(replace(after, sites=("nyc", "tokyo")), Viewer("m3")),
        watched.listed(after, Viewer("m3").assisting(["m4", "m5"], ["org-a"])),
        watched.lapsed("nyc", NOW + timedelta(minutes=5)),
        watched.present("nyc", NOW),
        watched.struck(["nyc", "tokyo"], "m3"),
        watched.coming(Coming(["nyc", "tokyo"], {"organization": "org-a"}, (ny("2026-12-10 11:00"), "b"), 20)),
        watched.coming(Coming(["nyc"], {"parties": "m3", **elsewhere}, (NOW, ""), 20)),
    ):
        await read
        assert_narrow(await asked.explained())


async def test_what_stood_at_an_instant_is_found_by_index_also_where_it_was_given_back(mongo: Mongo) -> None:
    bookings, day, later = real_bookings(mongo), span("2026-12-15 00:00", 1440), NOW + timedelta(minutes=1)
    await filled(bookings)
    found = await bookings.occupied("nyc", ["room-a", "room-b"], day)
    for each in found[::2]:
        await bookings.change(each.booking, lambda b: cancel(b, at=later), replace(ASKED, key=None), ITSELF, at=later)
    asked = Asked(mongo.collection("bookings"))
    watched = Bookings(Documents(asked, None, StillClock(), lambda _: None))
    for at, wanted in ((NOW, found), (later, found[1::2])):
        stood = await watched.occupied_at(at, "nyc", ["room-a", "room-b"], day)
        assert {each.booking for each in stood} == {each.booking for each in wanted}
        explained = await asked.explained()
        ran = explained["executionStats"]
        assert not stages(explained["queryPlanner"]["winningPlan"]) & {"COLLSCAN", "SORT"}
        claims = sum(len([claim for claim in each.claims if claim.startswith("room-")]) for each in found)
        assert ran["totalDocsExamined"] <= 2 * ran["nReturned"]
        assert ran["totalKeysExamined"] <= claims, "each claim held, and each day given back, once"


@pytest.fixture
def sites(mongo: Mongo) -> Sites:
    return Sites(Documents(mongo.collection("sites"), None, StillClock(), lambda _: None))


@pytest.fixture
def resources(mongo: Mongo) -> Resources:
    return Resources(Documents(mongo.collection("resources"), None, StillClock(), lambda _: None))


async def test_a_site_is_made_changed_and_left_as_it_is(sites: Sites) -> None:
    first = await sites.define(SITE, ASKED, at=NOW)
    again = await sites.define(SITE, ASKED, at=NOW)
    renamed = await sites.define(replace(SITE, name=Text(en="Lounge")), ASKED, at=NOW)
    assert [each.doc["version"] for each in (first, again, renamed)] == [1, 1, 2]
    assert (await sites.get("nyc")).name.en == "Lounge"
    assert [doc["_id"] for doc in await sites.listed()] == ["nyc"]
    with pytest.raises(NotFound):
        await sites.get("tokyo")


async def test_a_resource_comes_back_as_it_was_put_in_the_order_of_putting(resources: Resources) -> None:
    later = NOW + timedelta(seconds=1)
    await resources.define(ROOM_B, ASKED, at=NOW)
    await resources.define(ROOM, ASKED, at=later)
    await resources.define(replace(ROOM_B, capacity=5), ASKED, at=later)
    known = await resources.of("nyc")
    assert list(known) == ["room-b", "room-a"]
    assert known["room-a"] == replace(ROOM, version=1)
    assert known["room-b"] == replace(ROOM_B, capacity=5, version=2)
    assert await resources.get("nyc", "room-a") == replace(ROOM, version=1)
    with pytest.raises(NotFound):
        await resources.get("tokyo", "room-a")


async def test_a_definition_made_on_a_stale_version_is_refused(resources: Resources) -> None:
    await resources.define(ROOM, ASKED, at=NOW)
    with pytest.raises(VersionStale):
        await resources.define(replace(ROOM, capacity=9), ASKED, at=NOW, if_match=7)
    with pytest.raises(VersionStale):
        await resources.define(ROOM_B, ASKED, at=NOW, if_match=1)
    assert (await resources.define(replace(ROOM, capacity=9), ASKED, at=NOW, if_match=1)).doc["version"] == 2


async def test_as_of_an_instant_sites_and_resources_are_as_they_were_put_then(
    sites: Sites, resources: Resources
) -> None:
    later, last = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    always, closed = replace(ROOM, opening_hours=None), replace(ROOM, capacity=9)
    await sites.define(SITE, ASKED, at=NOW)
    await sites.define(replace(SITE, calendars=()), ASKED, at=later)
    await resources.define(always, ASKED, at=NOW)
    await resources.define(ROOM_B, ASKED, at=later)
    await resources.define(closed, ASKED, at=last)
    assert (await sites.recall("nyc", NOW)).calendars == SITE.calendars
    assert (await sites.recall("nyc", later)).calendars == ()
    assert await resources.recall("nyc", NOW) == {"room-a": replace(always, version=1)}
    assert list(await resources.recall("nyc", later)) == ["room-a", "room-b"]
    assert (await resources.recall("nyc", last))["room-a"] == replace(closed, version=2)
    with pytest.raises(NotFound):
        await sites.recall("nyc", NOW - timedelta(seconds=1))


async def test_ten_putting_the_same_new_resource_at_once_make_one(resources: Resources) -> None:
    stored = await asyncio.gather(*(resources.define(ROOM, ASKED, at=NOW) for _ in range(10)))
    assert {each.doc["version"] for each in stored} == {1}


async def test_what_another_replica_put_is_known_within_two_seconds_and_if_new_at_once(mongo: Mongo) -> None:
    passed = 0.0
    documents = Documents(mongo.collection("resources"), None, StillClock(), lambda _: None)
    ours, theirs = Resources(documents, elapsed=lambda: passed), Resources(documents)
    await theirs.define(ROOM, ASKED, at=NOW)
    assert (await ours.get("nyc", "room-a")).capacity == 8
    await theirs.define(replace(ROOM, capacity=9), ASKED, at=NOW)
    await theirs.define(ROOM_B, ASKED, at=NOW)
    assert (await ours.get("nyc", "room-a")).capacity == 8
    assert (await ours.get("nyc", "room-b")).capacity == 4
    passed = 2.0
    assert (await ours.get("nyc", "room-a")).capacity == 9
