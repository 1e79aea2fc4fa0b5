"""`python -m tests.bench.seed DATA COUNT [FROM]`: bookings by the hundred thousand, straight into a bench's MongoDB.

Each document is what the service itself would have stored, made by its own domain and mapping, its event already sent;
no message is published, nobody is told. Its hours are drawn of pools of the seed's own: the companies' are the bench's.
Eight rooms, every half hour of every day, going back from FROM (days from now, 0 unless given), one company and member
per room. Only on a system whose site is called `bench`: refused elsewhere.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pymongo import MongoClient
from pymongo.database import Database

from services.booking.domain.booking import Booking
from services.booking.domain.claims import QUOTA
from services.booking.domain.events import BookingPlaced
from services.booking.domain.quota_violations import WeeklyHours
from services.booking.domain.resource import Resource
from services.booking.domain.status import Status
from services.booking.publish import published
from services.booking.store import FORMS
from services.booking.store.mapping import booking_body, resource_of
from shared.kernel.ids import derived_id
from shared.kernel.interval import Interval
from shared.kernel.time import week_of
from shared.kit.clock import SystemClock
from shared.kit.documents import Cause, Draft, Forms
from shared.kit.documents.draft import new_document

SITE = "bench"
_BATCH = 2_000
_PER_DAY = 48
_QUARTER = timedelta(minutes=15)
_UTC = ZoneInfo("UTC")
_MADE = timedelta(days=7)
"""How long ago: what is stored did not all change a moment ago, which is what an answer to what is free looks for."""


class NotABench(Exception):
    """The folder's system has no site of that name: nothing was written."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose bookings a room holds."""

    organization: str
    member: str


def seed(data: Path, count: int, *, from_day: int = 0) -> float:
    """Insert `count` bookings; how many a second. Raises NotABench."""
    url = (data / "keys" / "mongo" / "booking.url").read_text(encoding="utf-8")
    client: MongoClient[dict[str, Any]]
    with MongoClient(url, tz_aware=True) as client:
        booking: Database[dict[str, Any]] = client["booking"]
        resources = [resource_of(each) for each in booking["resources"].find({"site": SITE}).sort("resource", 1)]
        if not resources:
            raise NotABench(f"{data} has no site called {SITE} with resources")
        owners = _owners(booking, len(resources))
        began = time.monotonic()
        documents = _documents(resources, owners, count, from_day)
        while batch := list(itertools.islice(documents, _BATCH)):
            booking["bookings"].insert_many(batch, ordered=False)
        return count / (time.monotonic() - began)


def _owners(booking: Any, rooms: int) -> list[Owner]:
    known = booking["copy_member"].find({"organizations": {"$ne": []}, "site": None}).sort("_id", 1).limit(rooms)
    owners = [Owner(each["organizations"][0], each["_id"]) for each in known]
    return [owners[room % len(owners)] for room in range(rooms)]


def _documents(resources: list[Resource], owners: list[Owner], count: int, from_day: int) -> Iterator[dict[str, Any]]:
    now = SystemClock().now()
    at, midnight = now - _MADE, now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=from_day)
    made = 0
    for day in itertools.count():
        for slot, room in itertools.product(range(_PER_DAY), range(len(resources))):
            if made == count:
                return
            start = midnight - timedelta(days=day) + slot * 2 * _QUARTER
            yield _document(resources[room], owners[room], start, at)
            made += 1


def _document(resource: Resource, owner: Owner, start: datetime, at: datetime) -> dict[str, Any]:
    interval = Interval(start, start + _QUARTER)
    booking = Booking(
        id=derived_id("seed", resource.id, start.isoformat()),
        site=SITE,
        resource=resource.id,
        resource_name=resource.name,
        time_zone="UTC",
        interval=interval,
        status=Status.CONFIRMED,
        organization=owner.organization,
        booked_by=owner.member,
        booked_for=owner.member,
        policy="seed",
        claims=(*resource.claims(interval), _unit(owner, start)),
    )
    draft = Draft(booking_body(booking), [published(BookingPlaced(booking), version=1)], booking.claims)
    cause = Cause("cmd.booking.place_booking.v1", owner.member, "seed", key=booking.id, fingerprint="seed")
    document = new_document(booking.id, SITE, draft, cause, at) | Forms(FORMS["bookings"]).marks
    sent = {"sent": 1}
    return {name: value for name, value in document.items() if name not in ("unsent", "next_try")} | sent


def _unit(owner: Owner, start: datetime) -> str:
    """The one unit of a week's hours that a quarter of an hour draws."""
    week, period = week_of(start, _UTC)
    pool = derived_id("seed", owner.organization)
    return f"{QUOTA}{pool}|{WeeklyHours.rule}|{week}|{(start - period.start) // _QUARTER:03d}"


if __name__ == "__main__":
    rate = seed(Path(sys.argv[1]), int(sys.argv[2]), from_day=int((sys.argv[3:] or ["0"])[0]))
    sys.stdout.write(f"{rate:.0f} bookings/s\n")
