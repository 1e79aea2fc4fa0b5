"""The world of the state machine: a site, its people, the clock, and what holds after each step."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
)

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.quota import shares
from services.booking.domain.resource import Door
from services.booking.domain.status import OPEN, Status
from services.booking.domain.viewer import ITSELF
from services.booking.queries.views import booking_view
from services.booking.store import Bookings
from services.booking.store.mapping import booking_of
from shared.contracts.booking import (
    ApproveBooking,
    CancelBooking,
    ChangeBooking,
    CheckInBooking,
    CheckOutBooking,
    ConfirmBooking,
    PlaceBooking,
    RejectBooking,
)
from shared.contracts.message import Command, Principal
from shared.kernel.ids import derived_id
from shared.kernel.interval import Interval
from shared.kernel.refusal import Refusal
from shared.kit.documents import Stored
from tests.support.booking import (
    MEMBER_A,
    POLICY,
    ROOM,
    ROOM_B,
    SITE,
    FakeHouse,
    asked,
    member,
    ny,
    organization,
    staff,
)

T = TypeVar("T")
STANDING = {Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN}
OCCUPYING = {*STANDING, Status.NO_SHOW, Status.COMPLETED}
SPRING, AUTUMN = ny("2027-03-12 12:00"), ny("2027-11-05 12:00")
"""Two days before the clocks of New York skip an hour, and show one twice."""
SMALL = replace(MEMBER_A, kind="special_member_c")
numbers = count(1)


def by(name: str, site: str) -> Principal:
    return staff(name, site) if name == "stan" else member(name)


class World(RuleBasedStateMachine):
    """Of bookings in one site of four rooms; two members of a small pool, and staff without quota."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.site = f"s{next(numbers)}"
        self.begin = SPRING
        self.commands: dict[str, list[str]] = {}
        self.owed: dict[str, set[str]] = {}
        """Units of what was cancelled or moved after its cut-off: they stay drawn unless the house gives them back."""
        self.awaited: dict[str, set[str]] = {}
        """Units of what its people changed under way before anybody came: they stay drawn until somebody has left."""
        self.seen: dict[tuple[str, datetime], Any] = {}
        """The view of each booking that was read at each instant, and what it held then."""

    def teardown(self) -> None:
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(begin=st.sampled_from([SPRING, AUTUMN]))
    def open(self, begin: datetime) -> None:
        site = replace(SITE, id=self.site, calendars=())
        always = [replace(room, site=self.site, opening_hours=None, check_in=Door()) for room in (ROOM, ROOM_B)]
        both = replace(always[0], id="room-ab", parts=("room-a", "room-b"))
        studio = replace(always[0], id="studio", needs_approval=True, cancel_cutoff_minutes=600, provisional_days=1)
        self.house = FakeHouse(*always, both, studio, site=site)
        self.house.organizations["org-a"] = organization(kind="special_member_c")
        self.house.clock.at = self.begin = begin
        self.store = self.run(self.store_of())
        self.house.work_on(self.store)

    async def store_of(self) -> Bookings:
        return self.house.bookings

    def docs(self) -> list[dict[str, Any]]:
        """All of them, whole, in the order they were made."""
        order = list(self.commands)  # not by id, which differs from run to run
        return sorted(self.run(self.read(self.site)), key=lambda doc: order.index(doc["_id"]))

    async def read(self, site: str) -> list[dict[str, Any]]:
        return self.house.bookings.memory.of(site)

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
        }
        stored: Stored = await answers[type(data)](ask)
        return stored

    def told(self, data: Command, who: str, before: dict[str, Any] | None = None) -> Stored | Refusal:
        """What became of it; an accepted one that made a new version of what was there `before` is noted."""
        key = f"{self.site}-{next(numbers)}"
        version = before["version"] if before else 0
        try:
            stored = self.run(self.tell(data, who, key, version or None))
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

        self.run(all_of_them())
        keys = {derived_id("key", key): key for _, _, key in asked}
        for doc in sorted(self.run(self.read(self.site)), key=lambda doc: doc["_id"]):
            told = [entry["command"].rpartition("|")[2] for entry in doc["log"] if entry.get("command")]
            if new := [keys[each] for each in told if each in keys]:
                self.commands.setdefault(doc["_id"], []).extend(new)

    def wait_until(self, at: datetime, *, ticking: bool) -> None:
        self.house.clock.at = max(at, self.house.clock.at)
        while ticking and (due := self._due()):
            first = min(due, key=lambda doc: (doc["due_at"], doc["_id"]))
            self.run(self.house.timers.by_kind[first["due_kind"]](first))

    def attend(self, data: CheckInBooking | CheckOutBooking, who: str) -> None:
        """Before it the clock may have made a version of its own, which is none of theirs."""
        key = f"{self.site}-{next(numbers)}"
        with suppress(Refusal):
            stored = self.run(self.tell(data, who, key))
            if any(entry.get("command", "").endswith(derived_id("key", key)) for entry in stored.doc["log"]):
                self.commands[data.id].append(key)
                if isinstance(data, CheckOutBooking):
                    self.awaited.pop(data.id, None)

    def changed(self, data: Command, who: str, doc: dict[str, Any]) -> None:
        """Cancelled, moved, longer or shorter: what that leaves drawn is noted, from how it stood `before`."""
        outcome = self.told(data, who, doc)
        if not isinstance(outcome, Stored) or outcome.doc["version"] == doc["version"]:
            return
        name, units, now = doc["_id"], set(of_quota(doc.get("claims", ()))), self.house.clock.at
        settled, begun = doc["status"] in ("confirmed", "checked_in"), doc["starts_at"] <= now
        self.awaited.pop(name, None)
        if who not in doc["parties"]:
            self.owed.pop(name, None)
        elif settled and not begun and "cancel_by" in doc and doc["cancel_by"] <= now:
            self.owed[name] = units
        elif doc["status"] == "confirmed" and begun and "check_in_until" in doc:
            self.awaited[name] = units

    def _due(self) -> list[dict[str, Any]]:
        return [doc for doc in self.docs() if "due_at" in doc and doc["due_at"] <= self.house.clock.at]

    @invariant()
    def every_promise_is_kept(self) -> None:
        docs = self.docs() if self.commands else []
        claims = [claim for doc in docs for claim in doc.get("claims", ())]
        assert len(claims) == len(set(claims)), "two documents share a claim"
        pools = Counter(claim.rpartition("|")[0] for claim in of_quota(claims))
        assert all(units <= 20 for units in pools.values()), pools
        for doc in docs:
            self.seen[doc["_id"], self.house.clock.at] = booking_view(doc), sorted(doc.get("claims", ()))
            self._holds_what_it_should(doc)
            self._is_timed_as_it_stands(doc)
            self._logs_each_command_once(doc)

    def recalls_what_was_read(self) -> None:
        """As of every instant at which it was read a booking is what was read then, and before it was made nothing."""
        for doc in self.docs():
            for then in {at for _, at in self.seen}:
                stood = self.run(self.store.recall(doc, then))
                read = None if stood is None else (booking_view(stood), sorted(stood.get("claims", ())))
                assert read == self.seen.get((doc["_id"], then)), (doc, then)
        around = Interval(self.begin - timedelta(days=1), self.begin + timedelta(days=9))
        for then in {at for _, at in self.seen}:
            found = self.run(self.store.occupied_at(then, self.site, ["room-a", "room-b", "studio"], around))
            held = [claim for (_, at), (_, claims) in self.seen.items() if at == then for claim in of_place(claims)]
            assert sorted(claim for each in found for claim in of_place(each.claims)) == sorted(held), then

    def _holds_what_it_should(self, doc: dict[str, Any]) -> None:
        booking = booking_of(doc)
        occupies = booking.status in OCCUPYING
        minute, place = timedelta(minutes=1), of_place(booking.claims)
        gone_before = booking.status is Status.COMPLETED and not place and booking.interval.length == minute
        assert bool(place) == (occupies and not gone_before), doc
        kept = self.owed.get(doc["_id"], set()) | self.awaited.get(doc["_id"], set())
        assert kept <= set(booking.claims), doc
        drawn, hours = (
            _by_pool(of_quota(booking.claims)),
            self._hours(doc) if occupies and not gone_before else Counter(),
        )
        assert drawn == hours | _by_pool(kept), doc

    def _is_timed_as_it_stands(self, doc: dict[str, Any]) -> None:
        booking = booking_of(doc)
        armed = (doc["due_at"], doc["due_kind"]) if "due_at" in doc else None
        assert armed == booking.due, doc
        assert (booking.expires_at is not None) == (booking.status in OPEN), doc

    def _logs_each_command_once(self, doc: dict[str, Any]) -> None:
        log, asked = doc["log"], [derived_id("key", key) for key in self.commands[doc["_id"]]]
        assert [entry["seq"] for entry in log] == list(range(1, doc["version"] + 1))
        assert [entry["command"].rpartition("|")[2] for entry in log if entry["actor"] != ITSELF.member] == asked, doc

    def _hours(self, doc: dict[str, Any]) -> Counter[str]:
        """Units that a booking of this time draws, by pool."""
        if doc["organization"] != "org-a":
            return Counter()
        booking, right = booking_of(doc), POLICY.of(SMALL.kind, self.site, "room")
        booked = Interval(booking.interval.start, booking.booked_until or booking.interval.end)
        found = shares(booked, replace(SMALL, id="org-a"), right.limits, SITE.zone)
        return Counter({share.prefix: share.units for share in found})


def _by_pool(claims: Iterable[str]) -> Counter[str]:
    return Counter(claim[: claim.rindex("|") + 1] for claim in claims)
