"""What booking forgets: of one person because they are gone, of all what people wrote and nobody needs any more."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.leaving import Why
from services.booking.domain.redacting import redact
from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.domain.waiting import Entry, WaitlistDecided
from services.booking.handlers.ports import Decide
from shared.contracts.booking import BookingCancelled, BookingConfirmed
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored
from shared.kit.errands import Turn

TEXT_KEPT = timedelta(days=183)
"""How long after its end a booking keeps what was written into it."""
PAGE = 100
TELL_WORDS = (BookingConfirmed, BookingCancelled)
"""The events that carry what people wrote."""
_LOOK_SECONDS, _PAUSE_SECONDS = 3_600.0, 0.1


class Bookings(Protocol):
    async def worded(self, sites: Sequence[str], member: str, *, limit: int) -> list[str]: ...
    async def outlived(self, sites: Sequence[str], *, before: datetime, limit: int) -> list[str]: ...
    async def change(
        self, booking_id: str, decide: Decide, cause: Cause, viewer: Viewer, *, at: datetime
    ) -> Stored: ...
    async def telling(self, booking_id: str) -> set[str]: ...
    async def forget_history(self, booking_id: str, told: Collection[str]) -> None: ...


class Names(Protocol):
    async def keeps(self, member: str) -> bool: ...


class Stream(Protocol):
    async def take_back(self, doc_id: str, wire: str) -> int: ...


class Waits(Protocol):
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
    names: Names
    waits: Waits
    sites: Callable[[], Awaitable[Sequence[str]]]
    stream: Stream
    clock: Clock

    async def work(self, errand: dict[str, Any]) -> Turn:
        """A page of one person's bookings loses what was written, and what they wait for ends.

        What is still to come is a departure's to settle. Their name goes with the tombstone of their contact, which may
        be on its way: it is not done before.
        """
        member = errand["about"]
        cause = Cause("booking.forget_member", ITSELF.member, f"erasure-{member}")
        found = await self.bookings.worded(await self.sites(), member, limit=PAGE)
        redacted = sum([await self._without_words(booking_id, cause) for booking_id in found])
        waited = await self.waits.open_of({"parties": member}, "", PAGE)
        for entry in waited:
            gone, at = partial(Entry.without, leaver=member, because=Why.MEMBER_LEFT), self.clock.now()
            await self.waits.change(entry.id, gone, cause, ITSELF, at=at)
        # One whose reason has still to go out on the stream is found again.
        left = len(waited) == PAGE or await self.bookings.worded(await self.sites(), member, limit=1)
        counts = {"bookings": redacted} | ({"waits": len(waited)} if waited else {})
        return Turn(counts, more=bool(left) or await self.names.keeps(member))

    async def outlived_texts(self) -> None:
        """For ever; every replica looks now and then, and finds what no other has redacted."""
        while True:
            more = await self.redact_outlived() == PAGE
            await asyncio.sleep(_PAUSE_SECONDS if more else _LOOK_SECONDS)

    async def redact_outlived(self) -> int:
        """A page of bookings that ended long ago. How many."""
        found = await self.bookings.outlived(await self.sites(), before=self.clock.now() - TEXT_KEPT, limit=PAGE)
        cause = Cause("booking.redact_booking", ITSELF.member, "texts-outlived")
        for booking_id in found:
            await self._without_words(booking_id, cause)
        return len(found)

    async def _without_words(self, booking_id: str, cause: Cause) -> bool:
        """Whether there were any in the booking itself.

        The history comes last: for as long as it holds a word, the booking is found again.
        """
        had = False

        def decide(booking: Booking) -> Decided:
            nonlocal had
            decided = redact(booking)
            had = bool(decided.events)
            return decided

        await self.bookings.change(booking_id, decide, cause, ITSELF, at=self.clock.now())
        # Of a type all or none: what is gone from the stream has no data here, and what has is on the stream.
        told = await self.bookings.telling(booking_id) & {event.wire for event in TELL_WORDS}
        for wire in told:
            await self.stream.take_back(booking_id, wire)
        await self.bookings.forget_history(booking_id, told)
        return had
