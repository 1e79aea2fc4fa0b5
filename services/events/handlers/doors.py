"""Where sites' messages come in: a loop over each producer's stream, and the receipt that tells the site."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from faststream.exceptions import NackMessage
from nats.js.errors import NoStreamResponseError

from services.events.handlers.site_messages import Delivery, SiteMessages, Verdict
from shared.contracts.booking import SiteState
from shared.contracts.events import Receipt
from shared.contracts.topology import INGEST_DURABLE, RECEIPTS, Durable, ingest_durable, ingest_stream
from shared.kernel.time import Clock
from shared.kit.copies import Copy
from shared.kit.crash import crashpoint
from shared.kit.log import get_logger
from shared.kit.metrics import DELIVERIES
from shared.kit.nats.publisher import Publisher
from shared.kit.nats.retry import Retry

log = get_logger()
LOOK_SECONDS = 1.0
_LAST_SECONDS = 3.0
CORRELATION = "Lounge-Correlation"
_TOKEN = re.compile(r"[A-Za-z0-9_:~-]+(\.[A-Za-z0-9_:~-]+)*")
_CORRELATION = re.compile(r"[A-Za-z0-9_-]{1,128}")
_TRIES_WITHOUT_A_LISTENER = 4
Fetching = Callable[[str, str, Callable[[list[Any]], Awaitable[None]]], Any]


def receipt_subject(site: str, event_id: str | None, sequence: int) -> str:
    """`receipts.<site>.<event id>`; an id no subject can carry goes as `b64_…`, a message without one by its place."""
    if event_id is None:
        return f"receipts.{site}.at_{sequence}"
    if _TOKEN.fullmatch(event_id):
        return f"receipts.{site}.{event_id}"
    return f"receipts.{site}.b64_{base64.urlsafe_b64encode(event_id.encode()).decode().rstrip('=')}"


class Receipts:
    """Tells a site what became of a message, in the stream of its own account."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def tell(self, delivery: Delivery, verdict: Verdict, *, again: int = 0) -> None:
        """Stored in the site's account when this returns; the same delivery is told once. Raises NatsError."""
        receipt = Receipt(
            id=verdict.event_id,
            outcome=verdict.outcome,
            reason=verdict.reason,  # type: ignore[arg-type] # the contract's literals are the domain's
            details=verdict.details,
            sequence=verdict.sequence,
            stream_sequence=delivery.stream_sequence,
            dropped=verdict.dropped,
        )
        body = receipt.model_dump_json(exclude_defaults=True).encode()
        await self._publisher.publish(  # lint: allow publish-in-kit — a receipt is a reply, no event of a document
            receipt_subject(delivery.site, verdict.event_id, delivery.stream_sequence),
            body,
            stream=RECEIPTS.name,
            msg_id=f"{delivery.delivery}-{again}",
        )


def delivery_of(site: str, message: Any, *, at: datetime) -> Delivery:
    """From a message of the site's stream, taken in hand `at`."""
    meta = message.metadata
    correlation = (message.headers or {}).get(CORRELATION, "")
    return Delivery(
        site=site,
        raw=bytes(message.data),
        subject=str(message.subject).removeprefix(f"ingest.{site}."),
        delivery=f"{site}-{meta.sequence.stream}-{int(meta.timestamp.timestamp() * 1_000_000)}",
        stream_sequence=meta.sequence.stream,
        received_at=at,
        correlationid=correlation if _CORRELATION.fullmatch(correlation) else None,
    )


@dataclass(frozen=True, slots=True)
class Intake:
    """The replica's side of a stream: how a loop over it is made, what becomes of a message that failed, and the
    durables it tells the lag of, where each open door stands under its stream's name.
    """

    fetching: Fetching
    retry: Retry
    durables: MutableMapping[str, Durable]


class SiteDoors:
    """One loop per producer in the copy of sites; a new one is heard within two seconds."""

    def __init__(
        self,
        messages: SiteMessages,
        receipts: Receipts,
        *,
        sites: Copy[SiteState],
        intake: Intake,
        clock: Clock,
    ) -> None:
        self._messages = messages
        self._receipts = receipts
        self._sites = sites
        self._intake = intake
        self._clock = clock
        self._loops: dict[str, asyncio.Task[None]] = {}
        self._in_hand: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled; what is in hand then is brought to its end."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            for task in self._loops.values():
                task.cancel()
            await asyncio.gather(*self._loops.values(), return_exceptions=True)
            if self._in_hand:
                await asyncio.wait(self._in_hand, timeout=_LAST_SECONDS)
            self._loops.clear()

    async def _look(self) -> None:
        found = self._sites.collection.find({"producer": True, "erased": {"$ne": True}}, {"_id": 1})
        producers = {doc["_id"] async for doc in found}
        for site in [s for s, task in self._loops.items() if s not in producers or task.done()]:
            self._loops.pop(site).cancel()
            self._intake.durables.pop(ingest_stream(site).name, None)
        for site in sorted(producers - self._loops.keys()):
            loop = self._intake.fetching(ingest_stream(site).name, INGEST_DURABLE, self._handler(site))
            self._loops[site] = asyncio.create_task(loop.run())
            self._intake.durables[ingest_stream(site).name] = ingest_durable(site)
            log.info("site.door_opened", site=site)

    def _handler(self, site: str) -> Callable[[list[Any]], Awaitable[None]]:
        async def handle(messages: list[Any]) -> None:
            task = asyncio.create_task(self._handled(site, messages))
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)
            await asyncio.shield(task)

        return handle

    async def _handled(self, site: str, messages: list[Any]) -> None:
        await crashpoint("consumer.after_fetch")
        at = self._clock.now()
        deliveries = [delivery_of(site, message, at=at) for message in messages]
        try:
            verdicts = await self._messages.take(deliveries, at=at)
        except Exception as error:  # noqa: BLE001 — judged message by message in _later, and logged there
            verdicts = [error] * len(messages)
        await crashpoint("consumer.after_effect")
        await self._told(messages, deliveries, verdicts)

    async def _told(
        self, messages: Sequence[Any], deliveries: Sequence[Delivery], verdicts: Sequence[Verdict | Exception]
    ) -> None:
        """Receipt, then ack; whatever failed comes again, later and later, and is parked in the end."""

        async def one(message: Any, delivery: Delivery, verdict: Verdict | Exception) -> None:
            try:
                if isinstance(verdict, Exception):
                    raise verdict
                await self._receipt(message, delivery, verdict)
            except Exception as error:  # noqa: BLE001 — the retry policy decides and logs
                await self._later(message, error)
            else:
                await message.ack()
                DELIVERIES.labels(INGEST_DURABLE, verdict.outcome).inc()

        await asyncio.gather(*map(one, messages, deliveries, verdicts))

    async def _receipt(self, message: Any, delivery: Delivery, verdict: Verdict) -> None:
        try:
            await self._receipts.tell(delivery, verdict)
        except NoStreamResponseError:
            # Nobody keeps receipts for this site: it has no account (any more). That is not the message's fault.
            if message.metadata.num_delivered < _TRIES_WITHOUT_A_LISTENER:
                raise
            log.warning("site.receipt_unheard", site=delivery.site, sequence=delivery.stream_sequence)

    async def _later(self, message: Any, error: Exception) -> None:
        verdict = await self._intake.retry.verdict(message, error)
        if isinstance(verdict, NackMessage):
            await message.nak(delay=verdict.extra_options["delay"])
        else:
            await message.term()
