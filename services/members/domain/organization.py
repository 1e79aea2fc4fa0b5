"""An organization: its kind, where it stands in the joining process and since when, its periods of membership."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.members.domain import membership as periods_of
from services.members.domain.customs import USUAL, BookingForOthers, Customs, OnLeave
from services.members.domain.joining import RULES, Occasion, Status, Step, Transition, check_possible
from services.members.domain.membership import Membership, Periods
from services.members.domain.organization_events import (
    OrganizationChanged,
    OrganizationCreated,
    OrganizationEvent,
    OrganizationStepped,
)
from services.members.domain.reserved import NameReserved, organization_looks_official
from shared.kernel.decision import Decision
from shared.kernel.text import Text
from shared.kernel.time import zone_of

MOST_STEPS = 100
"""Kept with the organization; its history holds all."""
_APPLICANTS = frozenset({Status.APPLIED, Status.ORIENTED, Status.INVOICED})


class Kind(StrEnum):
    LINKJ_STAFF = "linkj_staff"
    YOKOHAMA_COMPANY = "yokohama_company"
    SPECIAL_MEMBER_A = "special_member_a"
    SPECIAL_MEMBER_B = "special_member_b"
    SPECIAL_MEMBER_C = "special_member_c"
    CITY_STAFF = "city_staff"
    PARTNER = "partner"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class OrganizationChange:
    """None leaves a field as it is."""

    name: Text | None = None
    kind: Kind | None = None
    membership: Membership | None = None
    home_zone: str | None = None
    booking_for_others: BookingForOthers | None = None
    on_leave: OnLeave | None = None

    @property
    def for_its_admins(self) -> bool:
        """Whether it touches only what an organization decides itself."""
        return self.kind is None and self.membership is None and self.home_zone is None


@dataclass(frozen=True, slots=True)
class Organization:
    """`home_zone` is the IANA zone whose days its `periods` count, which are in order and apart from each other.

    `reminded` is the end that its admins were told of, and with how many days to go. `grace_over` says of a suspended
    organization that its bookings have waited long enough.
    """

    id: str
    name: Text
    kind: Kind
    status: Status
    home_zone: str
    periods: Periods = ()
    steps: Sequence[Step] = ()
    reminded: tuple[date, int] | None = None
    grace_over: bool = False
    customs: Customs = USUAL

    @classmethod
    def create(
        cls, org_id: str, name: Text, kind: Kind, home_zone: str, membership: Membership | None, on: Occasion
    ) -> Decision[Organization, OrganizationEvent]:
        """With a membership it is active at once, for that period; without, it has applied. Raises NameReserved."""
        applied = cls(org_id, name, kind, Status.APPLIED, home_zone)
        _check_name(applied)
        if membership is None:
            made = replace(applied, steps=(Step(Transition.APPLY, Status.APPLIED, on.at, on.by, on.reason),))
        else:
            made = _led(applied, Transition.ACTIVATE, Status.ACTIVE, on, (membership,))
        return Decision(made, [OrganizationCreated(org_id, kind, made.status)])

    def revise(self, change: OrganizationChange, on: Occasion) -> Decision[Organization, OrganizationEvent]:
        """A membership holds from now on instead of any other; an applicant, or who has expired, is active by it.

        Raises NameReserved for a new name.
        """
        revised = replace(
            self,
            name=change.name or self.name,
            kind=change.kind or self.kind,
            home_zone=change.home_zone or self.home_zone,
            customs=Customs(
                change.booking_for_others or self.customs.booking_for_others, change.on_leave or self.customs.on_leave
            ),
        )
        if revised.name != self.name:
            _check_name(revised)
        today = revised.day(on.at)
        known = self.status not in _APPLICANTS and change.membership == periods_of.current(self.periods, today)
        if change.membership is None or known:
            return self._decided(revised)
        periods = periods_of.set_anew(self.periods, change.membership, today)
        if self.status in _APPLICANTS:
            return self._decided(_led(revised, Transition.ACTIVATE, Status.ACTIVE, on, periods), on)
        if self.status is Status.EXPIRED:
            return self._decided(_led(revised, Transition.RENEW, Status.ACTIVE, on, periods), on)
        return self._decided(replace(revised, periods=periods))

    def step(self, transition: Transition, on: Occasion) -> Decision[Organization, OrganizationEvent]:
        """Apply, orient, invoice, suspend, resume or leave; made already: no change. Raises what names it."""
        resuming, rule = transition is Transition.RESUME, RULES[transition]
        if self._made_last(transition) or (self.status is rule.leads_to and not resuming):
            return Decision(self)
        check_possible(transition, self.status)
        led = Status.EXPIRED if resuming and self.is_over(on.at) else rule.leads_to or self.status
        return self._decided(_led(self, transition, led, on, self.periods), on)

    def activate(self, wanted: Membership | None, on: Occasion) -> Decision[Organization, OrganizationEvent]:
        """A member from now on: for `wanted`, or from today to the end of the fiscal year. Raises NotActivatable."""
        today = self.day(on.at)
        if self.status is Status.ACTIVE and wanted in (None, *self.periods):
            return Decision(self)
        check_possible(Transition.ACTIVATE, self.status)
        periods = periods_of.set_anew(self.periods, wanted or periods_of.rest_of_fiscal_year(today), today)
        return self._decided(_led(self, Transition.ACTIVATE, Status.ACTIVE, on, periods), on)

    def renew(self, wanted: Membership | None, on: Occasion) -> Decision[Organization, OrganizationEvent]:
        """One period more: `wanted`, or the next fiscal year, which is added once. Raises NotRenewable, PeriodsOverlap.

        Who was suspended stays so.
        """
        today = self.day(on.at)
        check_possible(Transition.RENEW, self.status)
        renewed_before = bool(self.periods) and self.periods[-1].starts_on > today
        if wanted in self.periods or (wanted is None and renewed_before):
            return Decision(self)
        periods = periods_of.with_period(self.periods, wanted or periods_of.following(self.periods, today))
        back = self.status is Status.EXPIRED and periods[-1].ends_on >= today
        return self._decided(_led(self, Transition.RENEW, Status.ACTIVE if back else self.status, on, periods), on)

    @property
    def keeps_bookings(self) -> bool:
        """Whether those it has may wait, although it may make no new ones."""
        return not (self.status is Status.SUSPENDED and self.grace_over)

    def day(self, at: datetime) -> date:
        """The date at its home."""
        return at.astimezone(zone_of(self.home_zone)).date()

    def is_over(self, at: datetime) -> bool:
        """Whether the last day of its last period has passed."""
        return not self.periods or self.periods[-1].end(self.home_zone) <= at

    def expire(self, on: Occasion) -> Decision[Organization, OrganizationEvent]:
        """Its membership has ended; for whom it has not, or who is no member, no change."""
        if self.status not in RULES[Transition.EXPIRE].possible_from or not self.is_over(on.at):
            return Decision(self)
        return self._decided(_led(self, Transition.EXPIRE, Status.EXPIRED, on, self.periods), on)

    def _made_last(self, transition: Transition) -> bool:
        return bool(self.steps) and self.steps[-1].transition is transition

    def _decided(self, after: Organization, on: Occasion | None = None) -> Decision[Organization, OrganizationEvent]:
        """With what differs; and, where a step was made, the step for those who are to hear of it."""
        named = {"periods": "membership"}
        fields = ("name", "kind", "status", "periods", "home_zone", "customs")
        changed = tuple(named.get(f, f) for f in fields if getattr(self, f) != getattr(after, f))
        events: list[OrganizationEvent] = [OrganizationChanged(self.id, changed)] if changed else []
        if on is not None:
            events.append(OrganizationStepped(after, after.steps[-1].transition, self.status, tuple(on.tell)))
        return Decision(after, events)


def _led(org: Organization, transition: Transition, to: Status, on: Occasion, periods: Periods) -> Organization:
    made, kept = Step(transition, to, on.at, on.by, on.reason), org.grace_over and to is org.status
    return replace(org, status=to, periods=periods, steps=(*org.steps, made)[-MOST_STEPS:], grace_over=kept)


def _check_name(organization: Organization) -> None:
    """Only LINK-J's own are named as LINK-J, or as an office of it."""
    if organization.kind is not Kind.LINKJ_STAFF and organization_looks_official(organization.name):
        raise NameReserved
