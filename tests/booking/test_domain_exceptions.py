"""Exceptional days as rules: what is open on them, and what a refusal says."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.booking.domain.availability import Occupied
from services.booking.domain.exception_refusals import BookedThen, HoursInvalid, TooManyExceptions
from services.booking.domain.exceptions import Booked, exceptional_day
from services.booking.domain.resource import Resource
from services.booking.domain.rules import violations
from services.booking.domain.site import MOST, Site
from shared.contracts.booking import ExceptionalHours
from shared.kernel.interval import Interval
from shared.kernel.text import Text
from tests.support.booking import (
    HOLIDAYS,
    NOW,
    ROOM,
    ROOM_B,
    SITE,
    ny,
    span,
    under,
    wish,
)

WHY = Text(ja="設備点検", en="Maintenance")
CHRISTMAS, TUESDAY, SATURDAY = date(2026, 12, 25), date(2026, 12, 15), date(2026, 12, 19)
BOTH = replace(ROOM, id="room-ab", parts=("room-a", "room-b"))


def hours(*ranges: tuple[str, str]) -> tuple[ExceptionalHours, ...]:
    return tuple(ExceptionalHours(opens=opens, closes=closes) for opens, closes in ranges)


def but(day: date, *ranges: tuple[str, str], resource: str | None = None, site: Site = SITE) -> Site:
    put = exceptional_day(day, hours(*ranges), WHY, resource)
    return site.excepting(put.key, put, NOW).state


def opened(site: Site, day: date, resource: Resource = ROOM) -> list[Interval]:
    within = Interval(ny(f"{day} 00:00"), ny(f"{day + timedelta(days=1)} 00:00"))
    return resource.openings(site, HOLIDAYS, within)


def codes(site: Site, wall: str, resource: Resource = ROOM) -> list[str]:
    return [no.code for no in violations(wish(wall), under(resource, site=site), NOW)]


@pytest.mark.parametrize("day", [CHRISTMAS, SATURDAY])
def test_a_holiday_and_a_weekend_are_opened_at_the_hours_said_and_no_others(day: date) -> None:
    site = but(day, ("10:00", "12:00"), ("13:00", "15:00"))
    assert opened(SITE, day) == []
    assert opened(site, day) == [
        Interval(ny(f"{day} 10:00"), ny(f"{day} 12:00")),
        Interval(ny(f"{day} 13:00"), ny(f"{day} 15:00")),
    ]
    assert ROOM.opens_on(day, site, HOLIDAYS)
    assert (codes(site, f"{day} 13:00"), codes(site, f"{day} 16:00")) == ([], ["outside-opening-hours"])


def test_a_closed_day_refuses_with_the_reason_in_both_languages() -> None:
    (no,) = violations(wish("2026-12-15 19:00"), under(site=but(TUESDAY)), NOW)
    said = no.spoken()
    assert (said["code"], said["rule"], said["requested"]) == ("closed", "exceptions", "2026-12-15")
    assert ("設備点検" in said["message"]["ja"], "Maintenance" in said["message"]["en"]) == (True, True)
    assert not ROOM.opens_on(TUESDAY, but(TUESDAY), HOLIDAYS)
    assert codes(but(TUESDAY), "2026-12-16 19:00") == []


def test_a_holiday_closed_by_staff_too_is_refused_once_and_by_their_reason() -> None:
    assert (codes(SITE, "2026-12-25 12:00"), codes(but(CHRISTMAS), "2026-12-25 12:00")) == (
        ["closed-on-holiday"],
        ["closed"],
    )


def test_a_resource_s_own_comes_before_the_site_s_and_a_closed_part_closes_the_combined_room() -> None:
    site = but(TUESDAY, ("08:00", "09:00"), resource="room-b", site=but(TUESDAY))
    assert (opened(site, TUESDAY), opened(site, TUESDAY, BOTH)) == ([], [])
    assert opened(site, TUESDAY, ROOM_B) == [Interval(ny("2026-12-15 08:00"), ny("2026-12-15 09:00"))]
    without_b = but(TUESDAY, resource="room-b")
    assert (opened(without_b, TUESDAY), opened(without_b, TUESDAY, BOTH)) == (opened(SITE, TUESDAY), [])


def test_a_closed_part_closes_a_combined_room_that_was_opened_by_itself_and_not_while_that_is_booked() -> None:
    opened_up = but(SATURDAY, ("10:00", "16:00"), resource="room-ab")
    without_a = but(SATURDAY, resource="room-a", site=opened_up)
    assert (len(opened(opened_up, SATURDAY, BOTH)), opened(without_a, SATURDAY, BOTH)) == (1, [])
    assert codes(without_a, "2026-12-19 12:00", BOTH) == ["closed"]
    fewer = but(SATURDAY, ("10:00", "11:00"), resource="room-a", site=opened_up)
    assert codes(fewer, "2026-12-19 12:00", BOTH) == []
    held = Occupied("room-ab", span("2026-12-19 12:00"), BOTH.claims(span("2026-12-19 12:00")))
    booked = Booked(known={"room-a": ROOM, "room-ab": BOTH}, taken=[held], holidays=HOLIDAYS, at=NOW)
    with pytest.raises(BookedThen):
        booked.check(opened_up, without_a, (SATURDAY, "room-a"))


def test_hours_close_after_they_open_on_the_same_day() -> None:
    for wrong in (("10:00", "10:00"), ("22:00", "02:00"), ("24:00", "24:00")):
        with pytest.raises(HoursInvalid):
            but(TUESDAY, wrong)
    assert opened(but(TUESDAY, ("00:00", "24:00")), TUESDAY)[0].length == timedelta(days=1)


def test_what_is_over_for_a_month_leaves_and_there_is_an_end_to_what_a_site_keeps() -> None:
    site = but(date(2026, 12, 2))
    later = exceptional_day(date(2027, 1, 4), (), WHY, None)
    assert list(site.excepting(later.key, later, NOW + timedelta(days=34)).state.exceptions) == [later.key]
    for n in range(MOST - 1):
        site = but(TUESDAY, resource=f"desk-{n}", site=site)
    with pytest.raises(TooManyExceptions):
        but(TUESDAY, site=site)
    assert site.excepting((TUESDAY, "desk-1"), None, NOW).state.version == MOST + 1
