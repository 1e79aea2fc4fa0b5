"""What booking says and is asked about one person's data."""

from shared.contracts.message import Event, Id
from shared.contracts.privacy import MemberErased, PersonalData, PersonalDataView


class PersonalDataInBooking(PersonalData, wire="qry.booking.personal_data.v1", reply=PersonalDataView):
    """The bookings they made, and those made for them."""


class BookingRedacted(Event, wire="booking.booking_redacted.v1"):
    """What people had written into a booking is gone; when, where and for whom it was stays."""

    id: Id
    version: int


class MemberErasedInBooking(MemberErased, wire="booking.member_erased.v1"):
    """What was written into their bookings is gone. What is to come passes on or is cancelled, by events of its own."""
