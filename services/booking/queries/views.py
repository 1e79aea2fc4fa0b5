"""What is stored, as the contract shows it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from services.booking.domain.claims import places
from services.booking.domain.resource import RULES
from services.booking.domain.site import ExceptionalDay, Holiday, Holidays, Site
from services.booking.domain.wall import months_after, spoken_with_local
from services.booking.store.mapping import Doc, resource_of, site_of
from services.booking.store.series_mapping import occurrence_docs, skipped_local
from shared.contracts.booking import (
    BookingView,
    ExceptionView,
    FreeView,
    HistoryEntryView,
    HolidayView,
    ResourceRulesView,
    ResourceView,
    SeriesView,
    SiteView,
    TakenView,
)
from shared.contracts.booking.exceptions import ExceptionalHoursView
from shared.contracts.message import BilingualView
from shared.kernel.interval import Interval
from shared.kernel.text import Text
from shared.kernel.time import shown, zone_of

SHOWN_MONTHS = 12
_INSTANTS = (
    "created_at",
    "expires_at",
    "cancel_by",
    "check_in_from",
    "check_in_until",
    "checked_in_at",
    "booked_until",
)


def booking_view(doc: Doc) -> BookingView:
    """`local` is what the clocks show at its instants, whatever was meant before their rules changed."""
    zone = zone_of(doc["time_zone"])
    interval = spoken_with_local(Interval(doc["starts_at"], doc["ends_at"]), zone)
    instants = {name: shown(doc[name], zone) for name in _INSTANTS if name in doc}
    return BookingView.model_validate(
        {"cancel_by": interval["starts_at"], **doc, **interval, **instants, "id": doc["_id"]}
    )


def series_view(doc: Doc) -> SeriesView:
    zone = zone_of(doc["time_zone"])
    whole = {"created_at": shown(doc["created_at"], zone), "id": doc["_id"]}
    skipped = tuple({**each, **_instants(each, zone), "local": skipped_local(each, doc)} for each in doc["skipped"])
    occurrences = tuple(booking_view(each).model_dump() for each in occurrence_docs(doc))
    return SeriesView.model_validate({**doc, **whole, "occurrences": occurrences, "skipped": skipped})


def _instants(each: Doc, zone: ZoneInfo) -> dict[str, str]:
    return {name: shown(each[name], zone) for name in ("starts_at", "ends_at") if name in each}


def history_entry_view(entry: Doc, time_zone: str) -> HistoryEntryView:
    """Times with the offset of the booking's zone."""
    return HistoryEntryView.model_validate({**entry, "time": shown(entry["time"], zone_of(time_zone))})


def site_view(doc: Doc, holidays: Holidays, today: date) -> SiteView:
    site = site_of(doc)
    coming = site.holidays(holidays, today, months_after(today, SHOWN_MONTHS))
    return SiteView(
        id=site.id,
        name=text_view(site.name),
        time_zone=site.time_zone,
        producer=site.producer,
        calendars=doc["calendars"],
        holidays=holiday_views(coming),
        holidays_version=holidays.version,
        version=site.version,
    )


def resource_view(doc: Doc) -> ResourceView:
    resource = resource_of(doc)
    asked: dict[str, Any] = {"check_in": doc.get("check_in")}
    rules = ResourceRulesView(**{rule: getattr(resource, rule) for rule in RULES}, **asked)
    hours: list[Mapping[str, Any]] | None = doc["opening_hours"]
    opening = None if hours is None else [{**each, "days": tuple(each["days"])} for each in hours]
    return ResourceView.model_validate({**doc, "id": doc["resource"], "rules": rules, "opening_hours": opening})


def free_view(interval: Interval, time_zone: str) -> FreeView:
    return FreeView.model_validate(spoken_with_local(interval, zone_of(time_zone)))


def taken_views(granules: Collection[str], site: Site) -> Iterator[TakenView]:
    """What these claims take, as ranges, resource by resource."""
    for resource, interval in places(granules):
        yield TakenView.model_validate({"resource": resource, **spoken_with_local(interval, site.zone)})


def holiday_views(found: Iterable[tuple[Holiday, bool]]) -> tuple[HolidayView, ...]:
    return tuple(
        HolidayView.model_validate(
            {"date": each.day, "calendar": each.calendar, "name": text_view(each.name), "closes": closes}
        )
        for each, closes in found
    )


def exception_views(found: Iterable[ExceptionalDay]) -> tuple[ExceptionView, ...]:
    return tuple(
        ExceptionView(
            date=each.day.isoformat(),
            resource=each.resource,
            hours=tuple(ExceptionalHoursView(opens=hour.opens, closes=hour.closes) for hour in each.hours),
            reason=text_view(each.reason),
        )
        for each in found
    )


def text_view(text: Text) -> BilingualView:
    return BilingualView(ja=text.ja, en=text.en)
