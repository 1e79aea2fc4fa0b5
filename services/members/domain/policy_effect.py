"""What another table of rights would change: for each kind of organization, site and resource, and for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.members.domain.organization import Kind
from services.members.domain.policy import RESOURCES, Place, Row, Table
from shared.kernel.rights import EVERY, Period, Scope
from shared.kernel.text import Text

_PERIODS = {Period.DAY: ("一日", "a day"), Period.WEEK: ("週", "a week"), Period.MONTH: ("月", "a month")}
_SCOPES = {
    Scope.ORGANIZATION: ("団体で", "for the organization together"),
    Scope.PERSON: ("お一人", "for each person"),
}


class Effect(StrEnum):
    GAINS = "gains"
    LOSES = "loses"
    GAINS_AND_LOSES = "gains_and_loses"


def effect_of(effects: Sequence[Effect]) -> Effect:
    """Of several together; there is at least one."""
    return effects[0] if len(set(effects)) == 1 else Effect.GAINS_AND_LOSES


@dataclass(frozen=True, slots=True)
class Reason:
    """`effect` is GAINS or LOSES."""

    code: str
    effect: Effect
    message: Text


@dataclass(frozen=True, slots=True)
class Change:
    """For organizations of a kind, at a site, with a kind of resource; at EVERY site but those in `not_at`."""

    place: Place
    before: Row | None
    after: Row | None
    reasons: tuple[Reason, ...]
    not_at: tuple[str, ...] = ()

    @property
    def effect(self) -> Effect:
        return effect_of([reason.effect for reason in self.reasons])


def changes(before: Table, after: Table) -> list[Change]:
    """By kind of organization, then resource; what changes nothing for anybody is not among them."""
    named = sorted({row.place.site for table in (before, after) for row in table.rows} - {EVERY})

    def held(place: Place) -> tuple[Row | None, Row | None]:
        asked = (place.kind, place.site, place.resource)
        return before.holding(*asked), after.holding(*asked)

    found = []
    for rest in (Place(kind, EVERY, resource) for kind in Kind for resource in RESOURCES):
        places = [replace(rest, site=site) for site in named]
        apart = [place for place in places if held(place) != held(rest)]
        found.append(Change(rest, *held(rest), tuple(_reasons(*held(rest))), tuple(each.site for each in apart)))
        found += [Change(place, *held(place), tuple(_reasons(*held(place)))) for place in apart]
    return [change for change in found if change.reasons]


def _reasons(before: Row | None, after: Row | None) -> Iterator[Reason]:
    was, is_ = before is not None and before.allowed, after is not None and after.allowed
    if is_ and not was:
        ja, en = "予約できるようになります。", "May be booked from now on."
        yield Reason("now-allowed", Effect.GAINS, Text(ja=ja, en=en))
    if was and not is_:
        ja, en = "予約できなくなります。", "May no longer be booked."
        yield Reason("no-longer-allowed", Effect.LOSES, Text(ja=ja, en=en))
    if before is not None and after is not None and was and is_:
        yield from _of_advance(before.months_ahead, after.months_ahead)
        yield from _of_approval(before, after)
        yield from _of_hours(before, after)


def _of_advance(before: int, after: int) -> Iterator[Reason]:
    text = Text(
        ja=f"{before}か月先までから{after}か月先までになります。",
        en=f"Up to {after} month{'s' if after > 1 else ''} ahead, before {before}.",
    )
    if after > before:
        yield Reason("further-ahead", Effect.GAINS, text)
    if after < before:
        yield Reason("less-far-ahead", Effect.LOSES, text)


def _of_approval(before: Row, after: Row) -> Iterator[Reason]:
    if after.needs_approval and not before.needs_approval:
        ja, en = "拠点職員の承認が必要になります。", "Needs the approval of the site's staff from now on."
        yield Reason("approval-needed", Effect.LOSES, Text(ja=ja, en=en))
    if before.needs_approval and not after.needs_approval:
        ja, en = "承認が不要になります。", "No longer needs approval."
        yield Reason("approval-not-needed", Effect.GAINS, Text(ja=ja, en=en))


def _of_hours(before: Row, after: Row) -> Iterator[Reason]:
    had, has = ({(limit.scope, limit.period): limit.hours for limit in row.limits} for row in (before, after))
    for scope in Scope:
        for period in Period:
            yield from _of_limit(scope, period, had.get((scope, period)), has.get((scope, period)))
    yield from _of_steps(before, after)
    if had.keys() & has.keys() and before.place.resource != after.place.resource:
        yield from _of_pool(before.place.resource, after.place.resource)


def _of_limit(scope: Scope, period: Period, before: int | None, after: int | None) -> Iterator[Reason]:
    if before == after:
        return
    more = after is None or (before is not None and after > before)
    of = _SCOPES[scope][0] + _PERIODS[period][0], f"{_PERIODS[period][1]} {_SCOPES[scope][1]}"
    ja = f"{of[0]}{_hours(before, 'ja')}から{_hours(after, 'ja')}になります。"
    en = f"Hours {of[1]}: {_hours(after, 'en')}, before {_hours(before, 'en')}."
    effect = Effect.GAINS if more else Effect.LOSES
    yield Reason("more-hours" if more else "fewer-hours", effect, Text(ja=ja, en=en))


def _hours(hours: int | None, language: str) -> str:
    if hours is None:
        return "上限なし" if language == "ja" else "no limit"
    return f"{hours}時間" if language == "ja" else str(hours)


def _of_steps(before: Row, after: Row) -> Iterator[Reason]:
    """Where there was a limit and is one."""
    was, is_ = ({(limit.scope, limit.period): limit.step_minutes for limit in row.limits} for row in (before, after))
    for scope, period in ((scope, period) for scope in Scope for period in Period):
        had, has = was.get((scope, period)), is_.get((scope, period))
        if had is None or has is None or had == has:
            continue
        of = _SCOPES[scope][0] + _PERIODS[period][0], f"{_PERIODS[period][1]} {_SCOPES[scope][1]}"
        text = Text(
            ja=f"{of[0]}時間は{has}分単位で数えます(これまで{had}分単位)。",
            en=f"Hours {of[1]} are billed in steps of {has} minutes, before {had}.",
        )
        yield Reason(*(("finer-steps", Effect.GAINS) if has < had else ("coarser-steps", Effect.LOSES)), text)


def _of_pool(before: str, after: str) -> Iterator[Reason]:
    """A row for one resource has hours of its own; one for every resource has them for all together."""
    if before == EVERY:
        ja, en = "この資源だけの時間枠になります。", "The hours are for this kind of resource alone from now on."
        yield Reason("hours-of-their-own", Effect.GAINS, Text(ja=ja, en=en))
    if after == EVERY:
        ja, en = "他の資源と共通の時間枠になります。", "The hours are shared with other kinds of resource from now on."
        yield Reason("hours-shared", Effect.LOSES, Text(ja=ja, en=en))
