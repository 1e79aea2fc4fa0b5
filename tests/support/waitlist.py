"""The waiting list over fakes: a house in which those who wait are asked, in New York and in Tokyo."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from services.booking.domain.site import Site
from services.booking.domain.viewer import Viewer
from services.booking.domain.waiting import ANSWER, LOOK, Entry
from services.booking.handlers import WaitlistHandlers
from services.booking.handlers.claiming import Claiming
from services.booking.handlers.offering import Offering
from services.booking.handlers.turn import InTurn
from services.booking.store import Bookings, BookingsPage, Waits
from services.booking.store.waits import Wanted, entry_of
from shared.contracts.booking import AcceptOffer, CancelBooking, DeclineOffer, JoinWaitlist, LeaveWaitlist
from shared.contracts.message import Principal
from shared.kernel.interval import Interval
from shared.kit.documents import Stored
from tests.support.booking import SITE, FakeHouse, asked, member, member_state, ny, place, staff
from tests.support.documents import FakeDocuments


class FakeWaits(Waits):
    """The collection in memory; the writes are Waits' own over FakeDocuments, the reads are told in Python."""

    def __init__(self, documents: FakeDocuments) -> None:
        super().__init__(documents, None)
        self.memory = documents
        self._last = 0

    async def ticket(self, site: str) -> int:
        self._last += 1
        return self._last

    async def rearm(self, entry: Entry) -> None:
        doc = self.memory.docs[entry.id]
        if doc["status"] == "waiting" and entry.due is not None:
            doc["due_at"], doc["due_kind"] = entry.due

    async def listed(self, page: BookingsPage, viewer: Viewer) -> list[dict[str, Any]]:
        found = [doc for site in page.sites for doc in self.memory.of(site) if viewer.member in doc["parties"]]
        return sorted(found, key=lambda doc: (doc["starts_at"], doc["_id"]))[: page.limit]

    async def used_slots(self, site: str, prefix: str) -> set[int]:
        open_ = [doc for doc in self.memory.of(site) if "claims" in doc]
        return {doc["slot"] for doc in open_ if any(claim.startswith(prefix) for claim in doc["claims"])}

    async def waiting(self, site: str, within: Interval) -> list[Entry]:
        found = [entry_of(doc) for doc in self.memory.of(site) if doc["status"] == "waiting"]
        return sorted((each for each in found if each.interval.overlaps(within)), key=lambda each: each.ticket)

    async def open_of(self, whose: Mapping[str, Any], after: str, limit: int) -> list[Entry]:
        found = [doc for doc in self.memory.docs.values() if "claims" in doc and doc["_id"] > after]
        return [entry_of(doc) for doc in sorted(found, key=lambda doc: doc["_id"])][:limit]

    async def _wanted(self, site: str) -> tuple[Wanted, ...]:
        docs = [doc for doc in self.memory.of(site) if doc["status"] == "waiting"]
        return tuple(Wanted(Interval(doc["starts_at"], doc["ends_at"]), tuple(doc["parties"])) for doc in docs)


