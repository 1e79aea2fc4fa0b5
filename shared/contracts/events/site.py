"""What a site says: the data of the CloudEvents it publishes on `events.<type>`, type `org.link-j.<wire>`.

Fields a site adds beyond these are dropped and counted; a wrong type of a known one quarantines the message.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from shared.contracts.events.seminar import SeminarContent
from shared.contracts.message import Id, Message, Prose, View, personal

ExternalId = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Reason = Literal[
    "malformed",
    "envelope",
    "identity",
    "unknown-type",
    "version",
    "schema",
    "id-conflict",
    "clock",
    "stale",
    "time",
]
Outcome = Literal["accepted", "ignored", "quarantined"]


class SiteInput(Message):
    """Base of what sites send; strict types, unknown fields ignored."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class SeminarPublished(SiteInput, SeminarContent, wire="seminar.published.v1"):
    """The whole seminar; again with a higher `sequence` to change it. Identity is (site, `external_id`)."""

    external_id: ExternalId


class SeminarCancelledBySite(SiteInput, wire="seminar.cancelled.v1"):
    """It will not take place."""

    external_id: ExternalId
    reason: Prose | None = None


class Receipt(View):
    """What became of one message, on `receipts.<event id>` in the site's account, kept 30 days.

    `id` and `sequence` are the event's own, null where they could not be read; `reason` says why it was quarantined,
    or `older` or `duplicate` where it was ignored. `stream_sequence` is the number the site's PubAck had.
    """

    id: str | None
    outcome: Outcome
    reason: Reason | Literal["older", "duplicate"] | None = None
    details: str | None = None
    sequence: int | None = None
    stream_sequence: int
    dropped: tuple[str, ...] = ()


class TendedView(View):
    """What somebody had done with it: by which `operation`, at `at`, and why. Who, as in the record (EntryView)."""

    at: str
    operation: str
    actor: str
    kind: str
    organization: Id | None = None
    api_key: Id | None = None
    reason: Annotated[str | None, personal()] = None


class QuarantinedView(View):
    """A message of a site that could not be used: `raw` is its text, or base64 where it is not UTF-8.

    `tended`: the latest fifty times that somebody had it replayed or discarded, oldest first.
    """

    id: Id
    site: str
    reason: Reason
    details: str
    event_id: str | None = None
    type: str | None = None
    raw: str
    encoding: Literal["utf-8", "base64"] = "utf-8"
    received_at: str
    status: Literal["quarantined", "replayed", "discarded"]
    outcome: Outcome | None = None
    replays: int = 0
    tended: tuple[TendedView, ...] = ()


class QuarantineList(View):
    items: tuple[QuarantinedView, ...]
    next: str | None = None


class IngestedView(View):
    """How many of a batch were taken in, and how many stand in the site's quarantine."""

    accepted: int
    quarantined: int
