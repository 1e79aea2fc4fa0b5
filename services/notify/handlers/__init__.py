"""What notify does with each event, state and command: look at what it knows, plan, store."""

from services.notify.handlers.announcements import Announcements
from services.notify.handlers.bookings import Bookings
from services.notify.handlers.directly import Directly
from services.notify.handlers.inbox import Inbox
from services.notify.handlers.memberships import Memberships
from services.notify.handlers.results import Results
from services.notify.handlers.series import SeriesNews
from services.notify.handlers.waitlist import Waitlist

__all__ = ["Announcements", "Bookings", "Directly", "Inbox", "Memberships", "Results", "SeriesNews", "Waitlist"]
