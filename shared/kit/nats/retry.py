"""What becomes of a message whose handler failed: again later, or parked with its reason. Never lost, never hot."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from faststream import BaseMiddleware
from faststream.exceptions import HandlerException, NackMessage, RejectMessage
from pydantic import ValidationError

from shared.contracts.topology import HANDLER_TIMEOUT, PERSONAL
from shared.kernel.refusal import NotYetKnown
from shared.kit.crash import crashpoint
from shared.kit.log import correlated, get_logger
from shared.kit.metrics import DELIVERIES
from shared.kit.mongo import is_outage
from shared.kit.nats.gate import Gate
from shared.kit.nats.publisher import Publisher

log = get_logger()
TRIES = 8
LAST_TRY = 11
"""An outage uses up no tries, but at this delivery it is parked too. What comes once more is handled no more: it ended
its worker each time, or could not be parked.
"""
_DELAYS = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)


def delay_after(deliveries: int) -> float:
    """Seconds until the next try after this many: growing, jittered by a quarter."""
    step = _DELAYS[min(deliveries, len(_DELAYS)) - 1]
    return step * random.uniform(0.75, 1.25)  # noqa: S311 — jitter, not a secret


class Permanent(Exception):
    """The message can never be handled; `reason` is the slug it is parked under."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooOften(Permanent):
    """It came more often than any verdict allows: it kills who handles it, or no dead letter could be stored."""

    def __init__(self) -> None:
        super().__init__("poison")


def reason_of(error: BaseException) -> tuple[str, bool]:
    """(slug, permanent?) for what a handler raised."""
    match error:
        case Permanent(reason=reason):
            return reason, True
        case ValidationError():
            return "schema", True
        case NotYetKnown():
            return "unknown-ref", False
        case _ if is_outage(error):
            return "outage", False
        case TimeoutError():
            return "poison", False
        case _:
            return "handler", False


def came_too_often(raw: Any) -> bool:
    """Whether the message is to be parked without being handled."""
    return bool(raw.metadata.num_delivered > LAST_TRY)


async def park(publisher: Publisher, raw: Any, reason: str, detail: str) -> None:
    """The raw message in `DLQ` under `dlq.<durable>.<subject>`; returns once it is stored. Raises NatsError.

    Of what may be personal the body is withheld, however broken: it is replayed from where it came from.
    """
    meta = raw.metadata
    withheld = meta.consumer in PERSONAL
    kept = {k: v for k, v in (raw.headers or {}).items() if not k.startswith("Nats-")}
    headers = kept | {
        "Lounge-Reason": reason,
        "Lounge-Deliveries": str(meta.num_delivered),
        "Lounge-Error": detail[:200],
        "Lounge-Stream": meta.stream,
        "Lounge-Sequence": str(meta.sequence.stream),
        **({"Lounge-Withheld": str(len(raw.data))} if withheld else {}),
    }
    await publisher.publish(
        f"dlq.{meta.consumer}.{raw.subject}",
        b"" if withheld else raw.data,
        stream="DLQ",
        msg_id=f"{meta.stream}:{meta.consumer}:{meta.sequence.stream}",
        headers=headers,
    )
    await crashpoint("dlq.between_park_and_terminate")
    DELIVERIES.labels(meta.consumer, "parked").inc()
    log.error("message.parked", durable=meta.consumer, reason=reason, deliveries=meta.num_delivered, error=detail)


class Retry:
    """Makes the middleware of a service's JetStream routers; raises only FastStream's own verdicts."""

    def __init__(self, publisher: Publisher, gate: Gate) -> None:
        self._publisher = publisher
        self._gate = gate

    def __call__(self, msg: Any, /, *, context: Any) -> BaseMiddleware[Any, Any]:
        return _Attempt(self, msg, context=context)

    async def verdict(self, raw: Any, error: BaseException) -> HandlerException:
        """RejectMessage once the message is parked; else NackMessage with a delay, however often that was before."""
        reason, permanent = reason_of(error)
        deliveries = raw.metadata.num_delivered
        if reason == "outage":
            self._gate.close()
        if permanent or deliveries >= (LAST_TRY if reason == "outage" else TRIES):
            try:
                await park(self._publisher, raw, reason, type(error).__name__)
            except Exception as failed:  # noqa: BLE001 — not parked is not terminated: it comes again
                DELIVERIES.labels(raw.metadata.consumer, "unparked").inc()
                log.warning("message.not_parked", durable=raw.metadata.consumer, error=type(failed).__name__)
                return NackMessage(delay=delay_after(deliveries))
            return RejectMessage()
        DELIVERIES.labels(raw.metadata.consumer, "again").inc()
        log.info("message.again", durable=raw.metadata.consumer, deliveries=deliveries, error=type(error).__name__)
        return NackMessage(delay=delay_after(deliveries))


class _Attempt(BaseMiddleware[Any, Any]):
    def __init__(self, retry: Retry, msg: Any, /, *, context: Any) -> None:
        super().__init__(msg, context=context)
        self._retry = retry

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        with correlated(None):
            return await self._handled(call_next, msg)

    async def _handled(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        raw = msg.raw_message
        if came_too_often(raw):
            raise await self._retry.verdict(raw, TooOften())
        await crashpoint("consumer.after_fetch")
        try:
            async with asyncio.timeout(HANDLER_TIMEOUT):
                result = await call_next(msg)
        except HandlerException:
            raise
        except Exception as error:
            raise await self._retry.verdict(raw, error) from error
        await crashpoint("consumer.after_effect")
        DELIVERIES.labels(raw.metadata.consumer, "done").inc()
        return result
