"""What booking announces of a series: one event for each decision, however many of its times that concerns."""

from typing import Annotated

from shared.contracts.booking.announced import OccupiedView
from shared.contracts.booking.words import BookingStatus, BookingWord, LeavingReason, MovingReason
from shared.contracts.message import BilingualView, Event, Id, Instant, SiteId, View, Zone, personal


class OccurrenceGist(View):
    """One time of a series."""

    index: int
    resource: Id
    resource_name: BilingualView
    starts_at: Instant
    ends_at: Instant


class SeriesEvent(Event):
    """What every event about a series tells of it, as of `version`. `occurrences` are those it is about.

    `status` is the whole series's. `former` are those who made or held it and have left: it is not theirs any more.
    `taken`, `released` as of a booking, of all of its times together; where they are missing, an older replica did not
    tell, or there are too many.
    """

    id: Id
    site: SiteId
    time_zone: Zone
    recurrence: str
    anchor_zone: Zone
    status: BookingStatus
    occurrences: tuple[OccurrenceGist, ...]
    organization: Id
    booked_by: Id
    booked_for: Id
    former: tuple[Id, ...] = ()
    version: int
    taken: tuple[OccupiedView, ...] | None = None
    released: tuple[OccupiedView, ...] | None = None


class SkippedGist(View):
    """One time of the rule for which nothing is booked; `reason` is the code of a violation."""

    index: int
    reason: str


class SeriesPlaced(SeriesEvent, wire="booking.series_placed.v1"):
    """All of a series occupies its resource from now on; where it is `pending`, staff have to approve it."""

    skipped: tuple[SkippedGist, ...] = ()


class SeriesConfirmed(SeriesEvent, wire="booking.series_confirmed.v1"):
    """Staff approved what waited for it; `reason` is what they said to it."""

    reason: Annotated[str | None, personal()] = None


class SeriesChanged(SeriesEvent, wire="booking.series_changed.v1"):
    """These times of it have another time or place, or other words; `before` has those that moved, as they were.

    `changed` names the words. Where approval is needed they wait for that (`status`). `because` is given where neither
    its parties nor staff did it.
    """

    before: tuple[OccurrenceGist, ...] = ()
    changed: tuple[BookingWord, ...] = ()
    because: MovingReason | None = None


class SeriesCancelled(SeriesEvent, wire="booking.series_cancelled.v1"):
    """These times of it no longer occupy their resource; `remaining` still do.

    `debit_kept` are the indexes of those cancelled so late that their hours are not given back. The rest as with a
    booking. `struck_out`: nobody came three times in a row.
    """

    remaining: int
    reason: Annotated[str | None, personal()] = None
    rejected: bool = False
    debit_kept: tuple[int, ...] = ()
    because: LeavingReason | None = None
    tell: tuple[Id, ...] = ()
    struck_out: bool = False


class SeriesHandedOver(SeriesEvent, wire="booking.series_handed_over.v1"):
    """A series goes on without `handed_over_by`, who made or held it and has left: it is `booked_for`'s now."""

    handed_over_by: Id
    because: LeavingReason
    tell: tuple[Id, ...] = ()


class SeriesExpired(SeriesEvent, wire="booking.series_expired.v1"):
    """These times of it no longer occupy their resource, because nobody approved them in time; `remaining` do."""

    remaining: int


class SeriesCompleted(SeriesEvent, wire="booking.series_completed.v1"):
    """These times of it are over."""
