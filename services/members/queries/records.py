"""What was done: to organizations, their providers, people and rights, for staff; to keys, for their makers."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from services.members.domain.rights import check_see_policy, check_tends_organizations
from services.members.handlers.asking import actor_of, api_keys_seen_by
from services.members.queries.pages import InvalidCursor
from services.members.store.mapping import SITE
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.contracts.record import EntriesView, EntryView
from shared.kernel.refusal import NotFound
from shared.kernel.time import shown, zone_of
from shared.kit.documents import Documents

_THERE = {"site": SITE, "erased_at": None}


@dataclass(frozen=True, slots=True)
class Records:
    organizations: Documents
    members: Documents
    policies: Documents
    providers: Documents
    api_keys: Documents

    async def organization_history(self, ask: Asked[contract.OrganizationHistory]) -> EntriesView:
        """Raises NotFound, InvalidCursor."""
        return await _history(self.organizations, await _for_staff(self.organizations, ask), ask, zone="home_zone")

    async def member_history(self, ask: Asked[contract.MemberHistory]) -> EntriesView:
        """Raises NotFound, InvalidCursor."""
        return await _history(self.members, await _for_staff(self.members, ask), ask, zone="time_zone")

    async def identity_provider_history(self, ask: Asked[contract.IdentityProviderHistory]) -> EntriesView:
        """Also of one that was removed. Raises Forbidden, as the provider itself does; NotFound, InvalidCursor."""
        check_tends_organizations(actor_of(ask.principal))
        return await _history(self.providers, await self.providers.get(ask.data.id, _THERE), ask)

    async def api_key_history(self, ask: Asked[contract.ApiKeyHistory]) -> EntriesView:
        """Raises NotFound, InvalidCursor."""
        seen = api_keys_seen_by(actor_of(ask.principal))
        return await _history(self.api_keys, await self.api_keys.get(ask.data.id, seen), ask)

    async def policy_history(self, ask: Asked[contract.PolicyHistory]) -> EntriesView:
        """Raises Forbidden, as the table itself does; InvalidCursor; NotFound before there is a table."""
        check_see_policy(actor_of(ask.principal))
        return await _history(self.policies, await self.policies.get(contract.POLICY_ID, _THERE), ask)


async def _for_staff(documents: Documents, ask: Asked[Any]) -> dict[str, Any] | None:
    return await documents.get(ask.data.id, _THERE) if actor_of(ask.principal).is_staff else None


async def _history(
    documents: Documents, doc: dict[str, Any] | None, ask: Asked[Any], *, zone: str | None = None
) -> EntriesView:
    """Times with the offset of the thing's own zone, which the field `zone` names, else in UTC. Raises NotFound."""
    wish = ask.data
    if doc is None:
        raise NotFound
    entries = await documents.log_page(doc, after=_number(wish.after), limit=wish.limit + 1)
    shown_in = zone_of("UTC" if zone is None else doc[zone])
    items = tuple(_view(entry, shown_in) for entry in entries[: wish.limit])
    return EntriesView(items=items, next=str(items[-1].seq) if len(entries) > wish.limit else None)


def _number(after: str | None) -> int:
    if after is not None and not after.isdecimal():
        raise InvalidCursor
    return int(after or 0)


def _view(entry: dict[str, Any], zone: ZoneInfo) -> EntryView:
    return EntryView.model_validate({**entry, "time": shown(entry["time"], zone)})
