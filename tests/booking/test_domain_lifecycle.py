"""The states of a booking: every step from every state, and what the clock does when nobody takes one."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from services.booking.domain.booking import EXPIRE, Booking
from services.booking.domain.events import BookingConfirmed, BookingExpired, BookingPlaced
from services.booking.domain.lapsing import expire
from services.booking.domain.refusals import BookingRefused, NotCancellable, NotConfirmable, TooLate
from services.booking.domain.settling import cancel, confirm
from services.booking.domain.status import CANCEL, CONFIRM, OPEN, Mode, Status, Step
from tests.support.booking import NOW, ROOM, all_free, ny, under, wish

MINUTE = timedelta(minutes=1)
STEPS = {"confirm": CONFIRM, "cancel": CANCEL}
ALLOWED = {
    "confirm": {Status.HELD, Status.PROVISIONAL},
    "cancel": {Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CONFIRMED},
}
MADE_BEFORE = {"confirm": {Status.CONFIRMED}, "cancel": {Status.CANCELLED}}


def held(wall: str = "2026-12-15 19:00", minutes: int = 60) -> Booking:
    wanted = wish(wall, minutes, mode=Mode.HOLD)
    free = all_free(under(), wanted.interval)
    return Booking.place("b1", wanted, under(), free, at=NOW, chance=Random(1)).state


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("name", STEPS)
def test_each_step_is_taken_repeated_or_refused_by_its_own_name_from_each_state(name: str, status: Status) -> None:
    step: Step = STEPS[name]
    if status in ALLOWED[name]:
        assert step.to_be_taken(status)
    elif status in MADE_BEFORE[name]:
        assert not step.to_be_taken(status)
    else:
        with pytest.raises(step.refusal) as refused:
            step.to_be_taken(status)
        assert refused.value.members == {"status": status.value}


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


def test_only_what_nobody_settled_is_ended_by_the_clock() -> None:
    ended = [status for status in Status if expire(replace(held(), status=status), at=NOW + 6 * MINUTE).events]
    assert tuple(ended) == OPEN
