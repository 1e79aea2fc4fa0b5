"""Who may book what: the table that members owns, as our copy has it; judged at the date of use.

A row holds for a kind of organization, a site and a kind of resource, the latter two perhaps for every one (EVERY). The
most specific row holds alone, the site's before the resource's; where there is none, nothing is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.kernel.rights import BILLED_STEP_MINUTES, EVERY, Period, Scope

KINDS = ("desk", "expert", "room")
"""Of resources."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many hours of a site in each period of its clocks, billed in steps of `step_minutes`, begun ones whole.

    It is one pool, of the organization or of each person, over all kinds of resource that `over` stands for.
    """

    period: Period
    scope: Scope
    hours: int
    over: str = EVERY
    step_minutes: int = BILLED_STEP_MINUTES


@dataclass(frozen=True, slots=True)
class Right:
    """`months_ahead` counts from today to the day of use; no limits: no quota.

    `needs_approval`: staff of the site say yes or no to each booking.
    """

    allowed: bool
    months_ahead: int = 0
    needs_approval: bool = False
    limits: tuple[Limit, ...] = ()


NOTHING = Right(allowed=False)
Row = tuple[str, str, str]
"""Kind of organization, site, kind of resource."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The table; a booking keeps the version it was judged by."""

    version: str
    rights: Mapping[Row, Right]

    def of(self, kind: str, site: str, resource: str) -> Right:
        """What an organization of that kind may do with that kind of resource there."""
        for row in ((kind, site, resource), (kind, site, EVERY), (kind, EVERY, resource), (kind, EVERY, EVERY)):
            if (right := self.rights.get(row)) is not None:
                return right
        return NOTHING
