"""What every service answers to ops besides its own commands: its replicas' status, and `republish`."""

from typing import Any

from pydantic import Field

from shared.contracts.message import Instant, Model, View


def status_subject(service: str) -> str:
    """Every replica answers."""
    return f"qry.{service}.status.v1"


def republish_subject(service: str) -> str:
    """One replica answers, when it is done."""
    return f"cmd.{service}.republish.v1"


def migrate_subject(service: str) -> str:
    """One replica answers, when it has worked through one page."""
    return f"cmd.{service}.migrate.v1"


class Migrate(Model):
    """Put what stands in an older form into the newest: a page of `collection`, behind the id `after`."""

    collection: str
    after: str | None = None
    dry_run: bool = False


class Migrated(View):
    """One page. `next` is the `after` of the following one, null at the end; `forms` counts the documents by form.

    `raced` were changed by somebody meanwhile; `faults` are ids with what a step raised.
    """

    next: str | None
    looked_at: int
    forms: dict[int, int]
    rewritten: int
    raced: int
    faults: tuple[tuple[str, str], ...]


def anchor_subject(service: str) -> str:
    """One replica answers, when it has anchored all heads."""
    return f"cmd.{service}.anchor.v1"


class Anchored(View):
    """So many anchors with so many heads were made."""

    anchors: int
    heads: int


class Republish(Model):
    """Send again what was logged `since`; or, with `states`, every state the stream lacks."""

    since: Instant | None = None
    states: bool = False


class Republished(View):
    entries: int
    documents: int


class ReplicaStatus(View):
    """One replica's own report. `lag` is messages not yet handled per durable; ages are seconds.

    `forms` is the newest form it knows of each collection of documents; `clocks` stands for the rules of time zones it
    goes by.
    """

    service: str
    replica: int
    pid: int
    ready: bool
    health: dict[str, Any]
    lag: dict[str, int]
    unsent: dict[str, int]
    oldest_unsent_seconds: float
    uptime_seconds: float
    forms: dict[str, int] = Field(default_factory=dict)
    clocks: str = ""
