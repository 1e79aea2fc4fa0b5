"""What notify forgets: all it told one person, what people wrote into a booking, and what was told long ago."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.notify.store import Mails, Notices
from shared.contracts.booking import BookingRedacted
from shared.contracts.notify import NoticeCreated
from shared.kernel.refusal import NotYetKnown
from shared.kernel.time import Clock
from shared.kit.documents import Cause
from shared.kit.errands import Turn
from shared.kit.service import Received

NOTICE_KEPT = timedelta(days=365)
"""How long a notice can be read; its stub stays, so that nobody is told the same again."""
_PAGE = 50
_LOOK_SECONDS, _PAUSE_SECONDS = 3_600.0, 0.1
_ABOUT_ONE = 1_000


class Stream(Protocol):
    async def take_back(self, doc_id: str, wire: str) -> int: ...


class Mailbox(Protocol):
    async def forget(self, address: str) -> int: ...


@dataclass(frozen=True, slots=True)
class Forgetting:
    mails: Mails
    notices: Notices
    stream: Stream
    mailbox: Mailbox
    clock: Clock

    async def work(self, errand: dict[str, Any]) -> Turn:
        """A page of what one person was told; `email` of its facts is where they were written to, where that is known.

        Whatever was in a sender's hands at the first look is found at the second.
        """
        member, email = errand["about"], errand["facts"].get("email")
        cause = Cause("forget", "notify", f"erasure-{member}")
        found = await self.notices.of(member, limit=_PAGE)
        forgot = sum([await self._forget(notice, cause, title=True) for notice in found])
        counts = {
            "notices": forgot,
            "mails": await self.mails.forget(member, email, at=self.clock.now()),
            "mailbox": await self.mailbox.forget(email) if email else 0,
        }
        left = forgot < len(found) or await self.notices.forget_reasons_in_turn(member)
        return Turn(counts, more=len(found) == _PAGE or left)

    async def on_booking_redacted(self, event: Received[BookingRedacted]) -> None:
        """Whoever was told why a booking or series was decided so keeps that it was.

        Raises NotYetKnown: some is not said yet.
        """
        booking, cause = event.data.id, Cause.caused_by(event.event, "forget", "notify")
        await self.mails.forget_words(booking)
        found = await self.notices.worded(booking, limit=_ABOUT_ONE)
        if not all([await self._forget(notice, cause, title=False) for notice in found]):
            raise NotYetKnown

    async def outlived(self) -> None:
        """For ever; every replica looks now and then, and finds what no other has forgotten."""
        while True:
            more = await self.forget_before(self.clock.now() - NOTICE_KEPT) == _PAGE
            await asyncio.sleep(_PAUSE_SECONDS if more else _LOOK_SECONDS)

    async def forget_before(self, before: datetime) -> int:
        """A page of notices made before that instant. How many."""
        cause = Cause("forget", "notify", "notices-outlived")
        found = await self.notices.outlived(before=before, limit=_PAGE)
        return sum([await self._forget(notice, cause, title=True) for notice in found])

    async def _forget(self, notice: Mapping[str, Any], cause: Cause, *, title: bool) -> bool:
        """False where it has still to be announced: then it is found again."""
        if not await self.notices.forget_record(notice, whole=title):
            return False
        await self.stream.take_back(notice["_id"], NoticeCreated.wire)
        await self.notices.blank(notice["_id"], cause, at=self.clock.now(), title=title)
        return True
