"""Words of booking that several messages share."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.message import Day, Instant, Note, View, personal

BookingStatus = Literal[
    "held", "provisional", "pending", "confirmed", "checked_in", "completed", "cancelled", "expired", "no_show"
]
LeavingReason = Literal["member-left", "membership-ended", "organization-left", "organization-suspended"]
MovingReason = Literal["time-zone-rules"]
"""The rules of the site's zone have changed: on its clocks it is when it was, in UTC it is not."""
BookingMode = Literal["confirm", "hold", "provisional"]
BookingWord = Literal["purpose", "attendees"]
ResourceKind = Literal["room", "desk", "expert"]
CalendarName = Literal["us-federal", "japan"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WallTime = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Quarter = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):(00|15|30|45)|24:00)$")]
"""A wall time on the house's granule."""
Steps = Annotated[int, Field(ge=15, le=10_080, multiple_of=15)]
"""Minutes in whole granules of the house."""
Bound = Instant | Day
"""An instant, or a day `YYYY-MM-DD`: its first instant in the site's zone."""
Purpose = Annotated[Annotated[Note, Field(max_length=1_000)] | None, personal()]
Attendees = Annotated[int, Field(ge=1, le=10_000)] | None
Limit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class LocalView(View):
    """An interval on the wall clock of `time_zone`: the date of its start, `HH:MM` of both ends."""

    time_zone: str
    date: str
    start: str
    end: str
