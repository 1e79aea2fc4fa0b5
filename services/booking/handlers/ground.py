"""What the rules look at beside a wish: places, parties, rights, holidays; from memory, as a rule."""

from dataclasses import dataclass

from services.booking.domain.party import Party
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Circumstances
from services.booking.domain.site import Holidays
from services.booking.handlers.parties import Parties
from services.booking.handlers.ports import Resources, Rights, Sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    sites: Sites
    resources: Resources
    parties: Parties
    holidays: Holidays
    rights: Rights

    async def under(self, resource: Resource, party: Party) -> Circumstances:
        """For that party, in that place, by the rules now in force."""
        site = await self.sites.get(resource.site)
        return Circumstances(site, resource, party, await self.rights.current(), self.holidays)

    async def of_kind(self, own: Resource) -> list[Resource]:
        """A resource and the others of its kind and site, itself first."""
        known = await self.resources.of(own.site)
        return [own, *(each for each in known.values() if each.kind == own.kind and each.id != own.id)]
