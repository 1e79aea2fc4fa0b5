"""The table of rights: rows, which of them holds where, and what no table may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.members.domain.organization import Kind
from shared.kernel.decision import Decision
from shared.kernel.refusal import Invalid
from shared.kernel.rights import BILLED_STEP_MINUTES, EVERY, FURTHEST_MONTHS, Period, Scope
from shared.kernel.text import Text

RESOURCES = ("room", "desk", "expert")
MOST_ROWS = 200
MOST_LIMITS = 3


MOST_HOURS = {Period.DAY: 24, Period.WEEK: 7 * 24, Period.MONTH: 31 * 24}


class ReasonRequired(Invalid):
    code = "reason-required"
    message = Text(ja="変更の理由を入力してください。", en="Say why the table is changed.")


class PolicyInvalid(Invalid):
    """Member `faults` names each: the row, counted from 0 (None: the table as a whole), its code, what it means."""

    code = "policy-invalid"
    message = Text(ja="権限表に誤りがあります。", en="The table of rights is not valid.")

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults=[fault.spoken() for fault in faults])
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Limit:
    """Hours in each period of a site's clocks, at that site, billed in steps of so many minutes, begun ones whole."""

    period: Period
    scope: Scope
    hours: int
    step_minutes: int = BILLED_STEP_MINUTES


@dataclass(frozen=True, slots=True)
class Place:
    """What a row is about; `site` and `resource` may be EVERY."""

    kind: Kind
    site: str
    resource: str


@dataclass(frozen=True, slots=True)
class Row:
    """What is allowed there; no limits: no quota. A limit is one pool over all that the row's resource stands for."""

    place: Place
    allowed: bool = True
    months_ahead: int = 0
    needs_approval: bool = False
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    row: int | None
    code: str
    message: Text

    def spoken(self) -> dict[str, Any]:
        return {"row": self.row, "code": self.code, "message": {"ja": self.message.ja, "en": self.message.en}}


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """`put`: rows that are new or other than before."""

    put: tuple[Row, ...]
    removed: tuple[Place, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        return (*(row.place for row in self.put), *self.removed)


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, in an order that does not hang on how they were written."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Sequence[Row], *, sites: Collection[str]) -> Table:
        """`sites` are those there are. Raises PolicyInvalid with every fault."""
        if faults := [*_faults(rows, sites)]:
            raise PolicyInvalid(faults)
        return cls(tuple(sorted((_ordered(row) for row in rows), key=_order)))

    def holding(self, kind: Kind, site: str, resource: str) -> Row | None:
        """The most specific row, a site's before a resource's; None: nothing is allowed. EVERY asks for the rest."""
        rows = {row.place: row for row in self.rows}
        places = (Place(kind, s, r) for s in (site, EVERY) for r in (resource, EVERY))
        return next((rows[place] for place in places if place in rows), None)

    def introduced(self) -> Decision[Table, PolicyChanged]:
        """The first version."""
        return Decision(self, [PolicyChanged(self.rows, ())])

    def replaced_by(self, wanted: Table) -> Decision[Table, PolicyChanged]:
        """The same rows again are no change."""
        before, after = ({row.place: row for row in table.rows} for table in (self, wanted))
        put = tuple(row for row in wanted.rows if before.get(row.place) != row)
        removed = tuple(place for place in before if place not in after)
        return Decision(wanted, [PolicyChanged(put, removed)] if put or removed else [])


def _ordered(row: Row) -> Row:
    limits = sorted(row.limits, key=lambda each: (list(Scope).index(each.scope), list(Period).index(each.period)))
    return Row(row.place, row.allowed, row.months_ahead, row.needs_approval, tuple(limits))


def _order(row: Row) -> tuple[int, str, int]:
    """By kind; what holds everywhere first."""
    return list(Kind).index(row.place.kind), row.place.site, (EVERY, *RESOURCES).index(row.place.resource)


def _faults(rows: Sequence[Row], sites: Collection[str]) -> Iterator[Fault]:
    if not rows:
        yield Fault(None, "table-empty", Text(ja="行がありません。", en="The table has no row: nobody could book."))
    if len(rows) > MOST_ROWS:
        en = f"The table has more than {MOST_ROWS} rows."
        yield Fault(None, "too-many-rows", Text(ja=f"行は{MOST_ROWS}行までです。", en=en))
    met: set[Place] = set()
    for number, row in enumerate(rows):
        if row.place in met:
            ja = "同じ区分・拠点・資源の行が既にあります。"
            yield Fault(number, "row-twice", Text(ja=ja, en="There is a row for this kind, site and resource already."))
        met.add(row.place)
        if row.place.site not in {EVERY, *sites}:
            yield Fault(number, "unknown-site", Text(ja="その拠点はありません。", en="There is no such site."))
        for code, message in _of_allowed(row) if row.allowed else _of_denied(row):
            yield Fault(number, code, message)


def _of_denied(row: Row) -> Iterator[tuple[str, Text]]:
    if row.months_ahead or row.needs_approval or row.limits:
        ja = "予約できない行 (allowed: false) に他の条件は書けません。"
        yield "denied-and-granted", Text(ja=ja, en="A row that allows nothing (allowed: false) says nothing else.")


def _of_allowed(row: Row) -> Iterator[tuple[str, Text]]:
    if not 1 <= row.months_ahead <= FURTHEST_MONTHS:
        ja, en = f"months_ahead は1〜{FURTHEST_MONTHS}です。", f"months_ahead is 1 to {FURTHEST_MONTHS}."
        yield "months-out-of-range", Text(ja=ja, en=en)
    if len(row.limits) > MOST_LIMITS:
        ja, en = f"limits は{MOST_LIMITS}つまでです。", f"A row has at most {MOST_LIMITS} limits."
        yield "too-many-limits", Text(ja=ja, en=en)
    if any(count > 1 for count in Counter((limit.period, limit.scope) for limit in row.limits).values()):
        ja = "同じ期間・同じ範囲の上限が二つあります。"
        yield "limit-twice", Text(ja=ja, en="Two limits have the same period and scope.")
    for limit in row.limits:
        most = MOST_HOURS[limit.period]
        if not 1 <= limit.hours <= most:
            ja, en = f"{limit.period} の hours は1〜{most}です。", f"hours of a {limit.period} are 1 to {most}."
            yield "hours-out-of-range", Text(ja=ja, en=en)
