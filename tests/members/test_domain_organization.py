"""Organizations, told by their history."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.members.domain.joining import (
    RULES,
    NotActivatable,
    NotApplicable,
    NotInvoiceable,
    NotOrientable,
    NotRenewable,
    NotResumable,
    NotSuspendable,
    Occasion,
    Status,
    Step,
    Transition,
)
from services.members.domain.membership import Membership, PeriodsOverlap
from services.members.domain.organization import Kind, Organization, OrganizationChange
from services.members.domain.organization_events import (
    OrganizationChanged,
    OrganizationCreated,
    OrganizationEvent,
    OrganizationStepped,
)
from shared.kernel.decision import Decision
from shared.kernel.refusal import Refusal
from shared.kernel.text import Text

YEAR, NEXT = Membership(date(2026, 4, 1), date(2027, 3, 31)), Membership(date(2027, 4, 1), date(2028, 3, 31))
REST = Membership(date(2026, 12, 2), date(2027, 3, 31))
"""From the day it is in Tokyo at NOON to the end of its fiscal year."""
NAME = Text(ja="横浜バイオ")
NOON = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
ON = Occasion(NOON, "stan", tell=("aiko",))


def applied() -> Organization:
    return Organization.create("o1", NAME, Kind.SPECIAL_MEMBER_A, "Asia/Tokyo", None, ON).state


def active(*more: Membership) -> Organization:
    made = Organization.create("o1", NAME, Kind.SPECIAL_MEMBER_A, "Asia/Tokyo", YEAR, ON).state
    return replace(made, periods=(YEAR, *more))


def standing(status: Status) -> Organization:
    """One that stands there by the shortest way."""
    ways: dict[Status, tuple[Transition, ...]] = {
        Status.APPLIED: (),
        Status.ORIENTED: (Transition.ORIENT,),
        Status.INVOICED: (Transition.ORIENT, Transition.INVOICE),
    }
    org = applied() if status in ways else active()
    for transition in ways.get(status, ()):
        org = org.step(transition, ON).state
    if status in (Status.SUSPENDED, Status.LEFT):
        org = org.step(Transition.SUSPEND if status is Status.SUSPENDED else Transition.LEAVE, ON).state
    if status is Status.EXPIRED:
        org = org.expire(at(date(2027, 4, 1))).state
    assert org.status is status
    return org


def at(day: date) -> Occasion:
    """The first hour of that day in Tokyo."""
    return Occasion(datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=8, minutes=30), "stan")


def made(decision: Decision[Organization, OrganizationEvent]) -> list[tuple[Transition, Status]]:
    return [
        (each.transition, each.organization.status) for each in decision.events if isinstance(each, OrganizationStepped)
    ]


def test_without_a_membership_it_has_applied() -> None:
    made = Organization.create("o1", NAME, Kind.SPECIAL_MEMBER_A, "Asia/Tokyo", None, ON)
    assert made.events == [OrganizationCreated("o1", Kind.SPECIAL_MEMBER_A, Status.APPLIED)]
    assert made.state.steps == (Step(Transition.APPLY, Status.APPLIED, NOON, "stan"),)


def test_with_a_membership_it_is_active_at_once() -> None:
    made = Organization.create("o1", NAME, Kind.YOKOHAMA_COMPANY, "America/New_York", YEAR, ON)
    assert made.events == [OrganizationCreated("o1", Kind.YOKOHAMA_COMPANY, Status.ACTIVE)]
    assert (made.state.periods, made.state.home_zone) == ((YEAR,), "America/New_York")


def test_it_joins_step_by_step_and_each_step_keeps_when_by_whom_and_why() -> None:
    org = applied()
    for transition, by in ((Transition.ORIENT, "stan"), (Transition.INVOICE, "sumi")):
        org = org.step(transition, Occasion(NOON, by, "書類受領")).state
    joined = org.activate(None, Occasion(NOON, "sumi", tell=("aiko",)))
    assert [(each.status.value, each.by, each.reason) for each in joined.state.steps] == [
        ("applied", "stan", None),
        ("oriented", "stan", "書類受領"),
        ("invoiced", "sumi", "書類受領"),
        ("active", "sumi", None),
    ]
    assert joined.state.periods == (REST,)
    assert joined.events == [
        OrganizationChanged("o1", ("status", "membership")),
        OrganizationStepped(joined.state, Transition.ACTIVATE, Status.INVOICED, ("aiko",)),
    ]


Ask = Callable[[Organization], Decision[Organization, OrganizationEvent]]
ASKED: dict[Transition, tuple[Ask, type[Refusal] | None]] = {
    Transition.APPLY: (lambda org: org.step(Transition.APPLY, ON), NotApplicable),
    Transition.ORIENT: (lambda org: org.step(Transition.ORIENT, ON), NotOrientable),
    Transition.INVOICE: (lambda org: org.step(Transition.INVOICE, ON), NotInvoiceable),
    Transition.ACTIVATE: (lambda org: org.activate(None, ON), NotActivatable),
    Transition.SUSPEND: (lambda org: org.step(Transition.SUSPEND, ON), NotSuspendable),
    Transition.RESUME: (lambda org: org.step(Transition.RESUME, ON), NotResumable),
    Transition.RENEW: (lambda org: org.renew(None, ON), NotRenewable),
    Transition.LEAVE: (lambda org: org.step(Transition.LEAVE, ON), None),
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("transition", ASKED)
def test_each_transition_is_made_from_where_the_table_says_and_refused_by_name_from_elsewhere(
    transition: Transition, status: Status
) -> None:
    org, (ask, refusal) = standing(status), ASKED[transition]
    rule = RULES[transition]
    if status in rule.possible_from:
        after = ask(org).state
        assert after.status is (rule.leads_to or (Status.ACTIVE if status is Status.EXPIRED else status))
        assert after.steps[-1] == Step(transition, after.status, NOON, "stan")
        assert not ask(after).events, "made already"
    elif status is rule.leads_to and transition is not Transition.RESUME:
        assert ask(org) == Decision(org)
    else:
        assert refusal is not None
        with pytest.raises(refusal) as no:
            ask(org)
        assert no.value.members == {"status": status.value}


def test_a_membership_makes_an_applicant_active() -> None:
    joined = applied().revise(OrganizationChange(membership=YEAR), ON)
    assert joined.state.status is Status.ACTIVE
    assert joined.events[0] == OrganizationChanged("o1", ("status", "membership"))
    assert made(joined) == [(Transition.ACTIVATE, Status.ACTIVE)]


def test_a_membership_does_not_lift_a_suspension() -> None:
    suspended = standing(Status.SUSPENDED).revise(OrganizationChange(membership=NEXT), ON).state
    assert (suspended.status, suspended.periods) == (Status.SUSPENDED, (NEXT,))


def test_a_membership_given_holds_from_now_on_alone_and_what_was_over_is_history() -> None:
    past = Membership(date(2025, 4, 1), date(2026, 3, 31))
    org = replace(active(NEXT), periods=(past, YEAR, NEXT))
    short = Membership(date(2026, 4, 1), date(2026, 12, 31))
    assert org.revise(OrganizationChange(membership=short), ON).state.periods == (past, short)
    assert org.revise(OrganizationChange(membership=NEXT), ON).state.periods == (past, NEXT)
    assert org.revise(OrganizationChange(membership=YEAR), ON).state == org, "the one it has: no change"


def test_a_change_names_what_differs_and_leaves_the_rest() -> None:
    change = OrganizationChange(name=Text(en="Yokohama Bio"), home_zone="America/New_York", kind=Kind.GUEST)
    after = active().revise(change, ON)
    assert after.events == [OrganizationChanged("o1", ("name", "kind", "home_zone"))]
    assert after.state.periods == (YEAR,)
    assert list(active().revise(OrganizationChange(name=NAME, membership=YEAR), ON).events) == []


def test_a_renewal_adds_the_next_fiscal_year_once_and_is_told() -> None:
    renewed = active().renew(None, ON)
    assert renewed.state.periods == (YEAR, NEXT)
    assert made(renewed) == [(Transition.RENEW, Status.ACTIVE)]
    assert renewed.state.renew(None, ON) == Decision(renewed.state)
    assert renewed.state.renew(NEXT, ON) == Decision(renewed.state)


def test_a_late_renewal_is_of_the_year_that_has_begun_and_a_very_late_one_begins_today() -> None:
    expired = standing(Status.EXPIRED)
    late = expired.renew(None, at(date(2027, 5, 10))).state
    assert (late.status, late.periods) == (Status.ACTIVE, (YEAR, NEXT))
    very = expired.renew(None, at(date(2029, 5, 10))).state
    assert very.periods == (YEAR, Membership(date(2029, 5, 10), date(2030, 3, 31)))


def test_who_is_suspended_is_renewed_and_stays_suspended() -> None:
    renewed = standing(Status.SUSPENDED).renew(None, ON).state
    assert (renewed.status, renewed.periods) == (Status.SUSPENDED, (YEAR, NEXT))


def test_a_period_that_overlaps_is_refused_with_the_one_it_overlaps() -> None:
    with pytest.raises(PeriodsOverlap) as no:
        active().renew(Membership(date(2027, 3, 31), date(2027, 9, 30)), ON)
    assert no.value.members == {"membership": {"starts_on": "2026-04-01", "ends_on": "2027-03-31"}}


def test_who_is_resumed_after_the_end_has_expired() -> None:
    suspended = standing(Status.SUSPENDED)
    assert suspended.step(Transition.RESUME, at(date(2027, 3, 31))).state.status is Status.ACTIVE
    over = suspended.step(Transition.RESUME, at(date(2027, 4, 1))).state
    assert over.status is Status.EXPIRED
    assert over.step(Transition.RESUME, ON) == Decision(over)


def test_who_left_applies_anew_and_joins_for_what_is_left_of_the_year() -> None:
    back = standing(Status.LEFT).step(Transition.APPLY, ON).state
    for transition in (Transition.ORIENT, Transition.INVOICE):
        back = back.step(transition, ON).state
    again = back.activate(None, ON).state
    assert (again.status, again.periods) == (Status.ACTIVE, (REST,))
    with pytest.raises(NotActivatable):
        again.activate(NEXT, ON)


@given(st.lists(st.tuples(st.sampled_from(list(ASKED)), st.integers(0, 400)), max_size=40))
def test_whatever_is_asked_in_whatever_order_the_way_stays_one(asked: list[tuple[Transition, int]]) -> None:
    """Each step stands on the one before, periods never overlap, a repeat writes nothing, time alone leaves no gap."""
    org, day = applied(), date(2026, 12, 3)
    for transition, days in asked:
        day += timedelta(days=days)
        org = org.expire(at(day)).state
        on, before = at(day), org
        try:
            if transition is Transition.ACTIVATE:
                decision = org.activate(None, on)
            elif transition is Transition.RENEW:
                decision = org.renew(None, on)
            else:
                decision = org.step(transition, on)
        except Refusal:
            assert org.status not in RULES[transition].possible_from
            continue
        org = decision.state
        assert (org == before) is (not decision.events)
        assert org.steps[-1].status is org.status
        assert bool(decision.events) <= (before.status in RULES[transition].possible_from)
        assert all(a.ends_on < b.starts_on for a, b in zip(org.periods, org.periods[1:], strict=False))
        assert all(a.at <= b.at for a, b in zip(org.steps, org.steps[1:], strict=False))
        assert org.status is not Status.ACTIVE or not org.is_over(on.at), "active means that a day is left"
