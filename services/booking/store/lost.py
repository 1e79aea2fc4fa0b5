"""Claims somebody was refused a moment ago: who wants one next looks first, with all others who do, before they write.

A write that is refused costs the server many times a look. What is remembered decides nothing: refused is only who was
seen to be too late by a read that began after they asked; whoever was not, writes, and the unique index decides.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.kit.together import Together

KEPT_SECONDS = 10.0
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Try:
    """To write the document `id`, which claims something that was held."""

    id: str
    site: str
    claim: str


Look = Callable[[Sequence[Try]], Awaitable[Collection[Try]]]
"""Of these, the ones whose claim a document holds while theirs is not there."""


class Lost:
    """One for each replica."""

    def __init__(self, look: Look, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._together = Together[Try, bool](self._late)
        self._look = look
        self._elapsed = elapsed
        self._known: dict[tuple[str, str], float] = {}

    def note(self, site: str, claim: str) -> None:
        """Somebody else holds it, as a write told."""
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[site, claim] = self._elapsed()

    async def held(self, doc_id: str, site: str, claims: Sequence[str]) -> str | None:
        """That of these claims which keeps this document from being written, as far as is known."""
        claim = next((each for each in claims if (site, each) in self._known), None) if self._known else None
        if claim is None:
            return None
        known = self._known[site, claim]
        if self._elapsed() - known < KEPT_SECONDS and await self._together(Try(doc_id, site, claim)):
            return claim
        if self._known.get((site, claim)) == known:
            del self._known[site, claim]
        return None

    async def _late(self, tries: Sequence[Try]) -> list[bool]:
        late = await self._look(tries)
        return [each in late for each in tries]


def looking(tries: Sequence[Try]) -> dict[str, Any]:
    """A filter: the documents they are about, and those that hold what they want."""
    each: list[dict[str, Any]] = []
    for site in sorted({one.site for one in tries}):
        there = [one for one in tries if one.site == site]
        each.append({"_id": {"$in": sorted({one.id for one in there})}, "site": site})
        each.append({"site": site, "claims": {"$in": sorted({one.claim for one in there})}})
    return {"$or": each}


def late(tries: Sequence[Try], found: Sequence[Mapping[str, Any]]) -> list[Try]:
    """Whose own document is there is not late: the write will tell them so."""
    made = {doc["_id"] for doc in found}
    held = {(doc["site"], claim) for doc in found for claim in doc.get("claims", ())}
    return [each for each in tries if each.id not in made and (each.site, each.claim) in held]
