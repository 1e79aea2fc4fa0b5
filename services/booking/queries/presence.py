"""Who is in the lounge now: those checked in who chose to be seen."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from services.booking.domain.refusals import NotEntitledHere
from services.booking.domain.rights import KINDS
from services.booking.domain.viewer import Viewer
from services.booking.handlers.parties import Parties
from services.booking.handlers.ports import Rights, Sites
from services.booking.store import Bookings
from shared.contracts.booking import Presence, PresenceView, PresentView
from shared.contracts.message import Asked, BilingualView, Principal
from shared.kernel.interval import Interval
from shared.kernel.names import Name, written
from shared.kernel.time import Clock, shown, zone_of

_NOW = timedelta(minutes=1)


class Names(Protocol):
    async def of(self, member: str) -> Name | None: ...


@dataclass(frozen=True, slots=True)
class PresenceQueries:
    bookings: Bookings
    sites: Sites
    parties: Parties
    rights: Rights
    names: Names
    clock: Clock

    async def presence(self, ask: Asked[Presence]) -> PresenceView:
        """Each person once, where they came last. Raises NotFound, NotEntitledHere, and what Parties.acting raises."""
        site, at = await self.sites.get(ask.data.site), self.clock.now()
        await self._check_entitled(ask.principal, site.id)
        latest: dict[str, dict[str, Any]] = {}
        for doc in await self.bookings.present(site.id, at):
            latest.setdefault(doc["booked_for"], doc)
        seen = [await self._seen(doc) for doc in latest.values()]
        return PresenceView(items=tuple(each for each in seen if each is not None))

    async def _check_entitled(self, by: Principal, site: str) -> None:
        """The staff of the site, operators, and members whose organization may use something there today."""
        if Viewer.of(by.id, by.roles, by.site).sees_all_of(site):
            return
        at, party = self.clock.now(), await self.parties.acting(by, None)
        policy = await self.rights.current()
        member = not any(party.refusals_over(Interval(at, at + _NOW)))
        if not member or not any(policy.of(party.kind, site, kind).allowed for kind in KINDS):
            raise NotEntitledHere

    async def _seen(self, doc: dict[str, Any]) -> PresentView | None:
        """None for whom there is no name: not yet, or not any more."""
        name, zone = await self.names.of(doc["booked_for"]), zone_of(doc["time_zone"])
        if name is None:
            return None
        organization = await self.parties.organizations.get(doc["organization"])
        return PresentView(
            name=BilingualView(ja=written(name, "ja"), en=written(name, "en")),
            organization=doc["organization"],
            organization_name=(organization and organization.name) or BilingualView(),
            resource=doc["resource"],
            resource_name=BilingualView(**doc["resource_name"]),
            since=shown(doc["checked_in_at"], zone),
            until=shown(doc["ends_at"], zone),
        )
