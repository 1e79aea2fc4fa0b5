"""`python -m services.gateway`: one gateway on the public port, configured by LOUNGE_…"""

import asyncio
import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
import uvloop

from services.gateway.app import build
from services.gateway.edge import Gateway
from services.gateway.protocol import LARGEST_HEAD, BoundedProtocol
from services.gateway.settings import GatewaySettings
from shared.kit import crash, telemetry
from shared.kit.asserts import nats_reached
from shared.kit.http import opened
from shared.kit.log import configure, get_logger
from shared.kit.starting import building, working

log = get_logger()
_DRAIN_SECONDS = 5
_GARBAGE_AFTER = 50_000


class Server(uvicorn.Server):
    """Opens its port last, after the lifespan's start; ends open streams first when it is told to stop."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end it; a second one ends it at once."""
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self.end)
        yield

    def end(self) -> None:
        """Stop taking requests, finish those at work, then leave."""
        app = self.config.app
        if isinstance(app, Gateway):
            app.house.close_streams()
        self.force_exit = self.should_exit
        self.should_exit = True


def server(settings: GatewaySettings) -> Server:
    """The gateway's server; `await serve()` runs it."""
    config = uvicorn.Config(
        build(settings),
        host=settings.http_host,
        port=settings.http_port,
        http=BoundedProtocol.within(settings.read_seconds, settings.write_seconds),
        ws="none",
        lifespan="on",
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        backlog=2_048,
        proxy_headers=False,
        server_header=False,
        log_config=None,
        access_log=False,
    )
    return Server(config)


async def serve(settings: GatewaySettings) -> None:
    """Until a signal, or until the supervisor is gone. Raises Misconfigured where it cannot even begin."""
    with building():
        gateway = server(settings)
    opened(settings.http_host, settings.http_port).close()
    if not await _reached(gateway, settings):
        return
    watching = asyncio.create_task(_watch_parent(settings.parent_pid, gateway))
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_AFTER)
    try:
        await gateway.serve()
    finally:
        watching.cancel()
    await telemetry.ended()
    log.info("service.stopped")


async def _reached(gateway: Server, settings: GatewaySettings) -> bool:
    """Whether NATS is there; false where it is told to stop first. Raises Misconfigured where nobody answers."""
    app, loop = gateway.config.app, asyncio.get_running_loop()
    assert isinstance(app, Gateway)
    reaching = asyncio.create_task(nats_reached(app.house.broker, settings))
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, reaching.cancel)
    await asyncio.wait([reaching])
    return not reaching.cancelled() and reaching.result() is None


async def _watch_parent(parent: int | None, gateway: Server) -> None:
    while parent is not None:
        if os.getppid() != parent:
            log.warning("service.orphaned")
            gateway.end()
            return
        await asyncio.sleep(0.5)


def main() -> None:
    """The whole life of the process."""
    with building():
        settings = GatewaySettings()
        configure(service="gateway", replica=settings.replica, level=settings.log_level)
        crash.configure(settings.crash, settings.crash_ledger)
        telemetry.configure(settings, "gateway")
    with working():
        uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
