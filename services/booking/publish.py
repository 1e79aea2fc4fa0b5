"""Domain events in the published language; one exhaustive match."""

from collections.abc import Mapping
from typing import Any, assert_never

from services.booking.domain import events as said
from services.booking.domain import series_events as said_of_series
from services.booking.domain.booking import Booking
from services.booking.domain.series import Occurrence, Series
from services.booking.domain.waiting import Entry
from shared.contracts.booking import (
    BookingCancelled,
    BookingChallenged,
    BookingChanged,
    BookingCheckedIn,
    BookingCheckedOut,
    BookingCompleted,
    BookingConfirmed,
    BookingExpired,
    BookingHandedOver,
    BookingMoved,
    BookingNoShow,
    BookingPlaced,
    BookingRedacted,
    BookingReminded,
    BookingSubmitted,
    MemberErasedInBooking,
    OccurrenceGist,
    PlaceView,
    PresenceChosen,
    RangeView,
    ResourceDefined,
    SeriesCancelled,
    SeriesChanged,
    SeriesCompleted,
    SeriesConfirmed,
    SeriesExpired,
    SeriesHandedOver,
    SeriesPlaced,
    SiteDefined,
    SkippedGist,
    StrikeForgiven,
    WaitlistEnded,
    WaitlistJoined,
    WaitlistMoved,
    WaitlistOffered,
)
from shared.contracts.message import BilingualView, Event
from shared.kernel.interval import Interval

Said = said.BookingEvent | said.SiteDefined | said.ResourceDefined


def published(event: Said, *, version: int) -> Event:
    """`version` is that of the document once it holds the event."""
    match event:
        case said.BookingRedacted(booking):
            return BookingRedacted(id=booking.id, version=version)
        case said.SiteDefined(site):
            return SiteDefined(id=site, version=version)
        case said.ResourceDefined(site, resource):
            return ResourceDefined(site=site, resource=resource, version=version)
        case _:
            return _of_booking(event, _gist(event.booking, version))


def published_of_series(event: said_of_series.SeriesEvent | said.BookingEvent, *, version: int) -> Event:
    """The same of a series; what is one time's alone is told as of a booking."""
    if isinstance(event, said.BookingEvent):
        return published(event, version=version)
    series = event.series
    every = tuple(each.index for each in series.occurrences)
    gist = _gist_of_series(series, getattr(event, "indexes", every), version)
    made: Event
    match event:
        case said_of_series.SeriesRedacted():
            return BookingRedacted(id=series.id, version=version)
        case said_of_series.SeriesPlaced():
            made = SeriesPlaced(**gist, skipped=_skipped(series))
        case said_of_series.SeriesConfirmed():
            made = SeriesConfirmed(**gist, reason=event.reason)
        case said_of_series.SeriesChanged():
            made = SeriesChanged(**gist, **_changed(event))
        case said_of_series.SeriesCancelled():
            made = SeriesCancelled(**gist, **_cancelled(event))
        case said_of_series.SeriesHandedOver():
            why: dict[str, Any] = {"because": event.why, "tell": event.tell}
            made = SeriesHandedOver(**gist, **why, handed_over_by=event.leaver)
        case said_of_series.SeriesExpired():
            made = SeriesExpired(**gist, remaining=_remaining(series))
        case said_of_series.SeriesCompleted():
            made = SeriesCompleted(**gist)
        case _:
            assert_never(event)
    return made


def _of_booking(event: said.Told, gist: dict[str, Any]) -> Event:
    made: Event
    match event:
        case said.BookingPlaced(booking):
            made = BookingPlaced(**gist, **_standing(booking))
        case said.BookingSubmitted(booking, before):
            made = BookingSubmitted(**gist, **_standing(booking), before=before.value)
        case said.BookingConfirmed(booking, before):
            made = BookingConfirmed(**gist, **_standing(booking), before=before.value, reason=booking.reason)
        case said.BookingHandedOver() | said.BookingCancelled() | said.BookingExpired():
            made = _given_up(event, gist)
        case said.BookingReminded(booking):
            made = BookingReminded(**gist, **_standing(booking))
        case said.BookingChallenged(booking):
            made = BookingChallenged(**gist, **_standing(booking))
        case said.BookingMoved(booking, before_it, reason):
            because: dict[str, Any] = {"because": reason}
            made = BookingMoved(**gist, **_standing(booking), before=_place_of(before_it), **because)
        case said.BookingChanged(booking, changed):
            made = BookingChanged(**gist, **_standing(booking), changed=changed)
        case (
            said.BookingCheckedIn()
            | said.BookingCheckedOut()
            | said.BookingCompleted()
            | said.BookingNoShow()
            | said.PresenceChosen()
            | said.StrikeForgiven()
        ):
            made = _of_attendance(event, gist)
        case _:
            assert_never(event)
    return made


def _of_attendance(
    event: said.BookingCheckedIn
    | said.BookingCheckedOut
    | said.BookingCompleted
    | said.BookingNoShow
    | said.PresenceChosen
    | said.StrikeForgiven,
    gist: dict[str, Any],
) -> Event:
    status: dict[str, Any] = {"status": event.booking.status.value}
    match event:
        case said.BookingCheckedIn(_, regained):
            return BookingCheckedIn(**gist, **status, regained=_range_of(regained))
        case said.BookingCheckedOut(_, freed):
            return BookingCheckedOut(**gist, **status, freed=_range_of(freed))
        case said.PresenceChosen(booking):
            return PresenceChosen(**gist, **status, visible=booking.visible)
        case said.StrikeForgiven():
            return StrikeForgiven(**gist, **status)
        case said.BookingCompleted():
            return BookingCompleted(**gist, **status)
        case said.BookingNoShow(_, until, freed):
            return BookingNoShow(**gist, **status, booked_until=until, freed=_range_of(freed))


