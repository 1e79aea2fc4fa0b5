"""What was meant, under other rules of the clocks: which instants that is, and what becomes of a booking there."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.events import BookingMoved
from services.booking.domain.resource import Door
from services.booking.domain.retiming import Shift, retime, shift_of
from services.booking.domain.status import Status
from services.booking.domain.wall import local
from services.booking.handlers.retiming import in_order
from services.booking.store.to_come import Astray, Stray
from shared.kernel.interval import Interval
from shared.kernel.time import zone_of
from tests.booking.test_domain_moving import moved, placed
from tests.support.booking import NEW_YORK, NOW, ROOM, ny, span, under, wish
from tests.support.retiming import SUMMER_FOR_EVER, WINTER_FOR_EVER, new_rules

HOUR = timedelta(hours=1)


def shifted(was: Interval) -> Shift | None:
    """By the rules of now, of what was meant by those of before."""
    return shift_of(was, local(was, NEW_YORK))


def test_while_the_clocks_show_what_was_meant_nothing_shifts(tmp_path: Path) -> None:
    assert shifted(span("2026-12-15 19:00")) is None
    with new_rules(tmp_path, SUMMER_FOR_EVER):
        assert shifted(span("2027-07-01 19:00")) is None


@pytest.mark.parametrize(
    ("rules", "wall", "minutes", "by"),
    [
        (SUMMER_FOR_EVER, "2026-12-15 19:00", 60, -HOUR),
        (SUMMER_FOR_EVER, "2026-12-15 23:30", 60, -HOUR),
        (SUMMER_FOR_EVER, "2026-12-31 22:00", 36 * 60, -HOUR),
        (WINTER_FOR_EVER, "2027-04-13 19:00", 60, HOUR),
        (WINTER_FOR_EVER, "2027-04-13 00:00", 24 * 60, HOUR),
        ("EST4:30", "2026-12-15 19:07", 60, -HOUR / 2),
    ],
)
def test_the_wall_time_stays_and_the_instants_shift(
    tmp_path: Path, rules: str, wall: str, minutes: int, by: timedelta
) -> None:
    was = span(wall, minutes)
    with new_rules(tmp_path, rules):
        shift = shifted(was)
        assert shift is not None
        assert shift.to == Interval(was.start + by, was.end + by)
        assert local(shift.to, zone_of("America/New_York")) == local(was, NEW_YORK)
        assert shift.later is (by > timedelta())


def test_it_is_as_long_on_the_wall_not_in_truth(tmp_path: Path) -> None:
    """By the new rules the clocks skip an hour in the midst of it."""
    was = span("2027-04-04 00:00", 6 * 60)
    with new_rules(tmp_path, "EST5EDT,M4.1.0,M10.5.0"):
        shift = shifted(was)
    assert shift is not None
    assert shift.to == Interval(was.start + HOUR, was.end)


def test_a_time_the_new_clocks_skip_leads_nowhere_and_of_two_it_is_the_nearer(tmp_path: Path) -> None:
    was = span("2026-12-15 18:30", 30)
    with new_rules(tmp_path, "EST5EDT,J349/18:00,J350"):
        assert shifted(was) == Shift(was, None)
    with new_rules(tmp_path, "XST4XDT3,M3.2.0,J349/19"):
        assert shifted(was) == Shift(was, Interval(was.start - HOUR, was.end - HOUR))


def test_an_hour_that_was_shown_twice_and_no_longer_is_leads_nowhere(tmp_path: Path) -> None:
    both = Interval(datetime(2027, 11, 7, 5, tzinfo=UTC), datetime(2027, 11, 7, 6, tzinfo=UTC))
    assert local(both, NEW_YORK)["start"] == local(both, NEW_YORK)["end"] == "01:00"
    assert shifted(both) is None
    with new_rules(tmp_path, SUMMER_FOR_EVER):
        assert shifted(both) == Shift(both, None)


def test_all_that_counts_from_the_start_goes_with_it_and_nothing_is_judged_anew(tmp_path: Path) -> None:
    room = replace(ROOM, cancel_cutoff_minutes=120, check_in=Door(), parts=("room-a", "room-b"))
    booking = placed(where=under(room))
    with new_rules(tmp_path, SUMMER_FOR_EVER):
        shift = shifted(booking.interval)
        assert shift is not None
        decided = retime(booking, shift, at=NOW)
    asked_for = moved(booking, "2026-12-15 18:00", where=under(room), by_house=True).state
    assert replace(decided.state, claims=()) == replace(asked_for, claims=())
    assert {*of_place(decided.state.claims)} == {*of_place(asked_for.claims)}
    assert of_quota(decided.state.claims) == of_quota(booking.claims)
    assert decided.events == [BookingMoved(decided.state, booking, "time-zone-rules")]
    assert not retime(decided.state, shift, at=NOW).events


def test_a_room_that_is_sold_otherwise_by_now_is_kept_as_it_was_sold(tmp_path: Path) -> None:
    """Else a longer cleaning up would put every booking in the way of the next."""
    booking = placed(where=under(replace(ROOM, buffer_minutes=30)))
    with new_rules(tmp_path, SUMMER_FOR_EVER):
        shift = shifted(booking.interval)
        assert shift is not None
        after = retime(booking, shift, at=NOW).state
    assert len(of_place(after.claims)) == len(of_place(booking.claims)) == 6


def test_no_deadline_gets_later_and_none_outlasts_the_start(tmp_path: Path) -> None:
    far, soon = ny("2026-12-15 19:00"), ny("2026-12-08 10:00")
    open_still = replace(placed(), status=Status.PROVISIONAL, remind_at=soon - 48 * HOUR)
    with new_rules(tmp_path, SUMMER_FOR_EVER):
        shift = shifted(open_still.interval)
        assert shift is not None
        kept = retime(replace(open_still, expires_at=soon), shift, at=NOW).state
        cut = retime(replace(open_still, expires_at=far), shift, at=NOW).state
    assert (kept.expires_at, kept.remind_at) == (soon, soon - 48 * HOUR)
    assert (cut.expires_at, cut.remind_at) == (far - HOUR, far - 49 * HOUR)


def test_what_others_did_meanwhile_stands_and_what_would_have_begun_stays(tmp_path: Path) -> None:
    booking = placed()
    with new_rules(tmp_path, SUMMER_FOR_EVER):
        shift = shifted(booking.interval)
        assert shift is not None
        elsewhere = replace(booking, interval=span("2026-12-16 19:00"))
        over = replace(booking, status=Status.CANCELLED)
        lapsed = replace(booking, status=Status.HELD, expires_at=NOW)
        for each in (elsewhere, over, lapsed):
            assert not retime(each, shift, at=NOW).events
        assert not retime(booking, shift, at=booking.interval.start - HOUR).events


def test_who_had_checked_in_has_done_so_only_if_it_is_about_to_begin(tmp_path: Path) -> None:
    there = replace(
        placed(where=under(replace(ROOM, check_in=Door())), wanted=wish("2027-04-13 19:00")),
        status=Status.CHECKED_IN,
        checked_in_at=ny("2027-04-13 18:50"),
        visible=True,
    )
    with new_rules(tmp_path, WINTER_FOR_EVER):
        shift = shifted(there.interval)
        assert shift is not None
        after = retime(there, shift, at=ny("2027-04-13 18:55")).state
    assert (after.status, after.visible, after.checked_in_at) == (Status.CONFIRMED, False, None)


def test_each_comes_after_the_one_whose_place_it_takes() -> None:
    def astray(name: str, wall: str, by: timedelta) -> Astray:
        was = span(wall)
        shift = Shift(was, Interval(was.start + by, was.end + by))
        return Astray(name, "booking", {None: Stray(local(was, NEW_YORK), "room-a", shift)})

    found = [
        astray("later-1", "2027-04-13 18:00", HOUR),
        astray("earlier-2", "2026-12-15 19:00", -HOUR),
        astray("later-2", "2027-04-13 19:00", HOUR),
        astray("earlier-1", "2026-12-15 18:00", -HOUR),
    ]
    assert [each.id for each in in_order(found)] == ["later-2", "later-1", "earlier-1", "earlier-2"]
