"""Free units of quota pools, remembered for a moment so that a booking seldom has to read them.

What is remembered may be wrong: the claims decide. A unit somebody else took costs another try, never a wrong refusal:
before a pool is said to be empty it is read again.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from services.booking.domain.quota import Share
from services.booking.store.remembered import Remembered
from shared.kit.documents import ClaimTaken


class Held(Protocol):
    """Where the truth is read."""

    async def used_units(self, site: str, prefix: str) -> set[int]: ...


class Units:
    """By site and pool; one for each replica."""

    def __init__(self, held: Held, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._held = held
        self._pools = Remembered[tuple[str, str], set[int]](self._used, elapsed=elapsed)

    async def free(self, site: str, shares: Sequence[Share]) -> dict[str, set[int]]:
        """By prefix: enough for each share as far as is remembered, or else what is free right now."""
        return {share.prefix: await self._free(site, share) for share in shares}

    @contextmanager
    def drawn(self, site: str, claims: Iterable[str]) -> Iterator[None]:
        """While these are written, and after it, they are not offered to others; those not written go back."""
        claims = tuple(claims)
        for used, unit in self._remembered(site, claims):
            used.add(unit)
        try:
            yield
        except ClaimTaken as taken:
            for used, unit in self._remembered(site, set(claims) - {taken.claim}):
                used.discard(unit)
            raise

    def taken(self, site: str, claims: Iterable[str]) -> None:
        """Held by now, as a write told; other claims than those of units are passed over."""
        for used, unit in self._remembered(site, claims):
            used.add(unit)

    def outdated(self, site: str, claims: Iterable[str]) -> None:
        """Lost once more: another replica draws on these pools too, so they are read again before the next try."""
        for claim in claims:
            self._pools.forget((site, claim.rpartition("|")[0] + "|"))

    async def _free(self, site: str, share: Share) -> set[int]:
        pool = (site, share.prefix)
        free = share.free(await self._pools.get(pool))
        return free if len(free) >= share.units else share.free(await self._pools.renew(pool))

    async def _used(self, pool: tuple[str, str]) -> set[int]:
        return await self._held.used_units(*pool)

    def _remembered(self, site: str, claims: Iterable[str]) -> Iterable[tuple[set[int], int]]:
        for claim in claims:
            prefix, _, unit = claim.rpartition("|")
            used = self._pools.peek((site, f"{prefix}|"))
            if used is not None:
                yield used, int(unit)
