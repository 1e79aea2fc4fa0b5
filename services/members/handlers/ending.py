"""What ends when somebody leaves, loses a role or gets another address: sessions, and with leaving their own keys.

The one write has ended them: it began a new era (`domain/member.py`), and what is of an earlier one opens nothing. Here
they are also marked so: gateways hear of sessions whose access tokens still live, and lists of keys show it.
"""

from dataclasses import dataclass
from typing import Any

from services.members.domain.member import Member
from services.members.store.mapping import api_key_draft, api_key_from
from services.members.store.people import People
from services.members.store.sessions import Sessions
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft
from shared.kit.log import get_logger

log = get_logger()
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Ending:
    people: People
    api_keys: Documents
    sessions: Sessions
    clock: Clock

    async def on_changed(self, member_id: str) -> None:
        """For the event, which comes also where whoever made the write died behind it."""
        member = await self.people.known(member_id)
        if member is not None:
            await self.of(member)

    async def of(self, member: Member) -> None:
        """Any number of times; by how the person is now, so that what they began since goes on."""
        if not member.era:
            return
        sessions = await self.sessions.revoke_all(member.id, self.clock.now(), but_of_era=member.era)
        keys = await self._end_keys(member) if member.keys_era else 0
        if sessions or keys:
            log.info("member.ended", member=member.id, sessions=sessions, keys=keys)

    async def _end_keys(self, member: Member) -> int:
        """How many. A site's key stays: it is the site's, whoever made it."""
        cause, at, ended = Cause("end_keys", "members", f"ending-{member.id}"), self.clock.now(), 0
        older = {"owner": member.id, "for_site": None, "revoked_at": None, "era": {"$ne": member.keys_era}}

        def decide(doc: dict[str, Any]) -> Draft:
            return api_key_draft(api_key_from(doc).revoke(at), doc["version"] + 1, doc)

        while docs := await self.api_keys.collection.find(older, {"_id": 1}).limit(_PAGE).to_list(_PAGE):
            for doc in docs:
                await self.api_keys.change(doc["_id"], decide, cause, at=at)
            ended += len(docs)
        return ended
