"""Every write that claims something goes through here: tried until it is done, or refused with all that says no."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.booking.domain.availability import Occupied
from services.booking.domain.claims import units_of
from services.booking.domain.explanation import ENOUGH, MOST, Alternative, Explanation, Surroundings
from services.booking.domain.holding import SLOTS, hold_prefix
from services.booking.domain.lapsing import challenge
from services.booking.domain.quota_violations import QuotaExceeded
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import with_gap
from services.booking.domain.rules import Circumstances, FreeUnits, Wanted
from services.booking.domain.searching import later, windows
from services.booking.domain.status import Mode, Status
from services.booking.domain.viewer import ITSELF
from services.booking.domain.violations import TooManyHolds, Violation
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import Bookings
from services.booking.handlers.timers import Timers
from services.booking.store import Units
from shared.kernel.interval import Interval
from shared.kernel.refusal import Busy, Refusal
from shared.kit.documents import Cause, ClaimTaken, Stored

TRIES = 8
"""Of finding units that nobody else takes at the same moment."""
Write = Callable[[FreeUnits], Awaitable[Stored]]
"""Decides with what is free, and writes. Raises BookingRefused, ClaimTaken."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, by which rules it is judged, when, and in the course of what.

    `instead_of` is the booking that is to be moved, which is in nobody's way, `own` what it claims; of one that is
    `running` only the end can move, so no other time would help.
    """

    wanted: Wanted
    under: Circumstances
    at: datetime
    correlationid: str
    instead_of: str | None = None
    own: Sequence[str] = ()
    running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Claiming:
    bookings: Bookings
    ground: Ground
    units: Units
    timers: Timers

    async def secured(self, wish: Wish, write: Write) -> Stored:
        """What `write` gave. Raises SlotTaken or BookingRefused with everything that says no, Busy.

        Who is in the way although their time has run out is taken away, and the write tried again.
        """
        for attempt in range(TRIES):
            free = await self._free(wish.wanted, wish.under)
            broken: Sequence[Violation] = ()
            try:
                return await write(free)
            except BookingRefused as refused:
                broken = refused.violations
            except ClaimTaken as taken:
                if self._is_unit(wish, taken, attempt):
                    continue
            if await self._cleared_pools(wish, broken):
                continue
            if no := await self._refusal(wish, broken):
                raise no
        raise Busy

    async def give_way(self, who: str, uses: Iterable[Interval], under: Circumstances) -> None:
        """Before `who` claims these: what is free of it goes to those who waited for it. Here nobody waits."""

    async def quietly(self, wish: Wish, write: Write) -> Stored:
        """The same for somebody who is not here to read it: raises a bare SlotTaken or BookingRefused, asks nobody."""
        for attempt in range(TRIES):
            try:
                return await write(await self._free(wish.wanted, wish.under))
            except BookingRefused as refused:
                if not await self._cleared_pools(wish, refused.violations):
                    raise
            except ClaimTaken as taken:
                if self._is_unit(wish, taken, attempt):
                    continue
                near, _ = windows(wish.wanted.interval, wish.under.site.zone)
                why = await self._explained(wish, (), near)
                if not await self._cleared(wish, [each.booking for each in why.conflicts if each.lapsed(wish.at)]):
                    raise SlotTaken from None
        raise Busy

    def _is_unit(self, wish: Wish, taken: ClaimTaken, attempt: int) -> bool:
        """A unit of quota or the slot of a hold went to somebody else, which is noted; there may be others."""
        if taken.claim in wish.under.resource.claims(wish.wanted.interval):
            return False
        lost = self.units.taken if attempt == 0 else self.units.outdated
        lost(wish.under.site.id, (taken.claim,))
        return True

    async def _free(self, wanted: Wanted, under: Circumstances) -> FreeUnits:
        """Units from memory; the slots of holds, which are few, as they are now."""
        free: dict[str, Collection[int]] = {**await self.units.free(under.site.id, under.quota(wanted.interval))}
        if wanted.mode is Mode.HOLD:
            prefix = hold_prefix(wanted.booked_by)
            free[prefix] = SLOTS - await self.bookings.used_units(under.site.id, prefix)
        return free

    async def _cleared_pools(self, wish: Wish, broken: Sequence[Violation]) -> bool:
        """Whether a pool seemed empty while some of those who draw on it are over."""
        if not any(isinstance(no, QuotaExceeded | TooManyHolds) for no in broken):
            return False
        return await self._cleared(wish, await self.bookings.lapsed(wish.under.site.id, wish.at))

    async def _cleared(self, wish: Wish, lapsed: Collection[str]) -> bool:
        gone = [await self.timers.expire(each, correlationid=wish.correlationid, at=wish.at) for each in lapsed]
        return any(gone)

    async def _refusal(self, wish: Wish, broken: Sequence[Violation]) -> Refusal | None:
        """With what would pass; None where nothing stands in the way any more."""
        near, two_days = windows(wish.wanted.interval, wish.under.site.zone)
        why = await self._explained(wish, broken, near)
        if await self._cleared(wish, [each.booking for each in why.conflicts if each.lapsed(wish.at)]):
            return None
        if wish.running or any(no.everywhere for no in broken):
            return (await self._challenged(wish, why)).refusal([])
        if len(offered := why.alternatives()) < ENOUGH:
            why = await self._explained(wish, broken, two_days)
            offered = why.alternatives()
        found = await self._later(wish, broken) if not offered or any(map(_resets, broken)) else []
        after = [each for each in found if each not in offered]
        return (await self._challenged(wish, why)).refusal([*offered[: MOST - len(after)], *after])

    async def _later(self, wish: Wish, broken: Sequence[Violation]) -> Sequence[Alternative]:
        """The first two that pass when what was too little is full again, or where there is nothing close by."""
        under, others = wish.under, [no for no in broken if not _resets(no)]
        for window in later(wish.wanted.interval, under.site.zone, under.party, broken):
            if window.end > wish.at and (found := (await self._explained(wish, others, window)).alternatives()):
                return found[:2]
        return []

    async def _challenged(self, wish: Wish, why: Explanation) -> Explanation:
        """Where only provisional bookings are in the way, their holders are asked to decide, each by its own write.

        Nobody is told who asks. Of many who ask at once, the first one's clock runs.
        """
        asked = {each.booking: await self._challenge(wish, each) for each in why.challenged}
        taken = [asked.get(each.booking, each) for each in why.around.taken]
        return replace(why, around=replace(why.around, taken=taken)) if asked else why

    async def _challenge(self, wish: Wish, provisional: Occupied) -> Occupied:
        """As it stands after that."""
        if provisional.challenged:
            return provisional
        by, at = wish.wanted.booked_by, wish.at
        cause = Cause("booking.challenge_booking", ITSELF.member, wish.correlationid)
        stored = await self.bookings.change(
            provisional.booking, lambda booking: challenge(booking, by=by, at=at), cause, ITSELF, at=at
        )
        return replace(provisional, status=Status(stored.doc["status"]), expires_at=stored.doc.get("expires_at"))

    async def _explained(self, wish: Wish, broken: Sequence[Violation], window: Interval) -> Explanation:
        kind = await self.ground.of_kind(wish.under.resource)
        ids = sorted({each for resource in kind for each in resource.occupies})
        found = await self.bookings.occupied(wish.under.site.id, ids, with_gap(window, kind))
        taken = [each for each in found if each.booking != wish.instead_of]
        around = Surroundings(kind, taken, window, await self._pools(wish, window))
        return Explanation(wish.wanted, wish.under, broken, around, wish.at)

    async def _pools(self, wish: Wish, window: Interval) -> FreeUnits:
        """Of each period the window touches: from memory where that has enough for what is wanted."""
        shares = [share.at_most(wish.wanted.interval.length) for share in wish.under.quota(window)]
        free = await self.units.free(wish.under.site.id, shares)
        return {prefix: units | units_of(wish.own, prefix) for prefix, units in free.items()}


def _resets(no: Violation) -> bool:
    return isinstance(no, QuotaExceeded)
