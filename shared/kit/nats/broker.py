"""FastStream's broker with the connection manners it lacks (docs/topology.md lists the facts)."""

import binascii
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faststream import AckPolicy
from faststream.nats import NatsBroker
from faststream.nats.security import NatsNKey, NatsSecurity
from nats.aio.client import Client
from nkeys import NkeysError

from shared.kit.health import Health
from shared.kit.log import get_logger
from shared.kit.metrics import NATS_ERRORS, NATS_RECONNECTS
from shared.kit.nats.addresses import believing, servers_of
from shared.kit.nats.renewal import InHand, Renewal, nothing, public_of, read_at_each_sign_in
from shared.kit.nats.turnstile import Turnstile
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
        self.turnstile = Turnstile()
        self.seed_file = settings.nats_seed_file
        self.tls = tls = believing(settings.nats_ca_file) if settings.nats_ca_file else None
        if self.seed_file is not None:
            _usable(self.seed_file)
        super().__init__(
            servers_of(settings.nats_url),
            name=name,
            security=NatsNKey(self.seed_file, ssl_context=tls) if self.seed_file else NatsSecurity(ssl_context=tls),
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

    async def _connect(self) -> Client:
        client = await super()._connect()
        if self.seed_file is not None:
            read_at_each_sign_in(client, self.seed_file)
        return client

    def renewal(self, in_hand: InHand = nothing) -> Renewal:
        """To be run beside everything else: changes over to another key as soon as one stands in the seed file."""
        return Renewal(self, in_hand)

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


def _usable(seed_file: Path) -> None:
    """Raises OSError, or ValueError naming the setting: never what the file holds."""
    try:
        public_of(seed_file.read_bytes())
    except (NkeysError, binascii.Error, ValueError):
        raise ValueError(f"LOUNGE_NATS_SEED_FILE: {seed_file} holds no nkey seed") from None


def _kind(text: str) -> str:
    """One of few words for what the server or the client said."""
    said = text.lower()
    kinds = ("permissions violation", "authorization", "slow consumer", "stale connection", "timeout")
    return next((kind.replace(" ", "-") for kind in kinds if kind in said), "other")
