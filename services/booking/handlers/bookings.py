"""Bookings: place, confirm, approve, reject, cancel."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TypeVar

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.refusals import KeyRequired, SlotTaken
from services.booking.domain.rules import FreeUnits, Wanted, check_form, interval_of
from services.booking.domain.settling import approve, cancel, confirm, reject
from services.booking.domain.status import Mode
from services.booking.domain.viewer import Viewer
from services.booking.handlers.claiming import Claiming, Wish
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import Bookings
from shared.contracts.booking import ApproveBooking, CancelBooking, ConfirmBooking, PlaceBooking, RejectBooking
from shared.contracts.message import Asked
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Refusal
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored

AboutOne = TypeVar("AboutOne", ConfirmBooking, ApproveBooking, RejectBooking, CancelBooking)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingHandlers:
    """Everything a booking hangs on is a parameter; tests call it with fakes."""

    bookings: Bookings
    ground: Ground
    claiming: Claiming
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
        """A confirmed booking stays as it is. Raises NotFound, NotConfirmable, TooLate."""
        at = self.clock.now()
        return await self._change(ask, lambda booking, _: confirm(booking, at=at), at=at)

    async def approve_booking(self, ask: Asked[ApproveBooking]) -> Stored:
        """Raises NotFound, Forbidden for whom it belongs to, NotApprovable."""
        at, reason = self.clock.now(), ask.data.reason

        def decide(booking: Booking, viewer: Viewer) -> Decided:
            viewer.has_charge_of(booking.site)
            return approve(booking, reason=reason, at=at)

        return await self._change(ask, decide, at=at)

    async def reject_booking(self, ask: Asked[RejectBooking]) -> Stored:
        """Raises NotFound, Forbidden for whom it belongs to, NotRejectable."""
        at = self.clock.now()

        def decide(booking: Booking, viewer: Viewer) -> Decided:
            viewer.has_charge_of(booking.site)
            return reject(booking, reason=ask.data.reason, at=at)

        return await self._change(ask, decide, at=at)

    async def cancel_booking(self, ask: Asked[CancelBooking]) -> Stored:
        """Gives the time back, and in time the hours. Raises NotFound, TooLate, NotCancellable."""
        at, reason = self.clock.now(), ask.data.reason

        def decide(booking: Booking, viewer: Viewer) -> Decided:
            return cancel(booking, at=at, by_house=not viewer.speaks_for(booking.parties), reason=reason)

        return await self._change(ask, decide, at=at)

    async def _change(
        self, ask: Asked[AboutOne], decide: Callable[[Booking, Viewer], Decided], *, at: datetime
    ) -> Stored:
        viewer, cause = await self.ground.parties.viewer(ask.principal), Cause.of(ask)
        return await self.bookings.change(
            ask.data.id, lambda booking: decide(booking, viewer), cause, viewer, at=at, if_match=ask.if_match
        )

    async def _place(self, booking_id: str, ask: Asked[PlaceBooking], cause: Cause) -> Stored:
        at = self.clock.now()
        wish = await self._understood(ask, at)
        wanted, under, units = wish.wanted, wish.under, self.claiming.units

        async def write(free: FreeUnits) -> Stored:
            decided = Booking.place(booking_id, wanted, under, free, at=at, chance=self.chance)
            with units.drawn(under.site.id, decided.state.claims):
                return await self.bookings.place(decided, cause, at=at)

        return await self.claiming.secured(wish, write)

    async def _understood(self, ask: Asked[PlaceBooking], at: datetime) -> Wish:
        """What is wanted, and all that the rules look at; from memory, as a rule."""
        cmd, by, ground = ask.data, ask.principal, self.ground
        site = await ground.sites.get(cmd.site)
        interval = interval_of(cmd.starts_at, cmd.ends_at)
        check_form(interval, site.zone, at)
        resource = await ground.resources.get(cmd.site, cmd.resource)
        party = await ground.parties.acting(by, cmd.for_member)
        wanted = Wanted(interval, by.id, cmd.for_member or by.id, cmd.purpose, cmd.attendees, Mode(cmd.mode))
        return Wish(wanted, await ground.under(resource, party), at, ask.correlationid)
