"""Exceptions to the hours of a site, said by its staff."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.booking.domain.availability import Occupied
from services.booking.domain.events import SiteDefined
from services.booking.domain.exceptions import Booked, around, check_day, exceptional_day
from services.booking.domain.resource import Resource
from services.booking.domain.site import Holidays, Site
from shared.contracts.booking import PutException
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval
from shared.kernel.refusal import Forbidden
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored


class Sites(Protocol):
    async def renew(self, site: str) -> None: ...
    async def get(self, site: str) -> Site: ...
    async def change(
        self,
        site: str,
        decide: Callable[[Site], Decision[Site, SiteDefined]],
        cause: Cause,
        *,
        at: datetime,
        if_match: int | None,
    ) -> Stored: ...


class Resources(Protocol):
    async def renew(self, site: str) -> None: ...
    async def of(self, site: str) -> Mapping[str, Resource]: ...
    async def get(self, site: str, resource: str) -> Resource: ...


class Bookings(Protocol):
    async def occupied(self, site: str, resources: Sequence[str], within: Interval) -> list[Occupied]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionHandlers:
    sites: Sites
    resources: Resources
    bookings: Bookings
    holidays: Holidays
    clock: Clock

    async def put_exception(self, ask: Asked[PutException]) -> Stored:
        """Raises Forbidden, NotFound for an unknown site or resource, and what the domain of exceptions raises."""
        by, cmd, at = ask.principal, ask.data, self.clock.now()
        if "operator" not in by.roles and not ("site_staff" in by.roles and by.site == cmd.site):
            raise Forbidden
        await self.sites.renew(cmd.site)
        site = await self.sites.get(cmd.site)
        check_day(cmd.date, site, at)
        key, hours = (cmd.date, cmd.resource), cmd.hours
        put = None if hours is None else exceptional_day(cmd.date, hours, cmd.reason.kernel(), cmd.resource)
        booked = await self._booked(cmd, site, at)

        def decide(current: Site) -> Decision[Site, SiteDefined]:
            decided = current.excepting(key, put, at)
            booked.check(current, decided.state, key)
            return decided

        return await self.sites.change(cmd.site, decide, Cause.of(ask), at=at, if_match=ask.if_match)

    async def _booked(self, cmd: PutException, site: Site, at: datetime) -> Booked:
        """As it is now, on every resource of the site: a room's hours may be those of a combined one."""
        await self.resources.renew(site.id)
        if cmd.resource is not None:
            await self.resources.get(site.id, cmd.resource)
        known = await self.resources.of(site.id)
        ids = sorted({each for resource in known.values() for each in resource.occupies})
        taken = await self.bookings.occupied(site.id, ids, around(cmd.date, site))
        return Booked(known=known, taken=taken, holidays=self.holidays, at=at)
