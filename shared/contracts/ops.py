"""What every service answers to ops besides its own commands: its replicas' status, and `republish`."""

from typing import Any

from shared.contracts.message import Instant, Model, View


def status_subject(service: str) -> str:
    """Every replica answers."""
    return f"qry.{service}.status.v1"


def republish_subject(service: str) -> str:
    """One replica answers, when it is done."""
    return f"cmd.{service}.republish.v1"


class Republish(Model):
    """Send again what was logged `since`; or, with `states`, every state the stream lacks."""

    since: Instant | None = None
    states: bool = False


class Republished(View):
    entries: int
    documents: int


class ReplicaStatus(View):
    """One replica's own report. `lag` is messages not yet handled per durable; ages are seconds."""

    service: str
    replica: int
    pid: int
    ready: bool
    health: dict[str, Any]
    lag: dict[str, int]
    unsent: dict[str, int]
    oldest_unsent_seconds: float
    uptime_seconds: float
