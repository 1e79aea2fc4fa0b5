"""Notify's copy of the sites: their names and zones, to show times on the site's clock."""

from dataclasses import dataclass

from shared.contracts.booking import SiteState
from shared.kernel.text import Text
from shared.kit.copies import Copy


@dataclass(frozen=True, slots=True)
class Site:
    """What a reader is told of a site."""

    name: Text
    zone: str


class Sites:
    """Reads of `notify__site`'s copy."""

    def __init__(self, copy: Copy[SiteState]) -> None:
        self._copy = copy

    async def site(self, site_id: str, *, zone: str) -> Site:
        """The site; until it has arrived one without a name, in the `zone` the event itself speaks of."""
        state = await self._copy.get(site_id)
        if state is None:
            return Site(Text(), zone)
        return Site(Text(state.name.ja, state.name.en) if state.name else Text(), state.time_zone)
