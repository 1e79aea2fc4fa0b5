"""The gateway's hand in a test: the one identity that may ask the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.contracts.message import Principal
from shared.kernel.time import Clock
from shared.kit.clock import SystemClock
from shared.kit.health import Health
from shared.kit.nats.broker import LoungeBroker
from shared.kit.nats.request import Caller
from shared.kit.settings import KitSettings
from tests.support.servers import Servers

ANA = Principal(kind="member", id="ana")


def kit_settings(servers: Servers, name: str, **settings: object) -> KitSettings:
    """As the environment of a replica of `name` would give them; `settings` by their names."""
    env = servers.settings_env(name, **settings)
    return KitSettings(
        **{k.removeprefix("LOUNGE_").lower(): v for k, v in env.items() if k != "LOUNGE_PARENT_PID"}  # type: ignore[arg-type] # pydantic reads text, as from an environment
    )


@asynccontextmanager
async def calling(servers: Servers, clock: Clock | None = None) -> AsyncIterator[Caller]:
    """Asks as the gateway."""
    broker = LoungeBroker(kit_settings(servers, "gateway"), Health(), name="gateway")
    await broker.connect()
    try:
        yield Caller(broker, clock or SystemClock())
    finally:
        broker.closing = True
        with suppress(Exception):
            await broker.stop()
