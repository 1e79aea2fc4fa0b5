"""Bookings: place, confirm, cancel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Protocol

from services.booking.domain.availability import Occupied
from services.booking.domain.booking import Booking
from services.booking.domain.events import BookingEvent
from services.booking.domain.explanation import ENOUGH, Explanation, Surroundings, windows
from services.booking.domain.refusals import BookingRefused, KeyRequired, SlotTaken
from services.booking.domain.resource import Resource, with_gap
from services.booking.domain.rights import Policy
from services.booking.domain.rules import Circumstances, Wanted, check_form, interval_of
from services.booking.domain.site import Holidays, Site
from services.booking.domain.viewer import Viewer
from services.booking.domain.violations import Violation
from services.booking.handlers.parties import Parties
from services.booking.store import Units
from services.booking.store.bookings import Decide
from shared.contracts.booking import CancelBooking, ConfirmBooking, PlaceBooking
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kernel.interval import Interval
from shared.kernel.refusal import Busy, Refusal
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Stored

TRIES = 8
"""Of finding quota units that nobody else takes at the same moment."""


class Bookings(Protocol):
    async def place(self, decided: Decision[Booking, BookingEvent], cause: Cause, *, at: datetime) -> Stored: ...
    async def replay(self, booking_id: str, cause: Cause) -> Stored | None: ...
    async def occupied(self, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]: ...
    async def change(
        self,
        booking_id: str,
        decide: Decide,
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
        if_match: int | None = None,
    ) -> Stored: ...


class Sites(Protocol):
    async def get(self, site: str) -> Site: ...


class Resources(Protocol):
    async def get(self, site: str, resource: str) -> Resource: ...
    async def of(self, site: str) -> Mapping[str, Resource]: ...


class Rights(Protocol):
    async def current(self) -> Policy: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingHandlers:
    """Everything a booking hangs on is a parameter; tests call it with fakes."""

    bookings: Bookings
    sites: Sites
    resources: Resources
    parties: Parties
    units: Units
    holidays: Holidays
    rights: Rights
    clock: Clock
    chance: Random

    async def place_booking(self, ask: Asked[PlaceBooking]) -> Stored:
        """Raises SlotTaken or BookingRefused with everything that says no, and what else PlaceBooking documents."""
        if ask.key is None:
            raise KeyRequired
        booking_id, cause = derived_id(ask.principal.id, ask.data.wire, ask.key), Cause.of(ask)
        try:
            return await self._place(booking_id, ask, cause)
        except SlotTaken:
            raise  # of a key used before the database would have named the document, not the claim
        except Refusal:
            # A retry of a success whose answer was lost must not be refused by its own booking.
            if (made := await self.bookings.replay(booking_id, cause)) is not None:
                return made
            raise

    async def confirm_booking(self, ask: Asked[ConfirmBooking]) -> Stored:
        """A confirmed booking stays as it is. Raises NotFound, NotConfirmable."""
        return await self._change(ask, ask.data.id, lambda booking: booking.confirm(), at=self.clock.now())

    async def cancel_booking(self, ask: Asked[CancelBooking]) -> Stored:
        """Gives time and quota back. Raises NotFound, TooLate."""
        at = self.clock.now()
        return await self._change(ask, ask.data.id, lambda booking: booking.cancel(at=at), at=at)

    async def _change(
        self, ask: Asked[ConfirmBooking] | Asked[CancelBooking], booking_id: str, decide: Decide, *, at: datetime
    ) -> Stored:
        by = ask.principal
        viewer = Viewer.of(by.id, by.roles, by.site)
        return await self.bookings.change(booking_id, decide, Cause.of(ask), viewer, at=at, if_match=ask.if_match)

    async def _place(self, booking_id: str, ask: Asked[PlaceBooking], cause: Cause) -> Stored:
        at = self.clock.now()
        wanted, under = await self._understood(ask, at)
        for _ in range(TRIES):
            free = await self.units.free(under.site.id, under.quota(wanted.interval))
            broken: Sequence[Violation] = ()
            try:
                decided = Booking.place(booking_id, wanted, under, free, at=at, chance=self.chance)
                return await self._write(decided, cause, at)
            except BookingRefused as refused:
                broken = refused.violations
            except ClaimTaken as taken:
                if taken.claim not in under.resource.claims(wanted.interval):
                    continue  # a unit of quota went to somebody else; there are others
            if no := await self._refusal(wanted, under, broken, at):
                raise no
        raise Busy

    async def _understood(self, ask: Asked[PlaceBooking], at: datetime) -> tuple[Wanted, Circumstances]:
        """What is wanted, and all that the rules look at; from memory, as a rule."""
        cmd, by = ask.data, ask.principal
        site = await self.sites.get(cmd.site)
        interval = interval_of(cmd.starts_at, cmd.ends_at)
        check_form(cmd.mode, interval, site.zone, at)
        resource = await self.resources.get(cmd.site, cmd.resource)
        party = await self.parties.acting(by, cmd.for_member)
        wanted = Wanted(interval, by.id, cmd.for_member or by.id, cmd.purpose, cmd.attendees)
        return wanted, Circumstances(site, resource, party, await self.rights.current(), self.holidays)

    async def _write(self, decided: Decision[Booking, BookingEvent], cause: Cause, at: datetime) -> Stored:
        booking = decided.state
        self.units.take(booking.site, booking.claims)
        try:
            return await self.bookings.place(decided, cause, at=at)
        except ClaimTaken as taken:
            self.units.give_back(booking.site, set(booking.claims) - {taken.claim})
            raise

    async def _refusal(
        self, wanted: Wanted, under: Circumstances, broken: Sequence[Violation], at: datetime
    ) -> Refusal | None:
        """With what would pass, close by if there is enough; None where nothing stands in the way any more."""
        near, two_days = windows(wanted.interval, under.site.zone)
        why = Explanation(wanted, under, broken, await self._around(under, near), at)
        offered = why.alternatives()
        if len(offered) < ENOUGH:
            why = Explanation(wanted, under, broken, await self._around(under, two_days), at)
            offered = why.alternatives()
        return why.refusal(offered)

    async def _around(self, under: Circumstances, window: Interval) -> Surroundings:
        """The wish's own resource first, then the others of its kind."""
        own, known = under.resource, await self.resources.of(under.site.id)
        kind = [own, *(each for each in known.values() if each.kind == own.kind and each.id != own.id)]
        ids = sorted({each for resource in kind for each in resource.occupies})
        return Surroundings(kind, await self.bookings.occupied(under.site.id, ids, with_gap(window, kind)), window)
