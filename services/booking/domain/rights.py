"""Who may book what: one row for each kind of organization, judged at the date of use.

Whoever changes a row raises the version. A quota is one pool for the organization at each site; its week runs from
Monday to Monday on the site's wall clock, and it is counted in steps of 15 minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

EVERYTHING = frozenset({"room", "desk", "expert"})
NOTHING: frozenset[str] = frozenset()
FURTHEST_MONTHS = 18
"""Nobody books further ahead, whatever the table says."""


@dataclass(frozen=True, slots=True)
class Right:
    """`months_ahead` counts from today to the day of use; `weekly_hours` None: no quota."""

    kinds: frozenset[str]
    months_ahead: int = 0
    weekly_hours: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The table; a booking keeps the version it was judged by."""

    version: str
    rights: Mapping[str, Right]

    def of(self, kind: str) -> Right:
        """The row of a kind of organization; one the table does not know has no rights."""
        return self.rights.get(kind, Right(NOTHING))


POLICY = Policy(
    version="2026-1",
    rights={
        "linkj_staff": Right(EVERYTHING, months_ahead=18),
        "city_staff": Right(EVERYTHING, months_ahead=18),
        "yokohama_company": Right(EVERYTHING, months_ahead=6, weekly_hours=40),
        "special_member_a": Right(EVERYTHING, months_ahead=6, weekly_hours=20),
        "special_member_b": Right(EVERYTHING, months_ahead=6, weekly_hours=20),
        "special_member_c": Right(EVERYTHING, months_ahead=6, weekly_hours=5),
        "partner": Right(NOTHING),
        "guest": Right(NOTHING),
    },
)
