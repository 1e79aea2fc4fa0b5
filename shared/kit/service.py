"""One running replica: what `app.build(settings)` gives, and how it starts, drains and stops.

Order of starting: connections → what the house asserts of its servers → relays → copies caught up → events, timers →
commands last. Order of stopping: commands first, then what is in hand, then the relay's rest.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from faststream import AckPolicy
from faststream.nats import JStream, NatsRouter, PullSub

from shared.contracts.message import Command, Event, Query, State
from shared.contracts.topology import DURABLES, Durable
from shared.kernel.time import Clock
from shared.kit import asserts, crash, figures, ops, telemetry
from shared.kit.catching_up import caught_up, info_of, lag_of
from shared.kit.clock import clock_of
from shared.kit.copies import FRESH_SECONDS, Applied, Copy, Erased
from shared.kit.documents import Documents, Forms, Step
from shared.kit.health import Health
from shared.kit.http import serve_health
from shared.kit.log import configure, correlate, get_logger
from shared.kit.metrics import COPY_LAG
from shared.kit.mongo import Mongo
from shared.kit.nats.broker import LoungeBroker
from shared.kit.nats.commands import Commands, Handler, drained
from shared.kit.nats.gate import Gate
from shared.kit.nats.loops import BatchLoop, bounded
from shared.kit.nats.publisher import Publisher
from shared.kit.nats.received import Received, received
from shared.kit.nats.request import Caller
from shared.kit.nats.retry import Retry
from shared.kit.relay import Relay, States, no_states
from shared.kit.settings import KitSettings
from shared.kit.starting import building, settled, step_back, working
from shared.kit.tasks import ended, kept
from shared.kit.ticker import Handle, Ticker
from shared.kit.watches import probe, watch_parent

__all__ = ["Received", "Service", "received", "run"]

log = get_logger()
E = TypeVar("E", bound=Event)
S = TypeVar("S", bound=State)
Q = TypeVar("Q", bound=Command | Query)
Run = Callable[[], Awaitable[None]]
_GRACE_SECONDS = 9.0
"""How long what is in hand may take when the replica stops: a handler's timeout and a little."""


