"""Lists of people: found by the beginning of a name or address, in the order of the reader's language."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.members.domain.finding import LONGEST_BEGINNING
from services.members.queries.pages import InvalidCursor, page
from services.members.store.keys import DERIVED, ORDERS
from services.members.store.mapping import SITE
from shared.kernel.folding import search_key
from shared.kernel.text import Language

_SEARCH_MS = 500
_UNREAD = {**DERIVED, "log": 0}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people, `seen_by` whom, in which order. A cursor is the order it was begun in and the last one's id."""

    seen_by: Mapping[str, Any]
    organization: str | None
    q: str | None
    language: Language

    @property
    def searches(self) -> bool:
        return self.q is not None and not self.q.isspace() and self.q != ""

    @property
    def where(self) -> list[Mapping[str, Any]]:
        """The filter's parts. Beginnings are matched as stored; what is longer by an anchored, escaped expression.

        What folds to nothing, as `.*` does, is the beginning of nobody's name.
        """
        where = [self.seen_by]
        if self.organization is not None:
            where.append({"organizations": self.organization})
        if self.searches:
            key = search_key(self.q or "")
            where.append({"found_by": key[:LONGEST_BEGINNING]})
            if len(key) > LONGEST_BEGINNING:
                where.append({"search_keys": {"$regex": f"^{re.escape(key)}"}})
        return where

    def hint(self, order: str) -> list[tuple[str, int]] | None:
        """Within an organization its own people are read in order, however many elsewhere have such a name."""
        scoped = self.organization is not None or "organizations" in self.seen_by
        return [("site", 1), ("organizations", 1), (order, 1), ("_id", 1)] if scoped and self.searches else None


async def listed(members: Any, wanted: Wanted, limit: int, after: str | None) -> tuple[Sequence[Any], str | None]:
    """At most `limit` documents and the cursor of what follows. Raises InvalidCursor."""
    language, _, last = (after or "").rpartition(":")
    order = ORDERS.get(language or wanted.language)
    if order is None:
        raise InvalidCursor
    where = wanted.where
    if last:
        where.append(await _later_than(members, last, order))
    found = members.find({"$and": where}, _UNREAD).sort([(order, 1), ("_id", 1)])
    if (hint := wanted.hint(order)) is not None:
        found = found.hint(hint)
    docs, following = await page(found.max_time_ms(_SEARCH_MS), limit)
    return docs, following and f"{language or wanted.language}:{following}"


async def counted(members: Any, wanted: Wanted, most: int) -> int:
    """How many there are, counted no further than `most`."""
    hint = wanted.hint(ORDERS[wanted.language])
    more: dict[str, Any] = {} if hint is None else {"hint": hint}
    return int(await members.count_documents({"$and": wanted.where}, limit=most, maxTimeMS=_SEARCH_MS, **more))


async def _later_than(members: Any, last: str, order: str) -> dict[str, Any]:
    """Behind the last one's place as it is now. Who is not keyed yet in this form stands before all others."""
    doc = await members.find_one({"_id": last, "site": SITE, "erased_at": None}, {order: 1})
    if doc is None:
        raise InvalidCursor
    key = doc.get(order)
    if key is None:
        return {"$or": [{order: None, "_id": {"$gt": last}}, {order: {"$gte": ""}}]}
    return {order: {"$gte": key}, "$or": [{order: {"$gt": key}}, {"_id": {"$gt": last}}]}
