"""Whose midnight ends a membership, and that what is explained is what is decided."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.booking.domain.entitlement import Entitlement, entitlements
from services.booking.domain.party import Party, Period
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.resource import Kind
from services.booking.domain.rights import KINDS
from services.booking.domain.rules import Circumstances, Wanted, violations
from services.booking.domain.wall import day_of
from shared.contracts.members import MembershipView
from shared.kernel.interval import Interval
from shared.kernel.time import start_of_day
from tests.support.booking import (
    HOLIDAYS,
    MEMBER_A,
    NOW,
    POLICY,
    ROOM,
    SITE,
    FakeHouse,
    asked,
    member_state,
    organization,
    to_place,
    under,
)

ALWAYS = replace(ROOM, opening_hours=None)
ZONES = ["Asia/Tokyo", "America/New_York", "Europe/London", "Pacific/Kiritimati", "Pacific/Pago_Pago"]
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
FIRST, LAST = date(2026, 12, 14), date(2027, 3, 31)
CLOSED = {"closed", "closed-on-holiday", "outside-opening-hours"}


def codes(party: Party, use: Interval) -> list[str]:
    return [no.code for no in violations(Wanted(use, "ana", "ana"), under(ALWAYS, party), NOW) if no.code not in CLOSED]


@pytest.mark.parametrize("zone", ZONES)
def test_a_membership_begins_and_ends_with_days_of_its_organizations_home(zone: str) -> None:
    party = replace(MEMBER_A, home_zone=zone, periods=(Period(FIRST, LAST),))
    begins, ends = start_of_day(FIRST, ZoneInfo(zone)), start_of_day(LAST + DAY, ZoneInfo(zone))
    assert codes(party, Interval(begins, begins + 2 * QUARTER)) == []
    assert codes(party, Interval(begins - QUARTER, begins + QUARTER)) == ["membership-starts-after-use"]
    assert codes(party, Interval(ends - 2 * QUARTER, ends)) == []
    assert codes(party, Interval(ends - QUARTER, ends + QUARTER)) == ["membership-ends-before-use"]


@pytest.mark.parametrize("zone", ZONES)
async def test_the_zone_a_member_reads_in_moves_no_day_of_their_membership(zone: str) -> None:
    house = FakeHouse(ALWAYS)
    period = MembershipView(starts_on=date(2026, 4, 1), ends_on=date(2026, 12, 15))
    house.organizations["org-a"] = organization(home_zone="Asia/Tokyo", membership=period, periods=(period,))
    house.members["ana"] = member_state("ana", "org-a", time_zone=zone)
    with pytest.raises(BookingRefused) as refused:
        await house.handle.place_booking(asked(to_place("2026-12-15 09:30"), key="over"))
    assert [no["code"] for no in refused.value.members["violations"]] == ["membership-ends-before-use"]
    placed = await house.handle.place_booking(asked(to_place("2026-12-15 09:00"), key="in"))
    assert placed.doc["status"] == "confirmed", "until ten, which is midnight in Tokyo"


days = st.dates(date(2026, 12, 3), date(2028, 6, 30))


@st.composite
def parties(draw: st.DrawFn) -> Party:
    bounds = sorted(set(draw(st.lists(days, min_size=2, max_size=4))))
    periods = tuple(Period(a, b) for a, b in zip(bounds[::2], bounds[1::2], strict=False))
    status = draw(st.sampled_from(["active", "active", "expired", "suspended", "applied", "left"]))
    kind = draw(st.sampled_from(["special_member_a", "linkj_staff", "guest"]))
    return Party("org-a", "ana", kind, status, draw(st.sampled_from(ZONES)), periods)


def whole(day: date) -> Interval:
    """That day in New York."""
    return Interval(start_of_day(day, SITE.zone), start_of_day(day + DAY, SITE.zone))


def quarters(day: date) -> Iterator[Interval]:
    """Every quarter of an hour of that day in New York."""
    start, end = whole(day).start, whole(day).end
    while start < end:
        yield Interval(start, start + QUARTER)
        start += QUARTER


ENDS_AND_BEGINS_AGAIN = replace(
    MEMBER_A,
    home_zone="Asia/Tokyo",
    periods=(Period(date(2026, 12, 3), date(2027, 7, 1)), Period(date(2028, 1, 1), date(2028, 1, 2))),
)


@example(ENDS_AND_BEGINS_AGAIN, date(2027, 7, 1), "desk")
@given(parties(), days, st.sampled_from(KINDS))
def test_what_may_be_booked_on_a_day_is_what_is_said_of_it(party: Party, day: date, kind: Kind) -> None:
    """Of kind, period, site, resource and day: allowed where, and only where, some of that day is refused by none."""
    told: dict[str, Entitlement] = {
        each.kind: each for each in entitlements(party, POLICY, SITE, day, day_of(NOW, SITE.zone))
    }
    where = Circumstances(SITE, replace(ALWAYS, kind=kind), party, POLICY, HOLIDAYS)

    def against(use: Interval) -> set[str]:
        return {no.code for no in violations(Wanted(use, "ana", "ana"), where, NOW)} - CLOSED

    refusals = [against(use) for use in quarters(day)]
    assert told[kind].allowed == (set() in refusals)
    reasons = {each.code: each.message for each in told[kind].reasons}
    if not told[kind].allowed:
        assert set.intersection(*refusals) <= set(reasons)
        # What bounds a day is said of the whole: of one on which a membership ends, that it ends, whatever follows.
        assert set(reasons) <= set.union(against(whole(day)), *refusals)
    assert all(text.ja and text.en for text in reasons.values())
