"""What every process is told by its environment (`LOUNGE_…`); a secret may come as a file (`…_FILE`)."""

import difflib
import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

OF_ONE_SERVICE = frozenset(
    {
        *("ALLOWED_ORIGINS", "CONCURRENCY", "CURSOR_KEY", "CURSOR_KEY_FILE", "KEEP_ALIVE_SECONDS", "READ_SECONDS"),
        *("RATE_ANONYMOUS_BURST", "RATE_ANONYMOUS_REFILL", "RATE_ORGANIZATION_FACTOR"),
        *("RATE_PRINCIPAL_BURST", "RATE_PRINCIPAL_REFILL", "STREAMS_PER_PRINCIPAL", "TRUSTED_PROXIES", "WRITE_SECONDS"),
        *("MAIL_FROM", "SMTP_CONNECTIONS", "SMTP_TIMEOUT", "SMTP_URL", "SMTP_URL_FILE"),
        *("MEMBERS_SECRET", "MEMBERS_SECRET_FILE", "PUBLIC_URL", "RETURN_ORIGINS"),
        *("SIGN_IN_SENDS_PER_CLIENT", "SIGN_IN_STARTS_PER_CLIENT"),
    }
)
"""Settings that a service has beyond the kit's: one environment may serve several services. A test compares."""
OF_AN_INSTALLATION = frozenset(
    {
        *("BASE", "BIND", "DATA", "GRAFANA_PORT", "MAIL_SINK_HOST", "MONGOD", "MONGO_ADMIN_URL_FILE", "MONGO_CA"),
        *("MONGO_HOSTS", "NATS_SERVER", "NATS_SERVERS", "NATS_STORE_BYTES", "PORT", "PROMETHEUS_PORT", "REVISION"),
        *("RUN_MARK", "SITES", "STREAM_REPLICAS", "VERSION"),
    }
)
"""What the command line, the jobs and the compose file read; a process started by them may inherit it."""


class KitSettings(BaseSettings):
    """The settings all services share; each service's `settings.py` adds its own.

    Raises pydantic.ValidationError naming the variable when one is missing or wrong, never its value.
    """

    model_config = SettingsConfigDict(env_prefix="LOUNGE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    replica: int = Field(default=1, ge=1)
    nats_url: str
    nats_seed_file: Path | None = None
    nats_inbox_prefix: str = "_INBOX"
    nats_ca_file: Path | None = None
    """The authority that signed the servers' certificates, where the address is `tls://`."""
    nats_monitor_url: str | None = None
    """The server's monitoring address; where given, `sync_interval: always` is asserted at start."""
    mongo_url: SecretStr = SecretStr("")
    mongo_url_file: Path | None = None
    mongo_database: str = ""
    mongo_driver: Literal["motor", "pymongo"] = "motor"
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65_535)
    clock: str = "system"
    """`system`, or `virtual:<file holding an RFC 3339 instant>`, which only a test may use."""
    outbound_allow: tuple[str, ...] = ()
    """`host:port` pairs that requests to addresses of others may go to though they are not public; tests only."""
    outbound_ca_file: Path | None = None
    """An authority that such a peer's certificate may be signed by, beside the public ones."""
    testing: bool = False
    crash: str = ""
    crash_ledger: Path | None = None
    parent_pid: int | None = None
    nice: int = Field(default=0, ge=0, le=19)
    """Steps back behind other processes of the machine: for work that may wait, where all share few cores."""
    connect_seconds: float = Field(default=10.0, gt=0)
    """How long a start waits for its servers before it gives up."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str = ""
    """Where traces go, `http://collector:4318` (OTLP/HTTP); empty: none are made."""
    trace_sample: float = Field(default=0.01, ge=0, le=1)
    """The share of requests traced that say nothing of it themselves."""

    @model_validator(mode="before")
    @classmethod
    def _all_known(cls, values: dict[str, Any]) -> dict[str, Any]:
        """A setting nobody reads is a setting somebody believes in."""
        own = {field.upper() for field in cls.model_fields}
        known = own | OF_ONE_SERVICE | OF_AN_INSTALLATION
        given = (name.removeprefix("LOUNGE_") for name in os.environ if name.startswith("LOUNGE_"))
        for name in sorted(set(given) - known):
            near = difflib.get_close_matches(name, own, n=1)
            meant = f"; is LOUNGE_{near[0]} meant?" if near else ""
            raise ValueError(f"LOUNGE_{name}: there is no such setting{meant}")
        return values

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in list(values):
            plain = name.removesuffix("_file")
            if plain != name and plain in cls.model_fields and values[name] and not values.get(plain):
                values[plain] = _read(name, Path(values[name]))
        return values

    @model_validator(mode="after")
    def _tests_only(self) -> Self:
        if not self.testing and (self.clock != "system" or self.crash or self.outbound_allow):
            raise ValueError(
                "LOUNGE_CLOCK, LOUNGE_CRASH and LOUNGE_OUTBOUND_ALLOW are for tests: set LOUNGE_TESTING=1 there, "
                "nowhere else"
            )
        return self


def _read(name: str, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ValueError(f"LOUNGE_{name.upper()}: {path} cannot be read: {error.strerror}") from None
    if not text:
        raise ValueError(f"LOUNGE_{name.upper()}: {path} is empty")
    return text
