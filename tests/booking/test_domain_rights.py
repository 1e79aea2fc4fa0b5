"""Which row of the table holds, and what its limits draw on."""

from dataclasses import replace

import pytest

from services.booking.domain.quota import Share, shares
from services.booking.domain.rights import NOTHING, Limit
from services.booking.domain.rules import violations
from services.booking.store.rights import policy_of
from shared.kernel.rights import Period, Scope
from tests.support.booking import MEMBER_A, NEW_YORK, NOW, POLICY, ROOM, ny, span, table, under, wish

DESK = replace(ROOM, id="desk-1", kind="desk")
ROWS = policy_of(
    table(
        {"months_ahead": 1},
        {"resource": "room", "months_ahead": 2},
        {"site": "nyc", "months_ahead": 3},
        {"site": "nyc", "resource": "room", "months_ahead": 4},
        {"site": "osaka", "resource": "room", "months_ahead": 0, "allowed": False},
    )
)


@pytest.mark.parametrize(
    ("site", "resource", "months"),
    [("nyc", "room", 4), ("nyc", "desk", 3), ("tokyo", "room", 2), ("tokyo", "desk", 1), ("osaka", "desk", 1)],
)
def test_the_most_specific_row_holds_alone_the_site_before_the_resource(site: str, resource: str, months: int) -> None:
    right = ROWS.of("special_member_a", site, resource)
    assert (right.allowed, right.months_ahead) == (True, months)


def test_a_row_may_deny_what_another_grants_and_without_a_row_nothing_is_allowed() -> None:
    assert not ROWS.of("special_member_a", "osaka", "room").allowed
    assert ROWS.of("guest", "nyc", "room") is NOTHING


def test_a_new_system_s_table_says_what_the_house_promised() -> None:
    def told(kind: str) -> tuple[bool, int, list[tuple[str, str, int]]]:
        right = POLICY.of(kind, "nyc", "room")
        return right.allowed, right.months_ahead, [(each.period, each.scope, each.hours) for each in right.limits]

    weekly = {"yokohama_company": 40, "special_member_a": 20, "special_member_b": 20, "special_member_c": 5}
    for kind, hours in weekly.items():
        assert told(kind) == (True, 6, [("week", "organization", hours)])
    for kind in ("linkj_staff", "city_staff"):
        assert told(kind) == (True, 18, [])
    for kind in ("partner", "guest"):
        assert told(kind) == (False, 0, [])
    assert POLICY.version == "1"


def test_the_right_of_a_booking_says_whether_it_needs_approval() -> None:
    policy = policy_of(table({"resource": "room", "needs_approval": True}, {"resource": "desk"}))
    assert under(policy=policy).right.needs_approval
    assert not under(DESK, policy=policy).right.needs_approval
    codes = [no.code for no in violations(wish(), under(replace(ROOM, kind="expert"), policy=policy), NOW)]
    assert codes == ["kind-not-allowed"]


def drawn(*limits: Limit) -> list[tuple[str, int, int]]:
    return [(s.prefix, s.units, s.total) for s in shares(span("2026-11-30 23:00", 120), MEMBER_A, limits, NEW_YORK)]


def test_each_limit_draws_on_pools_of_its_own_in_each_of_its_periods() -> None:
    week = Limit(Period.WEEK, Scope.ORGANIZATION, 20)
    day = Limit(Period.DAY, Scope.PERSON, 2)
    month = Limit(Period.MONTH, Scope.ORGANIZATION, 30, over="room")
    assert drawn(week, day, month) == [
        ("quota|org-a|weekly-hours|2026-W49|", 8, 80),
        ("quota|ana|own-daily-hours|2026-11-30|", 4, 8),
        ("quota|ana|own-daily-hours|2026-12-01|", 4, 8),
        ("quota|org-a|monthly-hours-room|2026-11|", 4, 120),
        ("quota|org-a|monthly-hours-room|2026-12|", 4, 120),
    ]


def test_a_limit_that_is_reached_says_whose_and_when_it_resets() -> None:
    limits = [Limit(Period.DAY, Scope.PERSON, 1), Limit(Period.MONTH, Scope.ORGANIZATION, 1)]
    found = [s.exceeded(set(), NEW_YORK) for s in shares(span("2026-12-15 19:00"), MEMBER_A, limits, NEW_YORK)]
    assert [(no.code, no.rule, no.limit, no.used, no.requested, no.resets_at) for no in found if no] == [
        ("quota-exceeded", "own-daily-hours", 1, 1, 1, "2026-12-16T00:00:00-05:00"),
        ("quota-exceeded", "monthly-hours", 1, 1, 1, "2027-01-01T00:00:00-05:00"),
    ]
    assert all(no and no.message.ja and no.message.en for no in found)


def test_units_held_beyond_a_lowered_limit_count_too() -> None:
    share = Share("quota|o|r|p|", 4, 8, ny("2026-12-21 00:00"))
    assert share.free(set()) == set(range(8))
    assert len(share.free({0, 1, 20, 30, 40})) == 3
    assert share.free({20, 21, 22, 23, 24, 25, 26, 27, 28}) == set()
