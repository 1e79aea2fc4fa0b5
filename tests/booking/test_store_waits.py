"""The waiting list on the real mongod with both drivers: written, read by index, fair however many replicas race."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.entitlement import Reason
from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.domain.waiting import Entry, Skipped
from services.booking.store import BookingsPage, Waits
from services.booking.store.waits import entry_body, entry_of
from shared.contracts.booking import CancelBooking, ConfirmBooking, DeclineOffer
from shared.kernel.interval import Interval
from shared.kernel.refusal import NotFound
from shared.kernel.text import Text
from shared.kit import crash
from shared.kit.documents import Cause, ClaimTaken, Documents, Stored
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings
from tests.booking.test_domain_waiting import entry, offered
from tests.booking.test_store_indexes import Asked, assert_narrow
from tests.support.booking import NOW, StillClock, asked, member, member_state, ny, place, staff
from tests.support.waitlist import WaitingHouse

CAUSE = Cause("cmd.booking.join_waitlist.v1", "ana", "corr-1", key="k", fingerprint="f")
HOUR = Interval(ny("2026-12-15 19:00"), ny("2026-12-15 20:00"))
STAN = staff()


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    crash.configure("")


def waits_over(mongo: Mongo, collection: Any = None) -> Waits:
    documents = Documents(collection or mongo.collection("waits"), None, StillClock(), lambda _: None)
    return Waits(documents, mongo.collection("tickets"))


class Replicas(WaitingHouse):
    """The same over the real collections; every replica has reads and memory of its own."""

    def __init__(self, mongo: Mongo) -> None:
        super().__init__(waits=waits_over(mongo))
        self.mongo = mongo
        self.real = real_bookings(mongo)
        self.work_on(self.real)
        self.queue(self.real)

    def people(self, count: int) -> list[str]:
        names = [f"m{n:02d}" for n in range(count)]
        self.members |= {name: member_state(name, "org-a", time_zone="America/New_York") for name in names}
        return names

    async def doc(self, made: Stored) -> dict[str, Any]:
        doc = await self.waits.get(made.doc["_id"], ITSELF)
        assert doc is not None
        return doc

    async def statuses(self, entries: list[Stored]) -> list[str]:
        return [(await self.doc(each))["status"] for each in entries]

    async def offers(self) -> list[dict[str, Any]]:
        """Bookings that were offered, in the order they were made."""
        found: list[dict[str, Any]] = (
            await self.mongo.collection("bookings").find({"waitlist": {"$ne": None}}).to_list(None)
        )
        return found


@pytest.mark.parametrize(
    "made",
    [
        entry(),
        entry(kind="room", purpose="a talk", attendees=4),
        offered(),
        entry().cancel("member-left").state,
        entry().passed_over(Skipped(NOW, (Reason("asleep", Text("夜", "night")),))),
    ],
    ids=["waiting", "any room", "offered", "cancelled", "skipped"],
)
def test_an_entry_comes_back_as_it_was_written(made: Entry) -> None:
    assert entry_of({"_id": made.id, "site": made.site, **entry_body(made)}) == made


async def test_a_hundred_tickets_drawn_at_once_are_a_hundred(mongo: Mongo) -> None:
    waits = waits_over(mongo)
    drawn = await asyncio.gather(*(waits.ticket("nyc") for _ in range(100)))
    assert sorted(drawn) == list(range(1, 101))
    assert await waits.ticket("tokyo") == 1


async def test_a_wish_and_a_place_of_a_person_are_one_entrys_while_it_is_open(mongo: Mongo) -> None:
    waits = waits_over(mongo)
    await waits.add(entry("e1").join(), CAUSE, at=NOW)
    with pytest.raises(ClaimTaken) as wish:
        await waits.add(entry("e2", slot=2).join(), CAUSE, at=NOW)
    with pytest.raises(ClaimTaken) as slot:
        await waits.add(entry("e2", wall="2026-12-15 12:00").join(), CAUSE, at=NOW)
    assert (wish.value.claim.split("|")[0], slot.value.claim) == ("wish", "wait|ana|1")
    assert await waits.used_slots("nyc", "wait|ana|") == {1}
    await waits.change("e1", lambda now: now.cancel(), Cause("t", "ana", "c"), ITSELF, at=NOW)
    await waits.add(entry("e2").join(), CAUSE, at=NOW)


async def test_an_entry_is_there_for_its_parties_and_the_staff_of_its_site_alone(mongo: Mongo) -> None:
    waits = waits_over(mongo)
    await waits.add(entry("e1", booked_for="ben").join(), CAUSE, at=NOW)
    for viewer in (Viewer("ana"), Viewer("ben"), Viewer("stan", site="nyc"), ITSELF):
        assert (await waits.load("e1", viewer)).ticket == 1
        assert [doc["_id"] for doc in await waits.listed(BookingsPage(("nyc",)), viewer)] == ["e1"]
    for viewer in (Viewer("cho"), Viewer("stan", site="tokyo")):
        with pytest.raises(NotFound):
            await waits.load("e1", viewer)
        assert await waits.listed(BookingsPage(("nyc",)), viewer) == []


async def filled(waits: Waits) -> None:
    made = []
    for n in range(240):
        wall = f"2026-12-{2 + n % 20:02d} {9 + n // 20:02d}:00"
        each = entry(f"e{n:03d}", n, wall, booked_by=f"m{n % 40}", booked_for=f"m{n % 40}", slot=n // 40)
        made.append(waits.add(each.join(), CAUSE, at=NOW))
    await asyncio.gather(*made)
    for n in range(0, 240, 6):
        await waits.change(f"e{n:03d}", lambda now: now.cancel(), Cause("t", "ana", "c"), ITSELF, at=NOW)


async def test_every_read_of_the_list_uses_an_index_and_examines_little_more_than_it_returns(mongo: Mongo) -> None:
    await filled(waits_over(mongo))
    asked_ = Asked(mongo.collection("waits"))
    watched = waits_over(mongo, asked_)
    page = BookingsPage(("nyc",), ny("2026-12-05 00:00"), ny("2026-12-15 00:00"), limit=30)
    for read in (
        watched.waiting("nyc", Interval(ny("2026-12-10 00:00"), ny("2026-12-18 00:00"))),
        watched.wanted("nyc"),
        watched.used_slots("nyc", "wait|m3|"),
        watched.listed(page, Viewer("stan", site="nyc")),
        watched.listed(page, Viewer("m3")),
        watched.open_of({"parties": "m3", "organization": {"$not": {"$in": ["org-b"]}}}, "", 100),
        watched.open_of({"organization": "org-a"}, "e100", 20),
    ):
        await read
        assert_narrow(await asked_.explained())


async def test_of_many_who_wait_the_first_is_asked_whoever_looks_and_then_the_next_in_turn(mongo: Mongo) -> None:
    house = Replicas(mongo)
    theirs = (await place(house, "stan", STAN)).doc["_id"]
    people = await asyncio.gather(*(house.wait(name) for name in house.people(12)))
    in_turn = sorted(people, key=lambda each: int(each.doc["ticket"]))
    replicas = []
    for n in range(4):
        more = Replicas(mongo)
        more.people(12)
        replicas.append(more.replica(more.real, n)[0])

    async def all_look() -> None:
        await asyncio.gather(*(each.looked("nyc", HOUR) for each in replicas for _ in range(3)))
        await house.settled()

    await asyncio.gather(house.handle.cancel_booking(asked(CancelBooking(id=theirs), STAN)), all_look())
    await all_look()
    for n, turn in enumerate(in_turn[:5]):
        assert await house.statuses(in_turn) == [*["declined"] * n, "offered", *["waiting"] * (11 - n)]
        live = [doc for doc in await house.offers() if "claims" in doc]
        assert [doc["booked_for"] for doc in live] == [turn.doc["booked_for"]]
        decline = asked(DeclineOffer(id=turn.doc["_id"]), member(turn.doc["booked_for"]))
        await asyncio.gather(house.line.decline_offer(decline), *(each.looked("nyc", HOUR) for each in replicas))
        await all_look()
    assert [doc["waitlist"] for doc in await house.offers()] == [each.doc["_id"] for each in in_turn[:6]]


async def test_freed_time_and_a_crowd_who_did_not_wait_the_first_who_did_gets_it(mongo: Mongo) -> None:
    house = Replicas(mongo)
    theirs = (await place(house, "stan", STAN)).doc["_id"]
    waits = await house.wait("ana")
    crowd = house.people(30)
    await house.waits.wanted("nyc")
    await house.handle.cancel_booking(asked(CancelBooking(id=theirs), STAN))
    rush = [place(house, f"k-{name}", member(name)) for name in crowd]
    outcomes = await asyncio.gather(*rush, return_exceptions=True)
    assert [each for each in outcomes if isinstance(each, Stored)] == []
    assert await house.statuses([waits]) == ["offered"]


async def crashed_at(point: str, house: Replicas) -> list[Stored]:
    """Two who wait for what has fallen free while a replica died there."""
    theirs = (await place(house, "stan", STAN)).doc["_id"]
    people = [await house.wait(name) for name in ("ana", "ben")]
    crash.configure(f"{point}:raise@1")
    await house.handle.cancel_booking(asked(CancelBooking(id=theirs), STAN))
    await house.settled()
    crash.configure("")
    assert await house.statuses(people) == ["waiting", "waiting"]
    return people


@pytest.mark.parametrize("point", ["waitlist.between_release_and_offer", "waitlist.between_offer_and_mark"])
async def test_a_replica_that_dies_between_two_writes_strands_nobody(mongo: Mongo, point: str) -> None:
    house = Replicas(mongo)
    first, second = await crashed_at(point, house)
    assert len(await house.offers()) == (point == "waitlist.between_offer_and_mark")
    house.clock.at = NOW + timedelta(seconds=15)
    for each in (second, first):  # in whatever order the timers strike
        await house.offering.on_look(await house.doc(each))
    assert await house.statuses([first, second]) == ["offered", "waiting"]
    waits = await house.doc(second)
    assert (waits["version"], waits["due_at"] > house.clock.at) == (1, True), "a look is nothing anybody sees"
    assert [doc["booked_for"] for doc in await house.offers()] == ["ana"]


@pytest.mark.parametrize("heard", [True, False])
async def test_an_offer_that_was_answered_before_it_was_noted_blocks_nobody(mongo: Mongo, *, heard: bool) -> None:
    house = Replicas(mongo)
    people = await crashed_at("waitlist.between_offer_and_mark", house)
    if not heard:
        house.real._heard.clear()
    (theirs,) = await house.offers()
    await house.handle.cancel_booking(asked(CancelBooking(id=theirs["_id"])))
    await house.settled()
    if not heard:
        assert await house.statuses(people) == ["waiting", "waiting"]
        await house.offering.looked("nyc", HOUR)
    assert await house.statuses(people) == ["declined", "offered"]
    assert [doc["booked_for"] for doc in await house.offers() if "claims" in doc] == ["ben"]


async def test_an_offer_that_was_accepted_before_it_was_noted_is_theirs(mongo: Mongo) -> None:
    house = Replicas(mongo)
    people = await crashed_at("waitlist.between_offer_and_mark", house)
    house.real._heard.clear()
    (theirs,) = await house.offers()
    await house.handle.confirm_booking(asked(ConfirmBooking(id=theirs["_id"])))
    await house.offering.looked("nyc", HOUR)
    assert await house.statuses(people) == ["accepted", "waiting"]
