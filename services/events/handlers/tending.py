"""A person tends the quarantine: sends a message through the pipeline again, or lays it aside for good."""

from functools import partial
from typing import Any, ClassVar

from services.events.handlers.doors import Receipts
from services.events.handlers.rights import may_tend
from services.events.handlers.site_messages import Delivery, SiteMessages
from services.events.queries import SiteQueries
from services.events.store.site_messages import Quarantine
from shared.contracts.events import DiscardQuarantined, ReplayQuarantined
from shared.contracts.message import Answer, Asked
from shared.kernel.refusal import NotFound, Refusal
from shared.kernel.text import Text
from shared.kernel.time import Clock
from shared.kit.answers import answer
from shared.kit.documents import Cause
from shared.kit.log import get_logger
from shared.kit.nats.publisher import NatsError

log = get_logger()


class Discarded(Refusal):
    code: ClassVar[str] = "discarded"
    message = Text(ja="このメッセージは破棄済みです。", en="This message was discarded.")


class Tending:
    """The commands on one quarantined message."""

    def __init__(
        self, messages: SiteMessages, quarantine: Quarantine, *, receipts: Receipts, views: SiteQueries, clock: Clock
    ) -> None:
        self._messages = messages
        self._quarantine = quarantine
        self._receipts = receipts
        self._views = views
        self._clock = clock

    async def replay(self, ask: Asked[ReplayQuarantined]) -> Answer:
        """200 with what became of it; a message that was applied before stays applied once."""
        row, cause, at = await self._row(ask), Cause.of(ask), self._clock.now()
        if row["status"] == "discarded":
            raise Discarded(quarantined=row["_id"])
        delivery = _delivery(row, ask.correlationid)
        verdict = (await self._messages.take([delivery], at=at))[0]
        if isinstance(verdict, Exception):
            raise verdict
        mark = partial(self._quarantine.mark, row, cause=cause, at=at, outcome=verdict.outcome)
        if verdict.outcome == "quarantined":
            row = await mark("quarantined", reason=verdict.reason, details=verdict.details)
        else:
            row = await mark("replayed")
        try:
            await self._receipts.tell(delivery, verdict, again=row["replays"])
        except (NatsError, TimeoutError) as error:
            log.warning("site.receipt_unheard", site=row["site"], error=type(error).__name__)
        return answer(await self._views.quarantined(row))

    async def discard(self, ask: Asked[DiscardQuarantined]) -> Answer:
        """200; again changes nothing."""
        row = await self._row(ask)
        if row["status"] != "discarded":
            row = await self._quarantine.mark(row, "discarded", Cause.of(ask), at=self._clock.now())
        return answer(await self._views.quarantined(row))

    async def _row(self, ask: Asked[ReplayQuarantined] | Asked[DiscardQuarantined]) -> dict[str, Any]:
        may_tend(ask.principal, ask.data.site)
        row = await self._quarantine.get(ask.data.site, ask.data.id)
        if row is None:
            raise NotFound(quarantined=ask.data.id)
        return row


def _delivery(row: dict[str, Any], correlationid: str) -> Delivery:
    return Delivery(
        site=row["site"],
        raw=bytes(row["raw"]),
        subject=row["subject"],
        delivery=row["delivery"],
        stream_sequence=row["stream_sequence"],
        received_at=row["received_at"],
        correlationid=correlationid,
    )
