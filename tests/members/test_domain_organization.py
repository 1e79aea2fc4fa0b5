"""Organizations, told by their history."""

from datetime import date

from services.members.domain.organization import (
    Kind,
    Membership,
    Organization,
    OrganizationChange,
    OrganizationChanged,
    OrganizationCreated,
    Status,
)
from shared.kernel.text import Text

YEAR = Membership(date(2026, 4, 1), date(2027, 3, 31))
NAME = Text(ja="横浜バイオ")


def test_without_a_membership_it_has_applied() -> None:
    made = Organization.create("o1", NAME, Kind.SPECIAL_MEMBER_A, "Asia/Tokyo", None)
    assert made.events == [OrganizationCreated("o1", Kind.SPECIAL_MEMBER_A, Status.APPLIED)]
    assert made.state.status is Status.APPLIED


def test_with_a_membership_it_is_active_at_once() -> None:
    made = Organization.create("o1", NAME, Kind.YOKOHAMA_COMPANY, "America/New_York", YEAR)
    assert made.events == [OrganizationCreated("o1", Kind.YOKOHAMA_COMPANY, Status.ACTIVE)]
    assert (made.state.membership, made.state.home_zone) == (YEAR, "America/New_York")


def test_a_membership_makes_an_applicant_active() -> None:
    applicant = Organization.create("o1", NAME, Kind.PARTNER, "Asia/Tokyo", None).state
    joined = applicant.revise(OrganizationChange(membership=YEAR))
    assert joined.state.status is Status.ACTIVE
    assert joined.events == [OrganizationChanged("o1", ("status", "membership"))]


def test_a_membership_does_not_lift_a_suspension() -> None:
    suspended = Organization("o1", NAME, Kind.PARTNER, Status.SUSPENDED, "Asia/Tokyo", None)
    assert suspended.revise(OrganizationChange(membership=YEAR)).state.status is Status.SUSPENDED


def test_a_change_names_what_differs_and_leaves_the_rest() -> None:
    before = Organization.create("o1", NAME, Kind.PARTNER, "Asia/Tokyo", YEAR).state
    change = OrganizationChange(name=Text(en="Yokohama Bio"), home_zone="America/New_York", kind=Kind.GUEST)
    after = before.revise(change)
    assert after.events == [OrganizationChanged("o1", ("name", "kind", "home_zone"))]
    assert after.state.membership == YEAR


def test_a_change_to_what_it_already_is_changes_nothing() -> None:
    before = Organization.create("o1", NAME, Kind.PARTNER, "Asia/Tokyo", YEAR).state
    after = before.revise(OrganizationChange(name=NAME, membership=YEAR))
    assert (after.state, list(after.events)) == (before, [])
