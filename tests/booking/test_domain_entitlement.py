"""Rights on a day, explained."""

from dataclasses import replace
from datetime import date

import pytest

from services.booking.domain.entitlement import entitlements
from services.booking.domain.party import Party
from services.booking.domain.rights import POLICY
from tests.support.booking import MEMBER_A, SITE

TODAY = date(2027, 3, 1)
ENDING = replace(MEMBER_A, ends_on=date(2027, 3, 31))


def rooms(party: Party, day: date) -> tuple[bool, list[str]]:
    (found,) = (each for each in entitlements(party, POLICY, SITE, day, TODAY) if each.kind == "room")
    return found.allowed, [reason.code for reason in found.reasons]


def test_what_is_allowed_says_how_far_ahead_and_how_much() -> None:
    found = entitlements(MEMBER_A, POLICY, SITE, TODAY, TODAY)
    assert {each.kind: each.allowed for each in found} == {"desk": True, "expert": True, "room": True}
    (reason,) = found[0].reasons
    assert (reason.message.en, reason.message.ja) == (
        "Up to 6 months ahead, 20 hours a week.",
        "6か月先まで、週20時間まで予約できます。",
    )
    (staff,) = entitlements(replace(MEMBER_A, kind="linkj_staff"), POLICY, SITE, TODAY, TODAY)[0].reasons
    assert staff.message.en == "Up to 18 months ahead."


def test_the_day_in_new_york_on_which_a_tokyo_membership_ends_is_allowed_and_says_so() -> None:
    assert rooms(ENDING, date(2027, 3, 30)) == (True, ["allowed-by-rights"])
    assert rooms(ENDING, date(2027, 3, 31)) == (True, ["membership-ends-before-use", "allowed-by-rights"])
    assert rooms(ENDING, date(2027, 4, 1)) == (False, ["membership-ends-before-use"])


@pytest.mark.parametrize(
    ("party", "codes"),
    [
        (replace(MEMBER_A, kind="guest"), ["kind-not-allowed"]),
        (replace(MEMBER_A, status="suspended"), ["membership-not-active"]),
        (replace(MEMBER_A, starts_on=date(2027, 4, 1)), ["membership-starts-after-use"]),
        (replace(MEMBER_A, kind="partner", status="left"), ["kind-not-allowed", "membership-not-active"]),
    ],
)
def test_every_reason_against_is_told(party: Party, codes: list[str]) -> None:
    assert rooms(party, date(2027, 3, 15)) == (False, codes)


def test_too_far_ahead_today_is_not_for_ever() -> None:
    assert rooms(MEMBER_A, date(2027, 9, 1)) == (True, ["allowed-by-rights"])
    assert rooms(MEMBER_A, date(2027, 9, 2)) == (False, ["too-far-ahead"])
