"""Who comes and who does not: the window, the no-show and the late arrival, leaving early, the end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest

from services.booking.domain.attendance import Arrival, check_in, check_out, complete, forgive, no_show
from services.booking.domain.booking import COMPLETE, NO_SHOW, Booking, Strike
from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.events import (
    BookingCheckedIn,
    BookingCheckedOut,
    BookingCompleted,
    BookingNoShow,
    PresenceChosen,
    StrikeForgiven,
)
from services.booking.domain.leaving import Successors, without
from services.booking.domain.moving import Move, move
from services.booking.domain.refusals import (
    CheckInClosed,
    CheckInNotOpen,
    NotCheckableIn,
    NotCheckableOut,
    NotForgivable,
    PresenceNotYours,
)
from services.booking.domain.resource import Door
from services.booking.domain.rules import Circumstances, Wanted
from services.booking.domain.settling import approve, cancel, confirm
from services.booking.domain.status import Mode, Status
from shared.kernel.interval import Interval
from tests.support.booking import NOW, ROOM, all_free, ny, span, under, wish

EVENING = "2026-12-15 19:00"
DOOR = replace(ROOM, check_in=Door(before_minutes=15, after_minutes=10))
MINUTE = timedelta(minutes=1)
ANA = Arrival("ana")


def evening(wall: str) -> datetime:
    """`19:20` of that evening in New York."""
    return ny(f"2026-12-15 {wall}")


def placed(
    wall: str = EVENING, minutes: int = 60, *, at: datetime = NOW, where: Circumstances | None = None, **more: object
) -> Booking:
    where, wanted = where or under(DOOR), wish(wall, minutes, **more)
    return Booking.place("b-1", wanted, where, all_free(where, wanted.interval), at=at, chance=Random(1)).state


def starts(claims: Sequence[str]) -> list[str]:
    """The granules of the place, by the clock of UTC."""
    return [claim.rsplit("T", 1)[1] for claim in of_place(claims)]


def test_one_checks_in_from_a_quarter_of_an_hour_before_until_the_end() -> None:
    booking = placed()
    assert (booking.check_in_from, booking.check_in_until) == (evening("18:45"), evening("19:10"))
    with pytest.raises(CheckInNotOpen) as refused:
        check_in(booking, ANA, DOOR, at=evening("18:45") - MINUTE)
    assert refused.value.members == {"opens_at": "2026-12-15T18:45:00-05:00"}
    decided = check_in(booking, ANA, DOOR, at=evening("18:45"))
    assert decided.events == [BookingCheckedIn(decided.state)]
    assert (decided.state.status, decided.state.checked_in_at) == (Status.CHECKED_IN, evening("18:45"))
    assert (decided.state.claims, decided.state.due) == (booking.claims, (evening("20:00"), COMPLETE))
    again = check_in(decided.state, ANA, DOOR, at=evening("19:05"))
    assert (again.state, again.events) == (decided.state, ())


def test_where_nobody_has_to_check_in_one_may_all_the_same_and_nobody_is_a_no_show() -> None:
    booking = placed(where=under(ROOM))
    assert (booking.due, booking.absent(evening("19:59"))) == (None, False)
    assert check_in(booking, ANA, ROOM, at=evening("19:50")).state.status is Status.CHECKED_IN
    with pytest.raises(CheckInNotOpen):
        check_in(booking, ANA, ROOM, at=evening("18:44"))
    with pytest.raises(CheckInClosed) as refused:
        check_in(booking, ANA, ROOM, at=evening("20:00"))
    assert refused.value.members == {"closed_at": "2026-12-15T20:00:00-05:00"}


@pytest.mark.parametrize(
    "status", [Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CANCELLED, Status.EXPIRED, Status.COMPLETED]
)
def test_what_is_not_certain_or_is_over_is_not_checked_in(status: Status) -> None:
    with pytest.raises(NotCheckableIn) as refused:
        check_in(replace(placed(), status=status), ANA, DOOR, at=evening("19:00"))
    assert refused.value.members == {"status": status.value}


def test_what_is_booked_when_the_door_is_open_is_checked_in_by_that() -> None:
    assert placed(at=evening("18:45") - MINUTE).status is Status.CONFIRMED
    late = placed(at=evening("18:50"))
    assert (late.status, late.checked_in_at, late.due) == (
        Status.CHECKED_IN,
        evening("18:50"),
        (evening("20:00"), COMPLETE),
    )
    assert placed(at=evening("18:50"), where=under(ROOM)).status is Status.CONFIRMED


def test_who_confirms_a_hold_then_is_there_too_but_what_staff_approve_is_not() -> None:
    held = placed(at=evening("18:50"), mode=Mode.HOLD)
    confirmed = confirm(held, at=evening("18:52"))
    assert (held.status, confirmed.state.status) == (Status.HELD, Status.CHECKED_IN)
    assert confirm(confirmed.state, at=evening("18:53")).events == ()
    pending = placed(at=evening("18:50"), where=under(replace(DOOR, needs_approval=True)))
    approved = approve(pending, reason=None, at=evening("18:55")).state
    assert (approved.status, approved.due) == (Status.CONFIRMED, (evening("19:10"), NO_SHOW))


def test_who_is_checked_in_may_still_cancel_before_the_start() -> None:
    booking = placed(at=evening("18:50"))
    assert cancel(booking, at=evening("18:55")).state.claims == ()
    strict = placed(at=evening("18:50"), where=under(replace(DOOR, cancel_cutoff_minutes=60)))
    assert cancel(strict, at=evening("18:55")).state.claims == of_quota(strict.claims)


def test_a_no_show_is_cut_to_now_and_kept_with_its_hours() -> None:
    booking = placed()
    assert booking.due == (evening("19:10"), NO_SHOW)
    assert no_show(booking, at=evening("19:10") - MINUTE).events == ()
    cut = no_show(booking, at=evening("19:10"))
    assert cut.events == [
        BookingNoShow(cut.state, evening("20:00"), freed=Interval(evening("19:15"), evening("20:15")))
    ]
    assert (cut.state.status, cut.state.due) == (Status.NO_SHOW, None)
    assert (cut.state.interval.end, cut.state.booked_until) == (evening("19:10"), evening("20:00"))
    assert of_place(cut.state.claims) == ("room-a|2026-12-16T00:00",)
    assert of_quota(cut.state.claims) == of_quota(booking.claims)
    assert cut.state.strike == Strike("ana", evening("19:10"))
    assert no_show(cut.state, at=evening("19:20")).events == ()


def test_a_no_show_recorded_after_a_long_silence_cuts_nothing_that_is_over() -> None:
    cut = no_show(placed(), at=ny("2026-12-16 09:00")).state
    assert (cut.interval, cut.booked_until) == (span(EVENING), None)
    assert len(of_place(cut.claims)) == 4, "the clean-up gap alone falls free"
    with pytest.raises(CheckInClosed):
        check_in(cut, ANA, DOOR, at=ny("2026-12-16 09:00"))


def test_a_window_longer_than_the_booking_ends_with_it() -> None:
    booking = placed(minutes=15, where=under(replace(ROOM, check_in=Door(after_minutes=30))))
    assert booking.check_in_until == evening("19:15")


def test_who_comes_late_gets_back_what_is_left_and_pays_nothing_anew() -> None:
    booking = placed()
    cut = no_show(booking, at=evening("19:10")).state
    back = check_in(cut, ANA, DOOR, at=evening("19:32"))
    assert back.events == [BookingCheckedIn(back.state, regained=Interval(evening("19:32"), evening("20:00")))]
    assert (back.state.interval, back.state.status) == (booking.interval, Status.CHECKED_IN)
    assert (back.state.booked_until, back.state.due) == (None, (evening("20:00"), COMPLETE))
    assert back.state.strike is None, "who came after all has not kept others out"
    assert starts(back.state.claims) == ["00:00", "00:30", "00:45", "01:00"]
    assert of_quota(back.state.claims) == of_quota(booking.claims)
    with pytest.raises(CheckInClosed):
        check_in(cut, ANA, DOOR, at=evening("20:00"))


def test_who_leaves_early_gives_back_whole_granules_to_come_their_hours_and_the_gap_moves_along() -> None:
    booking = check_in(placed(), ANA, DOOR, at=evening("19:00")).state
    out = check_out(booking, under(DOOR), at=evening("19:20"))
    assert out.events == [BookingCheckedOut(out.state, freed=Interval(evening("19:45"), evening("20:15")))]
    assert (out.state.status, out.state.interval, out.state.due) == (
        Status.COMPLETED,
        Interval(evening("19:00"), evening("19:20")),
        None,
    )
    assert starts(out.state.claims) == ["00:00", "00:15", "00:30"]
    assert len(of_quota(booking.claims)) - len(of_quota(out.state.claims)) == 2
    assert set(out.state.claims) <= set(booking.claims)
    again = check_out(out.state, under(DOOR), at=evening("19:40"))
    assert (again.state, again.events) == (out.state, ())


@pytest.mark.parametrize("wall", ["18:50", "19:00", "19:01", "19:15", "19:44", "20:00", "21:00"])
def test_the_hours_left_drawn_are_those_of_the_time_used(wall: str) -> None:
    booking, where = check_in(placed(), ANA, DOOR, at=evening("18:45")).state, under(DOOR)
    out = check_out(booking, where, at=evening(wall)).state
    used = sum(share.units for share in where.quota(out.interval)) if wall >= "19:00" else 0
    assert len(of_quota(out.claims)) == used
    assert len(of_place(out.claims)) == (len(set(DOOR.claims(out.interval))) if wall >= "19:00" else 0)


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.HELD, Status.NO_SHOW, Status.CANCELLED])
def test_only_who_checked_in_checks_out(status: Status) -> None:
    with pytest.raises(NotCheckableOut):
        check_out(replace(placed(), status=status), under(DOOR), at=evening("19:20"))


def test_what_was_checked_in_is_completed_at_its_end_by_the_clock() -> None:
    booking = check_in(placed(), ANA, DOOR, at=evening("19:00")).state
    assert complete(booking, at=evening("20:00") - MINUTE).events == ()
    done = complete(booking, at=evening("20:00"))
    assert done.events == [BookingCompleted(done.state)]
    assert (done.state.status, done.state.claims, done.state.due) == (Status.COMPLETED, booking.claims, None)
    assert complete(done.state, at=evening("20:00")).events == ()


def moved(booking: Booking, wall: str, minutes: int = 60, *, at: datetime, where: Circumstances) -> Booking:
    wanted = Wanted(span(wall, minutes), "ana", "ana")
    return move(booking, Move(wanted, where), all_free(where, wanted.interval), at=at, chance=Random(2)).state


def test_a_move_moves_the_window_along_and_who_was_there_too_early_has_to_come_again() -> None:
    there = placed(at=evening("18:50"))
    elsewhere = moved(there, "2026-12-16 19:00", at=evening("18:55"), where=under(DOOR))
    assert (elsewhere.status, elsewhere.checked_in_at) == (Status.CONFIRMED, None)
    assert elsewhere.due == (ny("2026-12-16 19:10"), NO_SHOW)
    soon = moved(there, "2026-12-15 19:00", 90, at=evening("18:55"), where=under(DOOR))
    assert (soon.status, soon.due) == (Status.CHECKED_IN, (evening("20:30"), COMPLETE))
    studio = under(replace(DOOR, id="studio", needs_approval=True))
    assert moved(there, EVENING, at=evening("18:55"), where=studio).status is Status.PENDING


def test_extending_what_runs_asks_nobody_to_check_in_who_had_not_to() -> None:
    booking = placed(where=under(ROOM))
    longer = moved(booking, EVENING, 90, at=evening("19:30"), where=under(DOOR))
    assert (longer.status, longer.check_in_until, longer.due) == (Status.CONFIRMED, None, None)


SEEN = Arrival("ana", visible=True)


def test_nobody_is_seen_who_did_not_choose_it_and_only_they_choose() -> None:
    booking = placed()
    assert check_in(booking, ANA, DOOR, at=evening("19:00")).state.visible is False
    for other in ("ben", "stan"):
        with pytest.raises(PresenceNotYours):
            check_in(booking, Arrival(other, visible=True), DOOR, at=evening("19:00"))
        hidden = check_in(booking, Arrival(other, visible=False), DOOR, at=evening("19:00")).state
        assert (hidden.status, hidden.visible) == (Status.CHECKED_IN, False)


def test_who_is_there_chooses_and_changes_their_mind_and_the_same_again_writes_nothing() -> None:
    there = placed(at=evening("18:50"))
    seen = check_in(there, SEEN, DOOR, at=evening("18:55"))
    assert seen.events == [PresenceChosen(seen.state)]
    assert (seen.state.visible, seen.state.checked_in_at) == (True, evening("18:50"))
    for repeated in (SEEN, ANA):
        assert check_in(seen.state, repeated, DOOR, at=evening("18:56")).events == ()
    hidden = check_in(seen.state, Arrival("ana", visible=False), DOOR, at=evening("18:57"))
    assert (hidden.state, hidden.events) == (there, [PresenceChosen(there)])


def test_to_be_seen_ends_with_being_there() -> None:
    seen = check_in(placed(), SEEN, DOOR, at=evening("18:50")).state
    after = [
        check_out(seen, under(DOOR), at=evening("19:20")),
        complete(seen, at=evening("20:00")),
        cancel(seen, at=evening("18:55")),
        without(replace(seen, former=()), "ana", Successors(heir="ben"), at=evening("18:55")),
    ]
    assert [each.state.visible for each in after] == [False] * 4
    assert moved(seen, "2026-12-16 19:00", at=evening("18:55"), where=under(DOOR)).visible is False
    assert moved(seen, EVENING, 90, at=evening("19:05"), where=under(DOOR)).visible is True


def test_a_strike_is_forgiven_once_with_a_reason_and_only_where_there_is_one() -> None:
    cut = no_show(placed(), at=evening("19:10")).state
    forgiven = forgive(cut, by="stan", reason="The lift was out of order.", at=evening("21:00"))
    assert forgiven.events == [StrikeForgiven(forgiven.state)]
    assert forgiven.state.strike == Strike("ana", evening("19:10"), "stan", evening("21:00"))
    assert (forgiven.state.reason, forgiven.state.claims) == ("The lift was out of order.", cut.claims)
    again = forgive(forgiven.state, by="tom", reason="Again.", at=evening("22:00"))
    assert (again.state, again.events) == (forgiven.state, ())
    with pytest.raises(NotForgivable):
        forgive(placed(), by="stan", reason="Nothing.", at=evening("21:00"))
