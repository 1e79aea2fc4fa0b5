"""What the nats-server tells of its streams and durables, as figures of the gateway's: it needs no exporter.

The gateway shows them, and not the services, because a consumer that hangs cannot tell its own lag.
"""

import asyncio
import urllib.error
import urllib.request
from typing import Any

import orjson
from prometheus_client import Gauge

from shared.kit.log import get_logger

log = get_logger()
PENDING = Gauge("lounge_durable_pending_messages", "Not yet delivered to the durable", ("stream", "durable"))
UNACKED = Gauge("lounge_durable_unacked_messages", "Delivered and not yet acknowledged", ("stream", "durable"))
REDELIVERED = Gauge("lounge_durable_redelivered_messages", "Unacknowledged, delivered again", ("stream", "durable"))
MESSAGES = Gauge("lounge_stream_messages", "Messages a stream holds", ("stream",))
BYTES = Gauge("lounge_stream_bytes", "Bytes a stream holds", ("stream",))
STORED = Gauge("lounge_jetstream_stored_bytes", "What JetStream has stored in files")
LIMIT = Gauge("lounge_jetstream_limit_bytes", "What JetStream may store in files")
TOLD = Gauge("lounge_jetstream_told", "1 where the nats-server told these figures at the last look")
HEALTHY = Gauge("lounge_jetstream_healthy", "0 where a nats-server says that its JetStream cannot work")
_LOOK_SECONDS = 5.0
_PATIENCE_SECONDS = 3.0
_HOUSE = "CORE"
"""The account of our own streams; what sites keep in theirs is theirs."""


class Jetstream:
    """Looks every few seconds at the monitoring addresses, `http://…` with commas between, until one tells.

    In a cluster each server knows of what it holds a replica of. Without an address there are no such figures.
    """

    def __init__(self, monitor_urls: str | None) -> None:
        self._urls = [each.strip() for each in (monitor_urls or "").split(",") if each.strip()]
        if not all(url.startswith("http://") for url in self._urls):
            raise ValueError("LOUNGE_NATS_MONITOR_URL is an http:// address")

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            if self._urls:
                TOLD.set(await self._look())
                HEALTHY.set(all(await asyncio.gather(*(asyncio.to_thread(_is_well, url) for url in self._urls))))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> bool:
        for url in self._urls:
            try:
                show(await asyncio.to_thread(_asked, f"{url}/jsz?consumers=true&config=true"))
            except (OSError, ValueError, KeyError) as error:
                log.warning("jetstream.not_told", error=type(error).__name__)
            else:
                return True
        return False


def show(told: dict[str, Any]) -> None:
    """Sets the figures from the answer of /jsz."""
    STORED.set(told["storage"])
    LIMIT.set(told["config"]["max_storage"])
    accounts = told.get("account_details") or []
    for stream in (each for account in accounts if account["name"] == _HOUSE for each in account["stream_detail"]):
        name = stream["name"]
        MESSAGES.labels(name).set(stream["state"]["messages"])
        BYTES.labels(name).set(stream["state"]["bytes"])
        for durable in stream.get("consumer_detail") or []:
            labels = (name, durable["name"])
            PENDING.labels(*labels).set(durable["num_pending"])
            UNACKED.labels(*labels).set(durable["num_ack_pending"])
            REDELIVERED.labels(*labels).set(durable["num_redelivered"])


def _asked(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 — http://, see Jetstream
        told: dict[str, Any] = orjson.loads(answer.read())
        return told


def _is_well(url: str) -> bool:
    """Whether the server does not say that it is unwell, as of a stream it can write no more; one that is away is told
    of elsewhere.
    """
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=_PATIENCE_SECONDS):  # noqa: S310 — http://, see Jetstream
            return True
    except urllib.error.HTTPError as error:
        log.warning("jetstream.unwell", status=error.code)
        return False
    except OSError:
        return True
