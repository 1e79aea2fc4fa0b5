"""One time of a series as a booking: where it is kept, and the series with it changed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.booking.domain.booking import Booking
from services.booking.store.series_mapping import (
    IS_SERIES,
    TIMES,
    is_series,
    occurrence_doc,
    place_in_series,
    series_body,
    series_of,
)
from shared.kernel.refusal import NotFound
from shared.kit.documents import ClaimTaken, Draft

NO_SERIES: dict[str, Any] = {"recurrence": None}
"""A filter."""


def whereabouts(booking_id: str, seen: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The id of the document that holds a booking, and the filter by which it is there for whom `seen` stands for."""
    place = place_in_series(booking_id)
    return (booking_id, {**seen, **NO_SERIES}) if place is None else (place[0], {**seen, **IS_SERIES})


def one_of(doc: dict[str, Any], booking_id: str) -> dict[str, Any]:
    """The booking itself. Raises NotFound where the series has no such time."""
    found = occurrence_doc(doc, booking_id) if is_series(doc) else doc
    if found is None:
        raise NotFound
    return found


def within(doc: dict[str, Any], changed: Booking, made: Draft) -> Draft:
    """The series with that time of it changed, as its own draft would change it.

    Raises OccurrencesOverlap; ClaimTaken where it drew a unit that another time of the series holds, of which no index
    of the database would tell.
    """
    place = place_in_series(changed.id)
    assert place is not None, "it was read out of one"
    after = series_of(doc).with_one(place[1], changed)
    twice = next((claim for claim, times in Counter(after.claims).items() if times > 1), None)
    if twice is not None:
        raise ClaimTaken(twice)
    return replace(made, body=series_body(after), claims=after.claims, due=after.due, unrecorded=TIMES)
