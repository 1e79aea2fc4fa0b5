"""Pull loops that neither prefetch, nor spin, nor die: one message per worker in hand, rebound when it must be.

FastStream's own pull loop prefetches with `max_workers`, spins when its consumer is gone and freezes the process when
the client is closed. This replaces two of its private hooks, hence the pinned version and tests/kit/test_loops.py.
"""

import asyncio
import random
import types
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from faststream.exceptions import NackMessage
from nats.errors import ConnectionClosedError, ConnectionDrainingError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout

from shared.kit.log import get_logger
from shared.kit.nats.gate import Gate
from shared.kit.nats.retry import Retry, TooOften, came_too_often

log = get_logger()
FETCH_SECONDS = 5.0
_REBIND_PAUSE = 1.0
Bind = Callable[[], Awaitable[Any]]


class Binding:
    """One pull subscription shared by several loops, made anew when its consumer or stream went away."""

    def __init__(self, bind: Bind) -> None:
        self._bind = bind
        self._lock = asyncio.Lock()
        self.current: Any = None

    async def open(self) -> Any:
        self.current = await self._bind()
        return self.current

    async def renew(self, stale: Any) -> None:
        """Binds again unless another loop did so already."""
        async with self._lock:
            if self.current is stale:
                self.current = await self._bind()
                await stale.unsubscribe()

    async def fetch(self, batch: int) -> list[Any]:
        """Up to `batch` messages; none when there are none, or when it had to pause and bind again."""
        subscription = self.current
        try:
            return list(await subscription.fetch(batch=batch, timeout=FETCH_SECONDS))
        except NatsTimeout:
            return []
        except (ConnectionClosedError, ConnectionDrainingError):
            raise
        except NatsError as error:
            log.warning("pull.rebinding", error=type(error).__name__, detail=str(error)[:200])
            await asyncio.sleep(_REBIND_PAUSE)
            await self._renew_quietly(subscription)
            return []

    async def _renew_quietly(self, stale: Any) -> None:
        try:
            await self.renew(stale)
        except NatsError as error:
            log.warning("pull.not_rebound", error=type(error).__name__)


def bounded(subscriber: Any, *, durable: str, stream: str, workers: int, gate: Gate) -> Any:
    """Gives a FastStream pull subscriber `workers` loops of fetch(1). Call before decorating a handler with it."""

    async def bind() -> Any:
        return await subscriber.jetstream.pull_subscribe_bind(durable=durable, stream=stream)

    binding = Binding(bind)

    async def create(self: Any) -> None:
        if self.subscription is None:
            self.subscription = await binding.open()
            for _ in range(workers):
                self.add_task(self._consume_pull)

    async def loop(self: Any) -> None:
        while self.running:
            await gate.passed()
            try:
                messages = await binding.fetch(1)
            except (ConnectionClosedError, ConnectionDrainingError):
                return
            self.subscription = binding.current
            for message in messages:
                if self.running:
                    await self.consume(message)
                else:
                    await message.nak()

    subscriber._create_subscription = types.MethodType(create, subscriber)  # noqa: SLF001 — see the module's docstring
    subscriber._consume_pull = types.MethodType(loop, subscriber)  # noqa: SLF001 — as above, on purpose
    return subscriber


class BatchLoop:
    """`fetch(size)` → one piece of work → acks, for ingest and fan-out: whatever `handle` does not ack comes again.

    What comes again is handled in ever smaller parts, so that one message that kills its worker takes few others along
    when it is parked.
    """

    def __init__(
        self, bind: Bind, handle: Callable[[list[Any]], Awaitable[None]], gate: Gate, retry: Retry, *, size: int = 256
    ) -> None:
        self._binding = Binding(bind)
        self._handle = handle
        self._gate = gate
        self._retry = retry
        self._size = size

    async def run(self) -> None:
        """Until cancelled. A batch whose handling failed is naked with a second's delay."""
        while self._binding.current is None:
            try:
                await self._binding.open()
            except NatsError:
                await asyncio.sleep(_REBIND_PAUSE)
        while True:
            await self._gate.passed()
            try:
                messages = await self._binding.fetch(self._size)
            except (ConnectionClosedError, ConnectionDrainingError):
                return
            await asyncio.gather(*(self._park(each) for each in messages if came_too_often(each)))
            for part in parts([each for each in messages if not came_too_often(each)], self._size):
                await self._one(part)

    async def _park(self, message: Any) -> None:
        verdict = await self._retry.verdict(message, TooOften())
        if isinstance(verdict, NackMessage):
            await message.nak(delay=verdict.extra_options["delay"])
        else:
            await message.term()

    async def _one(self, messages: list[Any]) -> None:
        try:
            await self._handle(messages)
        except Exception as error:
            log.exception("batch.failed", error=type(error).__name__, size=len(messages))
            for message in messages:
                if not message.is_acked:
                    await message.nak(delay=1)


def parts(messages: Sequence[Any], size: int) -> Iterator[list[Any]]:
    """What came for the first time at once; what came again in parts half as large each time, in no order."""
    if new := [each for each in messages if each.metadata.num_delivered == 1]:
        yield new
    again = [each for each in messages if each.metadata.num_delivered > 1]
    random.shuffle(again)
    while again:
        most = max(1, size >> (again[0].metadata.num_delivered - 1))
        yield again[:most]
        again = again[most:]
