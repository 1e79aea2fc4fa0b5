"""What time alone brings about: reminders, the end of a membership, the end of a grace."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.members.domain.deadlines import SUSPENSION_KEEPS_BOOKINGS, due, renewal_pending, tick
from services.members.domain.joining import Occasion, Status, Transition
from services.members.domain.membership import Membership, current, rest_of_fiscal_year, runs
from services.members.domain.organization import Kind, Organization
from services.members.domain.organization_events import (
    OrganizationChanged,
    OrganizationEvent,
    OrganizationStepped,
    RenewalDue,
)
from shared.kernel.text import Text

YEAR, NEXT = Membership(date(2026, 4, 1), date(2027, 3, 31)), Membership(date(2027, 4, 1), date(2028, 3, 31))
NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
END = datetime(2027, 3, 31, 15, 0, tzinfo=UTC)
"""The midnight in Tokyo that ends 31 March."""


def organization(zone: str = "Asia/Tokyo", *periods: Membership) -> Organization:
    made = Organization.create("o1", Text(en="Bio"), Kind.PARTNER, zone, YEAR, on(NOON)).state
    return replace(made, periods=periods or (YEAR,))


def on(at: datetime) -> Occasion:
    return Occasion(at, "members", tell=("aiko",))


def test_admins_are_told_sixty_and_thirty_days_before_the_end_and_then_it_has_expired() -> None:
    org, told = organization(), list[OrganizationEvent]()
    for _ in range(2):
        at = due(org)
        assert at is not None
        assert tick(org, on(at - timedelta(milliseconds=1))).state == org
        decision = tick(org, on(at))
        org = decision.state
        told += decision.events
        assert tick(org, on(at)).events == (), "told once"
    assert [(each.period, each.days, each.tell) for each in told if isinstance(each, RenewalDue)] == [
        (YEAR, 60, ("aiko",)),
        (YEAR, 30, ("aiko",)),
    ]
    assert due(org) == END
    over = tick(org, on(END))
    assert over.state.status is Status.EXPIRED
    assert over.events == [
        OrganizationChanged("o1", ("status",)),
        OrganizationStepped(over.state, Transition.EXPIRE, Status.ACTIVE, ("aiko",)),
    ]
    assert due(over.state) is None


def test_its_days_end_where_it_is_at_home() -> None:
    assert due(replace(organization("America/New_York"), reminded=(YEAR.ends_on, 30))) == END + timedelta(hours=13)


def test_a_timer_that_is_late_tells_once_and_how_many_days_are_left() -> None:
    late = tick(organization(), on(END - timedelta(days=10)))
    assert [(each.days, due(late.state)) for each in late.events if isinstance(each, RenewalDue)] == [(10, END)]
    much_too_late = tick(organization(), on(END + timedelta(days=10)))
    assert much_too_late.state.status is Status.EXPIRED


def test_who_is_renewed_is_reminded_of_the_new_end_and_does_not_expire_at_the_old_one() -> None:
    reminded = tick(organization(), on(END - timedelta(days=59))).state
    renewed = reminded.renew(None, on(END - timedelta(days=50))).state
    assert due(renewed) == datetime(2028, 1, 31, 15, 0, tzinfo=UTC)
    assert tick(renewed, on(END)).events == ()


def test_the_bookings_of_the_suspended_wait_two_weeks_and_no_longer() -> None:
    suspended = organization().step(Transition.SUSPEND, on(NOON)).state
    assert suspended.keeps_bookings
    assert due(suspended) == NOON + SUSPENSION_KEEPS_BOOKINGS
    over = tick(suspended, on(NOON + SUSPENSION_KEEPS_BOOKINGS))
    assert over.events == [OrganizationChanged("o1", ("keeps_bookings",))]
    assert (over.state.keeps_bookings, due(over.state)) == (False, None)
    assert not over.state.renew(None, on(NOON + timedelta(days=20))).state.keeps_bookings
    assert over.state.step(Transition.RESUME, on(NOON + timedelta(days=30))).state.keeps_bookings


def test_who_is_no_member_waits_for_nothing() -> None:
    applied = Organization.create("o1", Text(en="Bio"), Kind.PARTNER, "Asia/Tokyo", None, on(NOON)).state
    left = organization().step(Transition.LEAVE, on(NOON)).state
    for org in (applied, left):
        assert due(org) is None
        assert tick(org, on(END)).events == ()


@pytest.mark.parametrize(
    ("at", "pending"),
    [
        (END - timedelta(days=60, milliseconds=1), False),
        (END - timedelta(days=60), True),
        (END - timedelta(milliseconds=1), True),
        (END, False),
    ],
)
def test_a_renewal_is_pending_in_the_last_sixty_days(at: datetime, pending: bool) -> None:
    assert renewal_pending(organization(), at) is pending
    assert not renewal_pending(organization("Asia/Tokyo", YEAR, NEXT), at)


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 3, 31), date(2026, 3, 31)),
        (date(2026, 4, 1), date(2027, 3, 31)),
        (date(2026, 12, 31), date(2027, 3, 31)),
        (date(2028, 2, 29), date(2028, 3, 31)),
    ],
)
def test_the_fiscal_year_ends_on_31_march(day: date, end: date) -> None:
    assert rest_of_fiscal_year(day) == Membership(day, end)


def test_the_period_shown_is_the_one_of_today_else_the_next_else_the_last() -> None:
    gap = Membership(date(2029, 4, 1), date(2030, 3, 31))
    periods = (YEAR, NEXT, gap)
    for day, shown in (
        (date(2026, 1, 1), YEAR),
        (date(2027, 3, 31), YEAR),
        (date(2027, 4, 1), NEXT),
        (date(2028, 12, 1), gap),
        (date(2031, 1, 1), gap),
    ):
        assert current(periods, day) == shown
    assert current((), date(2026, 1, 1)) is None
    assert runs(periods) == [Membership(YEAR.starts_on, NEXT.ends_on), gap]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=12))
def test_however_late_its_timers_run_each_reminder_is_told_once_at_most_and_the_end_comes(hours: list[int]) -> None:
    org, at, told = organization(), NOON, 0
    for each in [*(h * 24 for h in hours), 24 * 400]:
        at += timedelta(hours=each)
        decision = tick(org, on(at))
        org, told = decision.state, told + sum(isinstance(e, RenewalDue) for e in decision.events)
        assert tick(org, on(at)).events == ()
        following = due(org)
        assert following is None or following > at
    assert told <= 2
    assert org.status is Status.EXPIRED
