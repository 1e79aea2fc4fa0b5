"""The collections: what is stored and how, which indexes, and the reads the rules need."""

from collections.abc import Mapping, Sequence

from services.events.store.registrations import Registrations
from services.events.store.seminars import Seminars
from services.events.store.site_messages import Arrivals, Quarantine
from shared.kit.documents import CHANGED_AT, Step, document_indexes
from shared.kit.mongo import IndexModel, index

__all__ = ["FORMS", "INDEXES", "Arrivals", "Quarantine", "Registrations", "Seminars"]

_REMEMBERED = 60 * 86_400
"""Seconds an event id is known: longer than any message of the horizon (30 days) can come back from its stream."""

_QUARANTINED = 90 * 86_400
"""Seconds a message waits for a person, as long as a dead letter of our own."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "seminars": [
        *document_indexes(),
        index([("public", 1), ("listed", -1)]),
        index([("site", 1), ("public", 1), ("listed", -1)]),
    ],
    "registrations": [
        *document_indexes(),
        index([("site", 1), ("seminar", 1), ("mode", 1), ("status", 1), ("ticket", 1), ("seat", 1)]),
        index([("member", 1), ("_id", 1)], partial={"member": {"$exists": True}}),
    ],
    "quarantine": [index([("site", 1), ("listed", -1)]), index([("received_at", 1)], expire_after=_QUARANTINED)],
    "arrivals": [index([("received_at", 1)], expire_after=_REMEMBERED)],
    "tickets": [],
    "errands": document_indexes(),
    "copy_site": [index([("producer", 1)], partial={"producer": True})],
}

FORMS: Mapping[str, Sequence[Step]] = {"seminars": [CHANGED_AT], "registrations": [CHANGED_AT]}
"""How documents of each earlier form become those of the next; only ever added to (docs/operations/migrations.md)."""
