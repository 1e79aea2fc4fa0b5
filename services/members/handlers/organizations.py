"""Organizations: made, changed and led through their way by staff, renamed by their admins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.members.domain.customs import BookingForOthers, Bookings, OnLeave
from services.members.domain.joining import Occasion, Transition
from services.members.domain.membership import Membership
from services.members.domain.organization import Kind, Organization, OrganizationChange
from services.members.domain.organization_events import OrganizationEvent
from services.members.domain.rights import check_revise_organization, check_tends_organizations
from services.members.handlers.asking import actor_of, created_id
from services.members.store.mapping import SITE
from services.members.store.organizations import organization_draft, organization_from
from services.members.store.people import People
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Documents, Draft, Stored, unless_made_before

Decide = Callable[[Organization, Occasion], Decision[Organization, OrganizationEvent]]


@dataclass(frozen=True, slots=True)
class OrganizationHandlers:
    organizations: Documents
    people: People
    clock: Clock

    async def create_organization(self, ask: Asked[contract.CreateOrganization]) -> Stored:
        """Raises Forbidden, and what the one write raises."""
        cause, org_id, wish, at = Cause.of(ask), created_id(ask), ask.data, self.clock.now()
        on = Occasion(at, ask.principal.id, wish.reason)

        async def make() -> Stored:
            check_tends_organizations(actor_of(ask.principal))
            period, kind = _membership(wish.membership), Kind(wish.kind)
            made = Organization.create(org_id, wish.name.kernel(), kind, wish.home_zone, period, on)
            return await self.organizations.insert(org_id, SITE, organization_draft(made, 1), cause, at=at)

        return await unless_made_before(self.organizations, org_id, cause, make)

    async def update_organization(self, ask: Asked[contract.UpdateOrganization]) -> Stored:
        """Raises NotFound, Forbidden, and what the one write raises."""
        wish = ask.data
        change = OrganizationChange(
            name=wish.name.kernel() if wish.name else None,
            kind=Kind(wish.kind) if wish.kind else None,
            membership=_membership(wish.membership),
            home_zone=wish.home_zone,
            booking_for_others=BookingForOthers(wish.booking_for_others) if wish.booking_for_others else None,
            on_leave=_on_leave(wish.on_leave),
        )
        check_revise_organization(actor_of(ask.principal), wish.id, change)
        if change.on_leave and change.on_leave.to:
            await self._check_belongs(change.on_leave.to, wish.id)
        return await self._change(ask, wish.id, lambda org, on: org.revise(change, on), wish.reason)

    async def _check_belongs(self, member: str, organization: str) -> None:
        """Raises NotFound."""
        known = await self.people.organizations_of([member])
        if organization not in known.get(member, ()):
            raise NotFound

    async def step(self, ask: Asked[Any], transition: Transition) -> Stored:
        """Raises Forbidden, NotFound, what names the transition, and what the one write raises."""
        check_tends_organizations(actor_of(ask.principal))
        return await self._change(ask, ask.data.id, lambda org, on: org.step(transition, on), ask.data.reason)

    async def activate(self, ask: Asked[contract.ActivateOrganization]) -> Stored:
        """Raises Forbidden, NotFound, NotActivatable, and what the one write raises."""
        check_tends_organizations(actor_of(ask.principal))
        wanted = _membership(ask.data.membership)
        return await self._change(ask, ask.data.id, lambda org, on: org.activate(wanted, on), ask.data.reason)

    async def renew(self, ask: Asked[contract.RenewOrganization]) -> Stored:
        """Raises Forbidden, NotFound, NotRenewable, PeriodsOverlap, and what the one write raises."""
        check_tends_organizations(actor_of(ask.principal))
        wanted = _membership(ask.data.membership)
        return await self._change(ask, ask.data.id, lambda org, on: org.renew(wanted, on), ask.data.reason)

    async def _change(self, ask: Asked[Any], org_id: str, decide: Decide, reason: str | None = None) -> Stored:
        at, tell = self.clock.now(), await self.people.admins_of(org_id)
        on = Occasion(at, ask.principal.id, reason, tell)

        def draft(doc: dict[str, Any]) -> Draft | None:
            decision = decide(organization_from(doc), on)
            return organization_draft(decision, doc["version"] + 1) if decision.events else None

        cause, where = Cause.of(ask), {"site": SITE}
        return await self.organizations.change(org_id, draft, cause, at=at, if_match=ask.if_match, where=where)


def _on_leave(wish: contract.OnLeave | None) -> OnLeave | None:
    return OnLeave(Bookings(wish.bookings), wish.to) if wish else None


def _membership(period: contract.Membership | None) -> Membership | None:
    return Membership(period.starts_on, period.ends_on) if period else None