class Service:
    """The parts of one replica, declared in `app.build`; nothing connects before `run`.

    `forms`: for each collection of documents the steps from each form they have had to the next.
    """

    def __init__(self, name: str, settings: KitSettings, forms: Mapping[str, Sequence[Step]] | None = None) -> None:
        configure(service=name, replica=settings.replica, level=settings.log_level)
        crash.configure(settings.crash, settings.crash_ledger)
        telemetry.configure(settings, name)
        self.name, self.settings = name, settings
        self._steps = forms or {}
        self.clock: Clock = clock_of(settings.clock)
        self.health = Health()
        self.gate = Gate()
        self.broker = LoungeBroker(settings, self.health, name=f"{name}-{settings.replica}")
        self.publisher = Publisher(self.broker)
        self.caller = Caller(self.broker, self.clock)
        url = settings.mongo_url.get_secret_value()
        self.mongo = Mongo(url, settings.mongo_database or name, settings.mongo_driver)
        self.stored, self.relays, self.timers = dict[str, Documents](), dict[str, Relay](), list[str]()
        self.durables: dict[str, Durable] = {}
        self.started = time.monotonic()
        self.commands, self._retry = Commands(self.gate), Retry(self.publisher, self.gate)
        self._events = NatsRouter(middlewares=[self._retry])
        self.copies: dict[Durable, Copy[Any]] = {}
        self._first, self._background = dict[str, Run](), dict[str, Run]()
        self.assertions: list[Callable[[], Awaitable[None]]] = []  # once connected; they raise Misconfigured
        self._after_stop: list[Callable[[], Awaitable[None]]] = []
        self._stopping = asyncio.Event()
        figures.introduce(name, settings.replica, self.health, self.broker)
        self._first["figures"] = lambda: figures.keep(self)

    def collection(self, name: str) -> Any:
        """A collection of this service's own database."""
        return self.mongo.collection(name)

    def documents(self, collection: str, *, states: States = no_states) -> Documents:
        """A collection of documents, with its relay."""
        history, own = self.collection(f"{collection}_history"), self.collection(collection)
        forms = Forms(self._steps.get(collection, ()))
        relay = Relay(self.name, own, history, self.publisher, self.clock, lambda doc: states(forms.newest_of(doc)))
        self.relays[collection] = relay
        self._first[f"relay:{collection}"] = relay.run
        self.stored[collection] = Documents(own, history, self.clock, relay.nudge, forms)
        return self.stored[collection]

    def copy(
        self,
        model: type[S],
        *,
        durable: str,
        on_applied: Applied[S] | None = None,
        on_erased: Erased[S] | None = None,
        needs: str | None = None,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> Copy[S]:
        """The local copy of `model`, fed by `durable` (`Copy.feeding` says what the two hear). The replica is ready
        once it has caught up and holds `needs`.
        """
        own = self.collection(f"copy_{model.wire.split('.')[1]}")
        copy: Copy[S] = Copy(own, model, needs=needs, fresh_seconds=fresh_seconds)
        declared = self._declared("STATE", durable)
        self.copies[declared] = copy
        self._subscribe(declared, AckPolicy.NACK_ON_ERROR, workers=4)(copy.feeding(on_applied, on_erased))
        return copy

    def command(self, model: type[Q]) -> Callable[[Any], Handler]:
        """Decorates `async def f(ask: Asked[model]) -> Answer`."""
        return self.commands(model)

    def event(
        self, *, stream: str, durable: str, model: type[E], ack_policy: AckPolicy, workers: int = 2
    ) -> Callable[[Callable[[Received[E]], Awaitable[None]]], Any]:
        """Decorates `async def f(event: Received[model]) -> None`, run for each message until it returns."""
        declared = self._declared(stream, durable)

        def wire(handler: Callable[[Received[E]], Awaitable[None]]) -> Any:
            async def handle(body: bytes) -> None:
                event = received(model, body)
                correlate(event.event.correlationid)
                await crash.crashpoint("consumer.before_effect")
                with telemetry.resumed(durable, "consumer", event.event.traceparent):
                    await handler(event)

            self._subscribe(declared, ack_policy, workers=workers)(handle)
            return handler

        return wire

    def batch_loop(self, stream: str, durable: str, handle: Callable[[list[Any]], Awaitable[None]]) -> BatchLoop:
        """A loop of fetch(256) over a durable; the caller runs it (`background`, or a task of its own)."""

        async def bind() -> Any:
            js = self.broker.config.connection_state.stream
            return await js.pull_subscribe_bind(durable=durable, stream=stream)

        return BatchLoop(bind, handle, self.gate, self._retry)

    def ticker(self, collection: str, handlers: Mapping[str, Handle]) -> None:
        """Timers of a collection, by `due_kind`."""
        self.timers.append(collection)
        read = self.stored[collection].newest if collection in self.stored else dict
        self.background(f"ticker:{collection}", Ticker(self.collection(collection), self.clock, handlers, read).run)

    def background(self, name: str, run: Run) -> None:
        """Runs beside the commands, from when the copies have caught up until it stops; restarted if it ends."""
        self._background[name] = run

    def after_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Called last, connections still open."""
        self._after_stop.append(close)

    def _declared(self, stream: str, durable: str) -> Durable:
        found = next((d for d in DURABLES if (d.stream, d.name) == (stream, durable)), None)
        if found is None or found.service != self.name:
            raise ValueError(f"{durable} on {stream} is not in shared/contracts/topology.py for {self.name}")
        self.durables[durable] = found
        return found

    def _subscribe(self, durable: Durable, ack_policy: AckPolicy, *, workers: int) -> Any:
        async def raw_body(msg: Any) -> bytes:
            body: bytes = msg.body
            return body

        subscriber = self._events.subscriber(
            durable.filter,
            durable=durable.name,
            stream=JStream(durable.stream, declare=False),
            pull_sub=PullSub(batch_size=1),
            ack_policy=ack_policy,
            decoder=raw_body,
            title=durable.name,
        )
        return bounded(subscriber, durable=durable.name, stream=durable.stream, workers=workers, gate=self.gate)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT, which also end a start that is still waiting for something."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._stopping.set)
        life, told = asyncio.create_task(self._life()), asyncio.create_task(self._stopping.wait())
        await asyncio.wait({life, told}, return_when=asyncio.FIRST_COMPLETED)
        for task in (life, told):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await life

    async def _life(self) -> None:
        async with serve_health(self.health, self.settings), self.running():
            step_back(self.settings.nice)  # not sooner: on a busy machine it would not come to its place in time
            await asyncio.Event().wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Service"]:
        """The replica at work, without signals or HTTP; tests use it as it is."""
        tasks = [asyncio.create_task(watch_parent(self.settings.parent_pid, self._stopping))]
        ops.answer_status(self)
        try:
            await self._connected()
            self.broker.include_router(self._events)
            self.broker.include_router(self.commands.router)
            self._first["key"] = self.broker.renewal(self.commands.in_hand).run
            tasks.append(asyncio.create_task(probe(self.mongo, self.clock, self.health, self.gate)))
            await self._start_in_order(tasks)
            settled()
            self.health.opened = True
            log.info("service.ready", seconds=round(time.monotonic() - self.started, 3))
            yield self
        finally:
            await self._stop(tasks)

    async def _connected(self) -> None:
        await asserts.nats_reached(self.broker, self.settings)
        await asserts.mongo_reached(self.mongo, self.clock, self.settings.connect_seconds)
        await asserts.mongo_keeps_writes(self.mongo)
        await asserts.nats_syncs_always(self.settings.nats_monitor_url)
        await asserts.durables_applied(self.broker, list(self.durables.values()))
        await asyncio.gather(*(holds() for holds in self.assertions))

    async def _start_in_order(self, tasks: list[asyncio.Task[None]]) -> None:
        asserts.ack_policies(self.broker)
        tasks += [asyncio.create_task(kept(name, run)) for name, run in self._first.items()]
        commands = set(self.commands.router.subscribers)
        streamed: list[Any] = [each for each in self.broker.subscribers if each not in commands]
        for subscriber in streamed:
            if subscriber.stream.name == "STATE":
                await subscriber.start()
        await caught_up(self.copies, self.broker)
        for subscriber in streamed:
            if subscriber.stream.name != "STATE":
                await subscriber.start()
        tasks += [asyncio.create_task(kept(name, run)) for name, run in self._background.items()]
        for subscriber in commands:
            await subscriber.start()
        client: Any = self.broker.config.connection_state.connection
        for _ in range(2):  # nats-py's PING overtakes what still waits to be written; the second one does not
            await client.flush()  # ready means the server knows of it: the first request must find a responder
        self.broker.running = True

    async def _lag(self, durable: Durable) -> int:
        lag = lag_of(await info_of(durable, self.broker))
        if durable in self.copies:
            COPY_LAG.labels(durable.name).set(lag)
        return lag

    async def lag(self) -> dict[str, int]:
        """Messages not yet handled, per durable of this service, by the name it is kept under in `durables`."""
        durables = dict(self.durables)  # a door may open meanwhile
        return dict(zip(durables, await asyncio.gather(*map(self._lag, durables.values())), strict=True))

    async def _stop(self, tasks: list[asyncio.Task[None]]) -> None:
        self.health.opened = False
        commands = [drained(each, seconds=_GRACE_SECONDS) for each in self.commands.router.subscribers]
        await asyncio.gather(*commands, return_exceptions=True)
        await asyncio.gather(*(each.stop() for each in self._events.subscribers), return_exceptions=True)
        for relay in self.relays.values():
            with suppress(TimeoutError):
                await asyncio.wait_for(relay.drained(), 2)
        await ended(tasks)
        for close in self._after_stop:
            with suppress(Exception):
                await close()
        self.broker.closing = True
        with suppress(Exception):
            await asyncio.wait_for(self.broker.stop(), 3)
        await self.mongo.close()
        await telemetry.ended()
        log.info("service.stopped")


def run(build: Service | Callable[[], Service]) -> None:
    """The whole life of the process: exit status 0 after a clean stop, 2 with one line that says what is wrong.

    Given a function that reads the settings and builds, also what is wrong with those is said so.
    """
    import uvloop  # noqa: PLC0415 — imported here: a test that builds a service in its own loop does not need it

    with building():
        service = build if isinstance(build, Service) else build()
    with working():
        uvloop.run(service.run())
