"""What the claims of a booking stand for, told by how they begin: granules of a resource, quota, a hold's slot."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from shared.kernel.interval import GRANULE, Interval

HOLD, QUOTA = "hold|", "quota|"


def without_hold(claims: Sequence[str]) -> tuple[str, ...]:
    """The claims of what is no longer merely held."""
    return tuple(claim for claim in claims if not claim.startswith(HOLD))


def of_quota(claims: Sequence[str]) -> tuple[str, ...]:
    """The hours drawn, as far as any rule counts them."""
    return tuple(claim for claim in claims if claim.startswith(QUOTA))


def of_place(claims: Sequence[str]) -> tuple[str, ...]:
    """The granules it keeps others from."""
    return tuple(claim for claim in claims if not claim.startswith((HOLD, QUOTA)))


def granule_of(claim: str) -> datetime:
    """When the granule begins that a claim of a place stands for."""
    return datetime.fromisoformat(claim.rpartition("|")[2]).replace(tzinfo=UTC)


def freed(before: Sequence[str], after: Collection[str]) -> Interval | None:
    """From the first to the last granule that is no longer claimed; None where none was given up."""
    gone = [granule_of(claim) for claim in of_place(before) if claim not in after]
    return Interval(min(gone), max(gone) + GRANULE) if gone else None
