"""What is said to all who come to a seminar, in pages: each is short, and a crash repeats at most one."""

import asyncio
from dataclasses import dataclass
from typing import Any

from services.notify.compose import facts_of
from services.notify.domain.audience import Said, hears
from services.notify.domain.plan import Happening, Topic, overtaken
from services.notify.store import Broadcasts, Known
from services.notify.store.audience import Page, registration_of
from services.notify.store.broadcasts import Broadcast, broadcast_of
from services.notify.store.people import unknown
from services.notify.tell import News, Teller
from shared.contracts.events import RegistrationState, SeminarCancelled, SeminarChanged, SeminarGist
from shared.contracts.message import CloudEvent
from shared.kernel.time import Clock
from shared.kit.log import get_logger
from shared.kit.service import Received

log = get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Registrations per page; and for how long one turn begins another, well within a handler's 8 s, a lease's 10 s."""

    page: int = 1_000
    seconds: float = 4.0


class Announcements:
    """Broadcasts about seminars, and the registrations that arrive after them."""

    def __init__(self, teller: Teller, known: Known, broadcasts: Broadcasts, clock: Clock, pace: Pace = Pace()) -> None:
        self._teller = teller
        self._known = known
        self._broadcasts = broadcasts
        self._clock = clock
        self._pace = pace

    async def on_seminar_changed(self, event: Received[SeminarChanged]) -> None:
        """Tells all who were registered or waiting, unless the seminar is known to be cancelled since."""
        await self._announce(Topic.SEMINAR_CHANGED, event.data.seminar, event)

    async def on_seminar_cancelled(self, event: Received[SeminarCancelled]) -> None:
        """Tells all who were registered or waiting; nothing older is said of this seminar afterwards."""
        seminar = event.data.seminar
        await self._known.endings.note(f"seminar|{seminar.id}", seminar.version)
        await self._announce(Topic.SEMINAR_CANCELLED, seminar, event)

    async def on_registration(self, state: RegistrationState) -> None:
        """Tells what was said before this registration arrived here, though its member was there when it was said."""
        registration = registration_of(state)
        if registration is None or registration.status == "cancelled":
            return
        for broadcast in await self._broadcasts.since(registration):
            news = _news(broadcast)
            if hears(registration, broadcast.said) and not await self._is_over(news.happening):
                person = await self._known.people.person(registration.member)
                await self._teller.tell(news, [person.contact if person else unknown(registration.member)])

    async def continue_fan_out(self, doc: dict[str, Any]) -> None:
        """The ticker's turn at a broadcast that was left unfinished."""
        await self._fan_out(broadcast_of(doc))

    async def _announce(
        self, topic: Topic, seminar: SeminarGist, event: Received[SeminarChanged] | Received[SeminarCancelled]
    ) -> None:
        envelope: CloudEvent = event.event
        broadcast = Broadcast(
            Said(envelope.id, seminar.id, seminar.version, envelope.time),
            topic,
            event.data.wire,
            seminar.site,
            event.data.model_dump(mode="json", exclude_none=True),
            envelope.correlationid or envelope.id,
            envelope.traceparent,
        )
        await self._fan_out(await self._broadcasts.open(broadcast, at=self._clock.now()))

    async def _fan_out(self, broadcast: Broadcast) -> None:
        """Pages from the cursor on, until all are planned or the turn is over; then the ticker goes on.

        While one page is stored the next is read, so that neither we nor the database wait for the other.
        """
        if broadcast.done:
            return
        news, said = _news(broadcast), broadcast.said
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pace.seconds
        page = await self._read(said.seminar, broadcast.cursor)
        while page and not await self._is_over(news.happening):
            ahead, _ = await asyncio.gather(self._read(said.seminar, page[-1][0]), self._tell(news, said, page))
            await self._broadcasts.advance(said.event, page[-1][0])
            page = ahead
            if page and loop.time() > until:
                await self._broadcasts.pause(said.event, until=self._clock.now())
                return
        await self._broadcasts.finish(said.event)
        log.info("broadcast.planned", event_id=said.event, topic=broadcast.topic.value)

    async def _read(self, seminar: str, after: str) -> Page:
        return await self._known.audience.page(seminar, after=after, limit=self._pace.page)

    async def _tell(self, news: News, said: Said, page: Page) -> None:
        hearing = [registration.member for _, registration in page if registration and hears(registration, said)]
        contacts = await self._known.people.contacts(hearing)
        await self._teller.tell(news, [contacts.get(member) or unknown(member) for member in hearing])

    async def _is_over(self, happening: Happening) -> bool:
        return overtaken(happening, await self._known.endings.version(happening.aggregate))


def _news(broadcast: Broadcast) -> News:
    said = broadcast.said
    happening = Happening(said.event, broadcast.topic, f"seminar|{said.seminar}", said.version)
    facts = facts_of(broadcast.wire, broadcast.facts)
    return News(happening, facts, broadcast.correlationid, broadcast.traceparent, broadcast=True)
