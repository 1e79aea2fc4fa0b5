"""Freed time goes to those who wait, in the order of their tickets; whoever notices it, and however often."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.claims import freed, of_place
from services.booking.domain.entitlement import Reason
from services.booking.domain.line import Place, ahead, line
from services.booking.domain.offering import ASLEEP, Invitation, booking_of, can_answer
from services.booking.domain.party import Party
from services.booking.domain.refusals import BookingRefused, MemberNotActive, NoOrganization, SlotTaken, TooLate
from services.booking.domain.resource import Resource, with_gap
from services.booking.domain.rules import FreeUnits
from services.booking.domain.settling import cancel
from services.booking.domain.status import CANCEL, Status
from services.booking.domain.viewer import ITSELF
from services.booking.domain.waiting import Entry, Skipped, Standing, WaitlistDecided
from services.booking.handlers.claiming import Claiming, Wish
from services.booking.handlers.ground import Ground
from services.booking.handlers.ports import Bookings
from services.booking.handlers.timers import Timers
from services.booking.store.mapping import booking_of as booking_in
from services.booking.store.waits import Waits, entry_of
from shared.kernel.decision import Decision
from shared.kernel.interval import Interval
from shared.kernel.refusal import Busy, NotFound, Refusal
from shared.kernel.time import Clock, zone_of
from shared.kit.crash import crashpoint
from shared.kit.documents import Cause, Stored
from shared.kit.joined import Joined
from shared.kit.log import get_logger

log = get_logger()
Doc = dict[str, Any]
GiveUp = Callable[[Entry], WaitlistDecided | Entry]
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """Any number of replicas may run every method at once; the claims, and one booking for each entry, decide."""

    waits: Waits
    bookings: Bookings
    ground: Ground
    claiming: Claiming
    timers: Timers
    clock: Clock
    chance: Random
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _looks: Joined[tuple[str, Interval], None] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_looks", Joined(lambda asked: self._look(*asked)))

    async def looked(self, site: str, within: Interval) -> None:
        """Returns once what is free there was offered by a look that began after this was asked; looks are shared.

        Where that fails, the timers of those who wait look again: nothing is raised.
        """
        try:
            await self._looks((site, within))
        except Exception as error:
            log.warning("waitlist.look_failed", site=site, error=type(error).__name__, exc_info=error)

    def on_change(self, before: Booking, after: Booking) -> None:
        """Of each change of a booking: settles whose offer it was, and offers what it gave back, in the background."""
        given_back = freed(before.claims, after.claims)
        if given_back is None and after.waitlist is None:
            return
        task = asyncio.create_task(self._follow(after, given_back))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def on_look(self, doc: Doc) -> None:
        """The timer of one who waits: what they wait for has begun; or they look, and then again while they wait."""
        at, cause = max(self.clock.now(), doc["due_at"]), _cause("expire_wait", f"timer-{doc['_id']}")
        entry = entry_of((await self.waits.change(doc["_id"], lambda now: now.expire(at), cause, ITSELF, at=at)).doc)
        if entry.status is not Standing.WAITING:
            return
        await self.looked(entry.site, entry.interval)
        places = line(await self.waits.waiting(entry.site, entry.interval), await self._resources(entry.site))
        in_front = ahead(entry, places)
        await self.waits.rearm(entry.looks_again(in_front, at))

    async def on_answer(self, doc: Doc) -> None:
        """The timer of an offer: its time is up, or it was answered by a replica that died before it noted that."""
        at = max(self.clock.now(), doc["due_at"])
        await self.settle(entry_of(doc), _cause("settle_offer", f"timer-{doc['_id']}"), at=at)

    async def settle(self, entry: Entry, cause: Cause, *, at: datetime) -> Stored:
        """The entry as its booking says; one whose time is up is ended first."""
        identity = booking_of(entry)
        await self.timers.expire(identity, correlationid=cause.correlationid, at=at)
        booking, _ = await self.bookings.load(identity, ITSELF)
        return await self.waits.change(entry.id, lambda now: now.offered(booking, at=at), cause, ITSELF, at=at)

    async def _follow(self, after: Booking, given_back: Interval | None) -> None:
        """Where that fails, the timers do it: nothing is raised."""
        try:
            if after.waitlist is not None:
                at, cause = self.clock.now(), _cause("settle_offer", f"booking-{after.id}")
                await self.waits.change(after.waitlist, lambda now: now.offered(after, at=at), cause, ITSELF, at=at)
            await crashpoint("waitlist.between_release_and_offer")
        except Exception as error:
            log.warning("waitlist.follow_failed", booking=after.id, error=type(error).__name__, exc_info=error)
            return
        if given_back is not None:
            await self.looked(after.site, given_back)

    async def _look(self, site: str, within: Interval) -> None:
        """From the front of the line to its end: what is free for the first is not free for those behind."""
        entries, at = await self.waits.waiting(site, within), self.clock.now()
        resources = await self._resources(site)
        places = line(entries, resources)
        if not places:
            return
        whole = Interval(min(e.interval.start for e in entries), max(e.interval.end for e in entries))
        ids = sorted({each for place in places for each in place.resource.occupies})
        occupied = await self.bookings.occupied(site, ids, with_gap(whole, resources))
        taken = {claim for each in occupied if not each.lapsed(at) for claim in each.claims}
        asked, told = await self._marked(entries, {each.booking for each in occupied}, at), set[str]()
        for place in places:
            entry = place.entry
            if entry.id in asked or not place.claims.isdisjoint(taken):
                continue
            reasons = await self._passed_over(place, at)
            if reasons is None:
                asked.add(entry.id)
                taken |= place.claims
            elif reasons and entry.id not in told:
                told.add(entry.id)
                await self._skipped(entry, reasons, at)

    async def _marked(self, entries: Sequence[Entry], held: Collection[str], at: datetime) -> set[str]:
        """The ids of those for whom something is held already, by a replica that died before it noted that."""
        own = [entry for entry in entries if booking_of(entry) in held]
        for entry in own:
            booking, _ = await self.bookings.load(booking_of(entry), ITSELF)
            await self._mark(entry, booking, at)
        return {entry.id for entry in own}

    async def _passed_over(self, place: Place, at: datetime) -> Sequence[Reason] | None:
        """None: the place is theirs now. Else why it is not, as far as that is to be told, and the next is asked.

        Not theirs either where they gave up what had been offered and not noted.
        """
        entry = place.entry
        try:
            party, zone = await self._recipient(entry)
            if not can_answer(entry, zone, at):
                return [ASLEEP]
            under = await self.ground.under(place.resource, party)
            held = booking_in((await self._held(Invitation(entry, zone, under, at))).doc)
        except BookingRefused as refused:
            return [Reason(no.code, no.text) for no in refused.violations]
        except (SlotTaken, Busy):
            return []
        except Refusal as refusal:
            return [Reason(refusal.code, refusal.text)]
        await self._mark(entry, held, at)
        return None if of_place(held.claims) else []

    async def _held(self, invitation: Invitation) -> Stored:
        """By the same write as every booking. Raises SlotTaken, BookingRefused, Busy."""
        at, under = invitation.at, invitation.under
        cause = _cause("offer_freed_time", f"waitlist-{invitation.entry.id}")

        async def write(free: FreeUnits) -> Stored:
            decided = invitation.offer(free, self.chance)
            with self.claiming.units.drawn(under.site.id, decided.state.claims):
                return await self.bookings.place(decided, cause, at=at)

        return await self.claiming.quietly(Wish(invitation.wanted, under, at, cause.correlationid), write)

    async def _mark(self, entry: Entry, held: Booking, at: datetime) -> None:
        """Says so in the entry. Who gave up meanwhile stays that way, and the time goes on to the next."""
        await crashpoint("waitlist.between_offer_and_mark")
        cause = _cause("offer_freed_time", f"waitlist-{entry.id}")

        def decide(now: Entry) -> WaitlistDecided:
            return now.offered(held, at=at)

        marked = entry_of((await self.waits.change(entry.id, decide, cause, ITSELF, at=at)).doc)
        if marked.status in (Standing.CANCELLED, Standing.EXPIRED):
            await self.withdraw(entry, cause.correlationid, at=at)
        elif held.status is not Status.HELD or held.lapsed(at):
            await self.settle(marked, cause, at=at)

    async def withdraw(self, entry: Entry, correlationid: str, *, at: datetime) -> None:
        """Gives back what was offered to who gave up, also where it was accepted at the same moment."""

        def decide(now: Booking) -> Decided:
            return cancel(now, at=at, by_house=True) if now.status in CANCEL.of else Decision(now)

        with suppress(NotFound, TooLate):
            cause = _cause("withdraw_offer", correlationid)
            await self.bookings.change(booking_of(entry), decide, cause, ITSELF, at=at)

    async def give_up(self, whose: Mapping[str, Any], decide: GiveUp, cause: Cause) -> None:
        """What becomes of everything somebody waits for."""
        after, at = "", self.clock.now()
        while page := await self.waits.open_of(whose, after, _PAGE):
            for entry in page:
                stored = await self.waits.change(entry.id, decide, cause, ITSELF, at=at)
                if entry_of(stored.doc).status is Standing.CANCELLED:
                    await self.withdraw(entry, cause.correlationid, at=at)
            after = page[-1].id

    async def _skipped(self, entry: Entry, reasons: Sequence[Reason], at: datetime) -> None:
        """They keep their place; the reason is there for them to read: of several rooms, that of the first."""
        skipped, cause = Skipped(at, tuple(reasons)), _cause("offer_freed_time", f"waitlist-{entry.id}")
        await self.waits.change(entry.id, lambda now: now.passed_over(skipped), cause, ITSELF, at=at)

    async def _recipient(self, entry: Entry) -> tuple[Party, ZoneInfo]:
        """As our copies have them now. Raises MemberNotActive, NoOrganization, NotYetKnown."""
        party = await self.ground.parties.party(entry.organization, entry.booked_for)
        member = await self.ground.parties.members.get(entry.booked_for)
        if member is None or not member.active:
            raise MemberNotActive
        if entry.organization not in member.organizations:
            raise NoOrganization
        return party, zone_of(member.time_zone or party.home_zone)

    async def _resources(self, site: str) -> list[Resource]:
        return list((await self.ground.resources.of(site)).values())


def _cause(operation: str, correlationid: str) -> Cause:
    return Cause(f"booking.{operation}", ITSELF.member, correlationid)
