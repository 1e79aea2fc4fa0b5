"""What becomes of what somebody waits for: told to whom it is for, and to who made it if that is another person."""

from services.notify.domain.plan import Contact, Happening, Topic, overtaken
from services.notify.handlers.directly import Directly
from services.notify.store import Endings
from services.notify.tell import news_of
from shared.contracts.booking import WaitEvent, WaitlistEnded, WaitlistJoined, WaitlistOffered
from shared.contracts.message import CloudEvent
from shared.kit.service import Received

ENDED = {"lapsed": Topic.WAITLIST_LAPSED, "expired": Topic.WAITLIST_EXPIRED}
"""By what an entry ended as; of what they did themselves they know, and a booking speaks for itself."""


class Waitlist:
    """Each raises NotYetKnown where the contact of whom it is for has not arrived."""

    def __init__(self, directly: Directly, endings: Endings) -> None:
        self._directly = directly
        self._endings = endings

    async def on_joined(self, event: Received[WaitlistJoined]) -> None:
        await self._tell(Topic.WAITLIST_JOINED, event.data, event.event)

    async def on_offered(self, event: Received[WaitlistOffered]) -> None:
        await self._tell(Topic.WAITLIST_OFFERED, event.data, event.event)

    async def on_ended(self, event: Received[WaitlistEnded]) -> None:
        """Nothing older is said of it afterwards."""
        entry = event.data
        await self._endings.note(_whole(entry), entry.version)
        topic = Topic.WAITLIST_CANCELLED if entry.because else ENDED.get(entry.status)
        if topic is not None:
            await self._tell(topic, entry, event.event)

    async def _tell(self, topic: Topic, entry: WaitEvent, event: CloudEvent) -> None:
        happening = Happening(event.id, topic, _whole(entry), entry.version)
        stale = overtaken(happening, await self._endings.version(happening.aggregate))
        await self._directly.tell(news_of(happening, entry, event), await self._parties(entry), stale=stale)

    async def _parties(self, entry: WaitEvent) -> list[Contact]:
        people = [await self._directly.person(entry.booked_for)]
        maker = None if entry.booked_by == entry.booked_for else await self._directly.perhaps(entry.booked_by)
        return people if maker is None else [*people, maker]


def _whole(entry: WaitEvent) -> str:
    return f"waitlist|{entry.id}"
