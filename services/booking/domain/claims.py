"""What the claims of a booking stand for, told by how they begin: granules of a resource, quota, a hold's slot."""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from services.booking.domain.resource import ranges
from shared.kernel.interval import GRANULE, Interval

HOLD, QUOTA = "hold|", "quota|"
_GRANULE = re.compile(r"[^|]+\|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
Place = tuple[str, Interval]
"""A range of one real resource."""


def without_hold(claims: Sequence[str]) -> tuple[str, ...]:
    """The claims of what is no longer merely held."""
    return tuple(claim for claim in claims if not claim.startswith(HOLD))


def units_of(claims: Collection[str], prefix: str) -> set[int]:
    """The numbers of the units they hold of one pool."""
    return {int(claim[len(prefix) :]) for claim in claims if claim.startswith(prefix)}


def of_quota(claims: Sequence[str]) -> tuple[str, ...]:
    """The hours drawn, as far as any rule counts them."""
    return tuple(claim for claim in claims if claim.startswith(QUOTA))


def of_place(claims: Sequence[str]) -> tuple[str, ...]:
    """The granules it keeps others from."""
    return tuple(claim for claim in claims if _GRANULE.fullmatch(claim))


def days(claims: Collection[str]) -> tuple[str, ...]:
    """`room-a|2026-12-15` for each resource and day (UTC) of which a granule is among them."""
    return tuple(sorted({claim.partition("T")[0] for claim in of_place([*claims])}))


def granule_of(claim: str) -> datetime:
    """When the granule begins that a claim of a place stands for."""
    return datetime.fromisoformat(claim.rpartition("|")[2]).replace(tzinfo=UTC)


def freed(before: Sequence[str], after: Collection[str]) -> Interval | None:
    """From the first to the last granule that is no longer claimed; None where none was given up."""
    gone = [granule_of(claim) for claim in of_place(before) if claim not in after]
    return Interval(min(gone), max(gone) + GRANULE) if gone else None


def exchanged(before: Sequence[str], after: Sequence[str]) -> tuple[list[Place], list[Place]]:
    """What is taken and what is given back from these claims to those."""
    had, has = set(of_place(before)), set(of_place(after))
    return places(has - had), places(had - has)


def places(granules: Collection[str]) -> list[Place]:
    """As ranges, resource by resource, in order."""
    ids = sorted({claim.split("|", 1)[0] for claim in granules})
    return [(each, interval) for each in ids for interval in ranges(granules, (each,))]
