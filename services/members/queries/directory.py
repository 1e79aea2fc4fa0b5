"""Organizations and people, as far as the principal may see them."""

from dataclasses import dataclass
from typing import Any

from services.members.domain.rights import Actor
from services.members.handlers.asking import actor_of, members_seen_by, organizations_seen_by
from services.members.queries.listing import Wanted, counted, listed
from services.members.queries.pages import one, page
from services.members.queries.views import member_view, organization_view
from services.members.store.mapping import SITE
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.kernel.refusal import NotFound
from shared.kernel.time import Clock


@dataclass(frozen=True, slots=True)
class Directory:
    """The two collections, for reading."""

    organizations: Any
    members: Any
    clock: Clock

    async def organization(self, ask: Asked[contract.GetOrganization]) -> contract.OrganizationView:
        actor = actor_of(ask.principal)
        return self._shown(await one(self.organizations, ask.data.id, organizations_seen_by(actor)), actor)

    async def list_organizations(self, ask: Asked[contract.ListOrganizations]) -> contract.OrganizationsView:
        """In the order of their ids."""
        actor = actor_of(ask.principal)
        where = [organizations_seen_by(actor)]
        if ask.data.status is not None:
            where.append({"status": ask.data.status})
        if ask.data.after is not None:
            where.append({"_id": {"$gt": ask.data.after}})
        docs, following = await page(self.organizations.find({"$and": where}).sort("_id", 1), ask.data.limit)
        return contract.OrganizationsView(items=tuple(self._shown(doc, actor) for doc in docs), next=following)

    def _shown(self, doc: dict[str, Any], actor: Actor) -> contract.OrganizationView:
        steps = actor.is_staff or actor.administers == doc["_id"]
        return organization_view(doc, self.clock.now(), steps=steps)

    async def member(self, ask: Asked[contract.GetMember]) -> contract.MemberView:
        return member_view(await one(self.members, ask.data.id, members_seen_by(actor_of(ask.principal))))

    async def list_members(self, ask: Asked[contract.ListMembers]) -> contract.MembersView:
        """By name, in the order of the reader's language. Raises NotFound for a foreign organization, InvalidCursor."""
        wish = ask.data
        docs, following = await listed(self.members, _wanted(ask, wish.organization, wish.q), wish.limit, wish.after)
        return contract.MembersView(items=tuple(map(member_view, docs)), next=following)

    async def count_members(self, ask: Asked[contract.CountMembers]) -> contract.MemberCountView:
        """Raises NotFound for a foreign organization."""
        wish = ask.data
        wanted = _wanted(ask, wish.organization, wish.q)
        return contract.MemberCountView(count=await counted(self.members, wanted, wish.most))

    async def me(self, ask: Asked[contract.Me]) -> contract.MeView:
        """Raises NotFound for a principal that is no member and no site."""
        by, actor = ask.principal, actor_of(ask.principal)
        if by.kind == "site":
            return contract.MeView(site=by.site, roles=tuple(sorted(by.roles)))
        member = member_view(await one(self.members, by.id, {"site": SITE}))
        found = self.organizations.find({"_id": {"$in": list(member.organizations)}, "site": SITE})
        known = {doc["_id"]: self._shown(doc, actor) for doc in await found.to_list(len(member.organizations))}
        return contract.MeView(
            member=member,
            organization=known.get(by.organization or member.organization),
            organizations=tuple(known[i] for i in member.organizations if i in known),
            roles=member.roles,
            site=member.site,
        )


def _wanted(ask: Asked[Any], organization: str | None, q: str | None) -> Wanted:
    """Raises NotFound for an organization that is not the asker's to name."""
    actor = actor_of(ask.principal)
    if organization is not None and not actor.is_staff and organization not in actor.organizations:
        raise NotFound
    return Wanted(members_seen_by(actor), organization, q, ask.principal.language)
