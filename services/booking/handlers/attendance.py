"""Checking in and out."""

from dataclasses import dataclass
from datetime import datetime

from services.booking.domain.attendance import Arrival, check_in, check_out, forgive
from services.booking.domain.booking import Booking, Decided
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted
from services.booking.domain.viewer import Viewer
from services.booking.handlers.claiming import Claiming, Wish
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import Bookings
from shared.contracts.booking import CheckInBooking, CheckOutBooking, ForgiveStrike
from shared.contracts.message import Asked
from shared.kernel.interval import Interval
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class AttendanceHandlers:
    bookings: Bookings
    ground: Ground
    claiming: Claiming
    clock: Clock

    async def check_in_booking(self, ask: Asked[CheckInBooking]) -> Stored:
        """Raises NotFound, PresenceNotYours, NotCheckableIn, CheckInNotOpen, CheckInClosed, SlotTaken."""
        viewer, cause, at = await self.ground.parties.viewer(ask.principal), Cause.of(ask), self.clock.now()
        booking = await self._as_the_clock_has_it(ask, viewer, at)
        resource = await self.ground.resources.get(booking.site, booking.resource)
        arrival = Arrival(ask.principal.id, ask.data.visible)

        async def write(_: FreeUnits) -> Stored:
            return await self.bookings.change(
                booking.id,
                lambda now: check_in(now, arrival, resource, at=at),
                cause,
                viewer,
                at=at,
                if_match=ask.if_match,
            )

        try:
            return await write({})
        except ClaimTaken:
            left = Interval(at, booking.booked_until or booking.interval.end)
        wanted = Wanted(left, booking.booked_by, booking.booked_for)
        wish = Wish(wanted, await self._under(booking), at, ask.correlationid, instead_of=booking.id, running=True)
        return await self.claiming.secured(wish, write)

    async def check_out_booking(self, ask: Asked[CheckOutBooking]) -> Stored:
        """Before the start it costs what cancelling would. Raises NotFound, NotCheckableOut."""
        viewer, at = await self.ground.parties.viewer(ask.principal), self.clock.now()
        booking, _ = await self.bookings.load(ask.data.id, viewer)
        under = await self._under(booking)
        return await self.bookings.change(
            booking.id,
            lambda now: check_out(now, under, at=at, by_house=not viewer.speaks_for(now.parties)),
            Cause.of(ask),
            viewer,
            at=at,
            if_match=ask.if_match,
        )

    async def forgive_strike(self, ask: Asked[ForgiveStrike]) -> Stored:
        """Raises NotFound, Forbidden for whom it belongs to, NotForgivable."""
        viewer, at = await self.ground.parties.viewer(ask.principal), self.clock.now()

        def decide(booking: Booking) -> Decided:
            viewer.has_charge_of(booking.site)
            return forgive(booking, by=ask.principal.id, reason=ask.data.reason, at=at)

        return await self.bookings.change(ask.data.id, decide, Cause.of(ask), viewer, at=at, if_match=ask.if_match)

    async def _as_the_clock_has_it(self, ask: Asked[CheckInBooking], viewer: Viewer, at: datetime) -> Booking:
        """Who comes too late finds a no-show, whether or not its timer has got to it."""
        booking, _ = await self.bookings.load(ask.data.id, viewer)
        if not booking.absent(at):
            return booking
        await self.claiming.timers.no_show(booking.id, correlationid=ask.correlationid, at=at)
        return (await self.bookings.load(booking.id, viewer))[0]

    async def _under(self, booking: Booking) -> Circumstances:
        resource = await self.ground.resources.get(booking.site, booking.resource)
        party = await self.ground.parties.party(booking.organization, booking.booked_for)
        return await self.ground.under(resource, party)
