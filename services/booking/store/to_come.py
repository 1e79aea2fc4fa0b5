"""What is to come at a site and is, by the present rules of its zone, at another wall time than was meant."""

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from services.booking.domain.retiming import Shift, shift_of
from services.booking.domain.series import STANDS
from services.booking.domain.waiting import Standing
from services.booking.store.series_mapping import is_series, occurrence_docs
from shared.kernel.interval import Interval
from shared.kit.documents import Documents

Doc = Mapping[str, Any]
Kind = Literal["booking", "series", "waitlist"]
_LIVE = {*(each.value for each in STANDS), Standing.WAITING.value, Standing.OFFERED.value}
_NOT_READ = {"log": 0, "claims": 0, "been": 0}


@dataclass(frozen=True, slots=True)
class Stray:
    """One time of a document: what was meant, and the shift that leads there."""

    meant: Mapping[str, str]
    resource: str | None
    shift: Shift


@dataclass(frozen=True, slots=True)
class Astray:
    """A document with such times: by their index in a series; else the one has none."""

    id: str
    kind: Kind
    times: Mapping[int | None, Stray]


@dataclass(slots=True)
class Looked:
    """What a look through a site brought. `anchored_elsewhere`: times of series that follow another zone's wall."""

    at: int = 0
    anchored_elsewhere: int = 0
    astray: list[Astray] = field(default_factory=list)


class ToCome:
    """The live documents of a collection, bookings and series or the waiting list, that have times to come."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def look(self, site: str, at: datetime) -> Looked:
        """At each of its times that has not begun; a series is stored with the start of its last."""
        looked = Looked()
        async for doc in self.docs(site, at):
            times = [one for one in _each(doc) if one["starts_at"] > at and one["status"] in _LIVE]
            looked.at += len(times)
            strays = {one.get("index"): stray for one in times if (stray := _stray(one)) is not None}
            if is_series(doc) and doc["anchor_zone"] != doc["time_zone"]:
                looked.anchored_elsewhere += len(strays)
            elif strays:
                looked.astray.append(Astray(doc["_id"], _kind_of(doc), strays))
        return looked

    def docs(self, site: str, at: datetime) -> AsyncIterator[Doc]:
        """Those with a time after that instant, in order of the index."""
        where = {"site": site, "starts_at": {"$gt": at}, "claims": {"$exists": True}}
        found: AsyncIterator[Doc] = self._documents.collection.find(where, _NOT_READ).sort(
            [("starts_at", 1), ("_id", 1)]
        )
        return found


def _kind_of(doc: Doc) -> Kind:
    if is_series(doc):
        return "series"
    return "waitlist" if "ticket" in doc else "booking"


def _each(doc: Doc) -> Iterator[Doc]:
    return occurrence_docs(doc) if is_series(doc) else iter((doc,))


def _stray(one: Doc) -> Stray | None:
    shift = shift_of(Interval(one["starts_at"], one["ends_at"]), one["local"])
    return None if shift is None else Stray(one["local"], one.get("resource"), shift)
