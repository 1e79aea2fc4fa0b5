"""A hold is for the minutes in which a form is filled in; nobody has more than two at a site."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from services.booking.domain.claims import HOLD
from services.booking.domain.rules import FreeUnits, Wanted
from services.booking.domain.status import Mode
from services.booking.domain.violations import TooManyHolds

SLOTS = frozenset({1, 2})


def hold_prefix(member: str) -> str:
    """What the claims of one person's holds begin with; the number of a slot follows."""
    return f"{HOLD}{member}|"


def too_many_holds(wanted: Wanted, free: FreeUnits) -> Iterator[TooManyHolds]:
    if wanted.mode is Mode.HOLD and not free[hold_prefix(wanted.booked_by)]:
        yield TooManyHolds(limit=len(SLOTS), used=len(SLOTS), requested=1)


def hold_claims(wanted: Wanted, free: FreeUnits, chance: Random) -> tuple[str, ...]:
    """One of the slots that are free, so that no third hold can be written."""
    if wanted.mode is not Mode.HOLD:
        return ()
    prefix = hold_prefix(wanted.booked_by)
    return (f"{prefix}{chance.choice(sorted(free[prefix]))}",)
