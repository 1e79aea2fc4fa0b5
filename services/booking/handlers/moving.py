"""Another time, place or purpose for a booking that stands."""

from contextlib import suppress
from dataclasses import dataclass
from random import Random

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.moving import Move, move, reword
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.rules import FreeUnits, Wanted, interval_of
from services.booking.domain.viewer import Viewer
from services.booking.handlers.claiming import TRIES, Claiming, Wish
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import Bookings, Decide
from shared.contracts.booking import ChangeBooking
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.refusal import Busy, Refusal, VersionStale
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
        try:
            return await self._tried(ask, viewer)
        except Refusal:
            # A retry of a success whose answer was lost must not be refused for what it or others have done since.
            if (done := await self._done_before(ask, viewer)) is not None:
                return done
            raise

    async def _done_before(self, ask: Asked[ChangeBooking], viewer: Viewer) -> Stored | None:
        stored = await self.bookings.change(ask.data.id, Decision, Cause.of(ask), viewer, at=self.clock.now())
        return stored if stored.replay else None

    async def _tried(self, ask: Asked[ChangeBooking], viewer: Viewer) -> Stored:
        for _ in range(TRIES):
            booking, version = await self.bookings.load(ask.data.id, viewer)
            try:
                return await self._changed(ask, booking, viewer, version if ask.if_match is None else ask.if_match)
            except VersionStale:
                if ask.if_match is not None:
                    raise
        raise Busy

    async def _changed(self, ask: Asked[ChangeBooking], booking: Booking, viewer: Viewer, version: int) -> Stored:
        """Decided within the one write; what says no to other words alone is explained like any other refusal."""
        at, wanted, cause = self.clock.now(), _wanted(ask.data, booking), Cause.of(ask)
        resource = await self.ground.resources.get(booking.site, ask.data.resource or booking.resource)

        async def write(decide: Decide) -> Stored:
            return await self.bookings.change(booking.id, decide, cause, viewer, at=at, if_match=version)

        async def write_reworded(_: FreeUnits) -> Stored:
            return await write(lambda now: reword(now, wanted, resource, at=at))

        same = (wanted.interval, resource.id) == (booking.interval, booking.resource)
        if same:
            with suppress(BookingRefused):
                return await write_reworded({})
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
        return await self.claiming.secured(wish, write_reworded if same else write_moved)


def _wanted(asked: ChangeBooking, booking: Booking) -> Wanted:
    """What is not named stays. Raises IntervalInvalid, IntervalTooLong."""
    interval = interval_of(asked.starts_at or booking.interval.start, asked.ends_at or booking.interval.end)
    purpose = booking.purpose if asked.purpose is None else asked.purpose or None
    attendees = asked.attendees or booking.attendees
    return Wanted(interval, booking.booked_by, booking.booked_for, purpose, attendees)
