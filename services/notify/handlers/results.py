"""What is one person's own: told to them at once, unless what is known since says otherwise."""

from services.notify.domain.audience import contradicted
from services.notify.domain.plan import Happening, Topic, overtaken
from services.notify.handlers.directly import Directly
from services.notify.store import Known
from services.notify.tell import news_of
from shared.contracts.events import RegistrationPlaced, RegistrationPromoted
from shared.contracts.members import SessionReused
from shared.kit.service import Received


class Results:
    """Registrations, and what befalls sessions."""

    def __init__(self, directly: Directly, known: Known) -> None:
        self._directly = directly
        self._endings = known.endings
        self._audience = known.audience

    async def on_registration_placed(self, event: Received[RegistrationPlaced]) -> None:
        """Tells the member that a seat is theirs, or their place in the queue. Raises NotYetKnown."""
        placed = event.data
        topic = Topic.WAITING if placed.status == "waiting" else Topic.REGISTERED
        happening = Happening(event.event.id, topic, f"seminar|{placed.seminar.id}", placed.seminar.version)
        changed = contradicted(placed.status, placed.version, await self._audience.known(placed.id))
        stale = changed or overtaken(happening, await self._endings.version(happening.aggregate))
        await self._directly.tell(
            news_of(happening, placed, event.event), [await self._directly.person(placed.member)], stale=stale
        )

    async def on_registration_promoted(self, event: Received[RegistrationPromoted]) -> None:
        """Tells the member that the freed seat is theirs. Raises NotYetKnown."""
        promoted = event.data
        happening = Happening(
            event.event.id, Topic.PROMOTED, f"seminar|{promoted.seminar.id}", promoted.seminar.version
        )
        changed = contradicted("confirmed", promoted.version, await self._audience.known(promoted.id))
        stale = changed or overtaken(happening, await self._endings.version(happening.aggregate))
        await self._directly.tell(
            news_of(happening, promoted, event.event), [await self._directly.person(promoted.member)], stale=stale
        )

    async def on_session_reused(self, event: Received[SessionReused]) -> None:
        """Tells the member that somebody may have a copy of their key. Raises NotYetKnown."""
        reused = event.data
        happening = Happening(event.event.id, Topic.SESSION_REUSED, f"session|{reused.id}", reused.version)
        await self._directly.tell(news_of(happening, reused, event.event), [await self._directly.person(reused.member)])
