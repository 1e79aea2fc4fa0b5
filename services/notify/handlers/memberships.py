"""What becomes of an organization's membership: told to its admins, whom the event names."""

from services.notify.domain.plan import Happening, Topic, overtaken
from services.notify.handlers.directly import Directly
from services.notify.store import Endings
from services.notify.tell import news_of
from shared.contracts.members import OrganizationStatusChanged, RenewalDue
from shared.kit.service import Received

TOLD = frozenset({"activate", "suspend", "resume", "renew", "expire", "leave"})
"""The steps that change what its people may do; those before are taken together with the organization."""


class Memberships:
    """Each raises NotYetKnown where the contact of an admin has not arrived."""

    def __init__(self, directly: Directly, endings: Endings) -> None:
        self._directly = directly
        self._endings = endings

    async def on_status_changed(self, event: Received[OrganizationStatusChanged]) -> None:
        """Nothing older is said of the membership afterwards."""
        await self._endings.note(f"organization|{event.data.id}", event.data.version)
        if event.data.transition in TOLD:
            await self._tell(Topic.MEMBERSHIP_CHANGED, event)

    async def on_renewal_due(self, event: Received[RenewalDue]) -> None:
        await self._tell(Topic.RENEWAL_DUE, event)

    async def _tell(self, topic: Topic, event: Received[OrganizationStatusChanged] | Received[RenewalDue]) -> None:
        said = event.data
        happening = Happening(event.event.id, topic, f"organization|{said.id}", said.version)
        stale = overtaken(happening, await self._endings.version(happening.aggregate))
        people = [await self._directly.person(each) for each in said.tell]
        await self._directly.tell(news_of(happening, said, event.event), people, stale=stale)
