"""What the claims of a booking stand for, told by how they begin: granules of a resource, quota, a hold's slot."""

from collections.abc import Sequence

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