def _given_up(
    event: said.BookingHandedOver | said.BookingCancelled | said.BookingExpired, gist: dict[str, Any]
) -> Event:
    """Whose it was, theirs it is no more."""
    match event:
        case said.BookingHandedOver(booking, leaver, why, tell):
            to: dict[str, Any] = {"status": booking.status.value, "because": why}
            return BookingHandedOver(**gist, **to, handed_over_by=leaver, tell=tell)
        case said.BookingCancelled(booking, before, rejected, debit_kept, why, tell):
            how: dict[str, Any] = {"rejected": rejected, "debit_kept": debit_kept, "because": why, "tell": tell}
            return BookingCancelled(**gist, before=before.value, reason=booking.reason, **how)
        case said.BookingExpired(_, before):
            return BookingExpired(**gist, before=before.value)


def _range_of(interval: Interval | None) -> RangeView | None:
    return None if interval is None else RangeView(starts_at=interval.start, ends_at=interval.end)


def _place_of(booking: Booking) -> PlaceView:
    name = BilingualView(ja=booking.resource_name.ja, en=booking.resource_name.en)
    start, end = booking.interval.start, booking.interval.end
    return PlaceView(resource=booking.resource, resource_name=name, starts_at=start, ends_at=end)


def _standing(booking: Booking) -> dict[str, Any]:
    """How it stands, and until when."""
    return {"status": booking.status.value, "expires_at": booking.expires_at}


def _gist(booking: Booking, version: int) -> dict[str, Any]:
    return {
        "id": booking.id,
        "site": booking.site,
        "resource": booking.resource,
        "resource_name": BilingualView(ja=booking.resource_name.ja, en=booking.resource_name.en),
        "starts_at": booking.interval.start,
        "ends_at": booking.interval.end,
        "time_zone": booking.time_zone,
        "organization": booking.organization,
        "booked_by": booking.booked_by,
        "booked_for": booking.booked_for,
        "former": tuple(booking.former),
        "version": version,
    }


def part_erased(member: str, counts: Mapping[str, int], version: int) -> Event:
    """Booking has forgotten somebody."""
    return MemberErasedInBooking(member=member, counts=dict(counts), version=version)


def of_entry(event: said.WaitlistEvent, *, version: int) -> Event:
    """The same for the waiting list."""
    entry = event.entry
    gist = _waited_for(entry, version)
    match event:
        case said.WaitlistJoined():
            return WaitlistJoined(**gist)
        case said.WaitlistOffered():
            assert entry.offer is not None, "an offer is what was offered"
            return WaitlistOffered(**gist, booking=entry.offer.booking, expires_at=entry.offer.expires_at)
        case said.WaitlistMoved(_, before, why):
            was = RangeView(starts_at=before.start, ends_at=before.end)
            moved: dict[str, Any] = {"before": was, "because": why}
            return WaitlistMoved(**gist, **moved)
        case said.WaitlistEnded():
            how: dict[str, Any] = {"status": entry.status.value, "because": entry.because}
            return WaitlistEnded(**gist, **how)
        case _:
            assert_never(event)


def _waited_for(entry: Entry, version: int) -> dict[str, Any]:
    """What is offered where something is, else what is waited for."""
    resource, name = entry.resource, entry.resource_name
    if entry.offer is not None:
        resource, name = entry.offer.resource, entry.offer.resource_name
    return {
        "id": entry.id,
        "site": entry.site,
        "resource": resource,
        "resource_name": None if name is None else BilingualView(ja=name.ja, en=name.en),
        "kind": entry.kind,
        "starts_at": entry.interval.start,
        "ends_at": entry.interval.end,
        "time_zone": entry.time_zone,
        "organization": entry.organization,
        "booked_by": entry.booked_by,
        "booked_for": entry.booked_for,
        "version": version,
    }


def _changed(event: said_of_series.SeriesChanged) -> dict[str, Any]:
    """How and why."""
    return {"before": tuple(map(_occurrence, event.moved)), "changed": event.changed, "because": event.why}


def _cancelled(event: said_of_series.SeriesCancelled) -> dict[str, Any]:
    """How and why."""
    how = {"rejected": event.rejected, "debit_kept": event.debit_kept, "remaining": _remaining(event.series)}
    why = {"because": event.why, "struck_out": event.struck_out, "reason": event.reason}
    return {**how, **why, "tell": event.tell}


def _skipped(series: Series) -> tuple[SkippedGist, ...]:
    return tuple(SkippedGist(index=each.planned.index, reason=each.reason) for each in series.skipped)


def _remaining(series: Series) -> int:
    return sum(each.stands for each in series.occurrences)


def _gist_of_series(series: Series, indexes: tuple[int, ...], version: int) -> dict[str, Any]:
    booking, named = series.last, frozenset(indexes)
    return {
        "id": series.id,
        "site": booking.site,
        "time_zone": booking.time_zone,
        "recurrence": series.pattern.recurrence,
        "anchor_zone": series.pattern.anchor_zone,
        "status": series.status.value,
        "occurrences": tuple(_occurrence(each) for each in series.occurrences if each.index in named),
        "organization": booking.organization,
        "booked_by": booking.booked_by,
        "booked_for": booking.booked_for,
        "former": tuple(booking.former),
        "version": version,
    }


def _occurrence(each: Occurrence) -> OccurrenceGist:
    return OccurrenceGist(index=each.index, **_place_of(each.booking).model_dump())
