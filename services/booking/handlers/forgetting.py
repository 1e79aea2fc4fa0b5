"""What booking forgets: of one person because they are gone, of all what people wrote and nobody needs any more."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from services.booking.domain.leaving import Why
from services.booking.domain.redacting import redact, redact_series
from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.domain.waiting import Entry, WaitlistDecided
from shared.contracts.booking import (
    BookingCancelled,
    BookingConfirmed,
    BookingRedacted,
    SeriesCancelled,
    SeriesConfirmed,
)
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored
from shared.kit.errands import Turn

TEXT_KEPT = timedelta(days=183)
"""How long after its end a booking keeps what was written into it."""
PAGE = 100
TELL_WORDS = (BookingConfirmed, BookingCancelled, SeriesConfirmed, SeriesCancelled)
"""The events that carry what people wrote."""
TOLD = frozenset(event.wire for event in TELL_WORDS)
_LOOK_SECONDS, _PAUSE_SECONDS = 3_600.0, 0.1


class Kept(Protocol):
    """Bookings, or series of them."""

    async def worded(self, sites: Sequence[str], member: str, *, limit: int) -> list[str]: ...
    async def outlived(self, sites: Sequence[str], *, before: datetime, limit: int) -> list[str]: ...
    async def change(
        self, _: str, decide: Callable[[Any], Any], cause: Cause, viewer: Viewer, *, at: datetime
    ) -> Stored: ...


class Bookings(Kept, Protocol):
    async def telling(self, _: str) -> list[str]: ...
    async def forget_history(self, _: str, told: Collection[str], *, through: int) -> None: ...


class Names(Protocol):
    async def keeps(self, member: str) -> bool: ...


class Stream(Protocol):
    async def take_back(self, doc_id: str, wire: str, *, word: str) -> int: ...


class Waits(Protocol):
    async def forget_reasons_in_turn(self, sites: Sequence[str], member: str, *, limit: int) -> bool: ...
    async def outlived_reasons(self, sites: Sequence[str], *, before: datetime, limit: int) -> int: ...
    async def open_of(self, whose: Mapping[str, Any], after: str, limit: int) -> list[Entry]: ...
    async def change(
        self,
        entry_id: str,
        change: Callable[[Entry], WaitlistDecided | Entry],
        cause: Cause,
        viewer: Viewer,
        *,
        at: datetime,
    ) -> Stored: ...


@dataclass(frozen=True, slots=True)
class Forgetting:
    bookings: Bookings
    series: Kept
    names: Names
    waits: Waits
    sites: Callable[[], Awaitable[Sequence[str]]]
    stream: Stream
    clock: Clock

    async def work(self, errand: dict[str, Any]) -> Turn:
        """A page of one person's bookings loses what was written, and what they wait for ends; why they did, too.

        What is still to come is a departure's to settle. Their name goes with the tombstone of their contact, which may
        be on its way: it is not done before.
        """
        member, sites, done = errand["about"], await self.sites(), 0
        cause = Cause("booking.forget_member", ITSELF.member, f"erasure-{member}")
        for kept in (self.bookings, self.series):
            for each in await kept.worded(sites, member, limit=PAGE):
                done += await self._without_words(kept, each, cause)
        waited = await self.waits.open_of({"parties": member}, "", PAGE)
        for entry in waited:
            gone, at = partial(Entry.without, leaver=member, because=Why.MEMBER_LEFT), self.clock.now()
            await self.waits.change(entry.id, gone, cause, ITSELF, at=at)
        unsaid = await self.waits.forget_reasons_in_turn(sites, member, limit=PAGE)
        # One whose reason has still to go out on the stream is found again.
        left = [await kept.worded(sites, member, limit=1) for kept in (self.bookings, self.series)]
        counts = {"bookings": done} | ({"waits": len(waited)} if waited else {})
        more = len(waited) == PAGE or unsaid or any(left)
        return Turn(counts, more=more or await self.names.keeps(member))

    async def outlived_texts(self) -> None:
        """For ever; every replica looks now and then, and finds what no other has redacted."""
        while True:
            more = await self.redact_outlived() >= PAGE
            await asyncio.sleep(_PAUSE_SECONDS if more else _LOOK_SECONDS)

    async def redact_outlived(self) -> int:
        """A page of bookings, one of series, and one of what was waited for, that ended long ago. How many."""
        before, sites = self.clock.now() - TEXT_KEPT, await self.sites()
        done = await self.waits.outlived_reasons(sites, before=before, limit=PAGE)
        cause = Cause("booking.redact_booking", ITSELF.member, "texts-outlived")
        for kept in (self.bookings, self.series):
            for each in await kept.outlived(sites, before=before, limit=PAGE):
                await self._without_words(kept, each, cause)
                done += 1
        return done

    async def _without_words(self, kept: Kept, doc_id: str, cause: Cause) -> bool:
        """Whether there were any in the booking itself, or others had been told some.

        The history comes last: for as long as it holds a word, the booking is found again.
        """
        redacts, had = (redact if kept is self.bookings else redact_series), False
        unheard = _unheard(await self.bookings.telling(doc_id))

        def decide(state: Any) -> Any:
            nonlocal had
            decided = redacts(state, told=unheard)
            had = bool(decided.events)
            return decided

        redacted = await kept.change(doc_id, decide, cause, ITSELF, at=self.clock.now())
        through = int(redacted.doc["log"][-1]["seq"])
        # Of a type all or none: what is gone from the stream has no data here, and what has is on the stream. What is
        # recorded from now on may be told after it was looked for there: it is found again.
        told = TOLD & {*await self.bookings.telling(doc_id)}
        for wire in told:
            await self.stream.take_back(doc_id, wire, word="reason")
        await self.bookings.forget_history(doc_id, told, through=through)
        return had


def _unheard(telling: Sequence[str]) -> bool:
    """Whether words were told since it was last said that they are gone."""
    said = [wire for wire in telling if wire in TOLD or wire == BookingRedacted.wire]
    return bool(said) and said[-1] in TOLD
