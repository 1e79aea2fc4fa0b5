"""Another time, place or purpose for one time of a series, those that follow, or all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from services.booking.domain.quota_violations import QuotaExceeded
from services.booking.domain.rules import Circumstances
from services.booking.domain.series import Series
from services.booking.domain.series_aiming import Aim, SeriesMove, aims, drawn, occupied
from services.booking.domain.series_moving import Grounds, change
from services.booking.domain.series_placing import SeriesDecided, SeriesRefused, SeriesTaken, Taken
from services.booking.domain.series_settling import Scope, Which
from services.booking.domain.viewer import Viewer
from services.booking.handlers.claiming import TRIES, Claiming
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import DecideSeries, ManySeries
from shared.contracts.booking import ChangeSeries
from shared.contracts.message import Asked
from shared.kernel.refusal import Busy, Refusal, VersionStale
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Stored

_NOT_A_RULE = 500
"""From this status on it is unknown whether anything was written, or nothing was tried."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to become of which series, as it was read; when, by whom, and in the course of what."""

    series: Series
    version: int
    to: SeriesMove
    at: datetime
    viewer: Viewer
    cause: Cause

    @property
    def site(self) -> str:
        return self.series.last.site


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesMoveHandlers:
    series: ManySeries
    ground: Ground
    claiming: Claiming
    clock: Clock
    chance: Random

    async def change_series(self, ask: Asked[ChangeSeries]) -> Stored:
        """Raises NotFound, VersionStale, what `change` raises with everything that says no, Busy."""
        viewer = await self.ground.parties.viewer(ask.principal)
        for _ in range(TRIES):
            series, read = await self.series.load(ask.data.id, viewer)
            to = _wanted(ask.data, by_house=not viewer.speaks_for(series.last.parties))
            version = read if ask.if_match is None else ask.if_match
            try:
                return await self._answered(_Asked(series, version, to, self.clock.now(), viewer, Cause.of(ask)))
            except VersionStale:
                if ask.if_match is not None:
                    raise
        raise Busy

    async def _answered(self, asked: _Asked) -> Stored:
        try:
            return await self._changed(asked)
        except Refusal as refused:
            if refused.status >= _NOT_A_RULE:
                raise
            no = refused

        def refuse(_: Series) -> SeriesDecided:
            raise no

        # A retry of what was done, and an old version, are found before any rule is asked.
        return await self._write(asked, refuse)

    async def _write(self, asked: _Asked, decide: DecideSeries) -> Stored:
        return await self.series.change(
            asked.series.id, decide, asked.cause, asked.viewer, at=asked.at, if_match=asked.version
        )

    async def _changed(self, asked: _Asked) -> Stored:
        """Tried until it is written or refused; what is lost to others on the way is known the next time."""
        aimed = aims(asked.series, asked.to, asked.at)
        under = await self._under(asked.series, {each.resource for each in aimed})
        await self._give_way(asked.series, aimed, under)
        shares, granules = drawn(aimed, under), occupied(aimed, under)
        units, lost, taken, looked = self.claiming.units, set[str](), Taken(), False
        for attempt in range(TRIES):
            now = Grounds(under, await units.free(asked.site, shares), taken)
            try:
                return await self._written(asked, now)
            except (SeriesRefused, SeriesTaken) as refused:
                if looked and not await self._cleared_pools(asked, refused):
                    raise
            except ClaimTaken as other:
                if other.claim not in granules:
                    (units.taken if attempt == 0 else units.outdated)(asked.site, (other.claim,))
                    continue
                lost.add(other.claim)
            taken, looked = await self._taken(asked, granules, lost), True
        raise Busy

    async def _written(self, asked: _Asked, now: Grounds) -> Stored:
        def decide(series: Series) -> SeriesDecided:
            return change(series, asked.to, now, at=asked.at, chance=self.chance)

        stored = await self._write(asked, decide)
        self.claiming.units.taken(asked.site, stored.doc.get("claims", ()))
        return stored

    async def _under(self, series: Series, resources: Collection[str]) -> dict[str, Circumstances]:
        booking, ground = series.last, self.ground
        party = await ground.parties.party(booking.organization, booking.booked_for)
        found = [await ground.resources.get(booking.site, each) for each in sorted(resources)]
        return {each.id: await ground.under(each, party) for each in found}

    async def _give_way(self, series: Series, aimed: Sequence[Aim], under: Mapping[str, Circumstances]) -> None:
        for resource, circumstances in under.items():
            moving = [each.planned.interval for each in aimed if each.moves and each.resource == resource]
            await self.claiming.give_way(series.last.booked_for, [each for each in moving if each], circumstances)

    async def _taken(self, asked: _Asked, granules: Sequence[str], lost: set[str]) -> Taken:
        """Who else is in the way; those whose time has run out are taken away first."""
        found = await self.series.in_the_way(asked.site, granules)
        if await self._cleared(asked, {each.booking for each in found if each.lapsed(asked.at)}):
            lost.clear()
            found = await self.series.in_the_way(asked.site, granules)
        own = {each.id for each in asked.series.bookings}
        return Taken.by([each for each in found if each.booking not in own], lost)

    async def _cleared_pools(self, asked: _Asked, refused: SeriesRefused | SeriesTaken) -> bool:
        """Whether a pool seemed empty while some of those who draw on it are over."""
        broken = refused.violations if isinstance(refused, SeriesRefused) else ()
        of_quota = any(isinstance(no, QuotaExceeded) for no in broken)
        return of_quota and await self._cleared(asked, await self.claiming.bookings.lapsed(asked.site, asked.at))

    async def _cleared(self, asked: _Asked, lapsed: Collection[str]) -> bool:
        for each in lapsed:
            await self.claiming.timers.expire(each, correlationid=asked.cause.correlationid, at=asked.at)
        return bool(lapsed)


def _wanted(asked: ChangeSeries, *, by_house: bool) -> SeriesMove:
    which = Which(Scope(asked.scope), asked.index)
    return SeriesMove(
        which, asked.starts_at, asked.ends_at, asked.resource, asked.purpose, asked.attendees, by_house=by_house
    )
