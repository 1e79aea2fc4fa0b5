"""Seats: which are free, who gets one, and what becomes of those that fall free."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from services.events.domain.registration import Registration, looks_again
from services.events.domain.seminar import MODES, Mode, Seminar
from services.events.publish import gist
from services.events.store.registrations import Registrations, Told, registration_of
from services.events.store.seminars import Seminars
from shared.kernel.ids import new_id
from shared.kernel.refusal import Busy, NotFound
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken
from shared.kit.joined import Joined
from shared.kit.log import get_logger

log = get_logger()
FRESH_SECONDS = 2.0
_ROUNDS = 12
_AT_ONCE = 100
_MOST_SHELVES = 1_000


About = tuple[str, str, Mode]
"""(site, seminar, mode)."""


@dataclass(slots=True)
class _Shelf:
    """Free seats of one mode as this replica last read them, in random order; each is handed out once."""

    read_at: float = float("-inf")
    capacity: int = 0
    source: list[int] | None = None
    seats: list[int] = field(default_factory=list)

    def stock(self, source: list[int], capacity: int) -> None:
        """From a read that several callers may share: the first of them stocks for all."""
        if self.source is not source:
            self.source, self.capacity, self.read_at = source, capacity, time.monotonic()
            self.seats = random.sample(source, len(source))


class BoxOffice:
    """Any number of replicas may run every method at once; the claims decide."""

    def __init__(self, seminars: Seminars, registrations: Registrations, clock: Clock) -> None:
        self._seminars = seminars
        self._registrations = registrations
        self._clock = clock
        self._shelves: dict[About, _Shelf] = {}
        self._waits = Joined[About, bool](lambda about: registrations.someone_waits(*about))
        self._open = Joined[tuple[About, int], list[int]](lambda of: self.open_seats(*of))
        self._fills = Joined[tuple[str, Mode], int](lambda of: self.fill_freed_seats(*of))
        self._because: dict[tuple[str, Mode], str] = {}
        self._looking: set[asyncio.Task[None]] = set()

    async def someone_waits(self, seminar: Seminar, mode: Mode) -> bool:
        """As of now or later, never as of before."""
        return await self._waits((seminar.site, seminar.id, mode))

    async def pick(self, seminar: Seminar, mode: Mode, capacity: int, *, anew: bool = False) -> int | None:
        """A seat that was free a moment ago, chosen at random; None where all were taken when this was asked.

        `anew` does not go by what is remembered.
        """
        if len(self._shelves) >= _MOST_SHELVES:
            self._shelves.clear()
        about = (seminar.site, seminar.id, mode)
        shelf = self._shelves.setdefault(about, _Shelf())
        age = time.monotonic() - shelf.read_at
        if anew or not shelf.seats or age > FRESH_SECONDS or shelf.capacity != capacity:
            shelf.stock(await self._open((about, capacity)), capacity)
        return shelf.seats.pop() if shelf.seats else None

    async def open_seats(self, about: About, capacity: int) -> list[int]:
        """Read now. Closes and opens seats first where the capacity asks for it. Raises Busy."""
        at = self._clock.now()
        for _ in range(_ROUNDS):
            try:
                if unseated := await self._registrations.unseated(*about):
                    await self._seat(about, capacity, unseated)
                seats = await self._registrations.seats(*about)
                wanted = seats.plan.settled(capacity, seats.taken)
                if not wanted.says_as(seats.plan):
                    await self._registrations.settle(*about, wanted, self._cause("settle_seats"), at=at)
            except ClaimTaken:
                continue
            return wanted.open_seats(seats.taken)
        raise Busy

    async def _seat(self, about: About, capacity: int, unseated: Sequence[str]) -> None:
        """Numbers for those confirmed before seats were counted, beyond the capacity if need be."""
        seats = await self._registrations.seats(*about)
        plan = seats.plan.settled(max(capacity, len(seats.taken) + len(unseated)), seats.taken)
        if not plan.says_as(seats.plan):
            await self._registrations.settle(*about, plan, self._cause("settle_seats"), at=self._clock.now())
        for identity, number in zip(unseated, plan.open_seats(seats.taken), strict=False):
            await self._registrations.seat(identity, number, self._cause("settle_seats"), at=self._clock.now())

    async def fill_freed_seats(self, seminar_id: str, mode: Mode) -> int:
        """Gives open seats to those who wait, in ticket order; how many. Twice, or by several at once, is harmless."""
        given = 0
        cause = self._cause("fill_freed_seats", self._because.pop((seminar_id, mode), None))
        for _ in range(_ROUNDS):
            try:
                seminar, version = await self._seminars.public(seminar_id)
            except NotFound:
                return given
            if seminar.content is None or not seminar.promotes(self._clock.now()) or mode not in seminar.content.modes:
                return given
            about, capacity = (seminar.site, seminar_id, mode), seminar.content.modes[mode]
            seats: list[int] | None = None if capacity is None else await self.open_seats(about, capacity)
            most = _AT_ONCE if seats is None else min(_AT_ONCE, len(seats))
            waiting = await self._registrations.first_waiting(*about, most) if most else []
            if not waiting:
                return given
            given += await self._promote(waiting, seats, Told(gist(seminar, version)), cause)
        return given

    async def _promote(self, waiting: Sequence[Registration], seats: list[int] | None, told: Told, cause: Cause) -> int:
        """One after the other; stops where a seat turns out to be taken, so that nobody is overtaken."""
        chosen: list[int | None] = [None] * len(waiting) if seats is None else [*random.sample(seats, len(seats))]
        given = 0
        for held, seat in zip(waiting, chosen, strict=False):
            decide = partial(Registration.promoted, seat=seat, waited=held)
            try:
                stored = await self._registrations.change(held.id, decide, told, cause, at=self._clock.now())
            except ClaimTaken:
                return given
            given += registration_of(stored.doc).status == "confirmed"
        return given

    async def looked(self, seminar_id: str, mode: Mode, correlationid: str) -> None:
        """Returns once freed seats were given by a run that began after this was asked; runs are shared.

        Where that fails, the timers of those who wait look again: nothing is raised.
        """
        key = (seminar_id, mode)
        self._because[key] = correlationid
        try:
            await self._fills(key)
        except Exception as error:
            log.warning("waitlist.look_failed", seminar=seminar_id, error=type(error).__name__, exc_info=error)

    def look(self, seminar_id: str, mode: Mode, correlationid: str) -> None:
        """The same in the background."""
        task = asyncio.create_task(self.looked(seminar_id, mode, correlationid))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def changed(self, seminar_id: str, correlationid: str) -> None:
        """A seminar is not what it was: its capacity may be larger or smaller, or it is to come again.

        Who waits has a timer again when this returns; freed seats are looked for in the background. Raises Busy.
        """
        try:
            seminar, _ = await self._seminars.public(seminar_id)
        except NotFound:
            return
        at = self._clock.now()
        due, cause = seminar.waits_until(looks_again(0, at), at), self._cause("rearm", correlationid)
        for mode in MODES if due is not None else ():
            about = (seminar.site, seminar_id, mode)
            while unarmed := await self._registrations.unarmed(*about, _AT_ONCE):
                await asyncio.gather(*(self._registrations.rearm(each, due, cause, at=at) for each in unarmed))
        for mode in MODES:
            self.look(seminar_id, mode, correlationid)

    async def on_waits(self, doc: dict[str, object]) -> None:
        """The timer of one who waits: looks for freed seats, then arms again while there is something to wait for."""
        held = registration_of(doc)
        await self.looked(held.seminar, held.mode, f"timer-{held.id}")
        at: datetime = self._clock.now()
        seminar, _ = await self._seminars.public(held.seminar)
        due = seminar.waits_until(looks_again(await self._registrations.ahead(held), at), at)
        await self._registrations.rearm(held.id, due, self._cause("rearm"), at=at)

    def _cause(self, operation: str, correlationid: str | None = None) -> Cause:
        return Cause(operation, "events", correlationid or f"seats-{new_id(self._clock.now())}")
