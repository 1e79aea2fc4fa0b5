"""Words of the table of rights, which members owns and booking judges by."""

from enum import StrEnum

EVERY = "*"
"""In a site's or a kind of resource's place: each that has no row of its own."""
BILLED_STEP_MINUTES = 15
"""What hours are counted in where a limit says nothing else."""
FURTHEST_MONTHS = 18
"""Nobody books further ahead, whatever the table says."""


class Period(StrEnum):
    """Of a site's calendar: what a limit of hours counts in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Scope(StrEnum):
    """Whose hours a limit counts together."""

    ORGANIZATION = "organization"
    PERSON = "person"
