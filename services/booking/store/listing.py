"""What somebody sees of a collection of bookings, of series, or of what is waited for; page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.booking.domain.viewer import Viewer

EVERYTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class BookingsPage:
    """Which bookings a list wants: starting in `[start, end)`, after the one that `after` (start, id) names."""

    sites: Sequence[str]
    start: datetime | None = None
    end: datetime | None = None
    status: str | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 50

    @property
    def bounds(self) -> dict[str, datetime]:
        named = {"$gte": self.start, "$lt": self.end}
        return {name: at for name, at in named.items() if at is not None}


async def listed(
    collection: Any, page: BookingsPage, viewer: Viewer, *, only: Mapping[str, Any] = EVERYTHING
) -> list[dict[str, Any]]:
    """By start, then id; at most `limit`. Of sites that are not all theirs a viewer gets their own."""
    where = {**of_page(page, viewer), **only}
    bounds = page.bounds
    if page.status:
        where["status"] = page.status
    if page.after:
        # The plain bound lets the index begin there; the alternatives settle those that start at the same time.
        at, last = page.after
        bounds["$gte"] = max(at, bounds.get("$gte", at))
        where["$and"] = [{"$or": [{"starts_at": {"$gt": at}}, {"starts_at": at, "_id": {"$gt": last}}]}]
    if bounds:
        where["starts_at"] = bounds
    cursor = collection.find(where, {"log": 0}).sort([("starts_at", 1), ("_id", 1)])
    found: list[dict[str, Any]] = await cursor.limit(page.limit).to_list(page.limit)
    return found


def of_page(page: BookingsPage, viewer: Viewer) -> dict[str, Any]:
    """A filter: of these sites, and where they are not all theirs, the viewer's own."""
    own = not all(viewer.sees_all_of(site) for site in page.sites)
    return {"site": {"$in": list(page.sites)}, **(as_party(viewer) if own else {})}


def seen_by(viewer: Viewer) -> dict[str, Any]:
    """A filter: what is there for them."""
    if viewer.everything:
        return {}
    own = as_party(viewer)
    return own if viewer.site is None else {"$or": [own, {"site": viewer.site}]}


def as_party(viewer: Viewer) -> dict[str, Any]:
    """A filter: their own, and what those see whom they assist. The index is read by `parties` alone."""
    if not viewer.assisted:
        return {"parties": viewer.member}
    theirs = {"organization": {"$in": sorted(viewer.organizations)}}
    return {"parties": {"$in": [viewer.member, *sorted(viewer.assisted)]}, "$or": [{"parties": viewer.member}, theirs]}
