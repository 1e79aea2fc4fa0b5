"""The table of rights: replaced as a whole by staff, or only tried out."""

from dataclasses import dataclass
from typing import Any

from services.members.domain.organization import Kind
from services.members.domain.policy import PolicyChanged, ReasonRequired, Table
from services.members.domain.policy_effect import changes
from services.members.domain.rights import check_change_policy, check_see_policy
from services.members.handlers.asking import actor_of
from services.members.queries.policy import PolicyQueries, changed_view, dry_view
from services.members.store.mapping import SITE
from services.members.store.policies import Decide, Policies, row_of, table_of
from services.members.store.sites import KnownSites
from shared.contracts import members as contract
from shared.contracts.message import Asked, Principal
from shared.kernel.decision import Decision
from shared.kernel.refusal import VersionStale
from shared.kernel.time import Clock
from shared.kit.documents import Cause


@dataclass(frozen=True, slots=True)
class PolicyHandlers:
    """`organizations` is the collection."""

    policies: Policies
    sites: KnownSites
    organizations: Any
    ask: PolicyQueries
    clock: Clock

    async def put_policy(self, ask: Asked[contract.PutPolicy]) -> tuple[contract.PolicyChangeView, bool]:
        """And whether the same key did it before.

        Raises Forbidden, RowsNotYours, PolicyInvalid, ReasonRequired, VersionStale, and what the one write raises.
        """
        wish, actor, at = ask.data, actor_of(ask.principal), self.clock.now()
        check_see_policy(actor)
        wanted = Table.of([row_of(row.model_dump()) for row in wish.rows], sites=await self.sites.ids())
        current = await self.policies.stored(at=at)
        of_linkj = await self._acts_for_linkj(ask.principal)

        def decide(table: Table) -> Decision[Table, PolicyChanged]:
            decided = table.replaced_by(wanted)
            for event in decided.events:
                check_change_policy(actor, event.places, of_linkj=of_linkj)
            return decided

        if wish.dry_run:
            return await self._tried(current, decide, wanted, ask.if_match), False
        if wish.reason is None:
            raise ReasonRequired
        stored = await self.policies.change(decide, Cause.of(ask), at=at, if_match=ask.if_match)
        return changed_view(stored.doc), stored.replay

    async def _tried(
        self, current: dict[str, Any], decide: Decide, wanted: Table, if_match: int | None
    ) -> contract.PolicyChangeView:
        """Refused where the change would be; nothing is written."""
        if if_match is not None and current["version"] != if_match:
            raise VersionStale(version=current["version"])
        before = table_of(current)
        decide(before)
        return dry_view(current["version"], wanted, await self.ask.effect(changes(before, wanted)))

    async def _acts_for_linkj(self, principal: Principal) -> bool:
        where = {"_id": principal.organization, "site": SITE, "kind": Kind.LINKJ_STAFF.value}
        return await self.organizations.find_one(where, {"_id": 1}) is not None
