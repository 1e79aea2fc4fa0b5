"""What was done to an organization, a person or the table of rights, for staff."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from services.members.domain.rights import check_see_policy
from services.members.handlers.asking import actor_of
from services.members.queries.pages import InvalidCursor
from services.members.store.mapping import SITE
from shared.contracts import members as contract
from shared.contracts.message import Asked
from shared.contracts.record import EntriesView, EntryView
from shared.kernel.refusal import NotFound
from shared.kernel.time import shown, zone_of
from shared.kit.documents import Documents


@dataclass(frozen=True, slots=True)
class Records:
    organizations: Documents
    members: Documents
    policies: Documents

    async def organization_history(self, ask: Asked[contract.OrganizationHistory]) -> EntriesView:
        """Raises NotFound, InvalidCursor."""
        return await _history(self.organizations, ask.data.id, ask, zone="home_zone")

    async def member_history(self, ask: Asked[contract.MemberHistory]) -> EntriesView:
        """Raises NotFound, InvalidCursor."""
        return await _history(self.members, ask.data.id, ask, zone="time_zone")

    async def policy_history(self, ask: Asked[contract.PolicyHistory]) -> EntriesView:
        """Raises Forbidden, as the table itself does; InvalidCursor; NotFound before there is a table."""
        check_see_policy(actor_of(ask.principal))
        return await _history(self.policies, contract.POLICY_ID, ask, zone=None)


async def _history(documents: Documents, doc_id: str, ask: Asked[Any], *, zone: str | None) -> EntriesView:
    """Times with the offset of the thing's own zone, which the field `zone` names, else in UTC."""
    wish, there = ask.data, {"site": SITE, "erased_at": None}
    doc = await documents.get(doc_id, there) if actor_of(ask.principal).is_staff else None
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
