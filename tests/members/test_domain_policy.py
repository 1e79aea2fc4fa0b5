"""The table of rights: its order, its faults by name, what a change of it is, which row holds."""

from dataclasses import replace
from typing import Any

import pytest

from services.members.domain.organization import Kind
from services.members.domain.policy import Limit, Place, PolicyChanged, PolicyInvalid, Row, Table
from services.members.store.policies import first_table
from shared.kernel.rights import Period, Scope

A = Place(Kind.SPECIAL_MEMBER_A, "*", "*")
WEEKLY = Limit(Period.WEEK, Scope.ORGANIZATION, 20)
SITES = {"nyc"}
ROW = Row(A, months_ahead=6, limits=(WEEKLY,))


def place(**changed: Any) -> Place:
    return replace(A, **changed)


def table(*rows: Row) -> Table:
    return Table.of(rows, sites=SITES)


def faults(*rows: Row) -> list[tuple[int | None, str]]:
    with pytest.raises(PolicyInvalid) as refused:
        table(*rows)
    assert all(fault.message.ja and fault.message.en for fault in refused.value.faults)
    return [(fault.row, fault.code) for fault in refused.value.faults]


def test_the_file_a_new_system_begins_with_is_valid_and_has_a_row_for_every_kind() -> None:
    edition, first = first_table()
    assert edition
    assert {row.place.kind for row in first.rows} == set(Kind)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (replace(ROW, months_ahead=0), "months-out-of-range"),
        (replace(ROW, months_ahead=19), "months-out-of-range"),
        (replace(ROW, limits=(replace(WEEKLY, hours=0),)), "hours-out-of-range"),
        (replace(ROW, limits=(replace(WEEKLY, period=Period.DAY, hours=25),)), "hours-out-of-range"),
        (replace(ROW, limits=(WEEKLY, replace(WEEKLY, hours=5))), "limit-twice"),
        (Row(A, allowed=False, months_ahead=1), "denied-and-granted"),
        (Row(A, allowed=False, needs_approval=True), "denied-and-granted"),
        (Row(A, allowed=False, limits=(WEEKLY,)), "denied-and-granted"),
    ],
)
def test_each_fault_of_a_row_has_a_name(row: Row, code: str) -> None:
    assert faults(Row(place(site="nyc"), allowed=False), row) == [(1, code)]


def test_all_faults_are_told_at_once_and_where() -> None:
    four = tuple(Limit(period, scope, 1) for period in (Period.DAY, Period.WEEK) for scope in Scope)
    rows = [ROW, replace(ROW, months_ahead=0, limits=four), Row(place(resource="desk"), allowed=False, months_ahead=2)]
    assert faults(*rows) == [
        (1, "row-twice"),
        (1, "months-out-of-range"),
        (1, "too-many-limits"),
        (2, "denied-and-granted"),
    ]


def test_a_table_is_neither_empty_nor_without_end() -> None:
    assert faults() == [(None, "table-empty")]
    many = [replace(ROW, place=place(site=f"s{n}")) for n in range(201)]
    with pytest.raises(PolicyInvalid) as refused:
        Table.of(many, sites={row.place.site for row in many})
    assert [fault.code for fault in refused.value.faults] == ["too-many-rows"]


def test_a_site_that_is_not_there_is_taken_for_a_slip() -> None:
    assert faults(ROW, replace(ROW, place=place(site="nyk"))) == [(1, "unknown-site")]


def test_the_order_in_which_rows_and_limits_are_written_means_nothing() -> None:
    person = Limit(Period.DAY, Scope.PERSON, 2)
    rows = [
        replace(ROW, limits=(person, WEEKLY)),
        Row(place(kind=Kind.LINKJ_STAFF), months_ahead=18),
        Row(place(resource="room"), allowed=False),
        Row(place(site="nyc"), allowed=False),
    ]
    made = table(*rows)
    assert made == table(replace(ROW, limits=(WEEKLY, person)), *reversed(rows[1:]))
    assert [row.place for row in made.rows] == [rows[1].place, A, rows[2].place, rows[3].place]
    assert not made.replaced_by(table(*rows[::-1])).events


def test_a_change_tells_what_is_new_other_or_gone_and_nothing_else() -> None:
    kept, gone, other = ROW, Row(place(site="nyc"), allowed=False), Row(place(resource="desk"), months_ahead=1)
    new = Row(place(kind=Kind.GUEST), months_ahead=1, needs_approval=True)
    changed = replace(other, months_ahead=2)
    decided = table(kept, gone, other).replaced_by(table(new, changed, kept))
    assert decided.events == [PolicyChanged(put=(changed, new), removed=(gone.place,))]
    first = table(kept).introduced()
    assert first.events == [PolicyChanged(put=(kept,), removed=())]


def test_the_most_specific_row_holds_the_site_before_the_resource() -> None:
    everywhere, rooms, here, rooms_here = (
        Row(place(site=site, resource=resource), months_ahead=months)
        for months, (site, resource) in enumerate([("*", "*"), ("*", "room"), ("nyc", "*"), ("nyc", "room")], start=1)
    )
    made = table(everywhere, rooms, here, rooms_here)
    asked = {("nyc", "room"): rooms_here, ("nyc", "desk"): here, ("osaka", "room"): rooms, ("*", "desk"): everywhere}
    assert {where: made.holding(A.kind, *where) for where in asked} == asked
    assert made.holding(Kind.GUEST, "nyc", "room") is None
