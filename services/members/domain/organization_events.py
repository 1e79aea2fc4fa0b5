"""What happened to an organization, in the domain's words; `publish.py` says it in the published language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.members.domain.joining import Status, Transition
from services.members.domain.membership import Membership

if TYPE_CHECKING:
    from services.members.domain.organization import Kind, Organization


@dataclass(frozen=True, slots=True)
class OrganizationCreated:
    id: str
    kind: Kind
    status: Status


@dataclass(frozen=True, slots=True)
class OrganizationChanged:
    id: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganizationStepped:
    """A transition was made; `tell` are those who hear of it."""

    organization: Organization
    transition: Transition
    before: Status
    tell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RenewalDue:
    """`period` is its last one and has `days` left; `tell` are those who hear of it."""

    organization: Organization
    period: Membership
    days: int
    tell: tuple[str, ...]


OrganizationEvent = OrganizationCreated | OrganizationChanged | OrganizationStepped | RenewalDue
