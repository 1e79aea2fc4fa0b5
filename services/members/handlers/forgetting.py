"""What members itself forgets of a person: name and address, sessions, keys, and what went on with the address."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.members.domain.address import Address
from services.members.store.identities import Identities
from services.members.store.mapping import SITE, api_key_draft, api_key_from, erased_draft, member_from
from services.members.store.sessions import Sessions
from services.members.store.sign_ins import SignIns
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft, forget_reasons_in_turn
from shared.kit.errands import Turn

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Forgetting:
    members: Documents
    api_keys: Documents
    sessions: Sessions
    sign_ins: SignIns
    identities: Identities
    clock: Clock

    @staticmethod
    def facts(address: Address) -> Mapping[str, Any]:
        """What an errand has to know that the stub no longer tells: a hash, for as long as it takes."""
        return {"address_key": address.key}

    async def work(self, errand: dict[str, Any]) -> Turn:
        """One turn; any number of times."""
        member, at = errand["about"], self.clock.now()
        cause = Cause("forget", "members", f"erasure-{member}")
        address_key = errand["facts"].get("address_key")
        keys, more = await self._forget_keys(member, cause)
        await self.sessions.forget_reasons(member)
        counts = {
            "members": await self._forget_member(member, cause),
            "sessions": await self.sessions.revoke_all(member, at),
            "api_keys": keys,
            "identities": await self.identities.forget(member, cause, at=at),
            "sign_ins": await self.sign_ins.forget(address_key) if address_key else 0,
        }
        return Turn(counts, more)

    async def _forget_member(self, member: str, cause: Cause) -> int:
        at, forgot = self.clock.now(), 0

        def decide(doc: dict[str, Any]) -> Draft | None:
            nonlocal forgot
            forgot = 0 if "erased_at" in doc else 1
            return erased_draft(member_from(doc).erase(), doc["version"] + 1, at) if forgot else None

        await self.members.change(member, decide, cause, at=at, where={"site": SITE})
        await self.members.forget(member, lambda _: True)
        return forgot

    async def _forget_keys(self, member: str, cause: Cause) -> tuple[int, bool]:
        """How many, and whether any is left to do. A site's key stays: it is the site's, whoever made it."""
        at, own = self.clock.now(), {"owner": member, "for_site": None}
        found = self.api_keys.collection.find({**own, "name": {"$ne": ""}}, {"_id": 1})
        docs = await found.limit(_PAGE).to_list(_PAGE)

        def decide(doc: dict[str, Any]) -> Draft:
            return api_key_draft(api_key_from(doc).forget(at), doc["version"] + 1)

        for doc in docs:
            await self.api_keys.change(doc["_id"], decide, cause, at=at)
        return len(docs), await forget_reasons_in_turn(self.api_keys, own, most=_PAGE) or len(docs) == _PAGE
