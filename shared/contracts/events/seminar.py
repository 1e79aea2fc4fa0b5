"""Words of seminars that every message here shares: how certain, when, where, how many."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.message import BilingualView, Day, Id, Instant, Language, Line, Model, SiteId, Text, View, Zone

Format = Literal["seminar", "networking", "pitch", "workshop", "webcast"]
Region = Literal["nyc", "boston", "us-east", "us-west", "japan", "global"]
SeminarStatus = Literal["draft", "announced", "cancelled"]
Certainty = Literal["tentative", "final"]
Precision = Literal["instant", "day_part", "day", "month", "tba"]
DayPart = Literal["morning", "afternoon", "evening", "night"]
Mode = Literal["onsite", "online"]
RegistrationStatus = Literal["confirmed", "waiting", "cancelled"]


class Announced(Model):
    """What was said for one zone where no clock time is decided: a date, and perhaps a part of the day."""

    zone: Zone
    date: Day
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


class Venue(Model):
    """Where people meet; `resource` is a bookable room of the site."""

    name: Text | None = None
    address: Text | None = None
    resource: Id | None = None

    def model_post_init(self, _: object) -> None:
        if self.name is None and self.address is None and self.resource is None:
            raise ValueError("a venue has a name, an address or a resource")


class OnsiteSeats(Model):
    capacity: Annotated[int, Field(ge=1, le=10_000)]


class OnlineSeats(Model):
    """Without a capacity everyone gets in."""

    capacity: Annotated[int, Field(ge=1, le=10_000)] | None = None


class Modes(Model):
    """How one can attend; a mode that is absent takes no registrations."""

    onsite: OnsiteSeats | None = None
    online: OnlineSeats | None = None


class Speaker(Model):
    """Named in public by whoever announces the seminar."""

    name: Text
    title: Text | None = None
    organization: Text | None = None


class SeminarContent(View):
    """What whoever announces a seminar says about it."""

    format: Format = "seminar"
    title: Text
    title_certainty: Certainty
    when: When
    venue: Venue | None = None
    modes: Modes = Modes()
    languages: tuple[Language, ...] = ()
    regions: tuple[Region, ...] = ()
    topics: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    speakers: Annotated[tuple[Speaker, ...], Field(max_length=50)] = ()
    stream_url: Annotated[str, Field(pattern=r"^https://[^\s<>\"]{1,2000}$")] | None = None


class SeminarGist(View):
    """What a notice about a seminar needs."""

    id: Id
    site: SiteId
    title: BilingualView
    title_certainty: Certainty
    when: When
    version: int
