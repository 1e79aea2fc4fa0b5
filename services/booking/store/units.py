"""Free units of quota pools, remembered for a moment so that a booking seldom has to read them.

What is remembered may be wrong: the claims decide. A unit somebody else took costs another try, never a wrong refusal:
before a pool is said to be empty it is read again.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from services.booking.domain.quota import Share

FRESH_SECONDS = 2.0
MOST_POOLS = 5_000


class Held(Protocol):
    """Where the truth is read."""

    async def used_units(self, site: str, prefix: str) -> set[int]: ...


class Units:
    """By site and pool. Bounded; one for each replica."""

    def __init__(self, held: Held, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._held = held
        self._elapsed = elapsed
        self._pools: dict[tuple[str, str], tuple[float, set[int]]] = {}

    async def free(self, site: str, shares: Sequence[Share]) -> dict[str, set[int]]:
        """By prefix: enough for each share as far as is remembered, or else what is free right now."""
        return {share.prefix: await self._pool(site, share) for share in shares}

    def take(self, site: str, claims: Iterable[str]) -> None:
        """Not to be offered to the next, while the write is under way and after it."""
        for pool, unit in self._remembered(site, claims):
            pool.discard(unit)

    def give_back(self, site: str, claims: Iterable[str]) -> None:
        """The write was refused for another reason than these units."""
        for pool, unit in self._remembered(site, claims):
            pool.add(unit)

    async def _pool(self, site: str, share: Share) -> set[int]:
        read, free = self._pools.get((site, share.prefix), (0.0, set[int]()))
        if len(free) >= share.units and self._elapsed() - read < FRESH_SECONDS:
            return free
        free = set(range(share.total)) - await self._held.used_units(site, share.prefix)
        if len(self._pools) >= MOST_POOLS:
            self._pools.clear()
        self._pools[site, share.prefix] = (self._elapsed(), free)
        return free

    def _remembered(self, site: str, claims: Iterable[str]) -> Iterable[tuple[set[int], int]]:
        for claim in claims:
            prefix, _, unit = claim.rpartition("|")
            known = self._pools.get((site, f"{prefix}|"))
            if known is not None:
                yield known[1], int(unit)
