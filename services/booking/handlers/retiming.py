"""A zone has other rules: what is to come at a site is moved to where its clocks show what was meant, in turns."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from services.booking.domain.availability import Occupied
from services.booking.domain.claims import of_place
from services.booking.domain.retiming import Shift, fitting, retime, retime_entry, retime_series
from services.booking.domain.viewer import ITSELF
from services.booking.domain.waiting import Standing
from services.booking.handlers.ports import Bookings, ManySeries, Sites
from services.booking.handlers.timers import Timers
from services.booking.store.to_come import Astray, Looked
from services.booking.store.waits import Waits
from shared.contracts.booking import RetimeBookings, RetimedView, StayedView
from shared.contracts.booking.words import LocalView
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.refusal import Forbidden
from shared.kernel.time import Clock, shown, zone_of
from shared.kit.documents import Cause, ClaimTaken
from shared.kit.log import get_logger

log = get_logger()
Index = int | None
TAKEN, WAITING, OFFER = "slot-taken", "already-waiting", "offer-stays"
SKIPPED, BEGUN = "nonexistent-local-time", "has-begun"
"""Why something stays where it is."""


class ToCome(Protocol):
    async def look(self, site: str, at: datetime) -> Looked: ...


@dataclass(frozen=True, slots=True)
class Work:
    """One turn: of which site, when, in the course of what. A dry run takes it that `strays` will have moved."""

    site: str
    at: datetime
    cause: Cause
    dry_run: bool
    strays: frozenset[str]


@dataclass(slots=True)
class Tried:
    """So many times of a document have moved; the others stay, for these reasons."""

    moved: int = 0
    stayed: dict[Index, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retiming:
    """`bookings` and `series` tell nobody what falls free: it is what the next ones move into.

    `most`: so many documents are written in a turn.
    """

    sites: Sites
    bookings: Bookings
    series: ManySeries
    waits: Waits
    booked: ToCome
    waited_for: ToCome
    timers: Timers
    clock: Clock
    most: int = 200

    async def retime_bookings(self, ask: Asked[RetimeBookings]) -> RetimedView:
        """Raises Forbidden, NotFound for an unknown site, DeadlinePassed. Twice, or at two replicas, is harmless."""
        if "operator" not in ask.principal.roles:
            raise Forbidden
        site, at = await self.sites.get(ask.data.site), self.clock.now()
        booked, waited_for = await self.booked.look(site.id, at), await self.waited_for.look(site.id, at)
        strays = frozenset(_id_of(each.id, index) for each in booked.astray for index in each.times)
        work = Work(site.id, at, replace(Cause.of(ask), key=None, fingerprint=None), ask.data.dry_run, strays)
        turn = await self._turn((booked, waited_for), work)
        while work.dry_run and (stuck := turn.ids & work.strays):
            work = replace(work, strays=work.strays - stuck)
            turn = await self._turn((booked, waited_for), work)
        views = [view for each in (*booked.astray, *waited_for.astray) for view in turn.views(each)]
        log.info("booking.retimed", site=site.id, moved=turn.moved, stayed=len(views), more=turn.over)
        return RetimedView(
            site=site.id,
            looked_at=booked.at + waited_for.at,
            anchored_elsewhere=booked.anchored_elsewhere,
            moved=turn.moved,
            stayed=tuple(views),
            more=turn.over,
        )

    async def _turn(self, looked: Iterable[Looked], work: Work) -> "_Turn":
        turn = _Turn(sys.maxsize if work.dry_run else self.most)
        for each in looked:
            await self._all(in_order(each.astray), work, turn)
        return turn

    async def _all(self, found: Sequence[Astray], work: Work, turn: "_Turn") -> None:
        """Again and again what is in another's way, for as long as one of them moves.

        A series moves as a whole, unless that is no way out: two of them may be in each other's way.
        """
        pending, in_part = found, False
        while pending:
            before, again = turn.moved, []
            for each in pending:
                if turn.over:
                    return
                left = turn.note(each, await self._tried(each, work, in_part=in_part))
                again += [left] if left.times else []
            pending = again
            if turn.moved == before and in_part:
                return
            in_part = turn.moved == before

    async def _tried(self, each: Astray, work: Work, *, in_part: bool) -> Tried:
        by = {index: stray.shift for index, stray in each.times.items()}
        never = {
            index: SKIPPED if shift.to is None else BEGUN for index, shift in by.items() if _is_too_late(shift, work)
        }
        by = {index: shift for index, shift in by.items() if index not in never}
        if not by:
            return Tried(0, never)
        if each.kind == "series":
            tried = await self._series(each.id, by, work, in_part=in_part)
        else:
            tried = await (self._entry if each.kind == "waitlist" else self._booking)(each.id, by[None], work)
        return Tried(tried.moved, never | tried.stayed)

    async def _booking(self, booking_id: str, by: Shift, work: Work) -> Tried:
        booking, _ = await self.bookings.load(booking_id, ITSELF)
        wanted = retime(booking, by, at=work.at)
        if not wanted.events:
            return Tried()
        if await self._taken(wanted.state.claims, {booking_id}, work):
            return Tried(0, {None: TAKEN})
        moved = await _write(self.bookings, booking_id, lambda now: retime(now, by, at=work.at), work)
        return Tried(0, {None: TAKEN}) if moved is None else Tried(int(moved))

    async def _series(self, series_id: str, by: Mapping[Index, Shift], work: Work, *, in_part: bool) -> Tried:
        series, _ = await self.series.load(series_id, ITSELF)
        shifts = {index: shift for index, shift in by.items() if index is not None}
        wanted = fitting(series, shifts, (), at=work.at)
        claims = [claim for each in wanted.values() for claim in each.claims]
        taken = await self._taken(claims, {each.id for each in series.bookings}, work)
        going = fitting(series, shifts, taken, at=work.at)
        stay: dict[Index, str] = dict.fromkeys(wanted.keys() - going.keys(), TAKEN)
        if not going or (stay and not in_part):
            return Tried(0, dict.fromkeys(wanted, TAKEN))
        shifts = {index: shifts[index] for index in going}
        moved = await _write(self.series, series_id, lambda now: retime_series(now, shifts, at=work.at), work)
        return Tried(0, dict.fromkeys(wanted, TAKEN)) if moved is None else Tried(len(going) if moved else 0, stay)

    async def _entry(self, entry_id: str, by: Shift, work: Work) -> Tried:
        """What something was offered for goes where that has gone."""
        entry = await self.waits.load(entry_id, ITSELF)
        if entry.status is Standing.OFFERED and entry.offer is not None and not work.dry_run:
            offered, _ = await self.bookings.load(entry.offer.booking, ITSELF)
            if offered.interval == by.was:
                return Tried(0, {None: OFFER})
        moved = await _write(self.waits, entry_id, lambda now: retime_entry(now, by, at=work.at), work)
        return Tried(0, {None: WAITING}) if moved is None else Tried(int(moved))

    async def _taken(self, claims: Iterable[str], own: Collection[str], work: Work) -> set[str]:
        """Of these granules, what others hold; those whose time has run out are taken away first."""
        place = of_place([*claims])
        found = await self._in_the_way(place, own, work)
        if work.dry_run:
            return {claim for each in found if each.booking not in work.strays for claim in each.claims}
        if lapsed := [each for each in found if each.lapsed(work.at)]:
            for each in lapsed:
                await self.timers.expire(each.booking, correlationid=work.cause.correlationid, at=work.at)
            found = await self._in_the_way(place, own, work)
        return {claim for each in found for claim in each.claims}

    async def _in_the_way(self, place: Sequence[str], own: Collection[str], work: Work) -> list[Occupied]:
        return [each for each in await self.series.in_the_way(work.site, place) if each.booking not in own]


async def _write(store: Any, doc_id: str, decide: Callable[[Any], Decision[Any, Any]], work: Work) -> bool | None:
    """Whether it was moved, by this write; None where somebody has claimed that place meanwhile."""
    moved = work.dry_run

    def decided(now: Any) -> Decision[Any, Any]:
        nonlocal moved
        made = decide(now)
        moved = bool(made.events)
        return made

    try:
        if not work.dry_run:
            await store.change(doc_id, decided, work.cause, ITSELF, at=work.at)
    except ClaimTaken:
        return None
    return moved


@dataclass(slots=True)
class _Turn:
    """How far it has come."""

    most: int
    moved: int = 0
    documents: int = 0
    stayed: dict[str, dict[Index, str]] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return self.documents >= self.most

    @property
    def ids(self) -> set[str]:
        """Of those that stay, as bookings have them."""
        stayed = ((of, index) for of, each in self.stayed.items() for index, reason in each.items() if reason)
        return {_id_of(of, index) for of, index in stayed}

    def note(self, each: Astray, tried: Tried) -> Astray:
        """What of it may move later, when others have."""
        self.moved += tried.moved
        self.documents += tried.moved > 0
        self.stayed[each.id] = {**self.stayed.get(each.id, {}), **dict.fromkeys(each.times, "")} | tried.stayed
        blocked = {index: each.times[index] for index, reason in tried.stayed.items() if reason in (TAKEN, WAITING)}
        return replace(each, times=blocked)

    def views(self, each: Astray) -> Iterable[StayedView]:
        for index, reason in self.stayed.get(each.id, {}).items():
            if not reason:
                continue
            stray = each.times[index]
            said: dict[str, Any] = {"kind": each.kind, "reason": reason, "index": index, "resource": stray.resource}
            starts_at = shown(stray.shift.was.start, zone_of(stray.meant["time_zone"]))
            yield StayedView(id=each.id, starts_at=starts_at, meant=LocalView(**stray.meant), **said)


def in_order(found: Iterable[Astray]) -> list[Astray]:
    """Each moves into what the one before has left: from the last on where it gets later, else from the first."""
    later, earlier = list[Astray](), list[Astray]()
    for each in found:
        (later if next(iter(each.times.values())).shift.later else earlier).append(each)
    return [*sorted(later, key=_last, reverse=True), *sorted(earlier, key=_first)]


def _first(each: Astray) -> datetime:
    return min(stray.shift.was.start for stray in each.times.values())


def _last(each: Astray) -> datetime:
    return max(stray.shift.was.start for stray in each.times.values())


def _is_too_late(shift: Shift, work: Work) -> bool:
    return shift.to is None or shift.to.start <= work.at


def _id_of(doc: str, index: Index) -> str:
    return doc if index is None else f"{doc}-{index}"
