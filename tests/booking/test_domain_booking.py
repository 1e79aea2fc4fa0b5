"""A booking: what it claims, what refuses it, what becomes of it."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.booking.domain.booking import Booking
from services.booking.domain.events import BookingCancelled, BookingPlaced
from services.booking.domain.refusals import (
    BeyondHorizon,
    BookingRefused,
    IntervalInvalid,
    IntervalTooLong,
    NotCancellable,
    NotConfirmable,
    StartsInThePast,
    TooLate,
)
from services.booking.domain.rules import Circumstances, Wanted, check_form, interval_of
from services.booking.domain.settling import cancel, confirm
from services.booking.domain.status import Status
from services.booking.domain.wall import local
from shared.contracts.booking import PlaceBooking
from shared.kernel.interval import Interval
from tests.support.booking import MEMBER_A, NEW_YORK, NOW, ROOM, SITE, all_free, during, ny, span, under, wish


def placed(wanted: Wanted | None = None, where: Circumstances | None = None, **more: Any) -> Booking:
    wanted, where = wanted or wish(), where or under()
    free = more.pop("free", None) or all_free(where, wanted.interval)
    return Booking.place("b1", wanted, where, free, at=more.pop("at", NOW), chance=Random(1)).state


def codes(wanted: Wanted, where: Circumstances | None = None, **more: Any) -> list[str]:
    with pytest.raises(BookingRefused) as refused:
        placed(wanted, where, **more)
    return [violation["code"] for violation in refused.value.members["violations"]]


def test_a_booking_claims_its_granules_in_utc_the_gap_after_it_and_its_hours_of_the_pool() -> None:
    ground = under(replace(ROOM, version=3))
    decided = Booking.place("b1", wish(), ground, all_free(ground, span("2026-12-15 19:00")), at=NOW, chance=Random(1))
    booking = decided.state
    rooms = [claim for claim in booking.claims if claim.startswith("room-a|")]
    assert rooms == [f"room-a|2026-12-16T{wall}" for wall in ("00:00", "00:15", "00:30", "00:45", "01:00")]
    quota = [claim for claim in booking.claims if claim.startswith("quota|org-a|weekly-hours|2026-W51|")]
    assert len(quota) == len(set(quota)) == 4
    assert len(booking.claims) == 9
    assert (booking.status, booking.policy, booking.resource_version) == (Status.CONFIRMED, "1", 3)
    assert decided.events == [BookingPlaced(booking)]


def test_staff_draw_from_no_pool() -> None:
    booking = placed(where=under(party=replace(MEMBER_A, kind="linkj_staff")))
    assert {claim.split("|")[0] for claim in booking.claims} == {"room-a"}


def test_a_combined_room_claims_the_granules_of_its_parts() -> None:
    both = replace(ROOM, id="room-ab", parts=("room-a", "room-b"), buffer_minutes=0)
    claims = placed(wish(minutes=15), under(both, replace(MEMBER_A, kind="city_staff"))).claims
    assert claims == ("room-a|2026-12-16T00:00", "room-b|2026-12-16T00:00")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (wish("2026-12-15 21:30"), "outside-opening-hours"),
        (wish("2026-12-13 12:00"), "outside-opening-hours"),
        (wish("2026-12-25 12:00"), "closed-on-holiday"),
        (wish("2026-12-15 19:07"), "not-on-granule"),
        (wish("2026-12-15 09:00", 9 * 60), "too-long"),
        (wish(attendees=9), "too-many-attendees"),
        (wish("2027-06-02 12:00"), "too-far-ahead"),
    ],
)
def test_each_rule_of_a_resource_or_the_rights_refuses_by_its_own_name(wanted: Wanted, code: str) -> None:
    assert codes(wanted) == [code]


def test_a_use_shorter_than_the_resource_is_booked_for_is_refused() -> None:
    assert codes(wish(minutes=15), under(replace(ROOM, shortest_minutes=30))) == ["too-short"]


@pytest.mark.parametrize("day", ["2026-11-23", "2027-01-11"])
def test_a_japanese_holiday_closes_nothing_in_new_york(day: str) -> None:
    assert placed(wish(f"{day} 12:00"), at=ny("2026-11-20 09:00")).status is Status.CONFIRMED


def test_the_last_day_of_the_horizon_is_bookable_and_the_next_is_not() -> None:
    assert placed(wish("2027-06-01 12:00")).status is Status.CONFIRMED
    assert codes(wish("2027-06-02 12:00")) == ["too-far-ahead"]


@pytest.mark.parametrize("kind", ["partner", "guest", "a kind the table does not know"])
def test_organizations_without_rights_book_nothing(kind: str) -> None:
    assert codes(wish(), under(party=replace(MEMBER_A, kind=kind))) == ["kind-not-allowed"]


def test_every_broken_rule_is_named_at_once_with_limit_and_request_in_both_languages() -> None:
    wanted = wish("2026-12-25 21:37", 25 * 60, attendees=30)
    with pytest.raises(BookingRefused) as refused:
        placed(wanted, under(party=replace(MEMBER_A, kind="special_member_c", periods=during("2026-04-01/2026-12-24"))))
    violations = refused.value.members["violations"]
    by_code = {violation["code"]: violation for violation in violations}
    assert set(by_code) == {
        "not-on-granule",
        "too-long",
        "too-many-attendees",
        "closed-on-holiday",
        "membership-ends-before-use",
        "quota-exceeded",
    }
    assert (by_code["too-long"]["limit"], by_code["too-long"]["requested"]) == (480, 1500)
    assert (by_code["too-many-attendees"]["limit"], by_code["too-many-attendees"]["requested"]) == (8, 30)
    assert by_code["membership-ends-before-use"]["limit"] == "2026-12-24"
    assert by_code["closed-on-holiday"]["limit"] == "Christmas Day"
    assert all(violation["message"]["ja"] and violation["message"]["en"] for violation in violations)


@pytest.mark.parametrize(
    ("wall", "refused"), [("2027-03-31 10:00", False), ("2027-03-31 10:15", True), ("2027-03-31 11:00", True)]
)
def test_s4_a_membership_ending_on_31_march_in_tokyo_ends_at_11_in_new_york(wall: str, *, refused: bool) -> None:
    where = under(party=replace(MEMBER_A, periods=during("2026-04-01/2027-03-31")))
    wanted, at = wish(wall), ny("2027-03-01 09:00")
    if refused:
        assert codes(wanted, where, at=at) == ["membership-ends-before-use"]
    else:
        assert placed(wanted, where, at=at).status is Status.CONFIRMED


def test_periods_that_follow_each_other_cover_a_use_over_their_boundary_and_a_gap_covers_none() -> None:
    at = ny("2027-03-01 09:00")
    renewed = replace(MEMBER_A, periods=during("2026-04-01/2027-03-31", "2027-04-01/2028-03-31"))
    assert placed(wish("2027-03-31 10:30"), under(party=renewed), at=at).status is Status.CONFIRMED
    gap = replace(MEMBER_A, periods=during("2026-04-01/2027-03-31", "2027-04-02/2028-03-31"))
    assert codes(wish("2027-03-31 10:30"), under(party=gap), at=at) == ["membership-ends-before-use"]
    assert codes(wish("2027-04-01 10:30"), under(party=gap), at=at) == ["membership-starts-after-use"]
    assert placed(wish("2027-04-01 11:00"), under(party=gap), at=at).status is Status.CONFIRMED


def test_a_membership_that_has_not_begun_or_is_not_active_books_nothing() -> None:
    late = replace(MEMBER_A, periods=during("2026-12-17/2027-03-31"))
    assert codes(wish(), under(party=late)) == ["membership-starts-after-use"]
    for status in ("applied", "suspended", "left"):
        assert codes(wish(), under(party=replace(MEMBER_A, status=status))) == ["membership-not-active"]
    assert codes(wish(), under(party=replace(MEMBER_A, periods=()))) == ["membership-not-active"]


def test_a_cancelled_booking_holds_no_claim_and_cancelling_again_changes_nothing() -> None:
    once = cancel(placed(), at=NOW)
    assert (once.state.status, once.state.claims) == (Status.CANCELLED, ())
    assert once.events == [BookingCancelled(once.state, before=Status.CONFIRMED)]
    twice = cancel(once.state, at=once.state.interval.end)
    assert (twice.state, twice.events) == (once.state, ())


def test_from_its_start_on_a_booking_is_not_cancelled_any_more() -> None:
    booking = placed()
    assert cancel(booking, at=booking.interval.start - timedelta(milliseconds=1)).events
    with pytest.raises(TooLate):
        cancel(booking, at=booking.interval.start)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.EXPIRED, Status.NO_SHOW])
def test_what_has_run_its_course_is_neither_cancelled_nor_confirmed(status: Status) -> None:
    booking = replace(placed(), status=status)
    with pytest.raises(NotCancellable):
        cancel(booking, at=NOW)
    with pytest.raises(NotConfirmable):
        confirm(booking, at=NOW)


def test_confirming_a_confirmed_booking_changes_nothing() -> None:
    booking = placed()
    again = confirm(booking, at=NOW)
    assert (again.state, again.events) == (booking, ())


def test_an_interval_that_is_none_is_refused_before_any_rule() -> None:
    start = ny("2026-12-15 19:00")
    for end in (start, start - timedelta(minutes=15)):
        with pytest.raises(IntervalInvalid):
            interval_of(start, end)
    with pytest.raises(IntervalTooLong):
        interval_of(start, start + timedelta(days=400))


def test_the_past_and_the_far_future_are_refused_by_name() -> None:
    with pytest.raises(StartsInThePast):
        check_form(span("2026-12-01 09:45"), NEW_YORK, NOW)
    check_form(span("2028-06-01 10:00"), NEW_YORK, NOW)
    with pytest.raises(BeyondHorizon):
        check_form(span("2028-06-02 10:00"), NEW_YORK, NOW)


ALWAYS = under(
    replace(ROOM, opening_hours=None, buffer_minutes=0),
    replace(MEMBER_A, kind="city_staff"),
    replace(SITE, calendars=()),
)


@pytest.mark.parametrize("wall", ["2026-12-15 23:30", "2026-12-31 23:30", "2027-02-28 23:30", "2028-02-29 23:30"])
def test_a_booking_over_midnight_new_year_or_the_end_of_february_is_nothing_special(wall: str) -> None:
    booking = placed(wish(wall), ALWAYS, at=ny("2026-12-01 10:00"))
    assert len(booking.claims) == 4
    assert booking.interval.length == timedelta(hours=1)


def test_the_doubled_hour_is_two_hours_and_both_can_be_booked() -> None:
    at = ny("2027-06-01 10:00")
    first = wish("2027-11-07 01:30")
    second = replace(first, interval=Interval(first.interval.end, first.interval.end + timedelta(hours=1)))
    claims = [placed(each, ALWAYS, at=at).claims for each in (first, second)]
    assert {local(each.interval, NEW_YORK)["start"] for each in (first, second)} == {"01:30"}
    assert set(claims[0]).isdisjoint(claims[1])


@pytest.mark.parametrize(
    ("offset", "day", "start"),
    [("2027-03-14T02:30:00-05:00", "2027-03-14", "03:30"), ("2027-03-15T09:00:00+09:00", "2027-03-14", "20:00")],
)
def test_what_is_written_with_an_offset_the_site_does_not_have_is_the_instant_it_names(
    offset: str, day: str, start: str
) -> None:
    at = datetime.fromisoformat(offset)
    body = {"site": "nyc", "resource": "room-a", "starts_at": offset, "ends_at": (at + timedelta(hours=1)).isoformat()}
    asked = PlaceBooking.model_validate_json(json.dumps(body))
    booking = placed(replace(wish(), interval=interval_of(asked.starts_at, asked.ends_at)), ALWAYS)
    told = local(booking.interval, NEW_YORK)
    assert (booking.interval.start, told["date"], told["start"]) == (at, day, start)


def test_two_hours_over_the_skipped_hour_are_two_real_hours() -> None:
    booking = placed(wish("2027-03-14 01:00", 120), ALWAYS)
    assert local(booking.interval, NEW_YORK) == {
        "time_zone": "America/New_York",
        "date": "2027-03-14",
        "start": "01:00",
        "end": "04:00",
    }
    assert len(booking.claims) == 8
