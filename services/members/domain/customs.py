"""What an organization has settled about its people's bookings."""

from dataclasses import dataclass
from enum import StrEnum


class BookingForOthers(StrEnum):
    """Who may book for somebody else: any colleague, or only that person's assistants; its admins in any case."""

    COLLEAGUES = "colleagues"
    ASSISTANTS = "assistants"


@dataclass(frozen=True, slots=True)
class Customs:
    booking_for_others: BookingForOthers = BookingForOthers.COLLEAGUES


USUAL = Customs()
"""Those of an organization that has settled nothing."""
