"""Being there: checking in and out."""

from shared.contracts.booking.bookings import BookingView
from shared.contracts.message import Command, Id


class CheckInBooking(Command, wire="cmd.booking.check_in_booking.v1", reply=BookingView):
    """Say that its people are there. Before the window opens `check-in-not-open`, once it is over `check-in-closed`.

    After a no-show it stands again for what is left of it, if that is free: else `slot-taken`. No hours are drawn anew.
    """

    id: Id


class CheckOutBooking(Command, wire="cmd.booking.check_out_booking.v1", reply=BookingView):
    """Say that its people have left: whole quarters of an hour to come are given back, and their hours."""

    id: Id
