"""Organizations: made and changed by staff, renamed by their admins."""

from dataclasses import dataclass
from typing import Any

from services.members.domain.organization import Kind, Membership, Organization, OrganizationChange
from services.members.domain.rights import check_create_organization, check_revise_organization
from services.members.handlers.asking import actor_of, created_id, unless_made_before
from services.members.store.mapping import SITE, organization_draft, organization_from
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft, Stored


@dataclass(frozen=True, slots=True)
class OrganizationHandlers:
    organizations: Documents
    clock: Clock

    async def create_organization(self, ask: Asked[contract.CreateOrganization]) -> Stored:
        """Raises Forbidden, and what the one write raises."""
        cause, org_id, wish = Cause.of(ask), created_id(ask), ask.data

        async def make() -> Stored:
            check_create_organization(actor_of(ask.principal))
            period = _membership(wish.membership)
            made = Organization.create(org_id, wish.name.kernel(), Kind(wish.kind), wish.home_zone, period)
            draft = organization_draft(made, 1)
            return await self.organizations.insert(org_id, SITE, draft, cause, at=self.clock.now())

        return await unless_made_before(self.organizations, org_id, cause, make)

    async def update_organization(self, ask: Asked[contract.UpdateOrganization]) -> Stored:
        """Raises NotFound, Forbidden, and what the one write raises."""
        wish = ask.data
        change = OrganizationChange(
            name=wish.name.kernel() if wish.name else None,
            kind=Kind(wish.kind) if wish.kind else None,
            membership=_membership(wish.membership),
            home_zone=wish.home_zone,
        )
        check_revise_organization(actor_of(ask.principal), wish.id, change)

        def decide(doc: dict[str, Any]) -> Draft:
            return organization_draft(organization_from(doc).revise(change), doc["version"] + 1)

        return await self.organizations.change(
            wish.id, decide, Cause.of(ask), at=self.clock.now(), if_match=ask.if_match, where={"site": SITE}
        )


def _membership(period: contract.Membership | None) -> Membership | None:
    return Membership(period.starts_on, period.ends_on) if period else None
