"""The states of a booking: every step from every state, and what the clock does when nobody takes one."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from services.booking.domain.booking import EXPIRE, REMIND, Booking
from services.booking.domain.deadlines import deadline
from services.booking.domain.events import (
    BookingCancelled,
    BookingChallenged,
    BookingConfirmed,
    BookingExpired,
    BookingPlaced,
    BookingReminded,
    BookingSubmitted,
)
from services.booking.domain.lapsing import challenge, expire, remind
from services.booking.domain.refusals import BookingRefused, NotApprovable, NotCancellable, NotConfirmable, TooLate
from services.booking.domain.rules import Circumstances
from services.booking.domain.settling import approve, cancel, confirm, reject
from services.booking.domain.status import (
    APPROVE,
    CANCEL,
    CHECK_IN,
    CHECK_OUT,
    CONFIRM,
    OPEN,
    REJECT,
    Mode,
    Status,
    Step,
)
from tests.support.booking import NOW, POLICY, ROOM, all_free, ny, span, under, wish

MINUTE = timedelta(minutes=1)
OPEN_OR_CONFIRMED = {Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CONFIRMED}
TABLE: dict[str, tuple[Step, set[Status], set[Status]]] = {
    "confirm": (CONFIRM, {Status.HELD, Status.PROVISIONAL}, {Status.CONFIRMED, Status.PENDING, Status.CHECKED_IN}),
    "approve": (APPROVE, {Status.PENDING}, {Status.CONFIRMED}),
    "reject": (REJECT, {Status.PENDING}, {Status.CANCELLED}),
    "cancel": (CANCEL, {*OPEN_OR_CONFIRMED, Status.CHECKED_IN}, {Status.CANCELLED}),
    "check in": (CHECK_IN, {Status.CONFIRMED, Status.NO_SHOW}, {Status.CHECKED_IN}),
    "check out": (CHECK_OUT, {Status.CHECKED_IN}, {Status.COMPLETED}),
}
"""By step: from which states it is taken, and from which it counts as taken before."""
NEEDS_APPROVAL = under(replace(ROOM, needs_approval=True))


def placed(
    mode: Mode, where: Circumstances | None = None, wall: str = "2026-12-15 19:00", minutes: int = 60
) -> Booking:
    wanted, where = wish(wall, minutes, mode=mode), where or under()
    free = all_free(where, wanted.interval)
    return Booking.place("b1", wanted, where, free, at=NOW, chance=Random(1)).state


def held(wall: str = "2026-12-15 19:00", minutes: int = 60) -> Booking:
    return placed(Mode.HOLD, wall=wall, minutes=minutes)


def provisional(wall: str = "2026-12-15 19:00", where: Circumstances | None = None) -> Booking:
    return placed(Mode.PROVISIONAL, where, wall)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("name", TABLE)
def test_each_step_is_taken_repeated_or_refused_by_its_own_name_from_each_state(name: str, status: Status) -> None:
    step, taken_from, taken_before = TABLE[name]
    if status in taken_from:
        assert step.to_be_taken(status)
    elif status in taken_before:
        assert not step.to_be_taken(status)
    else:
        with pytest.raises(step.refusal) as refused:
            step.to_be_taken(status)
        assert refused.value.members == {"status": status.value}


@pytest.mark.parametrize("mode", Mode)
def test_what_a_booking_begins_as(mode: Mode) -> None:
    begins = {Mode.CONFIRM: Status.CONFIRMED, Mode.HOLD: Status.HELD, Mode.PROVISIONAL: Status.PROVISIONAL}
    begins[Mode.OFFER] = Status.HELD
    assert placed(mode).status is begins[mode]
    begins[Mode.CONFIRM] = Status.PENDING
    assert placed(mode, NEEDS_APPROVAL).status is begins[mode]
    by_right = replace(
        POLICY, rights={row: replace(right, needs_approval=True) for row, right in POLICY.rights.items()}
    )
    assert placed(mode, under(policy=by_right)).status is begins[mode]


def test_a_hold_occupies_its_place_draws_its_hours_and_one_of_two_slots_and_ends_in_five_minutes() -> None:
    wanted = wish(mode=Mode.HOLD)
    decided = Booking.place("b1", wanted, under(), all_free(under(), wanted.interval), at=NOW, chance=Random(1))
    booking = decided.state
    kinds = [claim.split("|")[0] for claim in booking.claims]
    assert (kinds.count("room-a"), kinds.count("quota"), kinds.count("hold")) == (5, 4, 1)
    assert booking.claims[-1] in ("hold|ana|1", "hold|ana|2")
    assert (booking.status, booking.expires_at) == (Status.HELD, NOW + 5 * MINUTE)
    assert booking.due == (NOW + 5 * MINUTE, EXPIRE)
    assert decided.events == [BookingPlaced(booking)]


def test_a_third_hold_is_refused_together_with_everything_else_that_is_wrong() -> None:
    wanted = wish("2026-12-25 19:00", mode=Mode.HOLD)
    free = all_free(under(), wanted.interval) | {"hold|ana|": frozenset()}
    with pytest.raises(BookingRefused) as refused:
        Booking.place("b3", wanted, under(), free, at=NOW, chance=Random(1))
    assert [no["code"] for no in refused.value.members["violations"]] == ["closed-on-holiday", "too-many-holds"]
    assert (refused.value.violations[1].limit, refused.value.violations[1].used) == (2, 2)


def test_a_resource_may_hold_longer_but_no_hold_outlives_its_use() -> None:
    where = under(replace(ROOM, hold_minutes=60))
    wanted = wish("2026-12-01 10:00", 30, mode=Mode.HOLD)
    booking = Booking.place("b1", wanted, where, all_free(where, wanted.interval), at=NOW, chance=Random(1)).state
    assert booking.expires_at == ny("2026-12-01 10:30")


def test_confirming_keeps_place_and_hours_frees_the_slot_and_stops_the_clock() -> None:
    booking = held()
    decided = confirm(booking, at=NOW + 4 * MINUTE)
    confirmed = decided.state
    assert (confirmed.status, confirmed.expires_at, confirmed.due) == (Status.CONFIRMED, None, None)
    assert confirmed.claims == tuple(claim for claim in booking.claims if not claim.startswith("hold|"))
    assert decided.events == [BookingConfirmed(confirmed, before=Status.HELD)]


def test_from_the_deadline_on_a_hold_cannot_be_confirmed_whether_or_not_the_timer_was_there_first() -> None:
    booking, late = held(), NOW + 5 * MINUTE
    assert confirm(booking, at=late - timedelta(milliseconds=1)).events
    for gone in (booking, expire(booking, at=late).state):
        with pytest.raises(NotConfirmable) as refused:
            confirm(gone, at=late)
        assert refused.value.members == {"status": "expired"}


def test_the_clock_ends_what_is_over_once_and_nothing_else() -> None:
    booking, late = held(), NOW + 5 * MINUTE
    assert expire(booking, at=late - timedelta(milliseconds=1)).events == ()
    decided = expire(booking, at=late)
    assert (decided.state.status, decided.state.claims, decided.state.due) == (Status.EXPIRED, (), None)
    assert decided.events == [BookingExpired(decided.state, before=Status.HELD)]
    assert expire(decided.state, at=late + MINUTE).events == ()
    confirmed = confirm(booking, at=NOW).state
    assert expire(confirmed, at=late).events == ()


def test_a_hold_may_be_given_up_after_its_start_a_booking_may_not() -> None:
    booking = held("2026-12-01 10:00")
    assert cancel(booking, at=NOW + MINUTE).state.status is Status.CANCELLED
    with pytest.raises(TooLate):
        cancel(confirm(booking, at=NOW).state, at=NOW + MINUTE)
    with pytest.raises(NotCancellable):
        cancel(expire(booking, at=NOW + 5 * MINUTE).state, at=NOW + 6 * MINUTE)


@pytest.mark.parametrize(
    ("at", "deadline"),
    [
        ("2026-12-01 10:00", "2026-12-08 10:00"),
        ("2026-12-18 16:30", "2026-12-28 16:30"),  # the 25th is Christmas, then a weekend
        ("2026-12-05 12:00", "2026-12-14 12:00"),  # asked for on a Saturday
        ("2027-03-07 01:30", "2027-03-15 01:30"),  # over a Sunday whose clocks skip an hour
    ],
)
def test_a_provisional_booking_lasts_seven_days_and_to_the_same_time_of_the_next_business_day(
    at: str, deadline: str
) -> None:
    wanted = wish("2027-04-15 19:00", mode=Mode.PROVISIONAL)
    free = all_free(under(), wanted.interval)
    booking = Booking.place("b1", wanted, under(), free, at=ny(at), chance=Random(1)).state
    assert booking.expires_at == ny(deadline)
    assert booking.due == (ny(deadline) - timedelta(hours=48), REMIND)


def test_japanese_holidays_do_not_move_a_deadline_in_new_york_and_where_nothing_opens_none_moves() -> None:
    never = replace(ROOM, opening_hours=())
    assert deadline(Status.PROVISIONAL, span("2027-04-15 19:00"), under(never), NOW) == NOW + timedelta(days=7)
    always = replace(ROOM, opening_hours=None)
    for asked, until in (("2026-11-28 10:00", "2026-12-05 10:00"), ("2026-11-16 10:00", "2026-11-23 10:00")):
        assert deadline(Status.PROVISIONAL, span("2027-04-15 19:00"), under(always), ny(asked)) == ny(until)


def test_no_deadline_is_later_than_the_start_and_a_near_one_needs_no_reminder() -> None:
    booking = provisional("2026-12-03 09:00")
    assert (booking.expires_at, booking.remind_at) == (ny("2026-12-03 09:00"), None)
    assert booking.due == (ny("2026-12-03 09:00"), EXPIRE)


def test_the_holder_is_reminded_once_two_days_before_and_then_the_deadline_is_armed() -> None:
    booking = provisional()
    early = ny("2026-12-06 10:00")
    assert remind(booking, at=early - timedelta(milliseconds=1)).events == ()
    decided = remind(booking, at=early)
    assert decided.events == [BookingReminded(decided.state)]
    assert decided.state.due == (ny("2026-12-08 10:00"), EXPIRE)
    assert remind(decided.state, at=early).events == ()


def test_a_reminder_that_comes_after_the_deadline_ends_the_booking_instead() -> None:
    decided = remind(provisional(), at=ny("2026-12-08 10:00"))
    assert decided.events == [BookingExpired(decided.state, before=Status.PROVISIONAL)]


def test_a_challenge_leaves_a_day_once_and_never_lengthens_anything() -> None:
    booking, at = provisional(), NOW + timedelta(days=1)
    decided = challenge(booking, by="carol", at=at)
    challenged = decided.state
    assert decided.events == [BookingChallenged(challenged)]
    assert (challenged.expires_at, challenged.remind_at, challenged.challenged) == (at + timedelta(days=1), None, True)
    assert challenged.due == (at + timedelta(days=1), EXPIRE)
    assert challenge(challenged, by="dan", at=at + timedelta(hours=1)).events == ()
    assert challenge(booking, by="carol", at=ny("2026-12-07 10:00")).events == ()
    assert confirm(challenged, at=at + timedelta(hours=23)).state.status is Status.CONFIRMED


def test_nobody_challenges_their_own_booking_or_one_that_is_not_provisional() -> None:
    booking = provisional()
    for member in ("ana", "ben"):
        assert challenge(replace(booking, booked_for="ben"), by=member, at=NOW).events == ()
    for status in set(Status) - {Status.PROVISIONAL}:
        assert challenge(replace(booking, status=status), by="carol", at=NOW).events == ()


def test_confirming_what_needs_approval_asks_for_it_and_only_then_its_clock_runs() -> None:
    booking = provisional("2027-04-15 19:00", NEEDS_APPROVAL)
    at = NOW + timedelta(days=3)
    decided = confirm(booking, at=at)
    assert decided.events == [BookingSubmitted(decided.state, before=Status.PROVISIONAL)]
    assert (decided.state.status, decided.state.expires_at) == (Status.PENDING, at + timedelta(days=14))
    again = confirm(decided.state, at=at)
    assert (again.state, again.events) == (decided.state, ())
    held_now = placed(Mode.HOLD, NEEDS_APPROVAL, "2026-12-01 10:00")
    with pytest.raises(TooLate):
        confirm(held_now, at=NOW + MINUTE)


def test_staff_approve_in_time_or_it_is_over() -> None:
    booking = placed(Mode.CONFIRM, NEEDS_APPROVAL)
    assert booking.expires_at == ny("2026-12-15 10:00")  # two weeks; its start is later
    decided = approve(booking, reason="Welcome", at=NOW)
    assert (decided.state.status, decided.state.reason, decided.state.claims) == (
        Status.CONFIRMED,
        "Welcome",
        booking.claims,
    )
    assert decided.events == [BookingConfirmed(decided.state, before=Status.PENDING)]
    assert approve(decided.state, reason=None, at=NOW).events == ()
    late = ny("2026-12-15 10:00")
    for gone in (booking, expire(booking, at=late).state):
        with pytest.raises(NotApprovable) as refused:
            approve(gone, reason=None, at=late)
        assert refused.value.members == {"status": "expired"}
    soon = placed(Mode.CONFIRM, NEEDS_APPROVAL, "2026-12-03 09:00")
    assert soon.expires_at == ny("2026-12-03 09:00")


def test_what_staff_reject_gives_everything_back_and_says_why() -> None:
    decided = reject(placed(Mode.CONFIRM, NEEDS_APPROVAL), reason="Inspection", at=NOW)
    rejected = decided.state
    assert (rejected.status, rejected.claims, rejected.due, rejected.reason) == (
        Status.CANCELLED,
        (),
        None,
        "Inspection",
    )
    assert decided.events == [BookingCancelled(rejected, before=Status.PENDING, rejected=True)]
    assert reject(rejected, reason=None, at=NOW).events == ()


def test_from_the_cut_off_on_its_own_people_get_only_the_time_back_and_the_house_gives_all() -> None:
    where = under(replace(ROOM, cancel_cutoff_minutes=24 * 60))
    booking = placed(Mode.CONFIRM, where)
    cut_off = ny("2026-12-14 19:00")
    assert booking.cancel_by == cut_off
    early = cancel(booking, at=cut_off - timedelta(milliseconds=1))
    late = cancel(booking, at=cut_off, reason="Flu")
    by_house = cancel(booking, at=cut_off, by_house=True)
    assert (early.state.claims, by_house.state.claims) == ((), ())
    assert {claim.split("|")[0] for claim in late.state.claims} == {"quota"}
    assert len(late.state.claims) == 4
    assert late.events == [BookingCancelled(late.state, before=Status.CONFIRMED, debit_kept=True)]
    assert late.state.reason == "Flu"
    kept_only = placed(Mode.HOLD, where, "2026-12-01 19:00")
    assert cancel(kept_only, at=NOW).state.claims == ()


def test_only_what_nobody_settled_is_ended_by_the_clock() -> None:
    ended = [status for status in Status if expire(replace(held(), status=status), at=NOW + 6 * MINUTE).events]
    assert tuple(ended) == OPEN
