"""What the events service is asked, and how it answers."""

import datetime as dt
from typing import Annotated, Any

from pydantic import Field

from shared.contracts.events.seminar import (
    Announced,
    Certainty,
    DayPart,
    Format,
    Mode,
    OnlineSeats,
    OnsiteSeats,
    Precision,
    Region,
    RegistrationStatus,
    SeminarStatus,
)
from shared.contracts.events.site import IngestedView, QuarantinedView, QuarantineList
from shared.contracts.message import BilingualView, Command, Id, Language, Query, SiteId, View, Why, Zone

Limit = Annotated[int, Field(ge=1, le=100)]


class LocalSpan(View):
    """A span on one zone's clocks: date of the start, `HH:MM`; `end` null where no end is decided."""

    time_zone: Zone
    date: dt.date
    start: str
    end: str | None = None


class ShownIn(View):
    """What is honestly known in one zone. Times only of precision `instant`; a date only where one was announced
    for this zone (or is an instant's); never computed from another zone's date.
    """

    zone: Zone
    starts_at: str | None = None
    ends_at: str | None = None
    local: LocalSpan | None = None
    date: dt.date | None = None
    part: DayPart | None = None
    month: str | None = None
    text: BilingualView


class WhenView(View):
    """A time as far as it is decided; instants carry the site's offset."""

    precision: Precision
    zone: Zone
    starts_at: str | None = None
    ends_at: str | None = None
    announced: tuple[Announced, ...] = ()
    month: str | None = None
    certainty: Certainty


class VenueView(View):
    name: BilingualView | None = None
    address: BilingualView | None = None
    resource: Id | None = None


class SpeakerView(View):
    name: BilingualView
    title: BilingualView | None = None
    organization: BilingualView | None = None


class ModesView(View):
    onsite: OnsiteSeats | None = None
    online: OnlineSeats | None = None


class SeminarView(View):
    """A seminar as people see it. `shown` holds the site's zone, New York, Tokyo, then the zones asked for.

    `over_capacity` names the modes whose capacity a site lowered below those confirmed (nobody is thrown out).
    """

    id: Id
    site: SiteId
    external_id: str | None = None
    status: SeminarStatus
    format: Format
    title: BilingualView
    title_certainty: Certainty
    when: WhenView
    shown: tuple[ShownIn, ...]
    venue: VenueView | None = None
    modes: ModesView
    languages: tuple[Language, ...] = ()
    regions: tuple[Region, ...] = ()
    topics: tuple[str, ...] = ()
    speakers: tuple[SpeakerView, ...] = ()
    reason: str | None = None
    over_capacity: tuple[Mode, ...] = ()
    version: int


class SeminarList(View):
    items: tuple[SeminarView, ...]
    next: str | None = None


class RegistrationView(View):
    """A member's seat or place in the queue; `position` counts from 1 and is there only while waiting."""

    id: Id
    seminar: Id
    site: SiteId
    mode: Mode
    status: RegistrationStatus
    position: int | None = None
    since: str
    version: int


class GetSeminar(Query, wire="qry.events.seminar.v1", reply=SeminarView):
    id: Id
    zones: Annotated[tuple[Zone, ...], Field(max_length=4)] = ()


class ListSeminars(Query, wire="qry.events.seminars.v1", reply=SeminarList):
    """Announced and cancelled ones, newest first; `after` is the `next` of the page before."""

    site: SiteId | None = None
    zones: Annotated[tuple[Zone, ...], Field(max_length=4)] = ()
    limit: Limit = 50
    after: Annotated[str, Field(max_length=200)] | None = None


class ListQuarantine(Query, wire="qry.events.quarantine.v1", reply=QuarantineList):
    """What the site sent that could not be used, newest first; for the site itself, its staff and operators."""

    site: SiteId
    limit: Limit = 50
    after: Annotated[str, Field(max_length=200)] | None = None


class Ingest(Command, wire="cmd.events.ingest.v1", reply=IngestedView):
    """CloudEvents of a site by the HTTP door: raw JSON values. Refused as a whole if one envelope is malformed."""

    site: SiteId
    events: Annotated[tuple[Any, ...], Field(min_length=1, max_length=500)]


class ReplayQuarantined(Command, wire="cmd.events.replay_quarantined.v1", reply=QuarantinedView):
    """Put it through the whole pipeline again; the answer keeps what became of it, and who asked for it and why."""

    site: SiteId
    id: Id
    reason: Why = None


class DiscardQuarantined(Command, wire="cmd.events.discard_quarantined.v1", reply=QuarantinedView):
    """Lay it aside for good; the answer keeps who did and why."""

    site: SiteId
    id: Id
    reason: Why = None


class Register(Command, wire="cmd.events.register.v1", reply=RegistrationView):
    """The principal takes a seat, or waits for one. Again → 200, the same one."""

    seminar: Id
    mode: Mode
    reason: Why = None


class CancelRegistration(Command, wire="cmd.events.cancel_registration.v1", reply=RegistrationView):
    """The principal gives up their own seat or place in the queue of this seminar."""

    seminar: Id
    reason: Why = None


class GetRegistration(Query, wire="qry.events.registration.v1", reply=RegistrationView):
    """The principal's own registration for this seminar."""

    seminar: Id