class WaitingHouse(FakeHouse):
    """New York with rooms A and B; Ana, Ben and Cho of `org-a`, of whom Cho lives in Tokyo; staff without quota."""

    def __init__(self, *rooms: Any, waits: Waits | None = None, site: Site = SITE) -> None:
        super().__init__(*rooms, site=site)
        zones = {"ana": "America/New_York", "ben": "America/New_York", "cho": "Asia/Tokyo", "stan": "America/New_York"}
        for name, zone in zones.items():
            organization = "staff" if name == "stan" else "org-a"
            self.members[name] = member_state(name, organization, time_zone=zone)
        self.waits = waits or FakeWaits(FakeDocuments(self.clock))
        self.queue(self.bookings)

    def queue(self, bookings: Bookings) -> None:
        """Those who wait are served over this collection, and all others claim in turn."""
        self.offering, self.line = self.replica(bookings)
        claiming = self.handle.claiming
        in_turn = InTurn(
            bookings=bookings,
            ground=self.ground,
            units=claiming.units,
            timers=self.timers,
            waits=self.waits,
            offering=self.offering,
        )
        self.handle, self.timers = self.working_on(bookings)
        self.handle = replace(self.handle, claiming=in_turn)
        self.moving = replace(self.moving, claiming=in_turn)
        self.attendance = replace(self.attendance, claiming=in_turn)
        self.repeat = replace(self.repeat, claiming=in_turn)
        self.reshape = replace(self.reshape, claiming=in_turn)
        self.series.on_change(self.offering.on_change)

    def replica(self, bookings: Bookings, seed: int = 9) -> tuple[Offering, WaitlistHandlers]:
        """One more that hears of the changes of `bookings`."""
        claiming = Claiming(bookings=bookings, ground=self.ground, units=self.units, timers=self.timers)
        more: Any = {"waits": self.waits, "bookings": bookings, "ground": self.ground, "clock": self.clock}
        offering = Offering(claiming=claiming, timers=self.timers, chance=Random(seed), **more)
        bookings.on_change(offering.on_change)
        return offering, WaitlistHandlers(offering=offering, chance=Random(seed), **more)

    async def wait(self, name: str, wall: str = "2026-12-15 19:00", minutes: int = 60, **more: Any) -> Stored:
        """An entry of that member for room A, unless said otherwise."""
        start = ny(wall)
        by = more.pop("by", None) or member(name, "staff" if name.startswith("s") else "org-a")
        what = {} if "kind" in more else {"resource": "room-a"}
        values: Any = {"site": "nyc", "starts_at": start, "ends_at": start + minutes * _MINUTE, **what, **more}
        key = f"{name}-{wall}-{minutes}-{values.get('resource')}"
        return await self.line.join_waitlist(asked(JoinWaitlist(**values), by, key=key, deadline=start))

    async def settled(self) -> None:
        """Everything that runs beside has ended."""
        while self.offering._running:
            await asyncio.gather(*self.offering._running)

    async def standing(self, entry: Stored) -> str:
        doc = self.waits_doc(entry)
        return str(doc["status"])

    def waits_doc(self, entry: Stored) -> dict[str, Any]:
        assert isinstance(self.waits, FakeWaits)
        return self.waits.memory.docs[entry.doc["_id"]]

    async def run_to(self, at: datetime) -> None:
        """As FakeHouse does, those who wait too."""
        handlers = dict(self.timers.by_kind)
        queue = {LOOK: self.offering.on_look, ANSWER: self.offering.on_answer}
        assert isinstance(self.waits, FakeWaits)
        while due := sorted(
            (doc["due_at"], doc["_id"])
            for docs in (self.bookings.memory.docs, self.waits.memory.docs)
            for doc in docs.values()
            if "due_at" in doc and doc["due_at"] <= at
        ):
            self.clock.at = max(self.clock.at, due[0][0])
            name = due[0][1]
            doc = self.bookings.memory.docs.get(name) or self.waits.memory.docs[name]
            await (handlers | queue)[doc["due_kind"]](doc)
            await self.settled()
        self.clock.at = at


_MINUTE = ny("2026-12-15 19:01") - ny("2026-12-15 19:00")


WALL = "2026-12-15 19:00"
STAN = staff()
ask = partial(asked, deadline=ny("2027-01-01 00:00"))


async def taken(house: WaitingHouse, wall: str = WALL, **more: Any) -> str:
    """The hour is Stan's, who will give it back."""
    return str((await place(house, f"stan-{wall}", STAN, wall=wall, **more)).doc["_id"])


async def freed(house: WaitingHouse, booking: str) -> None:
    await house.handle.cancel_booking(ask(CancelBooking(id=booking), STAN))
    await house.settled()


async def accept(house: WaitingHouse, entry: Stored, by: Principal | None = None, **more: Any) -> Stored:
    stored = await house.line.accept_offer(ask(AcceptOffer(id=entry.doc["_id"]), by, **more))
    await house.settled()
    return stored


async def decline(house: WaitingHouse, entry: Stored, by: Principal | None = None) -> Stored:
    stored = await house.line.decline_offer(ask(DeclineOffer(id=entry.doc["_id"]), by))
    await house.settled()
    return stored


async def leave(house: WaitingHouse, entry: Stored, by: Principal | None = None, **more: Any) -> Stored:
    stored = await house.line.leave_waitlist(ask(LeaveWaitlist(id=entry.doc["_id"]), by, **more))
    await house.settled()
    return stored


def held(house: WaitingHouse, entry: Stored) -> dict[str, Any]:
    """The booking that is offered."""
    return house.bookings.memory.docs[house.waits_doc(entry)["offer"]["booking"]]


def reasons(house: WaitingHouse, entry: Stored) -> list[str]:
    return [each["code"] for each in house.waits_doc(entry)["skipped"]["reasons"]]


async def answer(house: WaitingHouse, command: Any, by: Principal | None = None) -> Stored:
    handle: Any = {
        AcceptOffer: house.line.accept_offer,
        DeclineOffer: house.line.decline_offer,
        LeaveWaitlist: house.line.leave_waitlist,
    }[type(command)]
    stored: Stored = await handle(ask(command, by))
    return stored


def interval(entry: Stored) -> Any:
    return entry_of(entry.doc).interval
