"""What a replica asserts of its servers and of itself before it takes work. A false one raises Misconfigured."""

import asyncio
import json
import time
import urllib.request
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from faststream import AckPolicy
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy as ConsumerAcks
from nats.js.errors import NotFoundError

from shared.contracts.topology import Durable
from shared.kernel.time import Clock
from shared.kit.clock import is_virtual
from shared.kit.metrics import CLOCK_OFF
from shared.kit.mongo import Mongo, PyMongoError, is_outage
from shared.kit.nats.addresses import servers_of
from shared.kit.nats.broker import LoungeBroker
from shared.kit.settings import KitSettings

_LARGEST_SKEW = timedelta(seconds=2)


class Misconfigured(Exception):
    """One sentence that names what is wrong."""


async def mongo_answers(mongo: Mongo, clock: Clock) -> None:
    """A primary answers, and its clock is within 2 s of ours. Raises Misconfigured or the driver's error."""
    skew = abs(await mongo.server_time() - clock.now())
    CLOCK_OFF.set(skew.total_seconds())
    if not is_virtual(clock) and skew > _LARGEST_SKEW:
        off = f"{skew.total_seconds():.1f} s off MongoDB's at {mongo.where}"
        raise Misconfigured(f"LOUNGE_CLOCK: the system's clock is {off}; set both by NTP")


async def mongo_reached(mongo: Mongo, clock: Clock, seconds: float) -> None:
    """The same at start, where a server may still be coming up. Raises Misconfigured after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        try:
            return await mongo_answers(mongo, clock)
        except PyMongoError as error:
            if not is_outage(error):
                raise Misconfigured(f"LOUNGE_MONGO_URL: MongoDB at {mongo.where} refuses: {_told(error)}") from None
            if time.monotonic() > end:
                raise Misconfigured(f"LOUNGE_MONGO_URL: no primary answers at {mongo.where}") from None
        await asyncio.sleep(0.2)


async def mongo_keeps_writes(mongo: Mongo) -> None:
    """What is acknowledged survives the loss of a member. Raises Misconfigured."""
    if (why := await mongo.loses_writes()) is not None:
        raise Misconfigured(f"LOUNGE_MONGO_URL: MongoDB at {mongo.where}: {why}")


def _told(error: PyMongoError) -> str:
    return str((getattr(error, "details", None) or {}).get("errmsg") or type(error).__name__)


async def nats_reached(broker: LoungeBroker, settings: KitSettings) -> None:
    """Connects. Raises Misconfigured where nobody answers in time, or the key is refused."""
    where = ", ".join(urlsplit(each).netloc.rpartition("@")[2] or each for each in servers_of(settings.nats_url))
    try:
        await asyncio.wait_for(broker.connect(), settings.connect_seconds)
    except TimeoutError:
        if broker.refused:
            raise Misconfigured(f"LOUNGE_NATS_SEED_FILE: the nats-server at {where} refuses this key") from None
        raise Misconfigured(f"LOUNGE_NATS_URL: no nats-server answers at {where}") from None


async def nats_syncs_always(monitor_urls: str | None) -> None:
    """JetStream syncs each write to disk; without that an acknowledged message is lost on power failure.

    Asked of each address (separated by commas) that answers: of a cluster one server may be away.
    """
    asked = servers_of(monitor_urls or "")
    answers = [await _varz(each) for each in asked]
    if asked and not any(answers):
        raise Misconfigured(f"LOUNGE_NATS_MONITOR_URL: no nats-server's monitor at {(monitor_urls or '')[:60]}")
    if any(varz and not varz.get("jetstream", {}).get("config", {}).get("sync_always") for varz in answers):
        raise Misconfigured("nats-server runs without `sync_interval: always`")


async def _varz(monitor_url: str) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = await asyncio.to_thread(_fetched, f"{monitor_url}/varz")
    except (OSError, ValueError):
        return None
    return told


def _fetched(url: str) -> Any:
    """JSON over HTTP, once at start: not worth the weight of a client library in every process."""
    if not url.startswith("http://"):
        raise Misconfigured(f"LOUNGE_NATS_MONITOR_URL is an http:// address, not {url[:40]!r}")
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 — the scheme is checked above
        return json.load(answer)


async def durables_applied(broker: NatsBroker, durables: list[Durable]) -> None:
    """Each durable exists as the topology says; the topology job makes them, nobody else."""
    js: Any = broker.config.connection_state.stream
    for durable in durables:
        try:
            found = (await js.consumer_info(durable.stream, durable.name)).config
        except NotFoundError:
            raise Misconfigured(f"durable {durable.name} is missing on {durable.stream}: apply the topology") from None
        except NatsError as error:
            kind = type(error).__name__
            raise Misconfigured(f"durable {durable.name} on {durable.stream} cannot be seen: {kind}") from None
        wanted = (durable.filter, durable.ack_wait, durable.max_deliver, ConsumerAcks.EXPLICIT)
        if (found.filter_subject, found.ack_wait, found.max_deliver, found.ack_policy) != wanted:
            raise Misconfigured(f"durable {durable.name} differs from the topology: apply it")


def ack_policies(broker: NatsBroker) -> None:
    """FastStream's default terminates a failed message; every JetStream subscriber naks instead."""
    for subscriber in broker.subscribers:
        stream = getattr(subscriber, "stream", None)
        if stream is not None and subscriber.ack_policy is not AckPolicy.NACK_ON_ERROR:
            raise Misconfigured(f"a subscriber of {stream.name} does not use NACK_ON_ERROR")
