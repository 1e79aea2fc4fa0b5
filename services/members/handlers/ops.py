"""What only the command line may: the first operator, tokens for scripts."""

from dataclasses import dataclass
from typing import Any

from services.members.domain.address import Address, address
from services.members.domain.joining import Occasion
from services.members.domain.member import Member, MemberChange, Role, email_claim
from services.members.domain.organization import Kind, Organization
from services.members.handlers.asking import check_ops, created_id
from services.members.handlers.tokens import Tokens
from services.members.store.mapping import SITE, member_draft, member_from
from services.members.store.organizations import organization_draft
from services.members.store.people import People
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.ids import derived_id, new_id
from shared.kernel.names import Name
from shared.kernel.refusal import NotFound
from shared.kernel.text import Text
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Documents, Draft, Stored
from shared.kit.log import get_logger

log = get_logger()
_HOUSE = Text(ja="LINK-J", en="LINK-J")
_ZONE = "Asia/Tokyo"


@dataclass(frozen=True, slots=True)
class OpsHandlers:
    members: Documents
    organizations: Documents
    people: People
    tokens: Tokens
    clock: Clock

    async def issue_token(self, ask: Asked[contract.IssueToken]) -> contract.TokenView:
        """Raises Forbidden, NotFound where no active member has the address."""
        check_ops(ask.principal)
        member = await self.people.active_by_address(address(ask.data.email))
        if member is None:
            raise NotFound
        session = new_id(self.clock.now())
        access = await self.tokens.access_token(member, session)
        log.info("token.issued", member=member.id, session=session, by=ask.principal.id)
        return contract.TokenView(access_token=access, expires_in=contract.TOKEN_LIFETIME)

    async def rotate_signing_keys(self, ask: Asked[contract.RotateSigningKeys]) -> contract.JwksView:
        """Raises Forbidden."""
        check_ops(ask.principal)
        published = await self.tokens.rotate()
        log.info("keys.rotated", newest=published.keys[-1].kid, by=ask.principal.id)
        return published

    async def add_operator(self, ask: Asked[contract.AddOperator]) -> Stored:
        """Repeatable. Who is known keeps their name and organization; who is not joins LINK-J's. Raises Forbidden."""
        check_ops(ask.principal)
        to = address(ask.data.email)
        known = await self.members.collection.find_one({"site": SITE, "claims": email_claim(to)})
        if known is None:
            try:
                return await self._enrol(to, ask)
            except ClaimTaken:
                known = await self.members.collection.find_one({"site": SITE, "claims": email_claim(to)})
        if known is None:
            raise NotFound
        return await self._promote(known["_id"], ask)

    async def _promote(self, member_id: str, ask: Asked[contract.AddOperator]) -> Stored:
        def decide(doc: dict[str, Any]) -> Draft:
            member = member_from(doc)
            change = MemberChange(roles=member.roles | {Role.OPERATOR}, active=True)
            return member_draft(member.revise(change), doc["version"] + 1)

        return await self.members.change(member_id, decide, Cause.of(ask), at=self.clock.now())

    async def _enrol(self, to: Address, ask: Asked[contract.AddOperator]) -> Stored:
        member = Member(
            id=created_id(ask),
            organizations=(await self._house(ask),),
            address=to,
            name=Name(family="Operator", given=to.text.partition("@")[0]),
            language="ja",
            time_zone=_ZONE,
            roles=frozenset({Role.OPERATOR}),
        )
        draft = member_draft(member.enrol(), 1)
        return await self.members.insert(member.id, SITE, draft, Cause.of(ask), at=self.clock.now())

    async def _house(self, ask: Asked[contract.AddOperator]) -> str:
        """LINK-J's own organization: the oldest there is, or a new one."""
        kind = Kind.LINKJ_STAFF
        where = {"site": SITE, "kind": kind.value}
        oldest = await self.organizations.collection.find_one(where, sort=[("created_at", 1), ("_id", 1)])
        if oldest is not None:
            return str(oldest["_id"])
        org_id = derived_id("organization", "linkj")
        at = self.clock.now()
        made = Organization.create(org_id, _HOUSE, kind, _ZONE, None, Occasion(at, ask.principal.id))
        cause = Cause("cmd.members.add_operator.v1", ask.principal.id, ask.correlationid)
        await self.organizations.insert(org_id, SITE, organization_draft(made, 1), cause, at=at)
        return org_id
