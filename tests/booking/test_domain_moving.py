"""Moving, extending, leaving early, rewording: what is kept, what is drawn anew, what is refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.booking.domain.booking import EXPIRE, Booking, Decided
from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.events import BookingChanged, BookingMoved
from services.booking.domain.moving import Move, move, reword
from services.booking.domain.refusals import BookingRefused, NotChangeable, StartsInThePast, TooLate
from services.booking.domain.rights import Limit, Policy, Right
from services.booking.domain.rules import Circumstances, Wanted
from services.booking.domain.settling import cancel
from services.booking.domain.status import Mode, Status
from shared.kernel.interval import Interval
from shared.kernel.rights import Period, Scope
from tests.support.booking import MEMBER_A, NOW, POLICY, ROOM, ROOM_B, all_free, ny, span, under, wish

MINUTE = timedelta(minutes=1)
EVENING = "2026-12-15 19:00"


def placed(wanted: Wanted | None = None, where: Circumstances | None = None) -> Booking:
    wanted, where = wanted or wish(), where or under()
    free = all_free(where, wanted.interval)
    return Booking.place("b1", wanted, where, free, at=NOW, chance=Random(1)).state


def moved(booking: Booking, wall: str, minutes: int = 60, where: Circumstances | None = None, **more: Any) -> Decided:
    """`free` is what is left of untouched pools, unless given."""
    where, interval = where or under(), span(wall, minutes)
    wanted = Wanted(interval, "ana", "ana", more.pop("purpose", None), more.pop("attendees", None))
    free = more.pop("free", None) or _left(where, interval, booking)
    to = Move(wanted, where, by_house=more.pop("by_house", False))
    return move(booking, to, free, at=more.pop("at", NOW), chance=Random(2))


def _left(where: Circumstances, interval: Interval, booking: Booking) -> dict[str, set[int]]:
    free = {prefix: set(units) for prefix, units in all_free(where, interval).items()}
    for claim in of_quota(booking.claims):
        prefix, _, unit = claim.rpartition("|")
        free.get(f"{prefix}|", set()).discard(int(unit))
    return free


def weeks(booking: Booking) -> dict[str, int]:
    """Units drawn, by period."""
    periods = [claim.split("|")[3] for claim in of_quota(booking.claims)]
    return {period: periods.count(period) for period in periods}


def test_a_booking_moved_within_its_week_keeps_its_units_and_stands_at_the_new_time() -> None:
    booking = placed()
    decided = moved(booking, "2026-12-15 19:30")
    after = decided.state
    assert after.interval == span("2026-12-15 19:30")
    assert of_quota(after.claims) == of_quota(booking.claims)
    assert set(of_place(after.claims)) == set(ROOM.claims(after.interval))
    assert decided.events == [BookingMoved(after, booking)]
    again = moved(after, "2026-12-15 19:30")
    assert (again.state, again.events) == (after, ())


@pytest.mark.parametrize(
    ("wall", "minutes", "drawn"),
    [
        ("2026-12-16 19:00", 120, {"2026-W51": 8}),
        ("2026-12-16 19:00", 30, {"2026-W51": 2}),
        ("2026-12-22 19:00", 60, {"2026-W52": 4}),
        ("2026-12-20 23:00", 120, {"2026-W51": 4, "2026-W52": 4}),
    ],
)
def test_units_stay_where_the_period_is_the_same_and_an_edge_splits(
    wall: str, minutes: int, drawn: dict[str, int]
) -> None:
    always = under(replace(ROOM, opening_hours=None))
    booking = placed(where=always)
    after = moved(booking, wall, minutes, always).state
    assert weeks(after) == drawn
    assert len(set(after.claims)) == len(after.claims)
    same = min(4, drawn.get("2026-W51", 0))
    assert len(set(of_quota(after.claims)) & set(of_quota(booking.claims))) == same


def test_its_own_units_count_as_free_for_it_and_those_of_others_do_not() -> None:
    booking = placed()
    (share,) = under().quota(span(EVENING))
    nothing: dict[str, set[int]] = {share.prefix: set()}
    assert moved(booking, "2026-12-16 19:00", free=nothing).events
    with pytest.raises(BookingRefused) as refused:
        moved(booking, "2026-12-16 19:00", 120, free=nothing)
    (violation,) = refused.value.members["violations"]
    assert (violation["code"], violation["limit"], violation["used"], violation["requested"]) == (
        "quota-exceeded",
        20,
        19,
        2,
    )


def test_another_room_of_the_same_site_is_judged_by_that_rooms_rules() -> None:
    booking = placed(wish(attendees=6))
    with pytest.raises(BookingRefused) as refused:
        moved(booking, EVENING, where=under(ROOM_B), attendees=6)
    assert [each["code"] for each in refused.value.members["violations"]] == ["too-many-attendees"]
    after = moved(booking, EVENING, where=under(ROOM_B), attendees=4, purpose="Pitch").state
    assert (after.resource, after.resource_name.en, after.attendees, after.purpose) == ("room-b", "Room B", 4, "Pitch")
    assert {claim.split("|")[0] for claim in of_place(after.claims)} == {"room-b"}


def test_every_rule_is_asked_again_and_named_at_the_new_time() -> None:
    with pytest.raises(BookingRefused) as refused:
        moved(placed(), "2026-12-25 21:07", 600)
    codes = {each["code"] for each in refused.value.members["violations"]}
    assert codes == {"closed-on-holiday", "not-on-granule", "too-long"}
    with pytest.raises(StartsInThePast):
        moved(placed(), "2026-12-01 09:00")


def test_what_is_moved_is_judged_by_the_rules_now_in_force_and_keeps_their_version() -> None:
    monthly = Limit(Period.MONTH, Scope.ORGANIZATION, hours=10)
    newer = Policy("7", {("special_member_a", "*", "*"): Right(allowed=True, months_ahead=6, limits=(monthly,))})
    booking = placed()
    assert booking.policy == POLICY.version
    after = moved(booking, "2026-12-16 19:00", where=under(replace(ROOM, version=5), policy=newer)).state
    assert (after.policy, after.resource_version, weeks(after)) == ("7", 5, {"2026-12": 4})


def test_once_it_has_started_only_its_end_can_be_another() -> None:
    booking, at = placed(), ny("2026-12-15 19:20")
    for wall, where in (("2026-12-15 19:30", under()), (EVENING, under(ROOM_B))):
        with pytest.raises(TooLate):
            moved(booking, wall, where=where, at=at)
    longer = moved(booking, EVENING, 90, at=at).state
    assert (longer.interval, weeks(longer)) == (span(EVENING, 90), {"2026-W51": 6})
    with pytest.raises(TooLate):
        moved(booking, EVENING, 90, at=ny("2026-12-15 20:00"))


@pytest.mark.parametrize(
    ("minutes", "at", "ends", "granules", "units"),
    [
        (30, "2026-12-15 19:10", "2026-12-15 19:30", 3, 2),
        (37, "2026-12-15 19:10", "2026-12-15 19:37", 4, 3),
        (5, "2026-12-15 19:36", "2026-12-15 19:36", 4, 3),
    ],
)
def test_who_leaves_early_gives_back_whole_granules_to_come_and_their_hours(
    minutes: int, at: str, ends: str, granules: int, units: int
) -> None:
    booking = placed(wish(minutes=120))
    after = moved(booking, EVENING, minutes, at=ny(at)).state
    assert after.interval == Interval(ny(EVENING), ny(ends))
    assert (len(of_place(after.claims)), len(of_quota(after.claims))) == (granules, units)
    assert set(after.claims) < set(booking.claims)


def test_leaving_early_asks_no_rule_and_nothing_an_older_table_drew_is_lost_or_kept_wrongly() -> None:
    strict = under(replace(ROOM, shortest_minutes=60), policy=Policy("9", {}))
    booking = placed(wish(minutes=120))
    after = moved(booking, EVENING, 15, strict, at=ny("2026-12-15 19:05")).state
    assert after.interval == span(EVENING, 15)
    assert of_quota(after.claims) == of_quota(booking.claims)  # that table knows no such pool
    assert after.policy == booking.policy


def test_an_end_that_has_passed_means_now_and_never_later_than_it_was() -> None:
    booking = placed()
    late = ny("2026-12-15 19:59") + timedelta(seconds=30)
    decided = moved(booking, EVENING, 15, at=late)
    assert (decided.state.interval, decided.events) == (booking.interval, ())


def test_after_the_cut_off_moving_gives_no_hours_back_and_saves_nothing() -> None:
    where = under(replace(ROOM, cancel_cutoff_minutes=24 * 60))
    booking, late = placed(where=where), ny("2026-12-15 09:00")
    away = moved(booking, "2027-01-12 19:00", where=where, at=late).state
    assert weeks(away) == {"2026-W51": 4, "2027-W02": 4}
    assert weeks(cancel(away, at=late).state) == {"2026-W51": 4, "2027-W02": 4}
    in_time = moved(booking, "2027-01-12 19:00", where=where).state
    assert (weeks(in_time), in_time.cancel_by) == ({"2027-W02": 4}, ny("2027-01-11 19:00"))
    by_house = moved(booking, "2027-01-12 19:00", where=where, at=late, by_house=True).state
    assert weeks(by_house) == {"2027-W02": 4}


def test_no_deadline_gets_later_by_moving() -> None:
    booking = placed(wish(mode=Mode.PROVISIONAL))
    later, sooner = moved(booking, "2027-01-12 19:00").state, moved(booking, "2026-12-04 09:00").state
    assert (later.due, later.expires_at) == (booking.due, booking.expires_at)
    assert (sooner.expires_at, sooner.remind_at) == (ny("2026-12-04 09:00"), ny("2026-12-02 09:00"))
    held = placed(wish(mode=Mode.HOLD))
    elsewhere = moved(held, "2026-12-16 19:00").state
    assert elsewhere.due == (NOW + 5 * MINUTE, EXPIRE)
    assert elsewhere.claims[-1] == held.claims[-1]
    with pytest.raises(NotChangeable) as refused:
        moved(held, "2026-12-16 19:00", at=NOW + 5 * MINUTE)
    assert refused.value.members == {"status": "expired"}


def test_what_was_approved_for_one_time_needs_it_for_another_unless_the_house_moves_it_or_it_only_shrinks() -> None:
    where = under(replace(ROOM, needs_approval=True))
    confirmed = replace(placed(where=where), status=Status.CONFIRMED, expires_at=None)
    elsewhere = moved(confirmed, "2026-12-16 19:00", where=where).state
    assert (elsewhere.status, elsewhere.expires_at) == (Status.PENDING, NOW + timedelta(days=14))
    assert moved(confirmed, "2026-12-16 19:00", where=where, by_house=True).state.status is Status.CONFIRMED
    assert moved(confirmed, EVENING, 30, where).state.status is Status.CONFIRMED
    assert moved(confirmed, EVENING, 90, where, at=ny("2026-12-15 19:30")).state.status is Status.CONFIRMED
    free_of_it = moved(elsewhere, "2026-12-16 19:00", where=under(ROOM_B)).state
    assert (free_of_it.status, free_of_it.due, free_of_it.needs_approval) == (Status.CONFIRMED, None, False)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED, Status.EXPIRED, Status.NO_SHOW])
def test_what_no_longer_stands_cannot_be_changed(status: Status) -> None:
    booking = replace(placed(), status=status)
    with pytest.raises(NotChangeable):
        moved(booking, "2026-12-16 19:00")
    with pytest.raises(NotChangeable):
        reword(booking, wish(attendees=2), ROOM, at=NOW)


def test_rewording_is_judged_by_the_capacity_alone_and_the_same_words_write_nothing() -> None:
    booking = placed(wish("2026-12-15 19:00", attendees=3))
    decided = reword(booking, Wanted(booking.interval, "ana", "ana", "Pitch", 4), ROOM, at=_running())
    assert (decided.state.purpose, decided.state.attendees, decided.state.claims) == ("Pitch", 4, booking.claims)
    assert decided.events == [BookingChanged(decided.state, ("purpose", "attendees"))]
    assert reword(booking, wish(attendees=3), ROOM, at=NOW).events == ()
    with pytest.raises(BookingRefused):
        reword(booking, wish(attendees=9), ROOM, at=NOW)
    crowded = replace(booking, attendees=9)  # more than the room holds by now
    assert reword(crowded, Wanted(booking.interval, "ana", "ana", "Pitch", 9), ROOM, at=NOW).events
    with pytest.raises(TooLate):
        reword(booking, wish(attendees=4), ROOM, at=booking.interval.end)


def _running() -> datetime:
    return ny("2026-12-15 19:20")


def test_staff_without_quota_move_without_drawing() -> None:
    where = under(party=replace(MEMBER_A, kind="linkj_staff"))
    after = moved(placed(where=where), "2026-12-22 19:00", where=where).state
    assert of_quota(after.claims) == ()
