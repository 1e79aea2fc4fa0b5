"""Commands and queries: core request/reply in a queue group per service; every request gets an answer."""

import asyncio
import time
import types
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from faststream import BaseMiddleware
from faststream.nats import NatsRouter
from pydantic import BaseModel, ValidationError

from shared.contracts.message import Answer, Asked, Command, Query
from shared.kernel.refusal import Forbidden, Invalid, NotFound, Refusal
from shared.kernel.text import Text
from shared.kit import telemetry
from shared.kit.access import ids_in, tell_refused
from shared.kit.answers import dumped, refused
from shared.kit.crash import crashpoint
from shared.kit.log import correlate, correlated, get_logger
from shared.kit.metrics import COMMAND_SECONDS, COMMANDS
from shared.kit.mongo import is_outage
from shared.kit.nats.gate import Gate
from shared.kit.nats.request import Unavailable

log = get_logger()
WORKERS = 128
M = TypeVar("M", bound=BaseModel)
Q = TypeVar("Q", bound=Command | Query)
Handler = Callable[[Any], Awaitable[Answer]]


class Unexpected(Refusal):
    """A fault of ours; the log has its trace under the same correlation id."""

    code = "internal"
    status = 500
    message = Text(ja="内部エラーが発生しました。", en="Something went wrong on our side.")


def read(model: type[M], body: bytes) -> M:
    """What was asked. Raises Invalid with the paths and kinds of what is wrong; never the input.

    Only the request's own faults are the caller's: a view that a handler cannot make is ours, and a 500.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        raise Invalid(errors=[{"path": list(map(str, e["loc"])), "code": e["type"]} for e in found[:20]]) from None


class AnswerRefusals(BaseMiddleware):
    """A refusal is an answer, an unknown outcome is 503, anything else is logged with its trace and answered too."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        with correlated(None):
            return await self._answered(call_next, msg)

    async def _answered(self, call_next: Callable[[Any], Awaitable[Any]], msg: Any) -> Any:
        subject, began = msg.raw_message.subject, time.perf_counter()
        try:
            outcome, reply = "ok", await call_next(msg)
        except Refusal as refusal:
            outcome, reply = refusal.code, dumped(refused(refusal))
            log.info("command.refused", subject=subject, refusal=refusal.code)
        except Exception as error:
            outcome = "unavailable" if is_outage(error) else "internal"
            reply = dumped(refused(Unavailable() if is_outage(error) else Unexpected()))
            log.exception("command.failed", subject=subject, error=type(error).__name__)
        COMMANDS.labels(subject, outcome).inc()
        COMMAND_SECONDS.labels(subject).observe(time.perf_counter() - began)
        return reply


async def _raw_body(msg: Any) -> bytes:
    body: bytes = msg.body
    return body


class Commands:
    """The router of one service's commands and queries; while `gate` is closed they are answered 503 at once."""

    def __init__(self, gate: Gate) -> None:
        self.router = NatsRouter(middlewares=[AnswerRefusals])
        self._gate = gate

    def in_hand(self) -> list[asyncio.Task[None]]:
        """What was asked and is not answered yet."""
        return [task for each in self.router.subscribers for task in getattr(each, "in_hand", ())]

    def __call__(self, model: type[Q]) -> Callable[[Callable[[Asked[Q]], Awaitable[Answer]]], Handler]:
        """Answers `model`, whose subject and queue group follow from its wire name."""
        envelope = Asked[model]  # type: ignore[valid-type] # a model made at run time

        def wire(handler: Callable[[Asked[Q]], Awaitable[Answer]]) -> Handler:
            async def handle(body: bytes) -> bytes:
                ask = read(envelope, body)
                correlate(ask.correlationid)
                if self._gate.closed:
                    raise Unavailable
                try:
                    with telemetry.resumed(model.wire, "server", ask.traceparent):
                        reply = dumped(await handler(ask))
                except (Forbidden, NotFound) as refusal:
                    tell_refused(ask.principal, refusal, asked=model.wire, ids=ids_in(ask))
                    raise
                await crashpoint("command.before_reply")
                return reply

            subscriber = self.router.subscriber(model.wire, queue=model.service, decoder=_raw_body, title=model.wire)
            at_once(subscriber, WORKERS)(handle)
            return handler

        return wire

    def plain(self, subject: str, queue: str) -> Callable[[Callable[[bytes], Awaitable[bytes]]], Any]:
        """Answers a subject that every replica (`queue` empty) or one of them answers, bytes in, bytes out."""
        subscriber = self.router.subscriber(subject, queue=queue, decoder=_raw_body, title=subject)
        at_once(subscriber, 4)
        return subscriber


def at_once(subscriber: Any, most: int) -> Any:
    """Gives a FastStream core subscriber a task per request, at most `most`. Call before decorating a handler with it.

    FastStream takes one request at a time, or with `max_workers` passes each through a queue, two semaphores and a
    task group: a seventh of the CPU of placing a booking (docs/performance.md). A private hook, as in loops.py.
    """
    slots, subscriber.in_hand = asyncio.Semaphore(most), set()

    def done(task: asyncio.Task[None]) -> None:
        subscriber.in_hand.discard(task)
        slots.release()

    async def take(message: Any) -> None:
        await slots.acquire()
        task = asyncio.create_task(subscriber.consume(message))
        subscriber.in_hand.add(task)
        task.add_done_callback(done)

    async def create(self: Any) -> None:
        if self.subscription is None:
            options = {"subject": self.subject.broker_address, "queue": self.queue, **self.extra_options}
            self.subscription = await self.connection.subscribe(cb=take, **options)

    subscriber._create_subscription = types.MethodType(create, subscriber)  # noqa: SLF001 — see above
    return subscriber


async def drained(subscriber: Any, *, seconds: float) -> None:
    """Takes no new request and answers those that came. FastStream's own stop drops what arrives while it waits.

    What is in hand is brought to its end also where the drain fails; then raises what it raised.
    """
    try:
        if subscriber.subscription is not None:
            await asyncio.wait_for(subscriber.subscription.drain(), 2)
    finally:
        subscriber.subscription = None
        if subscriber.in_hand:
            await asyncio.wait(subscriber.in_hand, timeout=seconds)
        await subscriber.stop()
