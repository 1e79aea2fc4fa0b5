"""The world of the state machine: a site, its people, the clock, and what holds of bookings after each step."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.quota import shares
from services.booking.domain.resource import Door
from services.booking.domain.series import SETTLE
from services.booking.domain.status import OPEN, Status
from services.booking.domain.viewer import ITSELF
from services.booking.domain.waiting import ANSWER, LOOK
from services.booking.handlers.timers import SeriesTimers
from services.booking.queries.views import booking_view
from services.booking.store import Bookings, Waits
from services.booking.store.mapping import booking_of
from services.booking.store.series_mapping import is_series
from shared.contracts.booking import (
    ApproveBooking,
    CancelBooking,
    ChangeBooking,
    CheckInBooking,
    CheckOutBooking,
    ConfirmBooking,
    ForgiveStrike,
    PlaceBooking,
    RejectBooking,
)
from shared.contracts.message import Command, Principal
from shared.kernel.ids import derived_id
from shared.kernel.interval import Interval
from shared.kernel.refusal import Refusal
from shared.kit.documents import Stored
from tests.support.booking import MEMBER_A, POLICY, ROOM, ROOM_B, SITE, asked, member, ny, organization, staff
from tests.support.waitlist import WaitingHouse

T = TypeVar("T")
STANDING = {Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN}
OCCUPYING = {*STANDING, Status.NO_SHOW, Status.COMPLETED}
SPRING, AUTUMN = ny("2027-03-12 12:00"), ny("2027-11-05 12:00")
"""Two days before the clocks of New York skip an hour, and show one twice."""
SMALL = replace(MEMBER_A, kind="special_member_c")
numbers = count(1)


def by(name: str, site: str) -> Principal:
    return staff(name, site) if name == "stan" else member(name)


def is_logged(doc: dict[str, Any], key: str) -> bool:
    return any(entry.get("command", "").endswith(derived_id("key", key)) for entry in doc["log"])


class World(RuleBasedStateMachine):
    """Of bookings in one site of five rooms; two members of a small pool, and staff without quota."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.site = f"s{next(numbers)}"
        self.begin = SPRING
        self.commands: dict[str, list[str]] = {}
        self.others: set[str] = set()
        """Those of them that are no bookings: series, and entries of the waiting list."""
        self.owed: dict[str, set[str]] = {}
        """Units of what was cancelled, moved or left after its cut-off: they stay drawn unless the house waives it."""
        self.awaited: dict[str, set[str]] = {}
        """Units of what its people changed under way before anybody came: they stay drawn until somebody has left."""
        self.seen: dict[tuple[str, datetime], Any] = {}
        """The view of each booking that was read at each instant, and what it held then."""

    def teardown(self) -> None:
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def done(self, work: Coroutine[Any, Any, T]) -> T:
        """With all that runs beside it."""
        try:
            return self.run(work)
        finally:
            self.run(self.house.settled())

    @initialize(begin=st.sampled_from([SPRING, AUTUMN]))
    def open(self, begin: datetime) -> None:
        site = replace(SITE, id=self.site, calendars=())
        always = [replace(room, site=self.site, opening_hours=None, check_in=Door()) for room in (ROOM, ROOM_B)]
        both = replace(always[0], id="room-ab", parts=("room-a", "room-b"))
        studio = replace(always[0], id="studio", needs_approval=True, cancel_cutoff_minutes=600, provisional_days=1)
        strict = replace(always[0], id="atelier", cancel_cutoff_minutes=600)
        self.house = WaitingHouse(*always, both, studio, strict, site=site)
        self.house.organizations["org-a"] = organization(kind="special_member_c")
        self.house.clock.at = self.begin = begin
        self.store = self.run(self.store_of())

    async def store_of(self) -> Bookings:
        return self.house.bookings

    def work_on(self, bookings: Bookings, series: Any, waits: Waits) -> None:
        """From now on over these collections."""
        house = self.house
        house.work_on(bookings)
        house.series, house.waits = series, waits
        house.repeat, house.reshape = house.repeating_on(series), house.reshaping_on(series)
        house.queue(bookings)

    @property
    def has_bookings(self) -> bool:
        return len(self.commands) > len(self.others)

    def docs(self, *, series: bool = False) -> list[dict[str, Any]]:
        """All bookings, or all series, whole, in the order they were made."""
        found = [doc for doc in self.run(self.read(self.site)) if is_series(doc) is series]
        return sorted(found, key=self.made)

    def made(self, doc: dict[str, Any]) -> int:
        """The how manieth it was to be made; ids differ from run to run, and what follows must not."""
        return list(self.commands).index(doc.get("waitlist") or doc["_id"])

    async def read(self, site: str, collection: str = "bookings") -> list[dict[str, Any]]:
        memory: Any = self.house.waits if collection == "waits" else self.house.bookings
        found: list[dict[str, Any]] = memory.memory.of(site)
        return found

    def waiting(self) -> list[dict[str, Any]]:
        """All entries of the waiting list, in the order they were made."""
        return sorted(self.run(self.read(self.site, "waits")), key=lambda doc: doc["ticket"])

    def one_of(self, pick: int) -> dict[str, Any]:
        docs = self.docs()
        return docs[pick % len(docs)]

    def wish(self, room: str, at: int, minutes: int, mode: str = "confirm") -> PlaceBooking:
        start = self.begin + timedelta(days=1, hours=6, minutes=45 * at)
        end = start + timedelta(minutes=minutes)
        return PlaceBooking(site=self.site, resource=room, starts_at=start, ends_at=end, mode=mode)  # type: ignore[arg-type] # a word of three

    async def tell(self, data: Command, who: str, key: str, if_match: int | None = None) -> Stored:
        deadline = self.begin + timedelta(days=365)
        ask: Any = asked(data, by(who, self.site), key=key, deadline=deadline, if_match=if_match)
        handle = self.house.handle
        answers: dict[type[Any], Any] = {
            PlaceBooking: handle.place_booking,
            ConfirmBooking: handle.confirm_booking,
            ApproveBooking: handle.approve_booking,
            RejectBooking: handle.reject_booking,
            CancelBooking: handle.cancel_booking,
            ChangeBooking: self.house.moving.change_booking,
            CheckInBooking: self.house.attendance.check_in_booking,
            CheckOutBooking: self.house.attendance.check_out_booking,
            ForgiveStrike: self.house.attendance.forgive_strike,
            **self.more_commands(),
        }
        stored: Stored = await answers[type(data)](ask)
        return stored

    def more_commands(self) -> dict[type[Any], Any]:
        """Who answers those that are not about one booking."""
        return {}

    def told(self, data: Command, who: str, before: dict[str, Any] | None = None) -> Stored | Refusal:
        """What became of it; an accepted one that made a new version of what was there `before` is noted."""
        key = f"{self.site}-{next(numbers)}"
        version = before["version"] if before else 0
        try:
            stored = self.done(self.tell(data, who, key, version or None))
        except Refusal as refusal:
            return refusal
        if stored.doc["version"] > version:
            self.commands.setdefault(stored.doc["_id"], []).append(key)
        return stored

    def all_at_once(self, asked: list[tuple[Command, str, str]]) -> None:
        async def one(each: tuple[Command, str, str]) -> None:
            with suppress(Refusal):
                await self.tell(*each)

        async def all_of_them() -> None:
            await asyncio.gather(*map(one, asked))

        self.done(all_of_them())
        keys, places = {derived_id("key", key): key for _, _, key in asked}, [key for _, _, key in asked]
        accepted = list[tuple[str, list[str]]]()
        for doc in self.run(self.read(self.site)):
            told = [entry["command"].rpartition("|")[2] for entry in doc["log"] if entry.get("command")]
            if new := [keys[each] for each in told if each in keys]:
                accepted.append((doc["_id"], new))
        for doc_id, new in sorted(accepted, key=lambda each: places.index(each[1][0])):
            self.commands.setdefault(doc_id, []).extend(new)

    def wait_until(self, at: datetime, *, ticking: bool) -> None:
        self.house.clock.at = max(at, self.house.clock.at)
        if not ticking:
            return
        handlers = {
            **self.house.timers.by_kind,
            SETTLE: SeriesTimers(series=self.house.series, clock=self.house.clock).on_series,
            LOOK: self.house.offering.on_look,
            ANSWER: self.house.offering.on_answer,
        }
        while due := self._due():
            first = min(due, key=lambda doc: (doc["due_at"], self.made(doc)))
            self.done(handlers[first["due_kind"]](first))

    def attend(self, data: CheckInBooking | CheckOutBooking, who: str) -> None:
        """Before it the clock may have made a version of its own, which is none of theirs."""
        key, before = f"{self.site}-{next(numbers)}", next(doc for doc in self.docs() if doc["_id"] == data.id)
        with suppress(Refusal):
            stored = self.done(self.tell(data, who, key))
            if is_logged(stored.doc, key):
                self.commands.setdefault(data.id, []).append(key)
                if isinstance(data, CheckOutBooking):
                    self.awaited.pop(data.id, None)
                    if before["starts_at"] > self.house.clock.at:
                        self._given_up(before, who)

    def changed(self, data: Command, who: str, doc: dict[str, Any]) -> None:
        """Cancelled, moved, longer or shorter: what that leaves drawn is noted, from how it stood `before`."""
        outcome = self.told(data, who, doc)
        if not isinstance(outcome, Stored) or outcome.doc["version"] == doc["version"]:
            return
        self.awaited.pop(doc["_id"], None)
        begun = doc["starts_at"] <= self.house.clock.at
        if begun and doc["status"] == "confirmed" and "check_in_until" in doc and who in doc["parties"]:
            self.awaited[doc["_id"]] = set(of_quota(doc.get("claims", ())))
        else:
            self._given_up(doc, who)

    def _given_up(self, doc: dict[str, Any], who: str) -> None:
        """What its people give up between cut-off and start is owed; the house waives it, and what was owed before."""
        now, settled = self.house.clock.at, doc["status"] in ("confirmed", "checked_in")
        if who not in doc["parties"]:
            self.owed.pop(doc["_id"], None)
        elif settled and "cancel_by" in doc and doc["cancel_by"] <= now < doc["starts_at"]:
            self.owed[doc["_id"]] = set(of_quota(doc.get("claims", ())))

    def _due(self) -> list[dict[str, Any]]:
        docs = [*self.docs(), *self.docs(series=True), *self.waiting()]
        return [doc for doc in docs if "due_at" in doc and doc["due_at"] <= self.house.clock.at]

    @invariant()
    def every_promise_is_kept(self) -> None:
        docs = self.docs() if self.commands else []
        series = self.docs(series=True) if self.others else []
        claims = [claim for doc in (*docs, *series) for claim in doc.get("claims", ())]
        assert len(claims) == len(set(claims)), "two documents share a claim"
        pools = Counter(claim.rpartition("|")[0] for claim in of_quota(claims))
        assert all(units <= 20 for units in pools.values()), pools
        for doc in docs:
            self.seen[doc["_id"], self.house.clock.at] = booking_view(doc), sorted(doc.get("claims", ()))
            self._holds_what_it_should(doc)
            self._is_timed_as_it_stands(doc)
            self._logs_each_command_once(doc)

    def _holds_what_it_should(self, doc: dict[str, Any]) -> None:
        booking = booking_of(doc)
        occupies = booking.status in OCCUPYING
        minute, place = timedelta(minutes=1), of_place(booking.claims)
        gone_before = booking.status is Status.COMPLETED and not place and booking.interval.length == minute
        assert bool(place) == (occupies and not gone_before), doc
        kept = self.owed.get(doc["_id"], set()) | self.awaited.get(doc["_id"], set())
        assert kept <= set(booking.claims), doc
        hours = self.hours(doc) if occupies and not gone_before else Counter()
        assert by_pool(of_quota(booking.claims)) == hours | by_pool(kept), doc

    def _is_timed_as_it_stands(self, doc: dict[str, Any]) -> None:
        booking = booking_of(doc)
        armed = (doc["due_at"], doc["due_kind"]) if "due_at" in doc else None
        assert armed == booking.due, doc
        assert (booking.expires_at is not None) == (booking.status in OPEN), doc

    def _logs_each_command_once(self, doc: dict[str, Any]) -> None:
        log, asked = doc["log"], [derived_id("key", key) for key in self.commands.get(doc["_id"], ())]
        assert [entry["seq"] for entry in log] == list(range(1, doc["version"] + 1))
        assert [entry["command"].rpartition("|")[2] for entry in log if entry["actor"] != ITSELF.member] == asked, doc

    def hours(self, doc: dict[str, Any]) -> Counter[str]:
        """Units that a booking of this time draws, by pool."""
        if doc["organization"] != "org-a":
            return Counter()
        booking, right = booking_of(doc), POLICY.of(SMALL.kind, self.site, "room")
        booked = Interval(booking.interval.start, booking.booked_until or booking.interval.end)
        found = shares(booked, replace(SMALL, id="org-a"), right.limits, SITE.zone)
        return Counter({share.prefix: share.units for share in found})


def by_pool(claims: Iterable[str]) -> Counter[str]:
    return Counter(claim[: claim.rindex("|") + 1] for claim in claims)
