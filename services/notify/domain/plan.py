"""Who is told what over which channel. The same event plans the same rows for ever: their ids are derived."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from shared.kernel.ids import derived_id
from shared.kernel.text import Language


class Topic(StrEnum):
    """What a notification is about; people will choose their channels by it."""

    BOOKING_PLACED = "booking.placed"
    BOOKING_PROVISIONAL = "booking.provisional"
    BOOKING_PENDING = "booking.pending"
    BOOKING_CONFIRMED = "booking.confirmed"
    BOOKING_REJECTED = "booking.rejected"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_EXPIRED = "booking.expired"
    BOOKING_RECEIVED = "booking.received"
    BOOKING_HANDED_OVER = "booking.handed_over"
    BOOKING_REMINDED = "booking.reminded"
    BOOKING_CHALLENGED = "booking.challenged"
    BOOKING_MOVED = "booking.moved"
    BOOKING_CHANGED = "booking.changed"
    BOOKING_NO_SHOW = "booking.no_show"
    WAITLIST_JOINED = "waitlist.joined"
    WAITLIST_OFFERED = "waitlist.offered"
    WAITLIST_LAPSED = "waitlist.lapsed"
    WAITLIST_EXPIRED = "waitlist.expired"
    WAITLIST_CANCELLED = "waitlist.cancelled"
    SERIES_PLACED = "series.placed"
    SERIES_PENDING = "series.pending"
    SERIES_CONFIRMED = "series.confirmed"
    SERIES_REJECTED = "series.rejected"
    SERIES_CHANGED = "series.changed"
    SERIES_CANCELLED = "series.cancelled"
    SERIES_EXPIRED = "series.expired"
    SERIES_RECEIVED = "series.received"
    SERIES_HANDED_OVER = "series.handed_over"
    REGISTERED = "registration.confirmed"
    WAITING = "registration.waiting"
    PROMOTED = "registration.promoted"
    SEMINAR_CHANGED = "seminar.changed"
    SEMINAR_CANCELLED = "seminar.cancelled"
    MEMBERSHIP_CHANGED = "membership.changed"
    RENEWAL_DUE = "membership.renewal_due"
    SESSION_REUSED = "session.reused"
    SIGN_IN_CODE = "sign_in_code"


TRANSACTIONAL = frozenset(
    {
        Topic.BOOKING_PLACED,
        Topic.BOOKING_PROVISIONAL,
        Topic.BOOKING_PENDING,
        Topic.BOOKING_CONFIRMED,
        Topic.BOOKING_REJECTED,
        Topic.BOOKING_CANCELLED,
        Topic.BOOKING_EXPIRED,
        Topic.BOOKING_RECEIVED,
        Topic.BOOKING_HANDED_OVER,
        Topic.BOOKING_REMINDED,
        Topic.BOOKING_CHALLENGED,
        Topic.BOOKING_MOVED,
        Topic.BOOKING_CHANGED,
        Topic.BOOKING_NO_SHOW,
        Topic.WAITLIST_JOINED,
        Topic.WAITLIST_OFFERED,
        Topic.WAITLIST_LAPSED,
        Topic.WAITLIST_EXPIRED,
        Topic.WAITLIST_CANCELLED,
        Topic.SERIES_PLACED,
        Topic.SERIES_PENDING,
        Topic.SERIES_CONFIRMED,
        Topic.SERIES_REJECTED,
        Topic.SERIES_CHANGED,
        Topic.SERIES_CANCELLED,
        Topic.SERIES_EXPIRED,
        Topic.SERIES_RECEIVED,
        Topic.SERIES_HANDED_OVER,
        Topic.REGISTERED,
        Topic.WAITING,
        Topic.PROMOTED,
        Topic.SIGN_IN_CODE,
        Topic.SESSION_REUSED,
    }
)
"""Results of the reader's own action, what is suddenly theirs, codes, alarms: never deferred, merged, limited or kept
waiting behind others.
"""


OF_UNSETTLED = frozenset(
    {Topic.BOOKING_PROVISIONAL, Topic.BOOKING_PENDING, Topic.BOOKING_REMINDED, Topic.BOOKING_CHALLENGED}
)
"""Said of a booking that has still to be confirmed or approved: stale once it is."""


OF_PLACE = frozenset({Topic.BOOKING_MOVED, Topic.BOOKING_CHANGED})
"""Said of a booking that stays, with where and when it is: stale once it was moved again."""


BY_A_DEADLINE = OF_UNSETTLED | {Topic.WAITLIST_OFFERED}
"""What is still open until an instant, and worth nothing after it."""


WORDED = frozenset(
    {
        Topic.BOOKING_CONFIRMED,
        Topic.BOOKING_REJECTED,
        Topic.BOOKING_CANCELLED,
        Topic.SERIES_CONFIRMED,
        Topic.SERIES_REJECTED,
        Topic.SERIES_CANCELLED,
    }
)
"""What may repeat why somebody decided so, in their own words."""


class Channel(StrEnum):
    EMAIL = "email"
    IN_APP = "in-app"


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person is reached. `reachable` is false without an address."""

    id: str
    language: Language
    zone: str
    reachable: bool = True
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """What there is to tell: the event that says so, and the aggregate it speaks of, as of `version`."""

    event: str
    topic: Topic
    aggregate: str
    version: int


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing told to one person over one channel."""

    id: str
    event: str
    topic: Topic
    recipient: str
    channel: Channel
    zone: str

    @property
    def transactional(self) -> bool:
        return self.topic in TRANSACTIONAL


def notification_id(event: str, recipient: str, channel: Channel) -> str:
    """The only id this notification can ever have, so that telling twice is storing the same document twice."""
    return derived_id(event, recipient, channel.value)


def plan(happening: Happening, people: Iterable[Contact]) -> list[Notification]:
    """One e-mail and one in-app notice for each person: nobody twice, nobody erased, no e-mail without an address."""
    rows: list[Notification] = []
    told: set[str] = set()
    for person in people:
        if person.erased or person.id in told:
            continue
        told.add(person.id)
        channels = (Channel.EMAIL, Channel.IN_APP) if person.reachable else (Channel.IN_APP,)
        rows += [
            Notification(
                notification_id(happening.event, person.id, channel),
                happening.event,
                happening.topic,
                person.id,
                channel,
                person.zone,
            )
            for channel in channels
        ]
    return rows


def overtaken(happening: Happening, ended_at_version: int | None) -> bool:
    """Whether what it says of the present is known to be over: the aggregate ended at a later version."""
    return is_newer(ended_at_version, happening.version)


def is_newer(ended_at: int | None, version: int) -> bool:
    """The same of what is known only by its version."""
    return ended_at is not None and ended_at > version
