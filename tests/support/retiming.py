"""A change of a zone's rules that nobody has decided, and the house that has to live with it."""

import struct
import zoneinfo
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from services.booking.handlers import Retiming
from services.booking.handlers.timers import Timers
from services.booking.store import Bookings, SeriesStore, ToCome, Waits
from services.booking.store.to_come import Doc
from shared.contracts.booking import RetimeBookings, RetimedView
from shared.contracts.message import Principal
from shared.kernel.time import start_of_day, zone_of
from tests.support.booking import OPERATOR, FakeHouse, asked
from tests.support.documents import FakeDocuments
from tests.support.waitlist import FakeWaits

SUMMER_FOR_EVER, WINTER_FOR_EVER = "EDT4", "EST5"
"""New York's rules from then on: winter bookings get an hour earlier, summer's an hour later."""


@contextmanager
def new_rules(folder: Path, rules: str, zone: str = "America/New_York") -> Iterator[None]:
    """While it lasts every `zone_of(zone)` goes by the POSIX `rules`; zones made before keep theirs."""
    path = folder / zone
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(tzif(rules))
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([str(folder), *before])
    _forget()
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(before)
        _forget()


def _forget() -> None:
    zoneinfo.ZoneInfo.clear_cache()
    zone_of.cache_clear()
    start_of_day.cache_clear()


def tzif(rules: str) -> bytes:
    """A file of version 2 (RFC 8536) that holds nothing but its footer."""
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = header + struct.pack(">lbb", -18_000, 0, 0) + b"LMT\0"
    return block + block + f"\n{rules}\n".encode()


class FakeToCome(ToCome):
    """The same look over documents in memory."""

    async def docs(self, site: str, at: datetime) -> AsyncIterator[Doc]:
        assert isinstance(self._documents, FakeDocuments)
        found = [doc for doc in self._documents.of(site) if doc["starts_at"] > at and "claims" in doc]
        for doc in sorted(found, key=lambda doc: (doc["starts_at"], doc["_id"])):
            yield doc


def retiming(house: FakeHouse, bookings: Bookings, series: SeriesStore, waits: Waits, **more: Any) -> Retiming:
    """One replica's."""
    fake = isinstance(bookings._documents, FakeDocuments)
    look = FakeToCome if fake else ToCome
    return Retiming(
        sites=house.ground.sites,
        bookings=bookings,
        series=series,
        waits=waits,
        booked=look(bookings._documents),
        waited_for=(FakeToCome if isinstance(waits, FakeWaits) else ToCome)(waits._documents),
        timers=Timers(bookings=bookings, clock=house.clock),
        clock=house.clock,
        **more,
    )


async def retimed(job: Retiming, by: Principal = OPERATOR, **more: Any) -> RetimedView:
    """One turn."""
    return await job.retime_bookings(asked(RetimeBookings(**{"site": "nyc"} | more), by, key="r1"))
