"""For whom somebody acts, from our own copies of members and organizations."""

from dataclasses import dataclass
from typing import Protocol

from services.booking.domain.party import Party, Period
from services.booking.domain.refusals import MemberNotActive, NoOrganization
from shared.contracts.members import MemberState, OrganizationState
from shared.contracts.message import Principal
from shared.kernel.refusal import NotFound, NotYetKnown

PEOPLE = frozenset({"member", "program"})
"""A program acts as the member who made its key, under that member's id."""
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
        """Whom the principal acts for. Raises NotYetKnown, NoOrganization, MemberNotActive, NotFound (`for_member`)."""
        if principal.organization is None:
            raise NoOrganization
        await self._check_belongs(principal)
        if for_member is not None and not await self._is_colleague(for_member, principal.organization):
            raise NotFound
        return await self.party(principal.organization, for_member or principal.id)

    async def party(self, organization: str, person: str) -> Party:
        """`person` uses the booking. Raises NotYetKnown."""
        known = await self.organizations.get(organization)
        if known is None or known.kind is None or known.status is None:
            raise NotYetKnown
        periods = known.periods or ((known.membership,) if known.membership else ())
        return Party(
            id=known.id,
            person=person,
            kind=known.kind,
            status=known.status,
            home_zone=known.home_zone or HOME,
            periods=tuple(Period(each.starts_on, each.ends_on) for each in periods),
        )

    async def _check_belongs(self, principal: Principal) -> None:
        """By our copy, so that who was deactivated books nothing with a token that still lives, nor by a key."""
        if principal.kind not in PEOPLE:
            return
        known = await self.members.get(principal.id)
        if known is None:
            raise NotYetKnown
        if not known.active:
            raise MemberNotActive
        if principal.organization not in known.organizations:
            raise NoOrganization

    async def _is_colleague(self, member: str, organization: str) -> bool:
        """A stranger and somebody not known (yet) look the same."""
        known = await self.members.get(member)
        return known is not None and known.active and organization in known.organizations
