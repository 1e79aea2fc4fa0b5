"""Telling single people at once, unless what is known since says otherwise."""

from services.notify.domain.plan import Contact
from services.notify.store import Known
from services.notify.tell import News, Teller
from shared.kernel.refusal import NotYetKnown
from shared.kit.log import get_logger

log = get_logger()


class Directly:
    """Who they are, and that they hear it; what was begun is finished, stale or not."""

    def __init__(self, teller: Teller, known: Known) -> None:
        self._teller = teller
        self._people = known.people

    async def tell(self, news: News, people: list[Contact], *, stale: bool = False) -> None:
        if stale and not await self._teller.begun(news, people):
            log.info("notification.stale", topic=news.happening.topic.value, event_id=news.happening.event)
            return
        await self._teller.tell(news, people)

    async def person(self, member: str) -> Contact:
        """Raises NotYetKnown: whoever it concerns has a contact, now or soon."""
        found = await self.perhaps(member)
        if found is None:
            raise NotYetKnown
        return found

    async def perhaps(self, member: str) -> Contact | None:
        """None for one that may be a program, which has no contact."""
        person = await self._people.person(member)
        return None if person is None else person.contact
