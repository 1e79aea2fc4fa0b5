"""Sites and resources: defined by operators, resources also by the staff of their site."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.booking.domain.opening import Opening
from services.booking.domain.resource import Door, Resource
from services.booking.domain.site import Calendar, Site
from shared.contracts.booking import DefineSite, PutResource
from shared.contracts.message import Asked
from shared.kernel.refusal import Forbidden
from shared.kernel.time import Clock
from shared.kit.documents import Cause, Stored


class Sites(Protocol):
    async def get(self, site: str) -> Site: ...
    async def define(self, wanted: Site, cause: Cause, *, at: datetime, if_match: int | None) -> Stored: ...


class Resources(Protocol):
    async def define(self, wanted: Resource, cause: Cause, *, at: datetime, if_match: int | None) -> Stored: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHandlers:
    sites: Sites
    resources: Resources
    clock: Clock

    async def define_site(self, ask: Asked[DefineSite]) -> Stored:
        """Raises Forbidden."""
        if "operator" not in ask.principal.roles:
            raise Forbidden
        return await self.sites.define(_site(ask.data), Cause.of(ask), at=self.clock.now(), if_match=ask.if_match)

    async def put_resource(self, ask: Asked[PutResource]) -> Stored:
        """Raises Forbidden, NotFound for an unknown site, and what Resource.over raises."""
        by, cmd = ask.principal, ask.data
        if "operator" not in by.roles and not ("site_staff" in by.roles and by.site == cmd.site):
            raise Forbidden
        await self.sites.get(cmd.site)
        return await self.resources.define(_resource(cmd), Cause.of(ask), at=self.clock.now(), if_match=ask.if_match)


def _site(cmd: DefineSite) -> Site:
    calendars = tuple(Calendar(each.name, each.closes) for each in cmd.calendars)
    return Site(cmd.id, cmd.name.kernel(), cmd.time_zone, cmd.producer, calendars)


def _resource(cmd: PutResource) -> Resource:
    hours, rules = cmd.opening_hours, cmd.rules.model_dump()
    check_in = rules.pop("check_in")
    return Resource(
        id=cmd.id,
        site=cmd.site,
        kind=cmd.kind,
        name=cmd.name.kernel(),
        capacity=cmd.capacity,
        granule_minutes=cmd.granule_minutes,
        buffer_minutes=cmd.buffer_minutes,
        opening_hours=None if hours is None else tuple(Opening(each.days, each.opens, each.closes) for each in hours),
        parts=cmd.parts,
        equipment=cmd.equipment,
        check_in=Door(**check_in) if check_in else None,
        **rules,
    )
