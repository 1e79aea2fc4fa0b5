"""Who asks, what a create's id is, and a retry's right to its own result."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.members.domain.rights import Actor
from shared.contracts.message import Asked, Principal
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Forbidden, Refusal
from shared.kit.documents import Cause, Documents, Stored


def actor_of(principal: Principal) -> Actor:
    """The principal as the rules see them."""
    return Actor(
        id=principal.id,
        roles=principal.roles,
        organization=principal.organization,
        organizations=principal.organizations,
        site=principal.site,
    )


def created_id(ask: Asked[Any]) -> str:
    """The same for the same principal, operation and key; without a key, each request is its own."""
    return derived_id(ask.principal.id, ask.data.wire, ask.key or ask.correlationid)


def check_ops(principal: Principal) -> None:
    """Only the command line's own identity, never one that came through the gateway. Raises Forbidden."""
    if principal.kind != "system" or "operator" not in principal.roles:
        raise Forbidden


async def unless_made_before(
    documents: Documents, doc_id: str, cause: Cause, make: Callable[[], Awaitable[Stored]]
) -> Stored:
    """Before a refusal of a create goes out, its key is looked up: a retry of a success gets that success."""
    try:
        return await make()
    except Refusal:
        if (made := await documents.replay(doc_id, cause)) is not None:
            return made
        raise
