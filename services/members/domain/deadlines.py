"""What time alone brings about for an organization: its admins reminded, its membership over, a grace run out."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.members.domain.joining import Occasion, Status, Transition
from services.members.domain.membership import REMINDED_DAYS, days_left, reminders
from services.members.domain.organization import Organization
from services.members.domain.organization_events import OrganizationChanged, OrganizationEvent, RenewalDue
from shared.kernel.decision import Decision

SUSPENSION_KEEPS_BOOKINGS = timedelta(days=14)
"""How long the bookings of a suspended organization wait for it to be resumed."""


def due(organization: Organization) -> datetime | None:
    """When time next brings something about; None while nothing is to be waited for."""
    if organization.status is Status.SUSPENDED and not organization.grace_over:
        suspended = [each.at for each in organization.steps if each.transition is Transition.SUSPEND]
        return suspended[-1] + SUSPENSION_KEEPS_BOOKINGS if suspended else None
    if organization.status is not Status.ACTIVE or not organization.periods:
        return None
    untold = _untold(organization)
    return untold[0][0] if untold else organization.periods[-1].end(organization.home_zone)


def tick(organization: Organization, on: Occasion) -> Decision[Organization, OrganizationEvent]:
    """What is due at `on.at`, if anything is; late is no different from in time, and several reminders are one."""
    at = due(organization)
    if at is None or on.at < at:
        return Decision(organization)
    if organization.status is Status.SUSPENDED:
        over = replace(organization, grace_over=True)
        return Decision(over, [OrganizationChanged(organization.id, ("keeps_bookings",))])
    if organization.is_over(on.at):
        return organization.expire(on)
    last = organization.periods[-1]
    told = min(days for at, days in _untold(organization) if at <= on.at)
    left = days_left(last, organization.day(on.at))
    reminded = replace(organization, reminded=(last.ends_on, told))
    return Decision(reminded, [RenewalDue(organization, last, left, tuple(on.tell))])


def renewal_pending(organization: Organization, at: datetime) -> bool:
    """Whether it is active, and its last period about to end."""
    if organization.status is not Status.ACTIVE or not organization.periods:
        return False
    return 0 < days_left(organization.periods[-1], organization.day(at)) <= max(REMINDED_DAYS)


def _untold(organization: Organization) -> list[tuple[datetime, int]]:
    """The reminders still to come of the last period's end; the earliest first."""
    last, told = organization.periods[-1], None
    if organization.reminded is not None and organization.reminded[0] == last.ends_on:
        told = organization.reminded[1]
    return [each for each in reminders(last, organization.home_zone) if told is None or each[1] < told]
