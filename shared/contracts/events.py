"""What the events service says: seminars and registrations. Commands, queries and site input follow below."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.message import BilingualView, Event, Id, Instant, Model, SiteId, State, View, Zone

Certainty = Literal["tentative", "final"]
Precision = Literal["instant", "day_part", "day", "month", "tba"]
DayPart = Literal["morning", "afternoon", "evening", "night"]
Mode = Literal["onsite", "online"]
RegistrationStatus = Literal["confirmed", "waiting", "cancelled"]


class Announced(Model):
    """What was said for one zone where no clock time is decided: a date, and perhaps a part of the day."""

    zone: Zone
    date: date
    part: DayPart | None = None


class When(Model):
    """A time as far as it is decided. `instant` has starts_at and ends_at; less than that has none."""

    precision: Precision
    zone: Zone
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    announced: tuple[Announced, ...] = ()
    month: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] | None = None
    certainty: Certainty

    def model_post_init(self, _: object) -> None:
        exact = self.precision == "instant"
        if exact is not (self.starts_at is not None) or (self.ends_at is not None and not exact):
            raise ValueError("starts_at and ends_at belong to precision instant, and to no other")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("ends_at is after starts_at")
        if (self.month is not None) is not (self.precision == "month"):
            raise ValueError("month belongs to precision month, and to no other")
        if bool(self.announced) is not (self.precision in ("day", "day_part")):
            raise ValueError("announced belongs to precision day or day_part, and to no other")


class SeminarGist(View):
    """What a notice about a seminar needs."""

    id: Id
    site: SiteId
    title: BilingualView
    title_certainty: Certainty
    when: When
    version: int


class SeminarAnnounced(Event, wire="events.seminar_announced.v1"):
    """A seminar is public from now on."""

    seminar: SeminarGist


class SeminarChanged(Event, wire="events.seminar_changed.v1"):
    """Something people were told is different now; `changed` names the fields, `before` what it was."""

    seminar: SeminarGist
    before: SeminarGist
    changed: tuple[str, ...]


class SeminarCancelled(Event, wire="events.seminar_cancelled.v1"):
    """It will not take place."""

    seminar: SeminarGist
    reason: str | None = None


class _OfRegistration(Event):
    id: Id
    seminar: SeminarGist
    member: Id
    mode: Mode
    version: int


class RegistrationPlaced(_OfRegistration, wire="events.registration_placed.v1"):
    """A member has a seat (`confirmed`) or a place in the queue (`waiting`)."""

    status: RegistrationStatus
    position: int | None = None


class RegistrationPromoted(_OfRegistration, wire="events.registration_promoted.v1"):
    """A freed seat went to the first who waited."""


class RegistrationCancelled(_OfRegistration, wire="events.registration_cancelled.v1"):
    """A member gave up their seat or place in the queue."""


class RegistrationState(State, wire="events.registration.v1"):
    """Who is registered or waiting for what; `since` is when they came. For notify's copy of the audience."""

    id: Id
    sequence: int
    erased: bool = False
    seminar: Id | None = None
    member: Id | None = None
    mode: Mode | None = None
    status: RegistrationStatus | None = None
    since: Instant | None = None
