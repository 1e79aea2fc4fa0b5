"""What another table would change: told for whom, in which direction, why; and nothing but what really changes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.entitlement import entitlements
from services.booking.domain.party import Party
from services.booking.domain.party import Period as Membership
from services.booking.domain.rights import Policy, Right
from services.booking.domain.site import Site
from services.booking.store.rights import policy_of
from services.members.domain.organization import Kind
from services.members.domain.policy import RESOURCES, Limit, Place, Row, Table
from services.members.domain.policy_effect import Change, changes
from services.members.publish import row_view
from shared.contracts.members import POLICY_ID, PolicyState
from shared.kernel.rights import EVERY, Period, Scope
from shared.kernel.text import Text

A = Place(Kind.SPECIAL_MEMBER_A, EVERY, EVERY)
WEEKLY = Limit(Period.WEEK, Scope.ORGANIZATION, 20)
ROW = Row(A, months_ahead=6, limits=(WEEKLY,))
SITES = ("nyc", "osaka")
TODAY = date(2026, 12, 1)


def table(*rows: Row) -> Table:
    return Table.of(rows, sites=SITES)


def told(before: Sequence[Row], after: Sequence[Row]) -> list[tuple[str, str, str, list[str]]]:
    found = changes(table(*before), table(*after))
    assert all(reason.message.ja and reason.message.en for each in found for reason in each.reasons)
    return [(c.place.site, c.place.resource, c.effect.value, [r.code for r in c.reasons]) for c in found]


def everywhere(effect: str, *codes: str) -> list[tuple[str, str, str, list[str]]]:
    return [(EVERY, resource, effect, list(codes)) for resource in RESOURCES]


NYC = Row(replace(A, site="nyc"), months_ahead=1)
OTHER = Row(Place(Kind.GUEST, EVERY, EVERY), allowed=False)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([ROW], [ROW], []),
        ([OTHER], [OTHER, ROW], everywhere("gains", "now-allowed")),
        ([ROW, OTHER], [OTHER], everywhere("loses", "no-longer-allowed")),
        ([ROW], [Row(A, allowed=False)], everywhere("loses", "no-longer-allowed")),
        ([ROW], [replace(ROW, months_ahead=7)], everywhere("gains", "further-ahead")),
        ([ROW], [replace(ROW, months_ahead=1)], everywhere("loses", "less-far-ahead")),
        ([ROW], [replace(ROW, needs_approval=True)], everywhere("loses", "approval-needed")),
        ([replace(ROW, needs_approval=True)], [ROW], everywhere("gains", "approval-not-needed")),
        ([ROW], [replace(ROW, limits=())], everywhere("gains", "more-hours")),
        ([ROW], [replace(ROW, limits=(replace(WEEKLY, hours=19),))], everywhere("loses", "fewer-hours")),
        ([ROW], [replace(ROW, limits=(replace(WEEKLY, step_minutes=30),))], everywhere("loses", "coarser-steps")),
        ([replace(ROW, limits=(replace(WEEKLY, step_minutes=30),))], [ROW], everywhere("gains", "finer-steps")),
        (
            [ROW],
            [replace(ROW, months_ahead=7, limits=(WEEKLY, Limit(Period.DAY, Scope.PERSON, 2)))],
            everywhere("gains_and_loses", "further-ahead", "fewer-hours"),
        ),
    ],
)
def test_each_thing_that_gets_better_or_worse_has_a_reason(
    before: list[Row], after: list[Row], expected: list[Any]
) -> None:
    assert told(before, after) == expected


def test_hours_of_their_own_are_more_than_hours_shared() -> None:
    rooms = replace(ROW, place=replace(A, resource="room"))
    assert told([ROW], [ROW, rooms]) == [(EVERY, "room", "gains", ["hours-of-their-own"])]
    assert told([ROW, rooms], [ROW]) == [(EVERY, "room", "loses", ["hours-shared"])]


def test_a_site_is_told_apart_only_where_it_differs() -> None:
    assert [change.not_at for change in changes(table(ROW, NYC), table(replace(ROW, months_ahead=7), NYC))] == [
        ("nyc",)
    ] * 3
    assert told([ROW, NYC], [replace(ROW, months_ahead=7), NYC]) == everywhere("gains", "further-ahead")
    assert told([ROW], [ROW, NYC]) == [
        ("nyc", resource, "gains_and_loses", ["less-far-ahead", "more-hours"]) for resource in RESOURCES
    ]
    both = told([ROW, NYC], [replace(ROW, months_ahead=7)])
    assert [each for each in both if each[1] == "room"] == [
        (EVERY, "room", "gains", ["further-ahead"]),
        ("nyc", "room", "gains_and_loses", ["further-ahead", "fewer-hours"]),
    ]


places = st.builds(
    Place,
    st.sampled_from([Kind.SPECIAL_MEMBER_A, Kind.GUEST]),
    st.sampled_from([EVERY, *SITES]),
    st.sampled_from([EVERY, *RESOURCES]),
)
limits = st.lists(
    st.builds(Limit, st.sampled_from(Period), st.sampled_from(Scope), st.integers(1, 24)),
    max_size=2,
    unique_by=lambda limit: (limit.period, limit.scope),
).map(tuple)
rows = st.builds(Row, places, months_ahead=st.integers(1, 18), needs_approval=st.booleans(), limits=limits) | st.builds(
    Row, places, allowed=st.just(False)
)
tables = st.lists(rows, min_size=1, max_size=8, unique_by=lambda row: row.place).map(lambda found: table(*found))


def judged_by(of: Table, version: int) -> Policy:
    """The table as booking's copy has it, by way of the state on the wire."""
    state = PolicyState(id=POLICY_ID, sequence=version, rows=tuple(map(row_view, of.rows)))
    return policy_of(PolicyState.model_validate(state.model_dump(mode="json"), strict=False))


def rights(policy: Policy, kind: Kind, site: str) -> dict[str, Right]:
    return {resource: policy.of(kind.value, site, resource) for resource in RESOURCES}


def entitled(policy: Policy, kind: Kind, site: str) -> dict[str, tuple[bool, list[str | None]]]:
    """What `GET …/entitlements` answers today to a member in good standing."""
    party = Party("o", "p", kind.value, "active", "Asia/Tokyo", (Membership(date(2026, 4, 1), date(2028, 3, 31)),))
    found = entitlements(party, policy, Site(site, Text(en=site), "America/New_York"), TODAY, TODAY)
    return {each.kind: (each.allowed, [reason.message.en for reason in each.reasons]) for each in found}


@given(tables, tables)
def test_what_a_dry_run_tells_is_what_entitlements_tell_after_the_change(before: Table, after: Table) -> None:
    was, is_ = judged_by(before, 1), judged_by(after, 2)
    found = changes(before, after)
    for kind in (Kind.SPECIAL_MEMBER_A, Kind.GUEST, Kind.PARTNER):
        for site in (*SITES, "elsewhere"):
            then, now = rights(was, kind, site), rights(is_, kind, site)
            told_then, told_now = entitled(was, kind, site), entitled(is_, kind, site)
            for resource in RESOURCES:
                of = [change for change in found if covers(change, Place(kind, site, resource))]
                assert bool(of) == (then[resource] != now[resource]) == (told_then[resource] != told_now[resource])
                for change in of:
                    assert allowed(change.before) == told_then[resource][0]
                    assert allowed(change.after) == told_now[resource][0]


def covers(change: Change, place: Place) -> bool:
    if change.place.site == EVERY and place.site not in change.not_at:
        place = replace(place, site=EVERY)
    return change.place == place


def allowed(row: Row | None) -> bool:
    return row is not None and row.allowed
