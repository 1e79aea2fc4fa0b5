"""A person or an organization changed: their coming bookings are looked through in short turns, and once more later."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.leaving import Successors, Why, heir_of, uncovered, under_membership, without
from services.booking.domain.series_settling import settled
from services.booking.domain.viewer import ITSELF
from services.booking.domain.waiting import Entry, WaitlistDecided
from services.booking.handlers.parties import party_of
from services.booking.handlers.ports import Decide, DecideSeries
from services.booking.store.bookings import Coming
from services.booking.store.departures import Departure, Departures, departure_of
from shared.contracts.members import MemberState, OrganizationState
from shared.kernel.ids import derived_id
from shared.kernel.interval import Interval
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored
from shared.kit.log import get_logger

log = get_logger()
NOT_SEEN_YET = timedelta(seconds=0.5)
"""What a majority sees lags a moment behind what was just applied."""
Doc = dict[str, Any]
Settle = Callable[[Booking, datetime], Decided]
GiveUp = Callable[[Entry], WaitlistDecided | Entry]


class Bookings(Protocol):
    async def coming(self, coming: Coming) -> list[Doc]: ...
    async def change(self, booking_id: str, decide: Decide, cause: Cause, viewer: Any, *, at: datetime) -> Stored: ...


class Offering(Protocol):
    async def give_up(self, whose: Mapping[str, Any], decide: GiveUp, cause: Cause) -> None: ...


class ManySeries(Protocol):
    async def change(
        self, series_id: str, decide: DecideSeries, cause: Cause, viewer: Any, *, at: datetime
    ) -> Stored: ...


class People(Protocol):
    async def now(self, member: str) -> MemberState | None: ...
    async def admins_of(self, organization: str) -> tuple[str, ...]: ...


class Organizations(Protocol):
    async def now(self, doc_id: str) -> OrganizationState | None: ...


@dataclass(frozen=True, slots=True)
class Look:
    """Whose bookings are looked through; which of them may be concerned; and what is decided of each of those.

    `waiting` is what becomes of what they wait for.
    """

    whose: dict[str, Any]
    concerns: Callable[[Doc], bool]
    settling: Callable[[Doc], Awaitable[Settle]]
    waiting: GiveUp


@dataclass(frozen=True, slots=True)
class Pace:
    """Bookings per page, how many of them at once, and for how long a turn begins another page, well within 8 s."""

    page: int = 100
    at_once: int = 10
    seconds: float = 4.0


@dataclass(frozen=True, slots=True)
class Changes:
    """What arrives in our copies. Who is new has left nothing."""

    departures: Departures
    clock: Clock

    async def on_member(self, state: MemberState) -> None:
        if state.sequence > 1:
            await self.departures.open("member", state.id, state.sequence, at=self.clock.now())

    async def on_organization(self, state: OrganizationState) -> None:
        if state.sequence > 1:
            await self.departures.open("organization", state.id, state.sequence, at=self.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The ticker's turns."""

    departures: Departures
    bookings: Bookings
    offering: Offering
    series: ManySeries
    people: People
    organizations: Organizations
    sites: Callable[[], Awaitable[Sequence[str]]]
    clock: Clock
    pace: Pace = Pace()

    async def on_departure(self, doc: Doc) -> None:
        """Pages from the cursor on, until all are looked through or the turn is over; then the ticker goes on.

        Looked through, it waits for what was under way when the change arrived, and looks once more.
        """
        departure, loop = departure_of(doc), asyncio.get_running_loop()
        until, sites, begun = loop.time() + self.pace.seconds, await self.sites(), self.clock.now()
        look = await (self._of_member(departure) if departure.kind == "member" else self._of_organization(departure))
        if look is None:
            await self.departures.pause(departure, until=begun + NOT_SEEN_YET)
            return
        if departure.after is None:
            await self.offering.give_up(look.whose, look.waiting, _cause(departure))
        while True:
            page = await self.bookings.coming(Coming(sites, look.whose, departure.after or (begun, ""), self.pace.page))
            await self._settle_all([each for each in page if look.concerns(each)], look, departure)
            if len(page) < self.pace.page:
                break
            departure = replace(departure, after=(page[-1]["starts_at"], page[-1]["_id"]))
            if loop.time() > until:
                await self.departures.pause(departure, until=self.clock.now())
                return
        await self._looked_through(replace(departure, after=None), begun)

    async def _looked_through(self, departure: Departure, begun: datetime) -> None:
        if begun < departure.settled_at:
            await self.departures.pause(departure, until=departure.settled_at)
        else:
            await self.departures.close(departure)
            log.info("departure.closed", kind=departure.kind, subject=departure.subject, sequence=departure.sequence)

    async def _settle_all(self, docs: list[Doc], look: Look, departure: Departure) -> None:
        for n in range(0, len(docs), self.pace.at_once):
            # gather, not a task group: an outage has to reach the ticker as itself, not wrapped in a group
            await asyncio.gather(*(self._settle(each, look, departure) for each in docs[n : n + self.pace.at_once]))

    async def _settle(self, doc: Doc, look: Look, departure: Departure) -> None:
        """One write, or none where there is nothing to do; the same departure settles a booking once."""
        at, cause = self.clock.now(), _cause(departure)
        decide = await look.settling(doc)
        if _is_series(doc):
            each_of_it = partial(settled, settle=lambda booking: decide(booking, at))
            await self.series.change(doc["_id"], each_of_it, cause, ITSELF, at=at)
        else:
            await self.bookings.change(doc["_id"], lambda booking: decide(booking, at), cause, ITSELF, at=at)

    async def _of_member(self, departure: Departure) -> Look | None:
        member = await self.people.now(departure.subject)
        if member is None or member.sequence < departure.sequence:
            return None
        stays = [] if member.erased or not member.active else list(member.organizations)
        known: dict[str, Successors] = {}

        async def settling(doc: Doc) -> Settle:
            organization = doc["organization"]
            if organization not in known:
                known[organization] = await self._successors(member.id, organization)
            return lambda booking, at: without(booking, member.id, known[organization], at=at)

        whose = {"parties": member.id, "organization": {"$not": {"$in": stays}}}
        return Look(whose, lambda _: True, settling, lambda entry: entry.without(member.id, Why.MEMBER_LEFT))

    async def _of_organization(self, departure: Departure) -> Look | None:
        state = await self.organizations.now(departure.subject)
        if state is None or state.sequence < departure.sequence:
            return None
        party, admins = party_of(state, ""), await self.people.admins_of(state.id)

        async def settling(_: Doc) -> Settle:
            return lambda booking, at: under_membership(booking, party, admins, at=at)

        def concerns(doc: Doc) -> bool:
            return _is_series(doc) or any(party.refusals_over(Interval(doc["starts_at"], doc["ends_at"])))

        def waiting(entry: Entry) -> WaitlistDecided | Entry:
            why = uncovered(entry.interval, party)
            return entry if why is None else entry.cancel(why)

        return Look({"organization": state.id}, concerns, settling, waiting)

    async def _successors(self, leaver: str, organization: str) -> Successors:
        """By the organization's own wish."""
        state, admins = await self.organizations.now(organization), await self.people.admins_of(organization)
        others = tuple(each for each in admins if each != leaver)
        if state is None or state.on_leave.bookings == "cancel":
            return Successors(None, others)
        wished = state.on_leave.to
        there = await self.people.now(wished) if wished else None
        stays = there is not None and there.active and not there.erased and organization in there.organizations
        return Successors(heir_of(leaver, wished if stays else None, admins), others)


def _cause(departure: Departure) -> Cause:
    """The same departure settles a thing once."""
    return Cause(
        "booking.settle_departure",
        "booking",
        f"departure-{departure.id}",
        key=derived_id("departure", departure.id, str(departure.sequence)),
        fingerprint="departure",
    )


def _is_series(doc: Doc) -> bool:
    """Of which only the last time is told: which others there are, its document knows."""
    return "recurrence" in doc
