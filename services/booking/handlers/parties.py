"""For whom somebody acts, from our own copies of members and organizations."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from services.booking.domain.party import Party, Period
from services.booking.domain.refusals import MemberNotActive, NoOrganization
from services.booking.domain.viewer import Viewer
from shared.contracts.members import MemberState, OrganizationState
from shared.contracts.message import Principal
from shared.kernel.refusal import NotFound, NotYetKnown

PEOPLE = frozenset({"member", "program"})
"""A program acts as the member who made its key, under that member's id."""
HOME = "Asia/Tokyo"
"""The home zone of an organization that names none."""


class Members(Protocol):
    async def get(self, doc_id: str) -> MemberState | None: ...
    async def assisted_by(self, member: str) -> Collection[str]: ...
    async def is_erased(self, doc_id: str) -> bool: ...


class Organizations(Protocol):
    async def get(self, doc_id: str) -> OrganizationState | None: ...


def party_of(known: OrganizationState, person: str) -> Party:
    """Raises NotYetKnown where the state is a tombstone."""
    if known.kind is None or known.status is None:
        raise NotYetKnown
    periods = known.periods or ((known.membership,) if known.membership else ())
    return Party(
        id=known.id,
        person=person,
        kind=known.kind,
        status=known.status,
        home_zone=known.home_zone or HOME,
        periods=tuple(Period(each.starts_on, each.ends_on) for each in periods),
        keeps_bookings=known.keeps_bookings,
    )


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
        if for_member is not None and not await self._may_book_for(for_member, principal, principal.organization):
            raise NotFound
        return await self.party(principal.organization, for_member or principal.id)

    async def party(self, organization: str, person: str) -> Party:
        """`person` uses the booking. Raises NotYetKnown."""
        known = await self.organizations.get(organization)
        if known is None:
            raise NotYetKnown
        return party_of(known, person)

    async def _check_belongs(self, principal: Principal) -> None:
        """By our copy, so that who was deactivated books nothing with a token that still lives, nor by a key."""
        if principal.kind not in PEOPLE:
            return
        known = await self._known(principal.id)
        if known is None:
            raise NotYetKnown
        if principal.organization not in known.organizations:
            raise NoOrganization

    async def _known(self, member: str) -> MemberState | None:
        """None where nothing has arrived yet. Raises MemberNotActive; NoOrganization for who was erased."""
        known = await self.members.get(member)
        if known is None and await self.members.is_erased(member):
            raise NoOrganization
        if known is not None and not known.active:
            raise MemberNotActive
        return known

    async def viewer(self, principal: Principal) -> Viewer:
        """Whose bookings the principal sees, by our copy as well as by the token.

        Of whom nothing has arrived yet the token alone tells; they assist nobody. Raises MemberNotActive, and
        NoOrganization for who was erased.
        """
        own = Viewer.of(principal.id, principal.roles, principal.site)
        if principal.kind not in PEOPLE or (known := await self._known(principal.id)) is None:
            return own
        assisted = await self.members.assisted_by(principal.id)
        belongs = {*principal.organizations, principal.organization} & {*known.organizations}
        return own.assisting(assisted, filter(None, belongs)) if assisted else own

    async def _may_book_for(self, member: str, by: Principal, organization: str) -> bool:
        """A stranger, somebody not known (yet) and a colleague for whom it is not allowed look the same."""
        known = await self.members.get(member)
        if known is None or not known.active or organization not in known.organizations:
            return False
        party = await self.organizations.get(organization)
        open_to_all = party is not None and party.booking_for_others == "colleagues"
        return open_to_all or by.id in (member, *known.assistants) or await self.administers(by.id, organization)

    async def administers(self, member: str, organization: str) -> bool:
        """By our copy: an admin's rights hold in the home organization, the first."""
        known = await self.members.get(member)
        if known is None or not known.active:
            return False
        return "organization_admin" in known.roles and known.organizations[:1] == (organization,)
