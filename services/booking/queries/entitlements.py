"""What a member's organization may use at a site on a day, and why or why not."""

from dataclasses import dataclass
from datetime import date

from services.booking.domain.entitlement import Entitlement, entitlements, nothing_for_who_left
from services.booking.domain.site import Site
from services.booking.domain.wall import day_of
from services.booking.handlers.parties import Parties
from services.booking.queries.views import text_view
from services.booking.store import Rights, Sites
from shared.contracts.booking import Entitlements, EntitlementsView, EntitlementView, ReasonView
from shared.contracts.members import MemberState
from shared.contracts.message import Asked, Principal
from shared.kernel.refusal import NotFound, NotYetKnown
from shared.kernel.text import Text
from shared.kernel.time import Clock

NO_SUCH_SITE = Text(ja="その拠点はありません。", en="There is no such site.")


@dataclass(frozen=True, slots=True)
class EntitlementQueries:
    parties: Parties
    sites: Sites
    rights: Rights
    clock: Clock

    async def entitlements(self, ask: Asked[Entitlements]) -> EntitlementsView:
        """One's own and theirs whom one assists, a home organization's for its admins, anybody's for staff.

        Raises NotFound, NotYetKnown.
        """
        asked = ask.data
        try:
            site = await self.sites.get(asked.site)
        except NotFound:
            raise NotFound(message=NO_SUCH_SITE, site=asked.site) from None
        member = await self._member(asked.member, ask.principal)
        found = await self._of(member, _organization(member, ask.principal), site, asked.on)
        return EntitlementsView(
            member=asked.member, site=site.id, on=asked.on, resources=tuple(_view(each) for each in found)
        )

    async def _of(self, member: MemberState, organization: str, site: Site, day: date) -> list[Entitlement]:
        if not member.active:
            return nothing_for_who_left()
        party = await self.parties.party(organization, member.id)
        policy = await self.rights.current()
        return entitlements(party, policy, site, day, day_of(self.clock.now(), site.zone))

    async def _member(self, member: str, by: Principal) -> MemberState:
        """Of those one may ask about; a stranger who asks learns nothing from whether the copy is there."""
        known = await self.parties.members.get(member)
        staff = bool(by.roles & {"site_staff", "operator"})
        admin = known is not None and await self._administers(by, known)
        assistant = known is not None and by.id in known.assistants
        if member != by.id and not staff and not admin and not assistant:
            raise NotFound
        if known is None:
            raise NotYetKnown if member == by.id else NotFound
        return known

    async def _administers(self, by: Principal, member: MemberState) -> bool:
        """Acting for the home organization, which the member belongs to."""
        organization = by.organization
        if organization is None or organization not in member.organizations:
            return False
        return await self.parties.administers(by.id, organization)


def _organization(member: MemberState, by: Principal) -> str:
    """The one the asker acts for where the member belongs to it, else the member's first. Raises NotFound."""
    if by.organization in member.organizations and by.organization is not None:
        return by.organization
    if not member.organizations:
        raise NotFound
    return member.organizations[0]


def _view(entitlement: Entitlement) -> EntitlementView:
    reasons = tuple(ReasonView(code=each.code, message=text_view(each.message)) for each in entitlement.reasons)
    return EntitlementView.model_validate(
        {"kind": entitlement.kind, "allowed": entitlement.allowed, "reasons": reasons}
    )
