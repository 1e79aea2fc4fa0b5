"""What members announces: how organizations, people and their contacts are, and what happened to them."""

from datetime import date
from typing import Annotated, Literal

from shared.contracts.message import BilingualView, Event, Id, Instant, Language, SiteId, State, View, Zone, personal
from shared.kernel.names import Name

OrganizationKind = Literal[
    "linkj_staff",
    "yokohama_company",
    "special_member_a",
    "special_member_b",
    "special_member_c",
    "city_staff",
    "partner",
    "guest",
]
OrganizationStatus = Literal["applied", "oriented", "invoiced", "active", "suspended", "expired", "left"]
OrganizationTransition = Literal[
    "apply", "orient", "invoice", "activate", "suspend", "resume", "renew", "expire", "leave"
]
BookingForOthers = Literal["colleagues", "assistants"]
Role = Literal["member", "organization_admin", "site_staff", "operator"]


class MembershipView(View):
    """First and last day of validity, both included; days of the organization's home zone."""

    starts_on: date
    ends_on: date


class OnLeaveView(View):
    """What becomes of the coming bookings of a person who leaves: handed over to `to`, without one to an admin of the
    organization; or cancelled. Cancelled too where nobody can take them over.
    """

    bookings: Literal["hand_over", "cancel"] = "hand_over"
    to: Id | None = None


class OrganizationState(State, wire="members.organization.v1"):
    """An organization as others need it to judge rights: no personal data.

    `periods` are all it has, in order; `membership` is the last of them, with those before it that it follows without a
    gap. `keeps_bookings` false: it was suspended for so long that its bookings are to be cancelled.
    `booking_for_others`: who may book for somebody else, beside its admins.
    """

    id: Id
    sequence: int
    erased: bool = False
    name: BilingualView | None = None
    kind: OrganizationKind | None = None
    status: OrganizationStatus | None = None
    home_zone: Zone | None = None
    membership: MembershipView | None = None
    periods: tuple[MembershipView, ...] = ()
    keeps_bookings: bool = True
    booking_for_others: BookingForOthers = "colleagues"
    on_leave: OnLeaveView = OnLeaveView()


class MemberState(State, wire="members.member.v1"):
    """Who belongs where, with which roles: no personal data. `organizations` names every one they may act for, the home
    organization first; `assistants` are the members who may act for them. `time_zone` is the clock they live by, null
    where it is not told: then it is their organization's.
    """

    id: Id
    sequence: int
    erased: bool = False
    organizations: tuple[Id, ...] = ()
    roles: frozenset[Role] = frozenset()
    site: SiteId | None = None
    active: bool = True
    assistants: tuple[Id, ...] = ()
    time_zone: Zone | None = None


class NameView(View):
    """A person's name as written: native, kana, Latin; never normalized."""

    family: str
    given: str
    family_kana: str | None = None
    given_kana: str | None = None
    latin: str | None = None

    def kernel(self) -> Name:
        """The domains' value."""
        return Name(self.family, self.given, self.family_kana, self.given_kana, self.latin)


class ContactState(State, wire="members.contact.v1"):
    """How to reach a person: personal data, for notify's copy; booking keeps the name of it, for who is there."""

    id: Id
    sequence: int
    erased: bool = False
    email: Annotated[str | None, personal()] = None
    name: Annotated[NameView | None, personal()] = None
    language: Language = "en"
    time_zone: Zone = "UTC"


class OrganizationCreated(Event, wire="members.organization_created.v1"):
    """An organization is known from now on; what it is like is in its state."""

    id: Id
    kind: OrganizationKind
    status: OrganizationStatus
    version: int


class OrganizationChanged(Event, wire="members.organization_changed.v1"):
    """`changed` names the fields that differ now; the values are in its state."""

    id: Id
    changed: tuple[str, ...]
    version: int


class OrganizationStatusChanged(Event, wire="members.organization_status_changed.v1"):
    """A step of an organization's way: `before` led to `status`. `membership` is the last period; `tell` its admins."""

    id: Id
    name: BilingualView
    transition: OrganizationTransition
    before: OrganizationStatus
    status: OrganizationStatus
    membership: MembershipView | None = None
    tell: tuple[Id, ...] = ()
    version: int


class RenewalDue(Event, wire="members.renewal_due.v1"):
    """The last period of an active organization has `days` left, the present one counted; `tell` are its admins."""

    id: Id
    name: BilingualView
    membership: MembershipView
    days: int
    tell: tuple[Id, ...] = ()
    version: int


class MemberCreated(Event, wire="members.member_created.v1"):
    """A person is known from now on. No personal data: that is in the contact state."""

    id: Id
    organization: Id
    version: int


class MemberChanged(Event, wire="members.member_changed.v1"):
    """`changed` names the fields that differ now, never their values."""

    id: Id
    changed: tuple[str, ...]
    version: int


class ApiKeyCreated(Event, wire="members.api_key_created.v1"):
    """A program or site may act from now on."""

    id: Id
    version: int


class ApiKeyRevoked(Event, wire="members.api_key_revoked.v1"):
    """A program or site may no longer act."""

    id: Id
    version: int


class SessionReused(Event, wire="members.session_reused.v1"):
    """A refresh token used before was used again: somebody has a copy. The session ended; its member is told."""

    id: Id
    member: Id
    at: Instant
    version: int
