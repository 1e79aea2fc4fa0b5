"""Who comes while someone waits, waits: before anything is claimed, what is free goes to those who waited for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from services.booking.domain.rules import Circumstances
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
        """What Claiming.secured gives and raises."""
        await self.give_way(wish.wanted.booked_for, (wish.wanted.interval,), wish.under)
        return await Claiming.secured(self, wish, write)

    async def give_way(self, who: str, uses: Iterable[Interval], under: Circumstances) -> None:
        """One's own place in the line is in nobody's way."""
        site, gap = under.site.id, under.resource.buffer
        others = [each.interval.lengthened(gap) for each in await self.waits.wanted(site) if who not in each.parties]
        for use in (each.lengthened(gap) for each in uses if others):
            if any(each.overlaps(use) for each in others):
                await self.offering.looked(site, use)
