"""Another time, place or purpose for a booking that stands."""

from dataclasses import dataclass
from random import Random

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.moving import Move, move, reword
from services.booking.domain.rules import FreeUnits, Wanted, interval_of
from services.booking.domain.viewer import Viewer
from services.booking.handlers.claiming import TRIES, Claiming, Wish
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import Bookings, Decide
from shared.contracts.booking import ChangeBooking
from shared.contracts.message import Asked
from shared.kernel.refusal import Busy, VersionStale
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveHandlers:
    bookings: Bookings
    ground: Ground
    claiming: Claiming
    clock: Clock
    chance: Random

    async def change_booking(self, ask: Asked[ChangeBooking]) -> Stored:
        """Raises NotFound, VersionStale, what move and reword raise, SlotTaken, Busy."""
        viewer = await self.ground.parties.viewer(ask.principal)
        for _ in range(TRIES):
            booking, version = await self.bookings.load(ask.data.id, viewer)
            try:
                return await self._changed(ask, booking, viewer, ask.if_match or version)
            except VersionStale:
                if ask.if_match is not None:
                    raise
        raise Busy

    async def _changed(self, ask: Asked[ChangeBooking], booking: Booking, viewer: Viewer, version: int) -> Stored:
        """Decided within the one write, so that a retry of what was done before finds it before any rule is asked."""
        at, wanted, cause = self.clock.now(), _wanted(ask.data, booking), Cause.of(ask)
        resource = await self.ground.resources.get(booking.site, ask.data.resource or booking.resource)

        async def write(decide: Decide) -> Stored:
            return await self.bookings.change(booking.id, decide, cause, viewer, at=at, if_match=version)

        if (wanted.interval, resource.id) == (booking.interval, booking.resource):
            return await write(lambda now: reword(now, wanted, resource, at=at))
        party = await self.ground.parties.party(booking.organization, booking.booked_for)
        under = await self.ground.under(resource, party)
        to = Move(wanted, under, by_house=not viewer.speaks_for(booking.parties))

        async def write_moved(free: FreeUnits) -> Stored:
            def decide(now: Booking) -> Decided:
                return move(now, to, free, at=at, chance=self.chance)

            stored = await write(decide)
            self.claiming.units.taken(booking.site, stored.doc.get("claims", ()))
            return stored

        running = booking.interval.start <= at
        wish = Wish(wanted, under, at, ask.correlationid, instead_of=booking.id, own=booking.claims, running=running)
        return await self.claiming.secured(wish, write_moved)


def _wanted(asked: ChangeBooking, booking: Booking) -> Wanted:
    """What is not named stays. Raises IntervalInvalid, IntervalTooLong."""
    interval = interval_of(asked.starts_at or booking.interval.start, asked.ends_at or booking.interval.end)
    purpose = booking.purpose if asked.purpose is None else asked.purpose or None
    attendees = asked.attendees or booking.attendees
    return Wanted(interval, booking.booked_by, booking.booked_for, purpose, attendees)
