"""A member registers, and cancels."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from services.events.domain.registration import (
    Registration,
    RegistrationEvent,
    Wish,
    registration_id,
)
from services.events.domain.seminar import Seminar
from services.events.handlers.box_office import BoxOffice
from services.events.handlers.rights import may_attend
from services.events.publish import gist
from services.events.queries import RegistrationQueries
from services.events.store.registrations import RegistrationDecision, Registrations, Told
from services.events.store.seminars import Seminars
from shared.contracts.events import CancelRegistration, Register
from shared.contracts.message import Answer, Asked
from shared.kernel.decision import Decision
from shared.kernel.refusal import Busy, Forbidden
from shared.kernel.time import Clock
from shared.kit.answers import answer
from shared.kit.crash import crashpoint
from shared.kit.documents import Cause, ClaimTaken, Stored
from shared.kit.joined import Joined

_TRIES = 24
_BELIEVED = 3
"""After so many remembered seats turned out to be taken, memory is out of date: other replicas seat people too."""
Write = Callable[[RegistrationDecision, Told], Awaitable[Stored | None]]


def _as_it_is(held: Registration) -> Decision[Registration, RegistrationEvent]:
    return Decision(held)


class Registering:
    """Whoever has a registration keeps it: one per member and seminar."""

    def __init__(
        self,
        seminars: Seminars,
        registrations: Registrations,
        office: BoxOffice,
        *,
        is_erased: Callable[[str], Awaitable[bool]],
        views: RegistrationQueries,
        clock: Clock,
    ) -> None:
        self._registrations = registrations
        self._office = office
        self._is_erased = is_erased
        self._views = views
        self._clock = clock
        self._seminars = Joined(seminars.public)

    async def register(self, ask: Asked[Register]) -> Answer:
        """201 with a seat or a place in the queue; 200 where the member has one already. Raises Forbidden, for one
        who was erased and whose token still lives, and the seminar's refusals.
        """
        member, at, cause = may_attend(ask.principal), self._clock.now(), Cause.of(ask)
        seminar, version = await self._seminars(ask.data.seminar)
        wish = Wish(seminar.id, seminar.site, member, ask.data.mode, version)
        told = Told(gist(seminar, version))
        there, erased = await asyncio.gather(self._registrations.get(seminar.id, member), self._is_erased(member))
        if erased:
            raise Forbidden
        if there is None:

            async def add(decision: RegistrationDecision, told: Told) -> Stored | None:
                return await self._registrations.add(decision, told, cause, at=at)

            stored = await self._placed(wish, seminar, told, add, at)
            if stored is not None:
                return answer(await self._views.view(stored.doc), status=201, replay=stored.replay)
        return await self._again(wish, seminar, told, cause, at)

    async def _again(self, wish: Wish, seminar: Seminar, told: Told, cause: Cause, at: datetime) -> Answer:
        """There is a registration: this key's own, one that stands, or one that was cancelled and is placed anew."""
        identity = registration_id(wish.seminar, wish.member)
        found = await self._registrations.change(identity, _as_it_is, told, cause, at=at)
        if found.replay or found.doc["status"] != "cancelled":
            status = 201 if found.replay else 200
            return answer(await self._views.view(found.doc), status=status, replay=found.replay)
        placed_now = False

        async def change(decision: RegistrationDecision, told: Told) -> Stored | None:
            def decide(held: Registration) -> Decision[Registration, RegistrationEvent]:
                nonlocal placed_now
                placed_now = not held.active
                return Decision(held) if held.active else decision

            return await self._registrations.change(identity, decide, told, cause, at=at)

        stored = await self._placed(wish, seminar, told, change, at)
        assert stored is not None
        created = placed_now or stored.replay
        return answer(await self._views.view(stored.doc), status=201 if created else 200, replay=stored.replay)

    async def _placed(self, wish: Wish, seminar: Seminar, told: Told, write: Write, at: datetime) -> Stored | None:
        """A free seat where nobody waits, else the end of the queue. Raises the seminar's refusals, Busy."""
        capacity = seminar.capacity(wish.mode, at)
        if capacity is None:
            return await write(wish.seated(None, at=at), told)
        if not await self._office.someone_waits(seminar, wish.mode):
            for taken in range(_TRIES):
                seat = await self._office.pick(seminar, wish.mode, capacity, anew=taken % _BELIEVED == _BELIEVED - 1)
                if seat is None:
                    break
                try:
                    return await write(wish.seated(seat, at=at), told)
                except ClaimTaken:
                    continue
            else:
                raise Busy
        queued = wish.queued(await self._registrations.ticket(wish.seminar, wish.mode), at=at)
        ahead = await self._registrations.ahead(queued.state)
        stored = await write(queued, Told(told.seminar, ahead))
        self._office.look(wish.seminar, wish.mode, f"queued-{queued.state.id}")
        return stored

    async def cancel(self, ask: Asked[CancelRegistration]) -> Answer:
        """200; again answers the same and writes nothing. The freed seat goes to the first who waits."""
        member, at = may_attend(ask.principal), self._clock.now()
        seminar, version = await self._seminars(ask.data.seminar)
        begun = seminar.content is not None and seminar.content.when.started(at)
        identity = registration_id(seminar.id, member)
        freed: Registration | None = None

        def decide(held: Registration) -> Decision[Registration, RegistrationEvent]:
            nonlocal freed
            freed = held if held.active else None
            return held.cancelled(begun=begun)

        stored = await self._registrations.change(
            identity, decide, Told(gist(seminar, version)), Cause.of(ask), at=at, if_match=ask.if_match
        )
        if freed is not None and not stored.replay:
            await crashpoint("waitlist.between_release_and_promotion")
            await self._office.looked(freed.seminar, freed.mode, ask.correlationid)
        return answer(await self._views.view(stored.doc), replay=stored.replay)
