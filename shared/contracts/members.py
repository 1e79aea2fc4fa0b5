"""What the members service says: organizations, people, their contacts. Commands and queries follow below."""

from datetime import date
from typing import Annotated, Literal

from shared.contracts.message import BilingualView, Id, Language, SiteId, State, View, Zone, personal

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
Role = Literal["member", "organization_admin", "site_staff", "operator"]


class MembershipView(View):
    """First and last day of validity, both included; days of the organization's home zone."""

    starts_on: date
    ends_on: date


class OrganizationState(State, wire="members.organization.v1"):
    """An organization as others need it to judge rights: no personal data."""

    id: Id
    sequence: int
    erased: bool = False
    name: BilingualView | None = None
    kind: OrganizationKind | None = None
    status: OrganizationStatus | None = None
    home_zone: Zone | None = None
    membership: MembershipView | None = None


class MemberState(State, wire="members.member.v1"):
    """Who belongs where, with which roles: no personal data. `organizations` names every one they may act for."""

    id: Id
    sequence: int
    erased: bool = False
    organizations: tuple[Id, ...] = ()
    roles: frozenset[Role] = frozenset()
    site: SiteId | None = None
    active: bool = True


class NameView(View):
    """A person's name as written: native, kana, Latin; never normalized."""

    family: str
    given: str
    family_kana: str | None = None
    given_kana: str | None = None
    latin: str | None = None


class ContactState(State, wire="members.contact.v1"):
    """How to reach a person: personal data, for notify's copy only."""

    id: Id
    sequence: int
    erased: bool = False
    email: Annotated[str | None, personal()] = None
    name: Annotated[NameView | None, personal()] = None
    language: Language = "en"
    time_zone: Zone = "UTC"
