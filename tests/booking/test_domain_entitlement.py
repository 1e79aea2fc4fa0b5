"""Rights on a day, explained."""

from dataclasses import replace
from datetime import date

import pytest

from services.booking.domain.entitlement import Entitlement, entitlements, nothing_for_who_left
from services.booking.domain.party import Party
from services.booking.domain.rights import Policy
from services.booking.store.rights import policy_of
from tests.support.booking import MEMBER_A, POLICY, SITE, during, table

TODAY = date(2027, 3, 1)
ENDING = replace(MEMBER_A, periods=during("2026-04-01/2027-03-31"))
GRANTED = ["allowed-by-rights", "months-ahead", "hours-per-week"]


def of_rooms(party: Party, day: date = TODAY, policy: Policy = POLICY) -> Entitlement:
    (found,) = (each for each in entitlements(party, policy, SITE, day, TODAY) if each.kind == "room")
    return found


def rooms(party: Party, day: date = TODAY, policy: Policy = POLICY) -> tuple[bool, list[str]]:
    found = of_rooms(party, day, policy)
    return found.allowed, [reason.code for reason in found.reasons]


def told(found: Entitlement, code: str) -> tuple[str | None, str | None]:
    (message,) = (reason.message for reason in found.reasons if reason.code == code)
    return message.ja, message.en


def test_what_is_allowed_says_how_far_ahead_and_how_much() -> None:
    found = entitlements(MEMBER_A, POLICY, SITE, TODAY, TODAY)
    assert {each.kind: each.allowed for each in found} == {"desk": True, "expert": True, "room": True}
    assert [reason.code for reason in found[0].reasons] == GRANTED
    assert told(found[0], "months-ahead") == (
        "6か月先まで。本日は2027-09-01までの日を予約できます。",
        "Up to 6 months ahead: today, days until 2027-09-01.",
    )
    assert told(found[0], "hours-per-week") == (
        "団体で週20時間まで(会議室・デスク・専門家の合計)。",
        "Up to 20 hours a week for the organization together, all kinds counted together.",
    )
    assert rooms(replace(MEMBER_A, kind="linkj_staff")) == (True, ["allowed-by-rights", "months-ahead"])


def test_approval_and_every_limit_of_a_row_are_told() -> None:
    limits = [
        {"period": "day", "scope": "person", "hours": 1},
        {"period": "month", "scope": "organization", "hours": 30, "step_minutes": 60},
    ]
    policy = policy_of(table({"resource": "room", "months_ahead": 1, "needs_approval": True, "limits": limits}))
    found = of_rooms(MEMBER_A, policy=policy)
    assert [reason.code for reason in found.reasons] == [
        "allowed-by-rights",
        "months-ahead",
        "own-hours-per-day",
        "hours-per-month",
        "needs-approval",
    ]
    assert told(found, "own-hours-per-day") == ("お一人一日1時間まで。", "Up to 1 hour a day for each person.")
    assert told(found, "hours-per-month") == (
        "団体で月30時間まで、60分単位で切り上げ。",
        "Up to 30 hours a month for the organization together, billed in steps of 60 minutes, begun ones whole.",
    )
    assert told(found, "needs-approval")[0] == "予約には拠点職員の承認が必要です。"


def test_the_day_in_new_york_on_which_a_tokyo_membership_ends_is_allowed_and_says_so() -> None:
    assert rooms(ENDING, date(2027, 3, 30)) == (True, GRANTED)
    assert rooms(ENDING, date(2027, 3, 31)) == (True, ["membership-ends-before-use", *GRANTED])
    assert rooms(ENDING, date(2027, 4, 1)) == (False, ["membership-ends-before-use"])
    ja, en = told(of_rooms(ENDING, date(2027, 4, 1)), "membership-ends-before-use")
    assert (ja, en) == ("会員期間は2027-03-31までです。", "Your organization's membership ends with 2027-03-31.")
    renewed = replace(MEMBER_A, periods=during("2026-04-01/2027-03-31", "2027-04-01/2028-03-31"))
    assert rooms(renewed, date(2027, 3, 31)) == rooms(renewed, date(2027, 4, 1)) == (True, GRANTED)


@pytest.mark.parametrize(
    ("party", "codes"),
    [
        (replace(MEMBER_A, kind="guest"), ["kind-not-allowed"]),
        (replace(MEMBER_A, kind="of-tomorrow"), ["kind-not-allowed"]),
        (replace(MEMBER_A, status="suspended"), ["membership-not-active"]),
        (replace(MEMBER_A, periods=during("2027-04-01/2028-03-31")), ["membership-starts-after-use"]),
        (replace(MEMBER_A, kind="partner", status="left"), ["kind-not-allowed", "membership-not-active"]),
    ],
)
def test_every_reason_against_is_told(party: Party, codes: list[str]) -> None:
    assert rooms(party, date(2027, 3, 15)) == (False, codes)


@pytest.mark.parametrize(
    ("party", "said"),
    [
        (replace(MEMBER_A, status="suspended"), "Your organization's membership is suspended."),
        (replace(MEMBER_A, status="left"), "Your organization has left."),
        (replace(MEMBER_A, status="invoiced"), "Your organization's membership has not been completed yet."),
        (replace(MEMBER_A, periods=()), "Your organization has no period of membership yet."),
        (replace(MEMBER_A, status="of-tomorrow"), "Your organization's membership is not active."),
    ],
)
def test_why_a_membership_is_not_active_is_told(party: Party, said: str) -> None:
    assert told(of_rooms(party), "membership-not-active")[1] == said


def test_too_far_ahead_today_is_not_for_ever() -> None:
    assert rooms(MEMBER_A, date(2027, 9, 1)) == (True, GRANTED)
    assert rooms(MEMBER_A, date(2027, 9, 2)) == (False, ["too-far-ahead"])
    later = of_rooms(MEMBER_A, date(2027, 9, 2))
    assert told(later, "too-far-ahead")[1] == "Not yet: today, days until 2027-09-01 may be booked."


def test_who_left_may_book_nothing() -> None:
    assert {each.kind: each.allowed for each in nothing_for_who_left()} == dict.fromkeys(
        ("desk", "expert", "room"), False
    )
    assert {reason.code for each in nothing_for_who_left() for reason in each.reasons} == {"member-not-active"}
