"""Figures nobody's work produces by itself: looked up every few seconds, so that /metrics costs no question."""

import asyncio
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from shared.kit import metrics
from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.nats.broker import LoungeBroker

if TYPE_CHECKING:
    from shared.kit.service import Service

log = get_logger()
LOOK_SECONDS = 5.0


def release() -> str:
    """The version this was installed as."""
    try:
        return version("link-j-lounge")
    except PackageNotFoundError:
        return "unknown"


def introduce(service: str, replica: int, health: Health, broker: LoungeBroker) -> None:
    """What is read at the moment of a scrape; once per process, before it connects."""
    metrics.BUILD.labels(service, str(replica), release()).set(1)
    metrics.READY.set_function(lambda: float(health.ready))
    metrics.NATS_CONNECTED.set_function(lambda: float(_connected(broker)))


def _connected(broker: LoungeBroker) -> bool:
    state: Any = broker.config.connection_state
    return bool(state) and bool(state.connection.is_connected)


async def keep(service: "Service") -> None:
    """For ever. While MongoDB is away the last figures stand, and `lounge_mongo_reachable` says that it is."""
    while True:
        if not service.gate.closed:
            try:
                await look(service)
            except Exception as error:  # noqa: BLE001 — the next look tells; the outage itself is told by the probe
                log.warning("figures.not_found", error=type(error).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def look(service: "Service") -> None:
    """Once: what the relays have not sent and the timers have not run."""
    for name, relay in service.relays.items():
        count, age = await relay.unsent()
        metrics.UNSENT.labels(name).set(count)
        metrics.UNSENT_AGE.labels(name).set(age)
    for name in service.timers:
        metrics.TIMER_LATE.labels(name).set(await _late(service, name))


async def _late(service: "Service", collection: str) -> float:
    """By this replica's clock, which is within two seconds of the database's, or the replica is not ready."""
    now = service.clock.now()
    first = await service.collection(collection).find_one(
        {"due_at": {"$lte": now}}, {"due_at": 1}, sort=[("due_at", 1)]
    )
    return 0.0 if first is None else float((now - first["due_at"]).total_seconds())
