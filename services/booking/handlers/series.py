"""Series: place, cancel, approve, reject."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TypeVar

from services.booking.domain.quota_violations import QuotaExceeded
from services.booking.domain.recurrence import Recurrence
from services.booking.domain.refusals import KeyRequired
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Circumstances, Wanted, check_form, interval_of
from services.booking.domain.series import OnConflict, Pattern, Series
from services.booking.domain.series_placing import (
    SeriesDecided,
    SeriesRefused,
    SeriesTaken,
    SeriesWish,
    Situation,
    Taken,
    place,
)
from services.booking.domain.series_settling import Scope, Which, approve, cancel, reject
from services.booking.domain.viewer import Viewer
from services.booking.domain.wall import spoken_with_local
from services.booking.handlers.claiming import TRIES, Claiming
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import ManySeries
from services.booking.handlers.recurring import times_of
from shared.contracts.booking import ApproveSeries, CancelSeries, PlaceSeries, RejectSeries
from shared.contracts.message import Asked
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Busy, Refusal
from shared.kernel.time import Clock, zone_of
from shared.kit.documents import Cause, ClaimTaken, Stored, unless_made_before

AboutOne = TypeVar("AboutOne", CancelSeries, ApproveSeries, RejectSeries)
MOST_LOOKED_AT = 9
"""Resources of a kind, its own with them: each is one read of many keys."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is wanted, by which rules it is judged, when, and in the course of what."""

    wish: SeriesWish
    under: Circumstances
    at: datetime
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesHandlers:
    series: ManySeries
    ground: Ground
    claiming: Claiming
    clock: Clock
    chance: Random

    async def place_series(self, ask: Asked[PlaceSeries]) -> Stored:
        """Raises SeriesTaken or SeriesRefused with everything that says no, Busy, and what PlaceSeries documents."""
        if ask.key is None:
            raise KeyRequired
        series_id, cause = derived_id(ask.principal.id, ask.data.wire, ask.key), Cause.of(ask)

        async def make() -> Stored:
            return await self._place(series_id, await self._understood(ask, cause))

        return await unless_made_before(self.series, series_id, cause, make)

    async def cancel_series(self, ask: Asked[CancelSeries]) -> Stored:
        """Raises NotFound, OccurrenceUnknown, TooLate, NotCancellable."""
        at, asked = self.clock.now(), ask.data
        which = Which(Scope(asked.scope), asked.index)

        def decide(series: Series, viewer: Viewer) -> SeriesDecided:
            by_house = not viewer.speaks_for(series.last.parties)
            return cancel(series, which, at=at, by_house=by_house, reason=asked.reason)

        return await self._change(ask, decide, at=at)

    async def approve_series(self, ask: Asked[ApproveSeries]) -> Stored:
        """Raises NotFound, Forbidden for whom it belongs to, NotApprovable."""
        at = self.clock.now()

        def decide(series: Series, viewer: Viewer) -> SeriesDecided:
            viewer.has_charge_of(series.last.site)
            return approve(series, reason=ask.data.reason, at=at)

        return await self._change(ask, decide, at=at)

    async def reject_series(self, ask: Asked[RejectSeries]) -> Stored:
        """Raises NotFound, Forbidden for whom it belongs to, NotRejectable."""
        at = self.clock.now()

        def decide(series: Series, viewer: Viewer) -> SeriesDecided:
            viewer.has_charge_of(series.last.site)
            return reject(series, reason=ask.data.reason, at=at)

        return await self._change(ask, decide, at=at)

    async def _change(
        self, ask: Asked[AboutOne], decide: Callable[[Series, Viewer], SeriesDecided], *, at: datetime
    ) -> Stored:
        viewer, cause = await self.ground.parties.viewer(ask.principal), Cause.of(ask)
        return await self.series.change(
            ask.data.id, lambda series: decide(series, viewer), cause, viewer, at=at, if_match=ask.if_match
        )

    async def _understood(self, ask: Asked[PlaceSeries], cause: Cause) -> _Asked:
        cmd, by, ground, at = ask.data, ask.principal, self.ground, self.clock.now()
        site = await ground.sites.get(cmd.site)
        first, rule = interval_of(cmd.starts_at, cmd.ends_at), Recurrence.read(cmd.recurrence)
        check_form(first, site.zone, at)
        resource = await ground.resources.get(cmd.site, cmd.resource)
        under = await ground.under(resource, await ground.parties.acting(by, cmd.for_member))
        anchor = zone_of(cmd.anchor_zone or site.time_zone)
        wanted = Wanted(first, by.id, cmd.for_member or by.id, cmd.purpose, cmd.attendees)
        pattern = Pattern(cmd.recurrence, anchor.key, OnConflict(cmd.on_conflict))
        wish = SeriesWish(wanted, times_of(rule, first, anchor, under, at), pattern)
        wish.check_form(under)
        return _Asked(wish, under, at, cause)

    async def _place(self, series_id: str, asked: _Asked) -> Stored:
        """Tried until it is written or refused; what is lost to others on the way is known the next time."""
        wish, under, site, units = asked.wish, asked.under, asked.under.site.id, self.claiming.units
        granules, lost = frozenset(wish.claims(under)), set[str]()
        looked = wish.pattern.on_conflict is OnConflict.SKIP
        await self.claiming.give_way(wish.wanted.booked_for, (interval for _, interval in wish.found), under)
        taken = await self._taken(asked, lost) if looked else Taken()
        for attempt in range(TRIES):
            now = Situation(under, await units.free(site, wish.shares(under)), taken)
            try:
                decided = place(series_id, wish, now, at=asked.at, chance=self.chance)
                with units.drawn(site, decided.state.claims):
                    return await self.series.place(decided, asked.cause, at=asked.at)
            except (SeriesRefused, SeriesTaken) as refused:
                if looked and not await self._cleared_pools(asked, refused):
                    raise await self._with_alternatives(asked, refused) from None
            except ClaimTaken as other:
                if other.claim not in granules:
                    (units.taken if attempt == 0 else units.outdated)(site, (other.claim,))
                    continue
                lost.add(other.claim)
            taken, looked = await self._taken(asked, lost), True
        raise Busy

    async def _taken(self, asked: _Asked, lost: set[str]) -> Taken:
        """Who is in the way; those whose time has run out are taken away first."""
        site, granules = asked.under.site.id, asked.wish.claims(asked.under)
        occupied = await self.series.in_the_way(site, granules)
        if await self._cleared(asked, {each.booking for each in occupied if each.lapsed(asked.at)}):
            lost.clear()
            occupied = await self.series.in_the_way(site, granules)
        return Taken.by(occupied, lost)

    async def _cleared_pools(self, asked: _Asked, refused: SeriesRefused | SeriesTaken) -> bool:
        """Whether a pool seemed empty while some of those who draw on it are over."""
        if not _of_quota(refused):
            return False
        return await self._cleared(asked, await self.claiming.bookings.lapsed(asked.under.site.id, asked.at))

    async def _cleared(self, asked: _Asked, lapsed: Collection[str]) -> bool:
        for each in lapsed:
            await self.claiming.timers.expire(each, correlationid=asked.cause.correlationid, at=asked.at)
        return bool(lapsed)

    async def _with_alternatives(self, asked: _Asked, refused: SeriesRefused | SeriesTaken) -> Refusal:
        """The same no, with other resources in which all of it would pass; another resource helps no empty pool."""
        kind = [] if _of_quota(refused) else await self.ground.of_kind(asked.under.resource)
        found = [each for each in kind[1:MOST_LOOKED_AT] if await self._passes(asked, each)]
        first = spoken_with_local(asked.wish.wanted.interval, asked.under.site.zone)
        offered = [{"resource": each.id, **first} for each in found]
        if isinstance(refused, SeriesRefused):
            return SeriesRefused(refused.broken, offered)
        return SeriesTaken(conflicts=refused.members["conflicts"], alternatives=offered)

    async def _passes(self, asked: _Asked, other: Resource) -> bool:
        under = replace(asked.under, resource=other)
        return asked.wish.breaks_nothing(under, asked.at) and not await self.series.in_the_way(
            under.site.id, asked.wish.claims(under)
        )


def _of_quota(refused: SeriesRefused | SeriesTaken) -> bool:
    return isinstance(refused, SeriesRefused) and any(isinstance(no, QuotaExceeded) for no in refused.violations)
