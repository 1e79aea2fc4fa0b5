"""What an organization has settled about its people's bookings."""

from dataclasses import dataclass
from enum import StrEnum


class BookingForOthers(StrEnum):
    """Who may book for somebody else: any colleague, or only that person's assistants; its admins in any case."""

    COLLEAGUES = "colleagues"
    ASSISTANTS = "assistants"


class Bookings(StrEnum):
    """What becomes of the coming bookings of a person who leaves."""

    HAND_OVER = "hand_over"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class OnLeave:
    """`to` is who takes them over; None: whoever administers the organization then. Where nobody can: cancelled."""

    bookings: Bookings = Bookings.HAND_OVER
    to: str | None = None


TO_THE_ADMIN = OnLeave()


@dataclass(frozen=True, slots=True)
class Customs:
    booking_for_others: BookingForOthers = BookingForOthers.COLLEAGUES
    on_leave: OnLeave = TO_THE_ADMIN


USUAL = Customs()
"""Those of an organization that has settled nothing."""
