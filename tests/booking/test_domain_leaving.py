"""What becomes of a coming booking when its person leaves, or its organization's membership ends."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from services.booking.domain.booking import Booking
from services.booking.domain.events import BookingCancelled, BookingHandedOver
from services.booking.domain.leaving import Successors, Why, heir_of, under_membership, without
from services.booking.domain.party import Party
from services.booking.domain.settling import cancel
from services.booking.domain.status import Mode, Status
from shared.kernel.decision import Decision
from tests.support.booking import MEMBER_A, NOW, all_free, during, ny, under, wish

TO_DAI = Successors("dai", ("dai", "eri"))
NOBODY = Successors(None, ("eri",))


def booked(by: str = "ana", for_: str = "ana", wall: str = "2026-12-15 19:00", mode: Mode = Mode.CONFIRM) -> Booking:
    wanted, where = replace(wish(wall, mode=mode), booked_by=by, booked_for=for_), under()
    free = all_free(where, wanted.interval) | {f"hold|{by}|": frozenset({1, 2})}
    return Booking.place("b1", wanted, where, free, at=NOW, chance=Random(1)).state


def test_what_was_for_the_one_who_leaves_passes_to_the_heir_with_everything_it_holds() -> None:
    before = booked()
    decided = without(before, "ana", TO_DAI, at=NOW)
    after = decided.state
    assert (after.booked_by, after.booked_for, after.parties) == ("ana", "dai", ("dai",))
    assert (after.status, after.claims) == (Status.CONFIRMED, before.claims)
    assert decided.events == [BookingHandedOver(after, "ana", "member-left", ("dai", "eri"))]
    assert without(after, "ana", TO_DAI, at=NOW) == Decision(after), "done already"


def test_what_the_one_who_leaves_made_for_somebody_is_that_persons_alone_whoever_would_be_heir() -> None:
    for successors in (TO_DAI, NOBODY):
        after = without(booked("ana", "ben"), "ana", successors, at=NOW).state
        assert (after.booked_by, after.booked_for, after.parties) == ("ana", "ben", ("ben",))


def test_without_an_heir_it_is_cancelled_and_says_why() -> None:
    decided = without(booked(), "ana", NOBODY, at=NOW)
    assert (decided.state.status, decided.state.claims) == (Status.CANCELLED, ())
    assert decided.events == [BookingCancelled(decided.state, Status.CONFIRMED, why="member-left", tell=("eri",))]


def test_a_hold_of_the_one_who_leaves_just_ends() -> None:
    decided = without(booked(mode=Mode.HOLD), "ana", TO_DAI, at=NOW)
    assert (decided.state.status, decided.state.claims) == (Status.CANCELLED, ())


def test_what_is_offered_to_whom_they_waited_for_stays_offered_and_is_that_persons_alone() -> None:
    for_ben, for_ana = [
        replace(booked("ana", each, mode=Mode.OFFER), waitlist="w1", expires_at=ny("2026-12-01 20:00"))
        for each in ("ben", "ana")
    ]
    after = without(for_ben, "ana", TO_DAI, at=NOW).state
    assert (after.status, after.parties, after.claims) == (Status.HELD, ("ben",), for_ben.claims)
    assert without(for_ana, "ana", TO_DAI, at=NOW).state.status is Status.CANCELLED
    assert without(booked("ana", "ben", mode=Mode.HOLD), "ana", TO_DAI, at=NOW).state.status is Status.CANCELLED


def test_one_after_the_other_may_leave_and_one_may_come_back() -> None:
    first = without(booked(), "ana", Successors("dai"), at=NOW).state
    second = without(first, "dai", Successors("ana"), at=NOW).state
    assert (second.booked_for, second.parties, second.former) == ("ana", ("ana",), ("dai",))


@pytest.mark.parametrize("successors", [TO_DAI, NOBODY])
def test_what_has_begun_or_is_over_or_is_anothers_stays_as_it_is(successors: Successors) -> None:
    booking = booked()
    over = cancel(booking, at=NOW).state
    assert without(over, "ana", successors, at=NOW) == Decision(over)
    assert without(booking, "ana", successors, at=ny("2026-12-15 19:00")) == Decision(booking)
    assert without(booking, "ben", successors, at=NOW) == Decision(booking)


@pytest.mark.parametrize(
    ("wished", "admins", "heir"),
    [
        ("ben", ("dai",), "ben"),
        (None, ("eri", "dai"), "dai"),
        (None, ("ana", "eri"), "eri"),
        ("ana", ("ana",), None),
        ("ana", ("eri",), "eri"),
        (None, (), None),
    ],
)
def test_the_heir_is_whom_the_organization_named_else_an_admin_never_who_leaves(
    wished: str | None, admins: tuple[str, ...], heir: str | None
) -> None:
    assert heir_of("ana", wished, admins) == heir


ENDING = replace(MEMBER_A, periods=during("2026-04-01/2026-12-15"))
"""Over at 10:00 of the 15th in New York."""


@pytest.mark.parametrize(
    ("party", "wall", "why"),
    [
        (ENDING, "2026-12-15 09:00", None),
        (ENDING, "2026-12-15 09:30", Why.MEMBERSHIP_ENDED),
        (replace(ENDING, status="expired"), "2026-12-15 09:00", None),
        (replace(ENDING, status="expired"), "2026-12-15 19:00", Why.MEMBERSHIP_ENDED),
        (replace(MEMBER_A, status="left"), "2026-12-15 09:00", Why.ORGANIZATION_LEFT),
        (replace(MEMBER_A, status="applied"), "2026-12-15 09:00", Why.MEMBERSHIP_ENDED),
        (replace(MEMBER_A, status="suspended"), "2026-12-15 09:00", None),
        (replace(ENDING, status="suspended"), "2026-12-15 19:00", None),
        (replace(MEMBER_A, status="suspended", keeps_bookings=False), "2026-12-15 09:00", Why.ORGANIZATION_SUSPENDED),
        (replace(MEMBER_A, periods=()), "2026-12-15 09:00", Why.MEMBERSHIP_ENDED),
    ],
)
def test_what_the_membership_covers_stays_and_the_rest_is_cancelled_with_the_reason(
    party: Party, wall: str, why: Why | None
) -> None:
    booking = booked(wall=wall)
    decided = under_membership(booking, party, ("dai",), at=NOW)
    if why is None:
        assert decided == Decision(booking)
    else:
        assert decided.events == [BookingCancelled(decided.state, Status.CONFIRMED, why=why.value, tell=("dai",))]
        assert under_membership(decided.state, party, (), at=NOW) == Decision(decided.state)
    assert under_membership(booking, party, (), at=booking.interval.start + timedelta(minutes=1)) == Decision(booking)
