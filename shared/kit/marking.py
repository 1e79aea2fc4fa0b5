"""What the relay has sent is marked as sent, for many documents at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.kit.crash import crashpoint
from shared.kit.documents.history import History
from shared.kit.log import get_logger

log = get_logger()
MARK_SECONDS = 0.1
"""How long a mark waits for company: nobody waits for it, and it costs a write and a sync. Far below SWEEP_AFTER."""
_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a document that was to be sent, and the update that says so."""

    doc: dict[str, Any]
    mark: Any
    sent: bool


class Marks:
    """Of one collection. A mark that is lost means that the document is sent again, and the stream drops that."""

    def __init__(self, collection: Any, history: History) -> None:
        self._collection = collection
        self._history = history
        self._gathered: list[Outcome] = []
        self._due_at = 0.0

    @property
    def due_at(self) -> float | None:
        """When what has gathered is to be written, by the loop's time; None where nothing has."""
        return self._due_at if self._gathered else None

    async def gather(self, outcomes: Sequence[Outcome]) -> None:
        if not self._gathered:
            self._due_at = asyncio.get_running_loop().time() + MARK_SECONDS
        self._gathered += outcomes
        if len(self._gathered) >= _AT_ONCE:
            await self.write_gathered()

    async def write_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        await self.write(gathered)

    async def write(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether they could be stored."""
        if not outcomes:
            return True
        try:
            await self._collection.bulk_write([outcome.mark for outcome in outcomes], ordered=False)
        except Exception as error:  # noqa: BLE001 — sent again, and swallowed by the dedupe window
            log.warning("relay.not_marked", collection=self._collection.name, error=type(error).__name__)
            return False
        await crashpoint("relay.after_mark")
        for outcome in outcomes:
            await self._archive(outcome.doc)
        return True

    async def _archive(self, doc: dict[str, Any]) -> None:
        """A log grown too long gives its oldest entries to the history; if not now, after the next change."""
        try:
            await self._history.take(self._collection, doc)
        except Exception as error:  # noqa: BLE001 — what was copied is found there the next time
            log.warning("relay.not_archived", collection=self._collection.name, error=type(error).__name__)
