"""People: enrolled and changed by staff or their organization's admin; names and languages by themselves."""

from dataclasses import dataclass
from typing import Any

from services.members.domain.address import address
from services.members.domain.member import EmailTaken, Member, MemberChange, Role, belonging
from services.members.domain.rights import check_assistants, check_enrol, check_revise_member
from services.members.handlers.asking import actor_of, created_id, members_seen_by
from services.members.handlers.ending import Ending
from services.members.store.mapping import SITE, member_draft, member_from
from services.members.store.people import People
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.names import Name
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Documents, Draft, Stored, unless_made_before


@dataclass(frozen=True, slots=True)
class PeopleHandlers:
    members: Documents
    organizations: Documents
    people: People
    ending: Ending
    clock: Clock

    async def create_member(self, ask: Asked[contract.CreateMember]) -> Stored:
        """Raises InvalidEmail, EmailTaken, SiteRequired, NotFound, Forbidden, and what the one write raises."""
        cause, member_id = Cause.of(ask), created_id(ask)

        async def make() -> Stored:
            member = _wished(member_id, ask.data)
            check_enrol(actor_of(ask.principal), member)
            await self._check_known(member.organizations)
            try:
                draft = member_draft(member.enrol(), 1)
                return await self.members.insert(member_id, SITE, draft, cause, at=self.clock.now())
            except ClaimTaken:
                raise EmailTaken from None

        return await unless_made_before(self.members, member_id, cause, make)

    async def update_member(self, ask: Asked[contract.UpdateMember]) -> Stored:
        """Raises InvalidEmail, EmailTaken, SiteRequired, NotFound, Forbidden, and what the one write raises."""
        actor, change = actor_of(ask.principal), _change(ask.data)
        where = members_seen_by(actor)
        await self._check_known((*filter(None, [change.organization]), *(change.further or ())))
        candidates = await self.people.organizations_of(change.assistants or ())

        def decide(doc: dict[str, Any]) -> Draft:
            before = member_from(doc)
            decision = before.revise(change)
            check_revise_member(actor, before, decision.state, change)
            if change.assistants is not None:
                check_assistants(decision.state, candidates)
            return member_draft(decision, doc["version"] + 1)

        cause, at = Cause.of(ask), self.clock.now()
        try:
            stored = await self.members.change(ask.data.id, decide, cause, at=at, if_match=ask.if_match, where=where)
        except ClaimTaken:
            raise EmailTaken from None
        await self.ending.of(member_from(stored.doc))
        return stored

    async def _check_known(self, organizations: tuple[str, ...]) -> None:
        for org_id in organizations:
            if await self.organizations.get(org_id, {"site": SITE}) is None:
                raise NotFound


def _name(name: contract.PersonName) -> Name:
    return Name(**name.model_dump())


def _wished(member_id: str, wish: contract.CreateMember) -> Member:
    return Member(
        id=member_id,
        organizations=belonging(wish.organization, wish.organizations),
        address=address(wish.email),
        name=_name(wish.name),
        language=wish.language,
        time_zone=wish.time_zone,
        roles=frozenset(map(Role, wish.roles)),
        site=wish.site,
    )


def _change(wish: contract.UpdateMember) -> MemberChange:
    return MemberChange(
        organization=wish.organization,
        further=wish.organizations,
        address=address(wish.email) if wish.email else None,
        name=_name(wish.name) if wish.name else None,
        language=wish.language,
        time_zone=wish.time_zone,
        roles=frozenset(map(Role, wish.roles)) if wish.roles else None,
        site=wish.site,
        active=wish.active,
        assistants=wish.assistants,
    )
