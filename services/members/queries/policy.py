"""The table of rights as it stands, and who would gain and lose by another."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from services.members.domain.policy import Row, Table
from services.members.domain.policy_effect import Change, Effect, effect_of
from services.members.domain.rights import check_see_policy
from services.members.handlers.asking import actor_of
from services.members.publish import row_view
from services.members.store.mapping import SITE
from services.members.store.policies import Policies
from shared.contracts import members as contract
from shared.contracts.message import Asked, BilingualView
from shared.kernel.time import Clock, shown, zone_of

STAYING = ("applied", "oriented", "invoiced", "active", "suspended")
"""Whom a change concerns: neither who has left nor whose membership has expired."""
_LISTED_BYTES = 300_000
"""Of each list: an answer travels in one message of at most a mebibyte."""
V = TypeVar("V", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PolicyQueries:
    """`organizations` and `members` are the collections."""

    policies: Policies
    organizations: Any
    members: Any
    clock: Clock

    async def policy(self, ask: Asked[contract.GetPolicy]) -> contract.PolicyView:
        """Raises Forbidden."""
        check_see_policy(actor_of(ask.principal))
        return policy_view(await self.policies.stored(at=self.clock.now()))

    async def effect(self, changes: Sequence[Change]) -> contract.PolicyEffectView:
        """What `changes` mean for the organizations there are and their people."""
        effects = {kind: effect_of(found) for kind, found in _by_kind(changes).items()}
        docs = await self._organizations(sorted(effects))
        counted = _Counted(docs, await self._people([each["_id"] for each in docs]), effects)
        told = _fitting([_change_view(each, counted) for each in changes])
        affected = sorted(map(counted.view, docs), key=lambda each: (each.effect == "gains", each.id))
        listed = _fitting(affected)
        return contract.PolicyEffectView(
            organizations=counted.organizations,
            people=counted.people,
            changes=told,
            affected=listed,
            more_changes=len(changes) - len(told),
            more_affected=len(affected) - len(listed),
        )

    async def _organizations(self, kinds: Sequence[str]) -> list[dict[str, Any]]:
        where = {"site": SITE, "kind": {"$in": kinds}, "status": {"$in": STAYING}}
        found: list[dict[str, Any]] = await self.organizations.find(where, {"name": 1, "kind": 1, "status": 1}).to_list(
            None
        )
        return found

    async def _people(self, organizations: Sequence[str]) -> list[Sequence[str]]:
        """For each person, those among these organizations they may act for."""
        among = frozenset(organizations)
        where = {"site": SITE, "organizations": {"$in": list(organizations)}, "active": True}
        found = await self.members.find(where, {"organizations": 1}).to_list(None)
        return [[each for each in doc["organizations"] if each in among] for doc in found]


class _Counted:
    """Organizations for which something changes, and their people; `effects` by kind of organization."""

    def __init__(
        self, docs: Sequence[Mapping[str, Any]], people: Iterable[Sequence[str]], effects: Mapping[str, Effect]
    ) -> None:
        kinds = {doc["_id"]: doc["kind"] for doc in docs}
        self._effects = effects
        self._of_organization = Counter(each for theirs in people for each in theirs)
        self._of_kind = Counter(kind for theirs in people for kind in {kinds[each] for each in theirs})
        self._organizations = Counter(kinds.values())
        self.organizations = _counts(effects[kind] for kind in kinds.values())
        # Each person once, whatever changes for their several organizations taken together.
        self.people = _counts(effect_of([effects[kinds[each]] for each in theirs]) for theirs in people)

    def of_kind(self, kind: str) -> dict[str, int]:
        return {"organizations": self._organizations[kind], "people": self._of_kind[kind]}

    def view(self, doc: Mapping[str, Any]) -> contract.AffectedView:
        fields = {f: doc[f] for f in ("name", "kind", "status")}
        counted = {"people": self._of_organization[doc["_id"]], "effect": self._effects[doc["kind"]].value}
        return contract.AffectedView.model_validate({"id": doc["_id"], **fields, **counted})


def policy_view(doc: Mapping[str, Any]) -> contract.PolicyView:
    return contract.PolicyView(**_fields(doc))


def changed_view(doc: Mapping[str, Any]) -> contract.PolicyChangeView:
    """After a change."""
    return contract.PolicyChangeView(**_fields(doc))


def dry_view(version: int, wanted: Table, effect: contract.PolicyEffectView) -> contract.PolicyChangeView:
    """After a dry run on the table of that version."""
    rows = tuple(map(row_view, wanted.rows))
    return contract.PolicyChangeView(version=version, rows=rows, dry_run=True, effect=effect)


def _fields(doc: Mapping[str, Any]) -> dict[str, Any]:
    last = doc["log"][-1]
    return {
        "version": doc["version"],
        "rows": tuple(doc["rows"]),
        "reason": last.get("reason"),
        "changed_at": shown(last["time"], zone_of("UTC")),
        "changed_by": last["actor"],
    }


def _by_kind(changes: Iterable[Change]) -> dict[str, list[Effect]]:
    found: dict[str, list[Effect]] = {}
    for change in changes:
        found.setdefault(change.place.kind.value, []).append(change.effect)
    return found


def _change_view(change: Change, counted: _Counted) -> contract.RightChangeView:
    reasons = [
        contract.EffectReasonView(
            code=each.code,
            effect=each.effect.value,
            message=BilingualView(ja=each.message.ja, en=each.message.en),
        )
        for each in change.reasons
    ]
    return contract.RightChangeView.model_validate(
        {
            "kind": change.place.kind.value,
            "site": change.place.site,
            "resource": change.place.resource,
            "not_at": change.not_at,
            "effect": change.effect.value,
            "before": _grant_view(change.before),
            "after": _grant_view(change.after),
            "reasons": reasons,
            **counted.of_kind(change.place.kind.value),
        }
    )


def _grant_view(row: Row | None) -> contract.GrantView:
    if row is None:
        return contract.GrantView(allowed=False, months_ahead=0, needs_approval=False, limits=())
    return contract.GrantView.model_validate(row_view(row).model_dump())


def _counts(effects: Iterable[Effect]) -> contract.EffectCountsView:
    found = Counter(effects)
    return contract.EffectCountsView(**{effect.value: found[effect] for effect in Effect})


def _fitting(views: Sequence[V]) -> tuple[V, ...]:
    """As many from the front as a message takes."""
    size, count = 0, 0
    for view in views:
        size += len(view.model_dump_json())
        if size > _LISTED_BYTES:
            break
        count += 1
    return tuple(views[:count])
