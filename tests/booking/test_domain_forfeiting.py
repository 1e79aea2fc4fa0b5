"""What a late move, or a change of what nobody has come to, leaves drawn: nothing of it comes back by another way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.booking.domain.attendance import Arrival, check_in, check_out, no_show
from services.booking.domain.booking import Booking
from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.events import BookingCancelled
from services.booking.domain.lapsing import expire
from services.booking.domain.refusals import NotChangeable
from services.booking.domain.resource import Door
from services.booking.domain.settling import approve, cancel, reject
from services.booking.domain.status import Mode, Status
from services.booking.store.mapping import booking_body, booking_of
from tests.booking.test_domain_moving import moved, placed, weeks
from tests.support.booking import ROOM, ny, under, wish

STRICT = under(replace(ROOM, cancel_cutoff_minutes=24 * 60))
ASKED = under(replace(STRICT.resource, needs_approval=True))
DOOR = under(replace(ROOM, check_in=Door(before_minutes=15, after_minutes=10)))
MONDAY, FRIDAY, LATE = "2026-12-14 10:00", "2026-12-18 19:00", ny("2026-12-14 09:00")
ANA = Arrival("ana")


def moved_late(**more: bool) -> Booking:
    """Monday's four hours moved too late to a quarter of an hour on Friday of the same week."""
    return moved(placed(wish(MONDAY, 240), STRICT), FRIDAY, 15, STRICT, at=LATE, **more).state


def there(booking: Booking, wall: str = FRIDAY) -> Booking:
    return check_in(booking, ANA, ROOM, at=ny(wall)).state


@pytest.mark.parametrize(
    "later",
    [
        lambda booking: check_out(there(booking), STRICT, at=ny("2026-12-18 19:05")).state,
        lambda booking: check_out(there(booking, "2026-12-18 18:50"), STRICT, at=ny("2026-12-18 18:55")).state,
        lambda booking: moved(booking, FRIDAY, 30, STRICT, at=ny("2026-12-18 19:10")).state,
        lambda booking: moved(there(booking), FRIDAY, 10, STRICT, at=ny("2026-12-18 19:05")).state,
        lambda booking: moved(booking, "2026-12-18 20:00", 15, STRICT, at=ny("2026-12-16 09:00")).state,
        lambda booking: cancel(booking, at=ny("2026-12-16 09:00")).state,
    ],
    ids=["leaving", "leaving before it began", "extending", "leaving early", "moving again", "cancelling"],
)
def test_the_hours_of_what_was_moved_too_late_stay_drawn_whatever_becomes_of_it(
    later: Callable[[Booking], Booking],
) -> None:
    booking = moved_late()
    assert weeks(booking) == {"2026-W51": 16}
    after = booking_of_stored(later(booking_of_stored(booking)))
    assert set(of_quota(booking.claims)) <= set(of_quota(after.claims))
    assert weeks(after) == {"2026-W51": 16}
    assert len(set(after.claims)) == len(after.claims)


def test_what_is_drawn_beyond_them_is_given_back_as_ever() -> None:
    friday = "2026-12-18 10:00"
    booking = moved(placed(wish(MONDAY, 240), STRICT), friday, 15, STRICT, at=LATE).state
    longer = moved(booking, friday, 300, STRICT, at=ny("2026-12-18 10:10")).state
    assert weeks(longer) == {"2026-W51": 20}
    assert weeks(check_out(there(longer, friday), STRICT, at=ny("2026-12-18 10:20")).state) == {"2026-W51": 16}


def test_what_was_moved_too_late_and_is_to_be_approved_anew_has_cost_its_hours_already() -> None:
    confirmed = replace(placed(wish(MONDAY, 240), ASKED), status=Status.CONFIRMED, expires_at=None)
    pending = booking_of_stored(moved(confirmed, FRIDAY, 15, ASKED, at=LATE).state)
    assert (pending.status, weeks(pending)) == (Status.PENDING, {"2026-W51": 16})
    assert pending.expires_at is not None
    cancelled, rejected = cancel(pending, at=LATE), reject(pending, reason=None, at=LATE)
    for decided in (cancelled, rejected, expire(pending, at=pending.expires_at)):
        assert (weeks(decided.state), of_place(decided.state.claims)) == ({"2026-W51": 16}, ())
    for decided in (cancelled, rejected):
        (event,) = decided.events
        assert isinstance(event, BookingCancelled)
        assert event.debit_kept
    approved = approve(pending, reason=None, at=LATE).state
    assert weeks(check_out(there(approved), ASKED, at=ny("2026-12-18 19:05")).state) == {"2026-W51": 16}


