"""Documents and the domain: what is written, and what was written read back without judging it again."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from services.booking.domain.availability import Occupied
from services.booking.domain.booking import Booking, Strike
from services.booking.domain.opening import WEEKDAYS, Opening
from services.booking.domain.resource import RULES, Door, Resource
from services.booking.domain.site import Calendar, ExceptionalDay, Site
from services.booking.domain.status import Status
from services.booking.domain.wall import local
from shared.kernel.interval import Interval
from shared.kernel.text import Text
from shared.kernel.time import zone_of

Doc = Mapping[str, Any]
IF_ANY = (
    "needs_approval",
    "expires_at",
    "remind_at",
    "challenged",
    "cancel_by",
    "reason",
    "former",
    "check_in_from",
    "check_in_until",
    "checked_in_at",
    "booked_until",
    "visible",
    "waitlist",
    "resource_version",
    "forfeited",
)
"""Of most bookings there is nothing to say; older ones do not know these fields either."""
ALWAYS_SAID = ("purpose", "attendees")
"""Null where there is nothing to say."""
WRITTEN = ("purpose", "reason")
"""What people wrote."""


def booking_body(booking: Booking) -> dict[str, Any]:
    """`parties` are the members who may see it; `local` the wall time that was meant (see `meant`)."""
    body: dict[str, Any] = {
        "resource": booking.resource,
        "resource_name": _text_body(booking.resource_name),
        "time_zone": booking.time_zone,
        "starts_at": booking.interval.start,
        "ends_at": booking.interval.end,
        "local": local(booking.interval, zone_of(booking.time_zone)),
        "status": booking.status.value,
        "organization": booking.organization,
        "booked_by": booking.booked_by,
        "booked_for": booking.booked_for,
        "parties": list(booking.parties),
        "policy": booking.policy,
        "purpose": booking.purpose,
        "attendees": booking.attendees,
    }
    said = {name: getattr(booking, name) for name in IF_ANY}
    strike = {} if booking.strike is None else {"strike": _if_any(asdict(booking.strike))}
    return body | {name: value for name, value in said.items() if value} | strike


def booking_of(doc: Doc) -> Booking:
    """The booking a document holds."""
    return Booking(
        id=doc["_id"],
        site=doc["site"],
        resource=doc["resource"],
        resource_name=Text(**doc["resource_name"]),
        time_zone=doc["time_zone"],
        interval=Interval(doc["starts_at"], doc["ends_at"]),
        status=Status(doc["status"]),
        organization=doc["organization"],
        booked_by=doc["booked_by"],
        booked_for=doc["booked_for"],
        policy=doc["policy"],
        purpose=doc["purpose"],
        attendees=doc["attendees"],
        claims=tuple(doc.get("claims", ())),
        strike=Strike(**doc["strike"]) if "strike" in doc else None,
        **{name: doc[name] for name in IF_ANY if name in doc} | {"forfeited": tuple(doc.get("forfeited", ()))},
    )


def occupied_of(doc: Doc) -> Occupied:
    """What a booking's document keeps others from."""
    interval = Interval(doc["starts_at"], doc["ends_at"])
    return Occupied(
        resource=doc["resource"],
        interval=interval,
        claims=doc["claims"],
        booking=doc["_id"],
        status=Status(doc["status"]),
        expires_at=doc.get("expires_at"),
        challenged=doc.get("challenged", False),
    )


def site_body(site: Site) -> dict[str, Any]:
    return {
        "name": _text_body(site.name),
        "time_zone": site.time_zone,
        "producer": site.producer,
        "calendars": [{"name": each.name, "closes": each.closes} for each in site.calendars],
        **({"exceptions": [_exception_body(each) for each in site.exceptions.values()]} if site.exceptions else {}),
    }


def site_of(doc: Doc) -> Site:
    """The site a document holds."""
    return Site(
        id=doc["_id"],
        name=Text(**doc["name"]),
        time_zone=doc["time_zone"],
        producer=doc["producer"],
        calendars=tuple(Calendar(**each) for each in doc["calendars"]),
        version=doc["version"],
        exceptions={each.key: each for each in map(_exception, doc.get("exceptions", ()))},
    )


def _exception_body(each: ExceptionalDay) -> dict[str, Any]:
    hours = [{"opens": hour.opens, "closes": hour.closes} for hour in each.hours]
    whose = {} if each.resource is None else {"resource": each.resource}
    return {"date": each.day.isoformat(), **whose, "hours": hours, "reason": _text_body(each.reason)}


def _exception(doc: Doc) -> ExceptionalDay:
    hours = tuple(Opening(WEEKDAYS, each["opens"], each["closes"]) for each in doc["hours"])
    return ExceptionalDay(date.fromisoformat(doc["date"]), hours, Text(**doc["reason"]), doc.get("resource"))


def resource_body(resource: Resource) -> dict[str, Any]:
    hours = resource.opening_hours
    return {
        "resource": resource.id,
        "kind": resource.kind,
        "name": _text_body(resource.name),
        "capacity": resource.capacity,
        "granule_minutes": resource.granule_minutes,
        "buffer_minutes": resource.buffer_minutes,
        "opening_hours": None if hours is None else [_opening_body(each) for each in hours],
        "parts": list(resource.parts),
        "equipment": list(resource.equipment),
        **{rule: getattr(resource, rule) for rule in RULES},
        "boundaries": list(resource.boundaries),
        "check_in": asdict(resource.check_in) if resource.check_in else None,
        "bands": [list(kinds) for kinds in resource.bands],
    }


def resource_of(doc: Doc) -> Resource:
    """The resource a document holds; a rule that came later has its default in older ones."""
    hours = doc["opening_hours"]
    rules: dict[str, Any] = {rule: doc[rule] for rule in RULES if rule in doc}
    check_in = doc.get("check_in")
    bands = tuple(tuple(kinds) for kinds in rules.get("bands", ()))
    return Resource(
        id=doc["resource"],
        site=doc["site"],
        kind=doc["kind"],
        name=Text(**doc["name"]),
        capacity=doc["capacity"],
        granule_minutes=doc["granule_minutes"],
        buffer_minutes=doc["buffer_minutes"],
        opening_hours=None if hours is None else tuple(_opening(each) for each in hours),
        parts=tuple(doc["parts"]),
        equipment=tuple(doc["equipment"]),
        version=doc["version"],
        check_in=Door(**check_in) if check_in else None,
        **rules | {"boundaries": tuple(rules.get("boundaries", ())), "bands": bands},
    )


def _if_any(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _opening(doc: Doc) -> Opening:
    return Opening(tuple(doc["days"]), doc["opens"], doc["closes"])


def _opening_body(opening: Opening) -> dict[str, Any]:
    return {"days": list(opening.days), "opens": opening.opens, "closes": opening.closes}


def _text_body(text: Text) -> dict[str, str | None]:
    return {"ja": text.ja, "en": text.en}
