"""The gateway, put together: the only place where its objects meet."""

import asyncio
import functools
import importlib.resources
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.auth import Authenticator
from services.gateway.availability import AvailabilityStreams
from services.gateway.cursors import Cursors
from services.gateway.doors import Door, Paper, hang
from services.gateway.edge import Edge, Gateway, Plan
from services.gateway.forward import Forwarder, Gate
from services.gateway.limits import Allowance, Rate
from services.gateway.lookout import Lookout
from services.gateway.ops import Watch
from services.gateway.policy import ANYONE, SESSION
from services.gateway.problems import Catalogue, written_catalogue
from services.gateway.proxies import Proxies
from services.gateway.routes import booking, events, identity, members, notify, privacy, series, waitlist
from services.gateway.routes.identity import IdentitySignIn
from services.gateway.routes.people import People
from services.gateway.routes.privacy import Export
from services.gateway.routes.special import Special
from services.gateway.servers import Jetstream
from services.gateway.settings import GatewaySettings
from services.gateway.streams import Inbox, NoticeStreams
from shared.kit.clock import clock_of
from shared.kit.figures import introduce
from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.nats.broker import LoungeBroker
from shared.kit.nats.request import Caller
from shared.kit.starting import settled

log = get_logger()
_CALLS = {
    "booking": (*booking.CALLS, *series.CALLS, *waitlist.CALLS),
    "members": (*members.CALLS, *identity.CALLS, *privacy.CALLS),
    "events": events.CALLS,
    "notify": notify.CALLS,
}


class House:
    """The gateway's parts over one connection; nothing connects before `open`."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.health = Health()
        self.clock = clock_of(settings.clock)
        self.broker = LoungeBroker(settings, self.health, name=f"gateway-{settings.replica}")
        self.caller = Caller(self.broker, self.clock)
        self.authenticator = Authenticator(self.caller, self.health)
        self.gate = Gate(self.authenticator, _allowance(settings), self.clock)
        self.catalogue = Catalogue(written_catalogue())
        key = settings.cursor_key.get_secret_value().encode() or secrets.token_bytes(32)
        self.forwarder = Forwarder(self.caller, self.gate, Cursors(key), self.catalogue)
        self.inbox = Inbox(self.connection, most=settings.streams_per_principal)
        self.watch = Watch(self.caller, self.health, self.gate)
        self.streams = NoticeStreams(self.inbox, self.forwarder, self.gate, self.authenticator, self.clock)
        self.lookout = Lookout(self.broker, self.caller, most=settings.streams_per_principal)
        self.availability = AvailabilityStreams(self.lookout, self.forwarder, self.gate, self.authenticator)
        self.jetstream = Jetstream(settings.nats_monitor_url)
        introduce("gateway", settings.replica, self.health, self.broker)

    def connection(self) -> Any:
        """The process's NATS client."""
        return self.broker.config.connection_state.connection

    def doors(self) -> list[Door]:
        """All but those that show the document itself."""
        calls = [self.forwarder.door(call, tag=tag) for tag, group in _CALLS.items() for call in group]
        special = Special(self.forwarder, self.gate, self.authenticator).doors()
        special += IdentitySignIn(self.forwarder, self.gate).doors()
        people = People(self.forwarder, self.gate).door()
        export = Export(self.forwarder, self.gate).door()
        return [*calls, people, export, *special, *self.watch.doors(), *self._stream_doors(), self._problem_door()]

    def close_streams(self) -> None:
        """Ends them; their readers come back elsewhere."""
        self.inbox.close()
        self.lookout.close()

    def _stream_doors(self) -> list[Door]:
        paper = Paper(
            summary="My notices as they are made (SSE, resumable)",
            tag="notify",
            media="text/event-stream",
            headers=("Last-Event-ID",),
        )
        path = "/v1/notifications/stream"
        notices = Door(method="GET", path=path, policy=SESSION, answer=self.streams.answer, paper=paper)
        return [notices, self.availability.door()]

    def _problem_door(self) -> Door:
        paper = Paper(summary="What a problem's code means", tag="documents", media="text/html")
        page = self.gate.counting(self.catalogue.page)
        return Door(method="GET", path="/problems/{code}", policy=ANYONE, answer=page, paper=paper)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Connected, and at work beside the requests, while the context lasts."""
        self.watch.expect_all()
        await self.broker.connect()
        await self.inbox.subscribe()
        beside = (
            self.authenticator.keep_fresh,
            self.watch.run,
            self.jetstream.run,
            self.broker.renewal().run,
            self.lookout.run,
        )
        tasks = [asyncio.create_task(_kept(run)) for run in beside]
        settled()
        self.health.opened = True
        try:
            yield
        finally:
            self.health.opened = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.broker.closing = True
            with suppress(Exception):
                await asyncio.wait_for(self.broker.stop(), 3)


def build(settings: GatewaySettings) -> Gateway:
    """The gateway of `settings`. Raises ValueError where two doors are one."""
    house = House(settings)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with house.open():
            yield

    app = Gateway(
        title="LINK-J Lounge",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    doors = house.doors()
    doors += [
        _document("/openapi.json", lambda: orjson.dumps(app.openapi()), house.gate),
        _document("/asyncapi.json", _asyncapi, house.gate),
    ]
    app.edge = Edge(
        Plan(doors),
        concurrency=settings.concurrency,
        origins=frozenset(settings.allowed_origins),
        proxies=Proxies(settings.trusted_proxies),
    )
    app.house = house
    _hang_all(app, doors)
    return app


def openapi() -> dict[str, Any]:
    """The document /openapi.json shows, without anything running."""
    return build(GatewaySettings(nats_url="nats://localhost")).openapi()


def _hang_all(app: Gateway, doors: Iterable[Door]) -> None:
    for door in doors:
        hang(app, door)


def _document(path: str, made: Callable[[], bytes], gate: Gate) -> Door:
    read = functools.cache(made)

    async def answer(_: Request) -> Response:
        return Response(read(), media_type="application/json")

    return Door(
        method="GET",
        path=path,
        policy=ANYONE,
        answer=gate.counting(answer),
        paper=Paper(summary="The API's own description", tag="documents"),
    )


def _asyncapi() -> bytes:
    return importlib.resources.files("shared.contracts").joinpath("asyncapi.json").read_bytes()


def _allowance(settings: GatewaySettings) -> Allowance:
    one = Rate(settings.rate_principal_burst, settings.rate_principal_refill)
    factor = settings.rate_organization_factor
    return Allowance(
        one,
        Rate(one.burst * factor, one.refill * factor),
        Rate(settings.rate_anonymous_burst, settings.rate_anonymous_refill),
    )


async def _kept(run: Callable[[], Awaitable[None]]) -> None:
    """Again, a second later, when it fails."""
    while True:
        try:
            await run()
        except Exception as error:
            log.exception("background.failed", error=type(error).__name__)
        await asyncio.sleep(1)
