"""A series as it is stored: what its times share as a booking has it, what is each one's own in `occurrences`.

`claims` are those of its times in order, each of which says how many are its. `starts_at` and `ends_at` are those of
its last time that stands: that far it reaches; it is `visible` while somebody is there who chose to be seen. A booking
has no `recurrence`; whoever has one is a series.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from services.booking.domain.availability import Occupied
from services.booking.domain.occurring import Planned
from services.booking.domain.series import Occurrence, OnConflict, Pattern, Series, Skipped
from services.booking.domain.wall import local
from services.booking.store.mapping import IF_ANY, booking_body, booking_of, occupied_of
from shared.kernel.interval import Interval
from shared.kernel.text import Text
from shared.kernel.time import zone_of

Doc = Mapping[str, Any]
IS_SERIES: dict[str, Any] = {"recurrence": {"$exists": True}}
"""A filter."""
TIMES = ("occurrences",)
"""Too much to be said again with each change of how it was before."""
OWN = ("starts_at", "ends_at", "local", "status", "strike", *(name for name in IF_ANY if name != "former"))
"""What each time always says itself, or nobody says; the rest where it is another than that of the last."""
_SHARED = ("resource", "resource_name", "policy", "purpose", "attendees")


def is_series(doc: Doc) -> bool:
    return "recurrence" in doc


def series_body(series: Series) -> dict[str, Any]:
    whole = {name: value for name, value in booking_body(series.last).items() if name in _ALWAYS or name not in OWN}
    seen = [each.checked_in_at for each in series.bookings if each.visible and each.checked_in_at]
    return whole | {
        **({"visible": True, "checked_in_at": max(seen)} if seen else {}),
        "status": series.status.value,
        "recurrence": series.pattern.recurrence,
        "anchor_zone": series.pattern.anchor_zone,
        "on_conflict": series.pattern.on_conflict.value,
        "occurrences": [_occurrence_body(each, whole) for each in series.occurrences],
        "skipped": [_skipped_body(each) for each in series.skipped],
    }


_ALWAYS = ("starts_at", "ends_at", "local")


def series_of(doc: Doc) -> Series:
    """The series a document holds."""
    zone = zone_of(doc["anchor_zone"])
    skipped = tuple(
        Skipped(
            Planned(
                each["index"],
                datetime.fromisoformat(each["begins"]),
                datetime.fromisoformat(each["ends"]),
                zone,
                Interval(each["starts_at"], each["ends_at"]) if "starts_at" in each else None,
            ),
            each["reason"],
            Text(**each["message"]),
        )
        for each in doc["skipped"]
    )
    pattern = Pattern(doc["recurrence"], doc["anchor_zone"], OnConflict(doc["on_conflict"]))
    return Series(doc["_id"], pattern, tuple(_occurrences_of(doc)), skipped)


def place_in_series(booking_id: str) -> tuple[str, int] | None:
    """Of one time of a series, which and the how manieth: its id is `<series>-<index>`, and no other has a dash."""
    series_id, _, index = booking_id.rpartition("-")
    return (series_id, int(index)) if series_id and index.isdecimal() and len(index) < 6 else None


def occurrence_doc(doc: Doc, booking_id: str) -> dict[str, Any] | None:
    """One time of it as the document of a booking; None where there is no such time."""
    return next((each for each in occurrence_docs(doc) if each["_id"] == booking_id), None)


def occurrence_docs(doc: Doc) -> Iterator[dict[str, Any]]:
    """Each time of it as the document of a booking, with its `series` and `index`; what happened is the series's."""
    shared, begin = {name: value for name, value in doc.items() if name not in _NOT_OF_ONE}, 0
    for each in doc["occurrences"]:
        held, begin = doc.get("claims", ())[begin : begin + each["claims"]], begin + each["claims"]
        own = {**each, "claims": held} if held else {n: v for n, v in each.items() if n != "claims"}
        yield {**shared, **own, "_id": f"{doc['_id']}-{each['index']}", "series": doc["_id"]}


_NOT_OF_ONE = frozenset({*IF_ANY, "strike", "occurrences", "skipped", "claims", "due_at", "due_kind"} - {"former"})


def occupied_by(doc: Doc) -> Iterator[Occupied]:
    """What each of its times keeps others from."""
    return (occupied_of(each) for each in occurrence_docs(doc) if "claims" in each)


def _occurrence_body(each: Occurrence, whole: Doc) -> dict[str, Any]:
    body = booking_body(each.booking)
    own = {name: body[name] for name in OWN if name in body}
    other = {name: body[name] for name in _SHARED if body[name] != whole[name]}
    return {"index": each.index, **own, **other, "claims": len(each.booking.claims)}


def _occurrences_of(doc: Doc) -> Iterator[Occurrence]:
    return (Occurrence(each["index"], booking_of(each)) for each in occurrence_docs(doc))


def _skipped_body(skipped: Skipped) -> dict[str, Any]:
    planned, interval = skipped.planned, skipped.planned.interval
    body = {
        "index": planned.index,
        "begins": planned.begins.isoformat(),
        "ends": planned.ends.isoformat(),
        "reason": skipped.reason,
        "message": {"ja": skipped.text.ja, "en": skipped.text.en},
    }
    return body | ({"starts_at": interval.start, "ends_at": interval.end} if interval else {})


def skipped_local(each: Doc, doc: Doc) -> dict[str, str]:
    """`local` of what was skipped: on the site's wall, or, where no clock shows it, on that of the anchor zone."""
    if "starts_at" in each:
        return local(Interval(each["starts_at"], each["ends_at"]), zone_of(doc["time_zone"]))
    return {
        "time_zone": doc["anchor_zone"],
        "date": each["begins"][:10],
        "start": each["begins"][11:16],
        "end": each["ends"][11:16],
    }
