"""Who asks, what they may see, and what the id of a create is."""

from typing import Any

from services.members.domain.rights import Actor
from services.members.store.mapping import SITE
from shared.contracts.message import Asked, Principal
from shared.kernel.ids import derived_id
from shared.kernel.refusal import DeadlinePassed, Forbidden
from shared.kernel.time import Clock


def actor_of(principal: Principal) -> Actor:
    """The principal as the rules see them."""
    return Actor(
        id=principal.id,
        roles=principal.roles,
        organization=principal.organization,
        organizations=principal.organizations,
        site=principal.site,
        is_program=principal.kind == "program",
    )


def members_seen_by(actor: Actor) -> dict[str, Any]:
    """A filter: staff see all, an admin the organization's people, anyone themselves and whom they assist."""
    if actor.is_staff:
        return {"site": SITE, "erased_at": None}
    if actor.administers is not None:
        return {"site": SITE, "erased_at": None, "organizations": actor.administers}
    return {"site": SITE, "erased_at": None, "$or": [{"_id": actor.id}, {"assistants": actor.id}]}


def organizations_seen_by(actor: Actor) -> dict[str, Any]:
    """A filter: staff see all, others their own."""
    return {"site": SITE} if actor.is_staff else {"site": SITE, "_id": {"$in": list(actor.organizations)}}


def api_keys_seen_by(actor: Actor) -> dict[str, Any]:
    """A filter: an operator sees every key, anyone else the ones they made."""
    return {"site": SITE} if actor.is_operator else {"site": SITE, "owner": actor.id}


def created_id(ask: Asked[Any]) -> str:
    """The same for the same principal, operation and key; without a key, each request is its own."""
    return derived_id(ask.principal.id, ask.data.wire, ask.key or ask.correlationid)


def check_in_time(ask: Asked[Any], clock: Clock) -> None:
    """For writes that do not go through Documents, right before them. Raises DeadlinePassed."""
    if clock.now() > ask.deadline:
        raise DeadlinePassed


def check_ops(principal: Principal) -> None:
    """Only the command line's own identity, never one that came through the gateway. Raises Forbidden."""
    if principal.kind != "system" or "operator" not in principal.roles:
        raise Forbidden
