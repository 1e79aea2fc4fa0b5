"""What is one person's own: told to them at once, unless what is known since says otherwise."""

from services.notify.domain.audience import contradicted
from services.notify.domain.plan import Contact, Happening, Topic, overtaken
from services.notify.store import Known
from services.notify.tell import News, Teller, news_of
from shared.contracts.booking import BookingCancelled, BookingConfirmed, BookingPlaced
from shared.contracts.events import RegistrationPlaced, RegistrationPromoted
from shared.contracts.members import SessionReused
from shared.kernel.refusal import NotYetKnown
from shared.kit.log import get_logger
from shared.kit.service import Received

log = get_logger()


class Results:
    """Bookings, registrations, and what befalls their sessions."""

    def __init__(self, teller: Teller, known: Known) -> None:
        self._teller = teller
        self._people = known.people
        self._endings = known.endings
        self._audience = known.audience

    async def on_booking_placed(self, event: Received[BookingPlaced]) -> None:
        """Tells whom it is for and who made it, unless it is known to be over since; a hold is told to nobody, for its
        maker is looking at it. Raises NotYetKnown.
        """
        if event.data.status != "held":
            await self._tell_parties(Topic.BOOKING_PLACED, event)

    async def on_booking_confirmed(self, event: Received[BookingConfirmed]) -> None:
        """Tells the same people. Raises NotYetKnown."""
        await self._tell_parties(Topic.BOOKING_CONFIRMED, event)

    async def on_booking_cancelled(self, event: Received[BookingCancelled]) -> None:
        """Tells the same people, except of a hold; nothing older is said of it afterwards. Raises NotYetKnown."""
        await self._endings.note(f"booking|{event.data.id}", event.data.version)
        if event.data.before != "held":
            await self._tell_parties(Topic.BOOKING_CANCELLED, event)

    async def on_registration_placed(self, event: Received[RegistrationPlaced]) -> None:
        """Tells the member that a seat is theirs, or their place in the queue. Raises NotYetKnown."""
        placed = event.data
        topic = Topic.WAITING if placed.status == "waiting" else Topic.REGISTERED
        happening = Happening(event.event.id, topic, f"seminar|{placed.seminar.id}", placed.seminar.version)
        changed = contradicted(placed.status, placed.version, await self._audience.known(placed.id))
        stale = changed or overtaken(happening, await self._endings.version(happening.aggregate))
        await self._tell(news_of(happening, placed, event.event), [await self._party(placed.member)], stale=stale)

    async def on_registration_promoted(self, event: Received[RegistrationPromoted]) -> None:
        """Tells the member that the freed seat is theirs. Raises NotYetKnown."""
        promoted = event.data
        happening = Happening(
            event.event.id, Topic.PROMOTED, f"seminar|{promoted.seminar.id}", promoted.seminar.version
        )
        changed = contradicted("confirmed", promoted.version, await self._audience.known(promoted.id))
        stale = changed or overtaken(happening, await self._endings.version(happening.aggregate))
        await self._tell(news_of(happening, promoted, event.event), [await self._party(promoted.member)], stale=stale)

    async def on_session_reused(self, event: Received[SessionReused]) -> None:
        """Tells the member that somebody may have a copy of their key. Raises NotYetKnown."""
        reused = event.data
        happening = Happening(event.event.id, Topic.SESSION_REUSED, f"session|{reused.id}", reused.version)
        await self._tell(news_of(happening, reused, event.event), [await self._party(reused.member)], stale=False)

    async def _tell_parties(
        self, topic: Topic, event: Received[BookingPlaced] | Received[BookingConfirmed] | Received[BookingCancelled]
    ) -> None:
        booking = event.data
        happening = Happening(event.event.id, topic, f"booking|{booking.id}", booking.version)
        people = await self._parties(booking.booked_for, booking.booked_by)
        stale = overtaken(happening, await self._endings.version(happening.aggregate))
        await self._tell(news_of(happening, booking, event.event), people, stale=stale)

    async def _tell(self, news: News, people: list[Contact], *, stale: bool) -> None:
        if stale and not await self._teller.begun(news, people):
            log.info("notification.stale", topic=news.happening.topic.value, event_id=news.happening.event)
            return
        await self._teller.tell(news, people)

    async def _parties(self, booked_for: str, booked_by: str) -> list[Contact]:
        """Whom it is for has a contact, now or soon. Who made it may be a program, which has none."""
        people = [await self._party(booked_for)]
        maker = None if booked_by == booked_for else await self._people.person(booked_by)
        return people if maker is None else [*people, maker.contact]

    async def _party(self, member: str) -> Contact:
        person = await self._people.person(member)
        if person is None:
            raise NotYetKnown
        return person.contact
