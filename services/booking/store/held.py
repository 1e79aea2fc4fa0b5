"""What documents hold, found by the index on claims: everything of it, or the claims alone."""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from services.booking.domain.availability import Occupied
from services.booking.domain.resource import bounds
from services.booking.store.mapping import occupied_of
from services.booking.store.series_mapping import is_series, occupied_by
from shared.kernel.interval import Interval

There = tuple[str, tuple[str, ...], Interval]
"""A site, real resources of it, a range."""
CLAIMS = {"_id": 0, "claims": 1}
"""A projection."""
JUST_AFTER = chr(ord("|") + 1)
_OCCUPIED = dict.fromkeys(
    ("resource", "starts_at", "ends_at", "claims", "status", "expires_at", "challenged", "recurrence", "occurrences"), 1
)
_IN_ONE = 4_000
"""So many narrow documents come with the first answer: the server's own first batch is of 101."""
_DAY = timedelta(days=1)


async def occupied(collection: Any, there: There) -> list[Occupied]:
    """Whatever holds a granule there; a series at each of its times that is near."""
    within, where = there[2], _holding(there)
    found = await occupied_in(collection, where) if where else []
    near = Interval(within.start - _DAY, within.end + _DAY)
    return [each for each in found if each.interval.overlaps(near)]


async def claimed(collection: Any, there: There) -> list[str]:
    """All claims of whatever holds a granule there."""
    if (where := _holding(there)) is None:
        return []
    found = await collection.find(where, CLAIMS).batch_size(_IN_ONE).to_list(None)
    return [claim for doc in found for claim in doc["claims"]]


async def occupied_in(collection: Any, where: Mapping[str, Any]) -> list[Occupied]:
    """What the documents that the filter finds keep others from: a series, at each of its times."""
    found = await collection.find(where, _OCCUPIED).to_list(None)
    return [each for doc in found for each in (occupied_by(doc) if is_series(doc) else (occupied_of(doc),))]


def claims_between(first: str, end: str) -> dict[str, Any]:
    """`$elemMatch` makes both bounds of the index over the array tight."""
    return {"claims": {"$elemMatch": {"$gte": first, "$lt": end}}}


def days_between(resource: str, within: Interval) -> dict[str, str]:
    """Of the days on which something was given back (`been`), those of a range."""
    first, last = (f"{resource}|{at.astimezone(UTC).date().isoformat()}" for at in (within.start, within.end))
    return {"$gte": first, "$lte": last}


def _holding(there: There) -> dict[str, Any] | None:
    site, resources, within = there
    each = [{"site": site, **claims_between(*bounds(resource, within))} for resource in resources]
    return {"$or": each} if each else None
