"""The collections of booking: what is stored how, the indexes, the one write."""

from collections.abc import Mapping, Sequence

from services.booking.store.bookings import Bookings, Coming
from services.booking.store.departures import DEPARTURE_INDEXES, Departures
from services.booking.store.listing import BookingsPage
from services.booking.store.people import PEOPLE_INDEXES, Names, NameState, People
from services.booking.store.places import Resources, Sites
from services.booking.store.rights import Rights
from services.booking.store.series import SeriesStore
from services.booking.store.series_mapping import IS_SERIES
from services.booking.store.to_come import ToCome
from services.booking.store.units import Units
from services.booking.store.waits import WAIT_INDEXES, Waits
from shared.kit.documents import CHANGED_AT, Step, document_indexes
from shared.kit.mongo import IndexModel, index

__all__ = [
    "FORMS",
    "INDEXES",
    "Bookings",
    "BookingsPage",
    "Coming",
    "Departures",
    "NameState",
    "Names",
    "People",
    "Resources",
    "Rights",
    "SeriesStore",
    "Sites",
    "ToCome",
    "Units",
    "Waits",
]

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "bookings": [
        *document_indexes(),
        index([("site", 1), ("starts_at", 1), ("_id", 1)]),
        index([("site", 1), ("parties", 1), ("starts_at", 1), ("_id", 1)]),
        index([("site", 1), ("organization", 1), ("starts_at", 1), ("_id", 1)], partial={"claims": {"$exists": True}}),
        index([("site", 1), ("been", 1)], partial={"been": {"$exists": True}}),
        index([("site", 1), ("former", 1)], partial={"former": {"$exists": True}}),
        index([("site", 1), ("ends_at", 1)], partial={"purpose": {"$gt": ""}}),
        index([("ends_at", 1), ("site", 1)], partial={"log.reason": {"$gt": ""}}),
        index([("site", 1), ("ends_at", 1), ("_id", 1)], partial={"log.words": {"$exists": True}}),
        index([("worded", 1), ("site", 1), ("ends_at", 1)], partial={"worded": True}),
        index([("site", 1), ("checked_in_at", 1)], partial={"visible": True}),
        index([("strike.member", 1), ("site", 1)], partial={"strike": {"$exists": True}}),
        index([("occurrences.strike.member", 1), ("site", 1)], partial={"occurrences.strike": {"$exists": True}}),
        index([("site", 1), ("ends_at", 1), ("_id", 1), ("recurrence", 1)], partial=IS_SERIES),
        index([("site", 1), ("parties", 1), ("ends_at", 1), ("_id", 1)], partial=IS_SERIES),
        index([("site", 1), ("occurrences.starts_at", 1)], partial=IS_SERIES),
    ],
    "copy_member": PEOPLE_INDEXES,
    "departures": DEPARTURE_INDEXES,
    "errands": document_indexes(),
    "resources": [*document_indexes(), index([("site", 1), ("created_at", 1)])],
    "sites": document_indexes(),
    "waits": [*document_indexes(), *WAIT_INDEXES],
}

FORMS: Mapping[str, Sequence[Step]] = {"bookings": [CHANGED_AT], "resources": [CHANGED_AT], "sites": [CHANGED_AT]}
"""How documents of each earlier form become those of the next; only ever added to (docs/operations/migrations.md)."""
