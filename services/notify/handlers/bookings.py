"""What becomes of a booking: told to whom it is for, and to who made it if that is another person."""

from typing import TypeVar

from services.notify.domain.plan import OF_PLACE, OF_UNSETTLED, Contact, Happening, Topic, overtaken
from services.notify.handlers.directly import Directly
from services.notify.store import Endings
from services.notify.tell import news_of
from shared.contracts.booking import (
    BookingCancelled,
    BookingChallenged,
    BookingChanged,
    BookingConfirmed,
    BookingEvent,
    BookingExpired,
    BookingHandedOver,
    BookingMoved,
    BookingNoShow,
    BookingPlaced,
    BookingReminded,
    BookingSubmitted,
)
from shared.kit.service import Received

AnyBooking = TypeVar("AnyBooking", bound=BookingEvent)
PLACED = {"provisional": Topic.BOOKING_PROVISIONAL, "pending": Topic.BOOKING_PENDING}
"""By what a booking began as; else it is simply placed."""
HELD = "held"
"""Nobody is told of a hold: whoever made it is looking at it."""


class Bookings:
    """Each raises NotYetKnown where the contact of whom it is for has not arrived."""

    def __init__(self, directly: Directly, endings: Endings) -> None:
        self._directly = directly
        self._endings = endings

    async def on_placed(self, event: Received[BookingPlaced]) -> None:
        status = event.data.status
        if status != HELD:
            await self._tell(PLACED.get(status, Topic.BOOKING_PLACED), event)

    async def on_submitted(self, event: Received[BookingSubmitted]) -> None:
        await self._tell(Topic.BOOKING_PENDING, event)

    async def on_confirmed(self, event: Received[BookingConfirmed]) -> None:
        """Nothing is said afterwards of what there was still to settle."""
        await self._endings.note(_unsettled(event.data), event.data.version)
        await self._tell(Topic.BOOKING_CONFIRMED, event)

    async def on_reminded(self, event: Received[BookingReminded]) -> None:
        await self._tell(Topic.BOOKING_REMINDED, event)

    async def on_challenged(self, event: Received[BookingChallenged]) -> None:
        await self._tell(Topic.BOOKING_CHALLENGED, event)

    async def on_moved(self, event: Received[BookingMoved]) -> None:
        """Nothing is said afterwards of where and when it was before."""
        await self._endings.note(_place(event.data), event.data.version)
        if event.data.status != HELD:
            await self._tell(Topic.BOOKING_MOVED, event)

    async def on_changed(self, event: Received[BookingChanged]) -> None:
        if event.data.status != HELD:
            await self._tell(Topic.BOOKING_CHANGED, event)

    async def on_cancelled(self, event: Received[BookingCancelled]) -> None:
        """Nothing older is said of it afterwards."""
        await self._ended(event.data)
        if event.data.before != HELD:
            admins = [await self._directly.person(each) for each in event.data.tell]
            people = [*await self._parties(event.data), *admins]
            topic = Topic.BOOKING_REJECTED if event.data.rejected else Topic.BOOKING_CANCELLED
            await self._tell(topic, event, people)

    async def on_expired(self, event: Received[BookingExpired]) -> None:
        """Nothing older is said of it afterwards."""
        await self._ended(event.data)
        if event.data.before != HELD:
            await self._tell(Topic.BOOKING_EXPIRED, event)

    async def on_no_show(self, event: Received[BookingNoShow]) -> None:
        await self._tell(Topic.BOOKING_NO_SHOW, event)

    async def on_handed_over(self, event: Received[BookingHandedOver]) -> None:
        """Tells whose it is now apart from whose it was, and the admins of the organization.

        What is held and lives on is an offer of the waiting list: whom it is for has heard of it as that, and goes on.
        """
        booking = event.data
        if booking.status == HELD:
            return
        await self._tell(Topic.BOOKING_RECEIVED, event, [await self._directly.person(booking.booked_for)])
        leaver = await self._directly.perhaps(booking.handed_over_by)
        others = [leaver, *[await self._directly.person(each) for each in booking.tell]]
        heard = [each for each in others if each is not None and each.id != booking.booked_for]
        await self._tell(Topic.BOOKING_HANDED_OVER, event, heard)

    async def _ended(self, booking: BookingEvent) -> None:
        for aggregate in (_whole(booking), _unsettled(booking), _place(booking)):
            await self._endings.note(aggregate, booking.version)

    async def _tell(self, topic: Topic, event: Received[AnyBooking], people: list[Contact] | None = None) -> None:
        """The parties of the booking, unless said otherwise."""
        booking = event.data
        aggregate = _aggregate(topic, booking)
        happening = Happening(event.event.id, topic, aggregate, booking.version)
        stale = overtaken(happening, await self._endings.version(aggregate))
        told = await self._parties(booking) if people is None else people
        await self._directly.tell(news_of(happening, booking, event.event), told, stale=stale)

    async def _parties(self, booking: BookingEvent) -> list[Contact]:
        people = [await self._directly.person(booking.booked_for)]
        not_theirs = booking.booked_by in (booking.booked_for, *booking.former)
        maker = None if not_theirs else await self._directly.perhaps(booking.booked_by)
        return people if maker is None else [*people, maker]


def _aggregate(topic: Topic, booking: BookingEvent) -> str:
    """What of the booking it speaks of, and is stale with."""
    if topic in OF_UNSETTLED:
        return _unsettled(booking)
    return _place(booking) if topic in OF_PLACE else _whole(booking)


def _whole(booking: BookingEvent) -> str:
    return f"booking|{booking.id}"


def _unsettled(booking: BookingEvent) -> str:
    """That of it which ends once it is confirmed, too."""
    return f"unsettled-booking|{booking.id}"


def _place(booking: BookingEvent) -> str:
    """Where and when it is, which ends with each move."""
    return f"place-of-booking|{booking.id}"
