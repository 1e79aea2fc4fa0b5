"""The looking through of bookings by one replica, over the real store, and how others change what it sees."""

from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from services.booking.domain.booking import Booking
from services.booking.domain.viewer import ITSELF
from services.booking.handlers.leaving import Changes, Leaving, Pace
from services.booking.store import Bookings, Departures, People
from shared.contracts.members import MemberState, OrganizationState
from shared.kernel.interval import Interval
from shared.kit.copies import Copy
from shared.kit.documents import Cause
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings, real_series
from tests.support.booking import MEMBER_A, NOW, ROOM, SITE, StillClock, organization, under, wish

OPEN_ALWAYS = replace(ROOM, opening_hours=None, buffer_minutes=0)


class NobodyWaits:
    async def give_up(self, *_: Any) -> None:
        """Nothing to give up."""


@dataclass
class Office:
    """The looking through of one replica, and how others change what it sees."""

    mongo: Mongo
    clock: StillClock

    def __post_init__(self) -> None:
        self.pace = Pace()
        self.bookings: Bookings = real_bookings(self.mongo)
        self.series = real_series(self.mongo)
        self.departures = Departures(self.mongo.collection("departures"))
        self.members = Copy(self.mongo.collection("copy_member"), MemberState)
        self.organizations = Copy(self.mongo.collection("copy_organization"), OrganizationState)
        self.changes = Changes(self.departures, self.clock)
        self.leaving = self.replica()

    def replica(self, bookings: Any = None) -> Leaving:
        return Leaving(
            departures=self.departures,
            bookings=bookings or self.bookings,
            offering=NobodyWaits(),
            series=self.series,
            people=People(self.members),
            organizations=self.organizations,
            sites=self.sites,
            clock=self.clock,
            pace=self.pace,
        )

    async def sites(self) -> list[str]:
        return ["nyc", "tokyo"]

    async def hear(self, *states: MemberState | OrganizationState) -> None:
        """As the service does for each state that arrives."""
        for state in states:
            if isinstance(state, MemberState):
                await self.members.apply(state)
                await self.changes.on_member(state)
            else:
                await self.organizations.apply(state)
                await self.changes.on_organization(state)

    async def book(self, name: str, days: float = 7, *, by: str = "ana", for_: str = "", org: str = "org-a") -> None:
        interval = Interval(NOW + timedelta(days=days), NOW + timedelta(days=days, hours=1))
        where = under(OPEN_ALWAYS, replace(MEMBER_A, id=org, person=by, kind="city_staff"), replace(SITE, calendars=()))
        wanted = replace(wish(), interval=interval, booked_by=by, booked_for=for_ or by)
        decided = Booking.place(name, wanted, where, {}, at=NOW, chance=Random(1))
        await self.bookings.place(decided, Cause("test", by, "corr"), at=NOW)

    async def turn(self, leaving: Leaving | None = None) -> bool:
        """Runs what is due, as the ticker would; whether anything was."""
        where = {"due_at": {"$lte": self.clock.at}}
        doc = await self.mongo.collection("departures").find_one(where, sort=[("due_at", 1)])
        if doc is not None:
            await (leaving or self.leaving).on_departure(doc)
        return doc is not None

    async def turns(self) -> int:
        """Until nothing is due; how many there were."""
        count = 0
        while await self.turn():
            count += 1
            assert count < 100
        return count

    async def open(self) -> int:
        return int(await self.mongo.collection("departures").count_documents({"due_at": {"$exists": True}}))

    async def standing(self) -> dict[str, tuple[str, str]]:
        """By name of the booking: status, and for whom it is."""
        docs = await self.mongo.collection("bookings").find({}).sort("_id", 1).to_list(None)
        return {doc["_id"]: (doc["status"], doc["booked_for"]) for doc in docs}

    async def said(self, name: str) -> list[dict[str, Any]]:
        doc = await self.bookings.get(name, ITSELF)
        assert doc is not None
        return [{"type": e["type"].split(".")[1], **e["data"]} for e in doc["log"][1:]]


def gone(name: str = "ana", *organizations: str, sequence: int = 2, **more: Any) -> MemberState:
    return MemberState(id=name, sequence=sequence, organizations=organizations, **more)


def changed(sequence: int = 2, **more: Any) -> OrganizationState:
    return organization(**more).model_copy(update={"sequence": sequence})
