"""What the events service says happened, and the state others copy."""

from shared.contracts.events.seminar import Mode, RegistrationStatus, SeminarGist
from shared.contracts.message import Event, Id, Instant, State


class SeminarAnnounced(Event, wire="events.seminar_announced.v1"):
    """A seminar is public from now on."""

    seminar: SeminarGist


class SeminarChanged(Event, wire="events.seminar_changed.v1"):
    """Something people were told is different now; `changed` names the fields, `before` what it was."""

    seminar: SeminarGist
    before: SeminarGist
    changed: tuple[str, ...]


class SeminarRevised(Event, wire="events.seminar_revised.v1"):
    """Details nobody was told of are different now (capacity, topics, the stream's address); `changed` names them."""

    seminar: SeminarGist
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
    """Who is registered or waiting for what; `since` is when they came, `seminar_version` the seminar as they knew it
    then, null where an earlier version of the service wrote it. For notify's copy of the audience.
    """

    id: Id
    sequence: int
    erased: bool = False
    seminar: Id | None = None
    member: Id | None = None
    mode: Mode | None = None
    status: RegistrationStatus | None = None
    since: Instant | None = None
    seminar_version: int | None = None
