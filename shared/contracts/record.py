"""The record as it is answered: what happened to a thing, by whom, for whom, and why."""

from collections.abc import Mapping
from typing import Annotated

from shared.contracts.message import BilingualView, Event, Id, View, personal


class EntryView(View):
    """One thing that happened; `type` is the event's wire name, `operation` the command or timer that caused it.

    `actor` caused it: `kind` says whether that is a `member`, a `program` or `site` by its `api_key`, or the `system`
    itself; acting for `organization`, and where a command named a member it was for, `on_behalf_of` them. `reason` is
    what was written; null also where it was erased. Null, too, is what an entry of an earlier version lacks.
    """

    seq: int
    id: str
    type: str
    time: str
    actor: str
    kind: str | None = None
    organization: Id | None = None
    api_key: Id | None = None
    on_behalf_of: Id | None = None
    operation: str | None = None
    reason: Annotated[str | BilingualView | None, personal()] = None


class EntriesView(View):
    """Oldest first."""

    items: tuple[EntryView, ...]
    next: str | None = None


class HeadView(View):
    """Where the log of a document stood: the number of its last entry and that entry's hash, in hex."""

    collection: str
    id: Id
    seq: int
    hash: str


class HeadsAnchored(Event):
    """The logs that grew since the anchor before, and where they stand now, signed by the service (docs/record.md).

    `digest` is over service, number, `previous` (the digest before) and heads; `key` the public half of what signed it.
    """

    service: str
    number: int
    previous: str | None = None
    heads: tuple[HeadView, ...]
    digest: str
    key: str
    signature: str


class BookingHeadsAnchored(HeadsAnchored, wire="booking.heads_anchored.v1"):
    """The logs of booking's documents."""


class MembersHeadsAnchored(HeadsAnchored, wire="members.heads_anchored.v1"):
    """The logs of members' documents."""


class EventsHeadsAnchored(HeadsAnchored, wire="events.heads_anchored.v1"):
    """The logs of the events service's documents."""


class NotifyHeadsAnchored(HeadsAnchored, wire="notify.heads_anchored.v1"):
    """The logs of notify's documents."""


ANCHORED: Mapping[str, type[HeadsAnchored]] = {
    "booking": BookingHeadsAnchored,
    "members": MembersHeadsAnchored,
    "events": EventsHeadsAnchored,
    "notify": NotifyHeadsAnchored,
}
"""By service."""
