"""Seats are numbered; lowering a capacity closes the surplus, and nobody is ever put out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.domain.registration import Cancelled, Placed, Promoted, TooLate, Wish, looks_again, registration_id
from services.events.domain.seats import Plan, claim_of, range_of, seat_of

AT = datetime(2026, 11, 23, tzinfo=UTC)
WISH = Wish("sem", "osaka", "m-1", "onsite", 1)


def test_a_claim_names_its_seat_and_lies_in_its_modes_range() -> None:
    first, last = range_of("sem", "online")
    assert all(first <= claim_of("sem", "online", n) < last for n in (1, 500, 10_000))
    assert not first <= claim_of("sem", "onsite", 1) < last
    assert seat_of(claim_of("sem", "online", 417)) == 417


def test_a_lowered_capacity_closes_what_is_free_and_the_rest_as_it_falls_free() -> None:
    taken = frozenset(range(1, 24))
    plan = Plan().settled(25, taken).settled(20, taken)
    assert (plan.open_seats(taken), plan.over) == ([], 3)
    freed = plan.settled(20, taken - {7})
    assert 7 in freed.closed
    assert freed.open_seats(taken - {7}) == []


def test_a_plan_is_stored_only_when_it_says_something_new() -> None:
    taken = frozenset({1, 2})
    assert Plan().settled(5, taken).says_as(Plan())
    assert not Plan().settled(1, taken).says_as(Plan())


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int]]:
    step = st.one_of(
        st.tuples(st.just("capacity"), st.integers(1, 12)),
        st.tuples(st.just("take"), st.integers(0, 50)),
        st.tuples(st.just("free"), st.integers(0, 50)),
    )
    return draw(st.lists(step, max_size=40))


@given(history=histories())
def test_after_any_history_nobody_new_gets_in_beyond_the_capacity(history: list[tuple[str, int]]) -> None:
    capacity, plan, taken = 6, Plan(), frozenset[int]()
    for what, n in history:
        plan = plan.settled(capacity, taken)
        free = plan.open_seats(taken)
        if what == "capacity":
            capacity = n
        elif what == "take" and free:
            taken |= {free[n % len(free)]}
            assert len(taken) <= capacity
        elif what == "free" and taken:
            taken -= {sorted(taken)[n % len(taken)]}
    plan = plan.settled(capacity, taken)
    assert len(plan.open_seats(taken)) == max(0, capacity - len(taken))
    assert plan.over == max(0, len(taken) - capacity)
    assert not plan.closed & taken


def test_a_seat_is_held_by_its_claim_and_given_up_with_it() -> None:
    seated = WISH.seated(3, at=AT)
    assert seated.events == [Placed(seated.state)]
    assert seated.state.claims == (claim_of("sem", "onsite", 3),)
    gone = seated.state.cancelled(begun=False)
    assert gone.events == [Cancelled(gone.state)]
    assert gone.state.claims == ()
    assert gone.state.cancelled(begun=True).events == ()


def test_one_who_waits_is_promoted_once() -> None:
    queued = WISH.queued(7, at=AT)
    promoted = queued.state.promoted(3, queued.state)
    assert promoted.events == [Promoted(promoted.state)]
    assert (promoted.state.seat, promoted.state.ticket) == (3, None)
    assert promoted.state.promoted(4, queued.state).events == ()
    assert queued.state.cancelled(begun=False).state.promoted(3, queued.state).events == ()


def test_one_who_waits_for_something_else_meanwhile_is_not_promoted() -> None:
    waited = WISH.queued(60, at=AT).state
    for now in (replace(WISH, mode="online").queued(60, at=AT).state, WISH.queued(61, at=AT).state):
        assert now.promoted(3, waited).events == ()
        assert now.promoted(3, waited).state == now


def test_after_the_start_nobody_cancels() -> None:
    with pytest.raises(TooLate):
        WISH.seated(3, at=AT).state.cancelled(begun=True)


def test_a_member_has_one_registration_per_seminar() -> None:
    assert WISH.seated(None, at=AT).state.id == WISH.queued(1, at=AT).state.id == registration_id("sem", "m-1")


def test_the_first_in_the_queue_look_again_soon_the_last_later() -> None:
    assert looks_again(0, AT) == AT + timedelta(seconds=15)
    assert looks_again(100, AT) == AT + timedelta(seconds=90)
    assert looks_again(100_000, AT) == AT + timedelta(minutes=5)