def test_only_the_house_gives_them_back() -> None:
    booking, at = moved_late(), ny("2026-12-16 09:00")
    assert weeks(cancel(booking, at=at, by_house=True).state) == {}
    by_house = moved(booking, "2026-12-18 20:00", 15, STRICT, at=at, by_house=True).state
    assert (weeks(by_house), by_house.forfeited) == ({"2026-W51": 1}, ())
    assert moved_late(by_house=True).forfeited == ()


def test_what_is_not_settled_yet_costs_nothing_by_moving_as_by_cancelling() -> None:
    provisional = placed(wish(MONDAY, 240, mode=Mode.PROVISIONAL), STRICT)
    provisional = replace(provisional, expires_at=ny("2026-12-14 09:30"))
    after = moved(provisional, FRIDAY, 15, STRICT, at=LATE).state
    assert (weeks(after), after.forfeited) == ({"2026-W51": 1}, ())
    assert after.cancel_by == provisional.cancel_by


@pytest.mark.parametrize("out", ["18:46", "18:54", "18:55", "18:59"])
@pytest.mark.parametrize("by_house", [False, True], ids=["its people", "the house"])
@pytest.mark.parametrize("cutoff", [0, 5, 24 * 60])
def test_who_checks_out_before_the_start_keeps_what_cancelling_at_that_moment_would_keep(
    cutoff: int, out: str, *, by_house: bool
) -> None:
    where, at = under(replace(DOOR.resource, cancel_cutoff_minutes=cutoff)), ny(f"2026-12-15 {out}")
    came = there(placed(wish(minutes=120), where), "2026-12-15 18:45")
    gone = check_out(came, where, at=at, by_house=by_house).state
    late = bool(cutoff) and (cutoff > 5 or out >= "18:55")
    assert weeks(gone) == ({"2026-W51": 8} if late and not by_house else {})
    assert gone.claims == cancel(came, at=at, by_house=by_house).state.claims


def test_of_what_was_moved_too_late_leaving_before_the_start_keeps_what_cancelling_would() -> None:
    came, at = there(moved_late(), "2026-12-18 18:50"), ny("2026-12-18 18:55")
    for by_house, left in ((False, {"2026-W51": 16}), (True, {})):
        assert weeks(check_out(came, STRICT, at=at, by_house=by_house).state) == left
        assert weeks(cancel(came, at=at, by_house=by_house).state) == left


def test_an_older_document_has_forfeited_nothing_and_a_newer_one_says_it() -> None:
    booking = placed()
    assert "forfeited" not in booking_body(booking)
    assert booking_of_stored(booking).forfeited == ()
    assert booking_of_stored(moved_late()).forfeited == moved_late().forfeited != ()


def test_who_never_came_cannot_give_the_hours_back_by_leaving_early() -> None:
    booking = placed(wish(minutes=180), DOOR)
    with pytest.raises(NotChangeable) as refused:
        moved(booking, "2026-12-15 19:00", 15, DOOR, at=ny("2026-12-15 19:10"))
    assert refused.value.members == {"status": "no_show"}
    at = ny("2026-12-15 19:05")
    shorter = moved(booking, "2026-12-15 19:00", 15, DOOR, at=at).state
    assert (shorter.interval.end, len(of_place(shorter.claims))) == (ny("2026-12-15 19:15"), 2)
    longer = moved(shorter, "2026-12-15 19:00", 30, DOOR, at=at).state
    for each in (shorter, longer, no_show(longer, at=ny("2026-12-15 19:10")).state):
        assert weeks(each) == {"2026-W51": 12}
    assert weeks(moved(booking, "2026-12-15 19:00", 15, DOOR, at=at, by_house=True).state) == {"2026-W51": 1}


def test_who_comes_after_all_gives_them_back_by_leaving() -> None:
    booking, at = placed(wish(minutes=180), DOOR), ny("2026-12-15 19:05")
    came = there(moved(booking, "2026-12-15 19:00", 60, DOOR, at=at).state, "2026-12-15 19:08")
    assert (weeks(came), came.forfeited) == ({"2026-W51": 12}, ())
    assert weeks(moved(came, "2026-12-15 19:00", 30, DOOR, at=at + timedelta(minutes=5)).state) == {"2026-W51": 2}
    assert weeks(check_out(came, DOOR, at=ny("2026-12-15 19:20")).state) == {"2026-W51": 2}


def booking_of_stored(booking: Booking) -> Booking:
    """As it is read back."""
    stored = {**booking_body(booking), "_id": booking.id, "site": booking.site, "claims": list(booking.claims)}
    if "forfeited" in stored:
        stored["forfeited"] = list(stored["forfeited"])
    return booking_of(stored)
