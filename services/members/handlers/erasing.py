"""Erasing a person: asked for in one write, done part by part, watched until every part has answered."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from services.members.domain.address import Address
from services.members.domain.erasure import FRESH_SIGN_IN, Erasure, ErasureEvent, Part
from services.members.domain.member import Member
from services.members.domain.rights import Actor, check_erase
from services.members.handlers.asking import actor_of, members_seen_by
from services.members.handlers.forgetting import Forgetting
from services.members.store.erasures import erasure_draft, erasure_from, erasure_id
from services.members.store.mapping import SITE, member_from
from services.members.store.secret import Secret
from services.members.store.sessions import Sessions
from shared.contracts import members as contract
from shared.contracts.message import Asked, CloudEvent
from shared.contracts.privacy import MemberErased
from shared.kernel.decision import Decision
from shared.kernel.refusal import NotFound, NotYetKnown, VersionStale
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft, Stored
from shared.kit.errands import Errands
from shared.kit.log import get_logger

log = get_logger()
_SOON = timedelta(seconds=5)
DEPARTED_KEPT = timedelta(days=3 * 365)
"""How long somebody who is not active any more is kept: whoever comes back within it is who they were."""
_PAGE = 20
_LOOK_SECONDS, _PAUSE_SECONDS = 3_600.0, 1.0
_AGAIN = timedelta(minutes=10)
"""How long the parts have before they are told once more."""


@dataclass(frozen=True, slots=True)
class Erasing:
    """`errands` is our own part; the others hear of it by the tombstones."""

    members: Documents
    erasures: Documents
    errands: Errands
    sessions: Sessions
    secret: Secret
    clock: Clock

    async def erase_member(self, ask: Asked[contract.EraseMember]) -> Stored:
        """Gone when this returns, here; elsewhere soon.

        Raises NotFound, Forbidden, SignInAgain, OwnOperatorRole, VersionStale.
        """
        actor, at, member_id = actor_of(ask.principal), self.clock.now(), ask.data.id
        doc = await self.members.get(member_id, members_seen_by(actor))
        if doc is None:
            return await self._asked_before(member_id, actor)
        member = member_from(doc)
        check_erase(actor, member, fresh=await self._is_fresh(ask, member))
        if ask.if_match not in (None, doc["version"]):
            raise VersionStale(version=doc["version"])
        # No key: the id says all, one a person. No reason: the document keeps it until all is done, the log for ever.
        cause = replace(Cause.of(ask), key=None, fingerprint=None, formerly=None, reason=None)
        return await self._begun(Erasure(member_id, actor.id, at, ask.data.reason), member.address, cause)

    async def outlived(self) -> None:
        """For ever; every replica looks now and then for people who have long left, and are needed no more."""
        while True:
            more = await self.erase_departed(self.clock.now() - DEPARTED_KEPT) == _PAGE
            await asyncio.sleep(_PAUSE_SECONDS if more else _LOOK_SECONDS)

    async def erase_departed(self, before: datetime) -> int:
        """A page of people who are not active and have not been changed since before that instant. How many."""
        gone = {"site": SITE, "active": False, "email": {"$exists": True}, "changed_at": {"$lt": before}}
        docs = await self.members.collection.find(gone).limit(_PAGE).to_list(_PAGE)
        cause = Cause("erase_departed", "members", "departed-outlived")
        for doc in docs:
            member = member_from(self.members.newest(doc))
            await self._begun(Erasure(member.id, "members", self.clock.now(), None), member.address, cause)
        return len(docs)

    async def _begun(self, erasure: Erasure, address: Address, cause: Cause) -> Stored:
        draft = erasure_draft(erasure.ask(), 1, self.secret, erasure.asked_at + _SOON)
        stored = await self.erasures.insert(erasure_id(erasure.member), SITE, draft, cause, at=erasure.asked_at)
        await self._at_once(erasure.member, address)
        return stored

    async def watch(self, doc: dict[str, Any]) -> None:
        """The timer of an erasure: whoever has not answered is told again."""
        erasure, at = erasure_from(doc), self.clock.now()
        if "members" in erasure.missing:
            await self.errands.begin(erasure.member, {})
        if erasure.missing and at - erasure.asked_at >= _AGAIN:
            log.warning("erasure.waits", member=erasure.member, parts=",".join(sorted(erasure.missing)))
            await self.members.say_again(erasure.member)

        def decide(now: dict[str, Any]) -> Draft:
            return erasure_draft(Decision(erasure_from(now)), now["version"] + 1, self.secret, at + _AGAIN)

        await self.erasures.change(doc["_id"], decide, Cause("watch", "members", f"erasure-{erasure.member}"), at=at)

    async def on_part_erased(self, said: MemberErased, event: CloudEvent, service: str) -> None:
        """Raises NotYetKnown where nobody has asked for it here."""
        at = self.clock.now()
        part = Part(service, event.time, said.counts)

        def decide(doc: dict[str, Any]) -> Draft | None:
            before = erasure_from(doc)
            heard: Decision[Erasure, ErasureEvent] = before.heard(part, at=at)
            changed = heard.state != before
            return erasure_draft(heard, doc["version"] + 1, self.secret, at + _AGAIN) if changed else None

        cause = Cause.caused_by(event, "hear_part", "members")
        try:
            await self.erasures.change(erasure_id(said.member), decide, cause, at=at)
        except NotFound:
            raise NotYetKnown from None

    async def _asked_before(self, member_id: str, actor: Actor) -> Stored:
        """Raises NotFound, also for whoever is no staff."""
        asked = await self.erasures.get(erasure_id(member_id)) if actor.is_staff else None
        if asked is None:
            raise NotFound
        return Stored(asked)

    async def _is_fresh(self, ask: Asked[contract.EraseMember], member: Member) -> bool:
        """Whether it is asked in a session of theirs that has just begun."""
        if ask.data.session is None:
            return False
        began = await self.sessions.began(ask.data.session, member.id, member.era)
        return began is not None and self.clock.now() - began <= FRESH_SIGN_IN

    async def _at_once(self, member_id: str, address: Address) -> None:
        """What fails now comes again by its timer: the erasure itself is written."""
        try:
            await self.errands.turn(await self.errands.begin(member_id, Forgetting.facts(address)))
        except Exception as error:  # noqa: BLE001 — whatever it was, the errand's or the erasure's timer goes on
            log.warning("erasure.put_off", member=member_id, error=type(error).__name__)
