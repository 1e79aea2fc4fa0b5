"""An organization: its kind, where it stands in the joining process, its membership."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from shared.kernel.decision import Decision
from shared.kernel.text import Text


class Kind(StrEnum):
    LINKJ_STAFF = "linkj_staff"
    YOKOHAMA_COMPANY = "yokohama_company"
    SPECIAL_MEMBER_A = "special_member_a"
    SPECIAL_MEMBER_B = "special_member_b"
    SPECIAL_MEMBER_C = "special_member_c"
    CITY_STAFF = "city_staff"
    PARTNER = "partner"
    GUEST = "guest"


class Status(StrEnum):
    APPLIED = "applied"
    ORIENTED = "oriented"
    INVOICED = "invoiced"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    LEFT = "left"


_MADE_ACTIVE_BY_A_MEMBERSHIP = {Status.APPLIED, Status.ORIENTED, Status.INVOICED, Status.EXPIRED}


@dataclass(frozen=True, slots=True)
class Membership:
    """First and last day of validity, both included, days of the organization's home zone."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class OrganizationCreated:
    id: str
    kind: Kind
    status: Status


@dataclass(frozen=True, slots=True)
class OrganizationChanged:
    id: str
    changed: tuple[str, ...]


OrganizationEvent = OrganizationCreated | OrganizationChanged


@dataclass(frozen=True, slots=True)
class OrganizationChange:
    """None leaves a field as it is."""

    name: Text | None = None
    kind: Kind | None = None
    membership: Membership | None = None
    home_zone: str | None = None

    @property
    def of_name_only(self) -> bool:
        return self.kind is None and self.membership is None and self.home_zone is None


@dataclass(frozen=True, slots=True)
class Organization:
    """`home_zone` is the IANA zone whose days its membership counts."""

    id: str
    name: Text
    kind: Kind
    status: Status
    home_zone: str
    membership: Membership | None

    @classmethod
    def create(
        cls, org_id: str, name: Text, kind: Kind, home_zone: str, membership: Membership | None
    ) -> Decision[Organization, OrganizationEvent]:
        """With a membership it is active at once, for that period; without, it has applied."""
        status = Status.APPLIED if membership is None else Status.ACTIVE
        made = cls(org_id, name, kind, status, home_zone, membership)
        return Decision(made, [OrganizationCreated(org_id, kind, status)])

    def revise(self, change: OrganizationChange) -> Decision[Organization, OrganizationEvent]:
        """A membership makes an applicant, or one whose membership expired, active."""
        renewed = change.membership is not None and self.status in _MADE_ACTIVE_BY_A_MEMBERSHIP
        revised = replace(
            self,
            name=change.name or self.name,
            kind=change.kind or self.kind,
            membership=change.membership or self.membership,
            home_zone=change.home_zone or self.home_zone,
            status=Status.ACTIVE if renewed else self.status,
        )
        fields = ("name", "kind", "status", "membership", "home_zone")
        changed = tuple(f for f in fields if getattr(self, f) != getattr(revised, f))
        return Decision(revised, [OrganizationChanged(self.id, changed)] if changed else [])
