"""FastStream's broker with the connection manners it lacks (docs/topology.md lists the facts)."""

import signal
from collections.abc import Callable
from typing import Any

from faststream import AckPolicy
from faststream.nats import NatsBroker
from faststream.nats.security import NatsNKey, NatsSecurity

from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.metrics import NATS_ERRORS, NATS_RECONNECTS
from shared.kit.nats.addresses import believing, servers_of
from shared.kit.settings import KitSettings

log = get_logger()
ErrorCallback = Callable[[Exception], Any]


class LoungeBroker(NatsBroker):
    """Reconnects for ever, whatever the server said; tells health; a client closed for good ends the process."""

    def __init__(self, settings: KitSettings, health: Health, *, name: str, graceful_timeout: float = 9.0) -> None:
        self._health = health
        self.closing = False
        self.refused = False
        """Whether the server refused the key since the last connection."""
        seed = settings.nats_seed_file.read_text(encoding="utf-8").strip() if settings.nats_seed_file else None
        tls = believing(settings.nats_ca_file) if settings.nats_ca_file else None
        super().__init__(
            servers_of(settings.nats_url),
            name=name,
            security=NatsNKey.from_seed(seed, ssl_context=tls) if seed else NatsSecurity(ssl_context=tls),
            inbox_prefix=settings.nats_inbox_prefix,
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,  # type: ignore[arg-type]  # nats-py takes a float; FastStream's hint says int
            connect_timeout=2,
            ping_interval=2,  # a server that hangs is left after 4 to 6 s; what was sent to it meanwhile is lost
            max_outstanding_pings=2,
            pending_size=16 * 1024 * 1024,
            graceful_timeout=graceful_timeout,
            ack_policy=AckPolicy.NACK_ON_ERROR,
            apply_types=False,
            logger=None,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnect,
            reconnected_cb=self._on_reconnect,
            closed_cb=self._on_closed,
        )

    def _log_connection_broken(self, error_cb: ErrorCallback | None = None) -> ErrorCallback:
        """FastStream's own version raises on 'Authorization Violation' and so kills the client's reconnect."""

        async def tell(error: Exception) -> None:
            if error_cb is not None:
                await error_cb(error)

        return tell

    async def _on_error(self, error: Exception) -> None:
        text = str(error)
        self.refused |= "authorization" in text.lower()
        NATS_ERRORS.labels(_kind(text)).inc()
        if "permissions violation" in text.lower():
            self._health.bad("nats-permissions", text[:200])
        log.warning("nats.error", error=type(error).__name__, detail=text[:200])

    async def _on_disconnect(self) -> None:
        self._health.bad("nats", "disconnected")

    async def _on_reconnect(self, *_: Any) -> None:
        self.refused = False
        NATS_RECONNECTS.inc()
        self._health.good("nats")
        log.info("nats.reconnected")

    async def _on_closed(self) -> None:
        """Also fires on a normal drain: then nobody needs to be told."""
        if not self.closing:
            log.error("nats.closed")
            signal.raise_signal(signal.SIGTERM)


def _kind(text: str) -> str:
    """One of few words for what the server or the client said."""
    said = text.lower()
    kinds = ("permissions violation", "authorization", "slow consumer", "stale connection", "timeout")
    return next((kind.replace(" ", "-") for kind in kinds if kind in said), "other")
