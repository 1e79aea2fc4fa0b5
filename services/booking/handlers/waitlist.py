"""The waiting list: join it, leave it, answer what is offered."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import TypeVar

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.offering import booking_of
from services.booking.domain.refusals import BookingRefused, KeyRequired, NotCancellable, NotConfirmable
from services.booking.domain.resource import Resource
from services.booking.domain.rules import Wanted, check_form, interval_of, violations
from services.booking.domain.settling import cancel, confirm
from services.booking.domain.status import Status
from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.domain.waiting import SLOTS, WISH, Entry, Standing, slot_prefix
from services.booking.domain.waiting_refusals import AlreadyWaiting, NoSuchKind, OfferOver, WaitingForTooMuch
from services.booking.handlers.claiming import TRIES
from services.booking.handlers.ground import Ground
from services.booking.handlers.offering import Offering
from services.booking.handlers.ports import Bookings
from services.booking.store.waits import Waits, entry_of
from shared.contracts.booking import AcceptOffer, DeclineOffer, JoinWaitlist, LeaveWaitlist
from shared.contracts.message import Asked
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kernel.refusal import Busy, NotFound, VersionStale
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Stored, unless_made_before

Answer = TypeVar("Answer", AcceptOffer, DeclineOffer)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitlistHandlers:
    waits: Waits
    bookings: Bookings
    ground: Ground
    offering: Offering
    clock: Clock
    chance: Random

    async def join_waitlist(self, ask: Asked[JoinWaitlist]) -> Stored:
        """With what is free offered already. Raises BookingRefused where another rule than the quota says no,
        AlreadyWaiting, WaitingForTooMuch, NoSuchKind, NotFound.
        """
        if ask.key is None:
            raise KeyRequired
        entry_id, cause, at = derived_id(ask.principal.id, ask.data.wire, ask.key), Cause.of(ask), self.clock.now()

        async def make() -> Stored:
            return await self._joined(await self._understood(entry_id, ask, at), cause, at)

        stored = await unless_made_before(self.waits, entry_id, cause, make)
        entry = entry_of(stored.doc)
        await self.offering.looked(entry.site, entry.interval)
        return Stored(await self.waits.get(entry_id, ITSELF) or stored.doc, replay=stored.replay)

    async def leave_waitlist(self, ask: Asked[LeaveWaitlist]) -> Stored:
        """The place is given up for good, and what is offered. Raises NotFound, OfferAccepted."""
        at, cause = self.clock.now(), Cause.of(ask)
        viewer = await self.ground.parties.viewer(ask.principal)
        entry = entry_of(await self._current(ask.data.id, viewer, ask.correlationid, at))
        stored = await self.waits.change(
            entry.id, lambda now: now.cancel(), cause, viewer, at=at, if_match=ask.if_match
        )
        if entry_of(stored.doc).status is Standing.CANCELLED:
            await self.offering.withdraw(entry, ask.correlationid, at=at)
        return stored

    async def accept_offer(self, ask: Asked[AcceptOffer]) -> Stored:
        """By the step that confirms a hold. Raises NotFound, NotOffered, OfferOver, VersionStale."""
        at = self.clock.now()
        return await self._answered(ask, lambda held: confirm(held, at=at), Standing.ACCEPTED, at=at)

    async def decline_offer(self, ask: Asked[DeclineOffer]) -> Stored:
        """Leaves it to the next. Raises NotFound, NotOffered, OfferOver, OfferAccepted, VersionStale."""
        at = self.clock.now()

        def decide(held: Booking) -> Decided:
            """What was accepted at the same moment stays."""
            return cancel(held, at=at) if held.status is Status.HELD else Decision(held)

        return await self._answered(ask, decide, Standing.DECLINED, at=at)

    async def _answered(
        self, ask: Asked[Answer], decide: Callable[[Booking], Decided], answer: Standing, *, at: datetime
    ) -> Stored:
        """First the booking, which decides; the entry follows, at the latest by its timer."""
        viewer, cause = await self.ground.parties.viewer(ask.principal), Cause.of(ask)
        doc = await self._current(ask.data.id, viewer, ask.correlationid, at)
        entry = entry_of(doc)
        if not entry.to_be_answered(answer):
            return Stored(doc)
        if ask.if_match not in (None, doc["version"]):
            raise VersionStale(version=doc["version"])
        try:
            await self.bookings.change(booking_of(entry), decide, cause, ITSELF, at=at)
        except (NotConfirmable, NotCancellable):
            raise OfferOver(status=Standing.LAPSED.value) from None
        stored = await self.offering.settle(entry, cause, at=at)
        entry_of(stored.doc).to_be_answered(answer)
        return stored

    async def _current(self, entry_id: str, viewer: Viewer, correlationid: str, at: datetime) -> dict[str, object]:
        """As its booking says, whether or not that was noted. Raises NotFound."""
        doc = await self.waits.get(entry_id, viewer)
        if doc is None:
            raise NotFound
        if doc["status"] != Standing.OFFERED:
            return doc
        cause = Cause("booking.settle_offer", ITSELF.member, correlationid)
        return (await self.offering.settle(entry_of(doc), cause, at=at)).doc

    async def _joined(self, entry: Entry, cause: Cause, at: datetime) -> Stored:
        for _ in range(TRIES):
            free = SLOTS - await self.waits.used_slots(entry.site, slot_prefix(entry.booked_for))
            if not free:
                raise WaitingForTooMuch(limit=len(SLOTS))
            joined = replace(entry, slot=self.chance.choice(sorted(free))).join()
            try:
                return await self.waits.add(joined, cause, at=at)
            except ClaimTaken as taken:
                if taken.claim.startswith(WISH):
                    raise AlreadyWaiting from None
        raise Busy

    async def _understood(self, entry_id: str, ask: Asked[JoinWaitlist], at: datetime) -> Entry:
        """What is waited for, where anything that is asked for could be booked if it were free."""
        cmd, by, ground = ask.data, ask.principal, self.ground
        site = await ground.sites.get(cmd.site)
        interval = interval_of(cmd.starts_at, cmd.ends_at)
        check_form(interval, site.zone, at)
        resources = await self._resources(cmd)
        party = await ground.parties.acting(by, cmd.for_member)
        wanted = Wanted(interval, by.id, cmd.for_member or by.id, cmd.purpose, cmd.attendees)
        broken = [violations(wanted, await ground.under(each, party), at) for each in resources]
        if all(broken):
            raise BookingRefused(broken[0])
        entry = Entry(
            id=entry_id,
            site=site.id,
            time_zone=site.time_zone,
            interval=interval,
            ticket=await self.waits.ticket(site.id),
            organization=party.id,
            organization_kind=party.kind,
            booked_by=wanted.booked_by,
            booked_for=wanted.booked_for,
            resource=cmd.resource,
            resource_name=resources[0].name if cmd.resource else None,
            kind=cmd.kind,
            purpose=cmd.purpose,
            attendees=cmd.attendees,
        )
        return entry.looks_again(0, at)

    async def _resources(self, cmd: JoinWaitlist) -> list[Resource]:
        if cmd.resource is not None:
            return [await self.ground.resources.get(cmd.site, cmd.resource)]
        known = await self.ground.resources.of(cmd.site)
        of_kind = [each for each in known.values() if each.kind == cmd.kind]
        if not of_kind:
            raise NoSuchKind
        return of_kind
