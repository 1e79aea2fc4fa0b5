"""Who comes while someone waits, waits: before anything is claimed, what is free goes to those who waited for it."""

from dataclasses import dataclass
from typing import Protocol

from services.booking.handlers.claiming import Claiming, Wish, Write
from services.booking.store.waits import Waits
from shared.kernel.interval import Interval
from shared.kit.documents import Stored


class Looking(Protocol):
    async def looked(self, site: str, within: Interval) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InTurn(Claiming):
    """Claiming for all who did not wait. Where nobody waits it costs a look into memory."""

    waits: Waits
    offering: Looking

    async def secured(self, wish: Wish, write: Write) -> Stored:
        """What Claiming.secured gives and raises. One's own place in the line is in nobody's way."""
        site, wanted, gap = wish.under.site.id, wish.wanted, wish.under.resource.buffer
        range_ = wanted.interval.lengthened(gap)
        if any(
            each.interval.lengthened(gap).overlaps(range_) and wanted.booked_for not in each.parties
            for each in await self.waits.wanted(site)
        ):
            await self.offering.looked(site, range_)
        return await Claiming.secured(self, wish, write)
