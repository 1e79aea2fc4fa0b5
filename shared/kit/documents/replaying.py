"""Before the refusal of a create goes out, its key is looked up."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from shared.kernel.refusal import Refusal
from shared.kit.documents.draft import Cause, Stored


class Replays(Protocol):
    async def replay(self, doc_id: str, cause: Cause, /) -> Stored | None:
        """What this key created before, or None."""
        ...


async def unless_made_before(
    replays: Replays, doc_id: str, cause: Cause, make: Callable[[], Awaitable[Stored]]
) -> Stored:
    """What `make` gives. A retry of a success whose answer was lost gets that success, not a refusal by its own deed.

    Raises what `make` raises where this key made nothing.
    """
    try:
        return await make()
    except Refusal:
        if (made := await replays.replay(doc_id, cause)) is not None:
            return made
        raise
