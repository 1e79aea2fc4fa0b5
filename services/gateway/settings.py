"""What the gateway is told by its environment, beyond what every process is."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import Field, SecretStr

from shared.kit.settings import KitSettings


class GatewaySettings(KitSettings):
    """`http_host` and `http_port` are the public ones. Rates: so many at once, so many more per second."""

    rate_principal_burst: int = Field(default=500, ge=1)
    rate_principal_refill: float = Field(default=100, gt=0)
    rate_organization_factor: float = Field(default=5, ge=1)
    rate_anonymous_burst: int = Field(default=1_000, ge=1)
    rate_anonymous_refill: float = Field(default=50, gt=0)
    concurrency: int = Field(default=1_000, ge=1)
    """Requests at work at once; one more is answered 503."""
    read_seconds: float = Field(default=10, gt=0, le=60)
    """What the head and body of a request may take to arrive."""
    write_seconds: float = Field(default=10, gt=0, le=60)
    """How long a reader may take nothing of an answer before the connection is cut."""
    keep_alive_seconds: int = Field(default=5, ge=1, le=60)
    streams_per_principal: int = Field(default=5, ge=1)
    allowed_origins: tuple[str, ...] = ()
    """Origins (`https://lounge.example`) whose pages may ask beside the gateway's own; a JSON list."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of our own proxies, whose X-Forwarded-For is believed; a JSON list."""
    cursor_key: SecretStr = SecretStr("")
    """Signs list cursors, from LOUNGE_CURSOR_KEY or the file LOUNGE_CURSOR_KEY_FILE; the same for all gateways.

    Empty: made at start, and cursors end with the process.
    """
    cursor_key_file: Path | None = None
