"""For whom somebody acts, from our own copies of members and organizations."""

from dataclasses import dataclass
from typing import Protocol

from services.booking.domain.party import Party
from services.booking.domain.refusals import NoOrganization
from shared.contracts.members import MemberState, OrganizationState
from shared.contracts.message import Principal
from shared.kernel.refusal import NotFound, NotYetKnown

HOME = "Asia/Tokyo"
"""The home zone of an organization that names none."""


class Members(Protocol):
    async def get(self, doc_id: str) -> MemberState | None: ...


class Organizations(Protocol):
    async def get(self, doc_id: str) -> OrganizationState | None: ...


@dataclass(frozen=True, slots=True)
class Parties:
    """Our copies of who belongs where: members and organizations."""

    members: Members
    organizations: Organizations

    async def acting(self, principal: Principal, for_member: str | None) -> Party:
        """The organization the principal acts for. Raises NotYetKnown, NoOrganization, NotFound (`for_member`)."""
        if principal.organization is None:
            raise NoOrganization
        if principal.kind == "member" and not await self._belongs(principal.id, principal.organization):
            raise NoOrganization
        if for_member is not None and not await self._is_colleague(for_member, principal.organization):
            raise NotFound
        return await self.party(principal.organization)

    async def party(self, organization: str) -> Party:
        """Raises NotYetKnown."""
        known = await self.organizations.get(organization)
        if known is None or known.kind is None or known.status is None:
            raise NotYetKnown
        period = known.membership
        return Party(
            id=known.id,
            kind=known.kind,
            status=known.status,
            home_zone=known.home_zone or HOME,
            starts_on=period.starts_on if period else None,
            ends_on=period.ends_on if period else None,
        )

    async def _belongs(self, member: str, organization: str) -> bool:
        known = await self.members.get(member)
        if known is None:
            raise NotYetKnown
        return known.active and organization in known.organizations

    async def _is_colleague(self, member: str, organization: str) -> bool:
        """A stranger and somebody not known (yet) look the same."""
        known = await self.members.get(member)
        return known is not None and known.active and organization in known.organizations
