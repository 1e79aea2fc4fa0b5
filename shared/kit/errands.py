"""Errands: work owed to something that happened elsewhere, which may take longer than a message may.

Each is a document with a timer, so a restart loses nothing, a failed turn comes again, and any replica takes the next.
It is done in turns until nothing is left; once more when everything that was under way at its beginning has ended;
and then said by an event.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.contracts.message import Event
from shared.contracts.topology import HANDLER_TIMEOUT
from shared.kernel.ids import derived_id
from shared.kernel.time import Clock
from shared.kit.copies import FRESH_SECONDS
from shared.kit.documents import Cause, Documents, Draft

DUE = "errand"
"""The kind of its timer."""
_PAUSE = timedelta(seconds=1)
"""What is left has to be waited for, where a turn did none of it."""
SETTLED = timedelta(seconds=HANDLER_TIMEOUT + FRESH_SECONDS)
"""No command and no handler is under way longer than that on what it read or remembered before."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did, counted, and whether it left something for the next."""

    counts: Mapping[str, int]
    more: bool = False


Work = Callable[[dict[str, Any]], Awaitable[Turn]]
"""One turn, well within a lease; told the errand's document: `about` and `facts` as `begin` was told."""
Said = Callable[[str, Mapping[str, int], int], Event]
"""From what it was about, what was counted over all turns, and its version: the event that says it is done."""


class Errands:
    """One kind of errand of the service `site`."""

    def __init__(self, documents: Documents, clock: Clock, *, site: str, work: Work, said: Said) -> None:
        self._documents = documents
        self._clock = clock
        self._site = site
        self._work = work
        self._said = said

    async def begin(self, about: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Once, however often it is called; one that was done is gone over again, and said again. The document.

        Its id is its own, not that of what it is about: ids of log entries are made of documents' ids.
        """
        errand_id, at = derived_id("errand", self._site, about), self._clock.now()
        cause = self._cause(about)
        body = {"about": about, "facts": dict(facts), "round": 0, "counts": {}, "done_at": None}
        fresh = Draft(body, due=(at, DUE))
        stored = await self._documents.insert(errand_id, self._site, fresh, cause, at=at)
        if stored.replay:
            stored = await self._documents.change(
                errand_id, lambda doc: fresh if doc["done_at"] else None, cause, at=at
            )
        return stored.doc

    async def turn(self, doc: dict[str, Any]) -> None:
        """For the ticker, and for whoever does not want to wait for it."""
        turn, at = await self._work(doc), self._clock.now()

        def decide(now: dict[str, Any]) -> Draft | None:
            if now["done_at"] is not None:
                return None
            counts = dict(now["counts"])
            for what, count in turn.counts.items():
                counts[what] = counts.get(what, 0) + count
            body = {"about": now["about"], "facts": now["facts"], "round": now["round"]}
            body |= {"counts": counts, "done_at": None}
            if now["round"] != doc["round"]:  # somebody else was there at the same time, and has gone on
                return Draft(body, due=(now["due_at"], DUE))
            if turn.more:
                return Draft(body, due=(at if any(turn.counts.values()) else at + _PAUSE, DUE))
            if now["round"] == 0:
                return Draft(body | {"round": 1}, due=(at + SETTLED, DUE))
            done = self._said(now["about"], counts, now["version"] + 1)
            return Draft(body | {"facts": {}, "done_at": at}, [done])

        await self._documents.change(doc["_id"], decide, self._cause(doc["about"]), at=at)

    def _cause(self, about: str) -> Cause:
        return Cause("errand", self._site, f"errand-{about}")
