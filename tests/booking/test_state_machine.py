"""Any commands in any order, over both clock changes, on the fake and on the real mongod with both drivers.

After each step: no two documents share a claim, the hours drawn are those of the bookings that stand, the timer is the
one its state asks for, every accepted command is in the log once, and what is offered instead is accepted.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.quota import shares
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import CheckIn
from services.booking.domain.status import OPEN, Status
from services.booking.domain.viewer import ITSELF
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
from shared.kit.documents import Documents, Stored
from shared.kit.mongo import Mongo
from tests.support.booking import (
    MEMBER_A,
    POLICY,
    ROOM,
    ROOM_B,
    SITE,
    FakeHouse,
    StillClock,
    asked,
    member,
    ny,
    organization,
    staff,
)
from tests.support.servers import Servers

T = TypeVar("T")
STANDING = {Status.HELD, Status.PROVISIONAL, Status.PENDING, Status.CONFIRMED, Status.CHECKED_IN}
OCCUPYING = {*STANDING, Status.NO_SHOW, Status.COMPLETED}
ACTIONS = (ConfirmBooking, ApproveBooking, RejectBooking, CancelBooking)
SPRING, AUTUMN = ny("2027-03-12 12:00"), ny("2027-11-05 12:00")
"""Two days before the clocks of New York skip an hour, and show one twice."""
SMALL = replace(MEMBER_A, kind="special_member_c")
_numbers = count(1)

members = st.sampled_from(["ana", "ben", "stan"])
rooms = st.sampled_from(["room-a", "room-b", "room-ab", "studio"])
quarters = st.integers(0, 40)  # times 45 minutes, from half a day before the clocks change on: few enough to collide
lengths = st.sampled_from([15, 30, 60, 90, 150])
modes = st.sampled_from(["confirm", "hold", "provisional"])
picks = st.integers(0, 1_000)
waits = st.sampled_from([timedelta(minutes=3), timedelta(minutes=6), timedelta(minutes=50), timedelta(hours=20)])
moments = st.integers(-20, 40)  # minutes from the start of a booking


def by(name: str, site: str) -> Principal:
    return staff(name, site) if name == "stan" else member(name)


class Life(RuleBasedStateMachine):
    """Of bookings in one site of four rooms; two members of a small pool, and staff without quota."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.site = f"s{next(_numbers)}"
        self.begin = SPRING
        self.commands: dict[str, list[str]] = {}
        self.kept: set[str] = set()
        """Cancelled or moved after the cut-off: these may have drawn more than their time."""

    def teardown(self) -> None:
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(begin=st.sampled_from([SPRING, AUTUMN]))
    def open(self, begin: datetime) -> None:
        site = replace(SITE, id=self.site, calendars=())
        always = [replace(room, site=self.site, opening_hours=None, check_in=CheckIn()) for room in (ROOM, ROOM_B)]
        both = replace(always[0], id="room-ab", parts=("room-a", "room-b"))
        studio = replace(always[0], id="studio", needs_approval=True, cancel_cutoff_minutes=600, provisional_days=1)
        self.house = FakeHouse(*always, both, studio, site=site)
        self.house.organizations["org-a"] = organization(kind="special_member_c")
        self.house.clock.at = self.begin = begin
        self.house.work_on(self.run(self.store_of()))

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
        key = f"{self.site}-{next(_numbers)}"
        version = before["version"] if before else 0
        try:
            stored = self.run(self.tell(data, who, key, version or None))
        except Refusal as refusal:
            return refusal
        if stored.doc["version"] > version:
            self.commands.setdefault(stored.doc["_id"], []).append(key)
        return stored

    @rule(room=rooms, at=quarters, minutes=lengths, mode=modes, who=members, again=st.booleans())
    def place(self, room: str, at: int, minutes: int, mode: str, who: str, *, again: bool) -> None:
        wish = self.wish(room, at, minutes, mode)
        outcome = self.told(wish, who)
        if again and isinstance(outcome, SlotTaken | BookingRefused) and (offers := outcome.members["alternatives"]):
            offer = offers[at % len(offers)]
            instead = {name: datetime.fromisoformat(offer[name]).astimezone(UTC) for name in ("starts_at", "ends_at")}
            taken = self.told(wish.model_copy(update={"resource": offer["resource"], **instead}), who)
            assert isinstance(taken, Stored), (offer, getattr(taken, "members", None))

    @rule(at=quarters, minutes=lengths, seed=picks)
    def place_at_once(self, at: int, minutes: int, seed: int) -> None:
        chance = Random(seed)
        keys = [f"{self.site}-{next(_numbers)}" for _ in range(6)]

        def one(key: str) -> tuple[Command, str, str]:
            wish = self.wish(chance.choice(["room-a", "room-ab"]), at + chance.randrange(2), minutes)
            return wish, chance.choice(["ana", "ben", "stan"]), key

        self._all_at_once([one(key) for key in keys])

    @precondition(lambda self: self.commands)
    @rule(pick=picks, action=st.sampled_from(ACTIONS), who=members)
    def settle(self, pick: int, action: Any, who: str) -> None:
        doc = self.one_of(pick)
        keeps = (
            action is CancelBooking
            and self._is_late(doc)
            and who in doc["parties"]
            and doc["status"] in ("confirmed", "checked_in")
        )
        if isinstance(self.told(action(id=doc["_id"]), who, doc), Stored) and keeps:
            self.kept.add(doc["_id"])

    @precondition(lambda self: self.commands)
    @rule(pick=picks, room=st.none() | rooms, at=quarters, minutes=lengths, who=members)
    def move(self, pick: int, room: str | None, at: int, minutes: int, who: str) -> None:
        doc, wish = self.one_of(pick), self.wish("room-a", at, minutes)
        late = self._is_late(doc)
        to = ChangeBooking(id=doc["_id"], resource=room, starts_at=wish.starts_at, ends_at=wish.ends_at)
        if isinstance(self.told(to, who, doc), Stored) and late:
            self.kept.add(doc["_id"])

    @precondition(lambda self: self.commands)
    @rule(pick=picks, minutes=st.sampled_from([-30, -7, 15, 45]), who=members)
    def stretch(self, pick: int, minutes: int, who: str) -> None:
        doc = self.one_of(pick)
        end, late = doc["ends_at"] + timedelta(minutes=minutes), self._is_late(doc)
        if isinstance(self.told(ChangeBooking(id=doc["_id"], ends_at=end), who, doc), Stored) and late:
            self.kept.add(doc["_id"])

    @precondition(lambda self: self._to_be_attended("confirmed", "no_show"))
    @rule(pick=picks, minutes=moments, ticking=st.booleans(), who=members)
    def come(self, pick: int, minutes: int, who: str, *, ticking: bool) -> None:
        """At some moment around the start, if that has not passed: too early, in time, or late after a no-show."""
        coming = self._to_be_attended("confirmed", "no_show")
        doc = coming[pick % len(coming)]
        self._wait_until(doc["starts_at"] + timedelta(minutes=minutes), ticking=ticking)
        self._attend(CheckInBooking(id=doc["_id"]), who)

    @precondition(lambda self: self._to_be_attended("checked_in"))
    @rule(pick=picks, minutes=moments, ticking=st.booleans(), who=members)
    def leave(self, pick: int, minutes: int, who: str, *, ticking: bool) -> None:
        there = self._to_be_attended("checked_in")
        doc = there[pick % len(there)]
        self._wait_until(doc["starts_at"] + timedelta(minutes=minutes), ticking=ticking)
        self._attend(CheckOutBooking(id=doc["_id"]), who)

    def _to_be_attended(self, *statuses: str) -> list[dict[str, Any]]:
        """Those in one of these states whose time is not over, the next one first."""
        docs = [doc for doc in self.docs() if doc["status"] in statuses] if self.commands else []
        left = [doc for doc in docs if doc.get("booked_until", doc["ends_at"]) > self.house.clock.at]
        return sorted(left, key=lambda doc: doc["starts_at"])[:2]

    @precondition(lambda self: self.commands)
    @rule(seed=picks)
    def want_what_is_left_at_once(self, seed: int) -> None:
        """Two who come late, and two others who would like that time."""
        doc, chance = (self._to_be_attended("no_show") or self.docs())[0], Random(seed)
        end = doc.get("booked_until", doc["ends_at"])
        start = end - timedelta(minutes=15 * chance.randrange(1, 4))
        wish = PlaceBooking(site=self.site, resource=doc["resource"], starts_at=start, ends_at=end)
        come = CheckInBooking(id=doc["_id"])
        asked = [(come, "stan"), (wish, "ana"), (come, chance.choice(["ana", "ben"])), (wish, "ben")]
        self._all_at_once([(data, who, f"{self.site}-{next(_numbers)}") for data, who in asked])

    def _all_at_once(self, asked: list[tuple[Command, str, str]]) -> None:
        async def one(each: tuple[Command, str, str]) -> None:
            with suppress(Refusal):
                await self.tell(*each)

        async def all_of_them() -> None:
            await asyncio.gather(*map(one, asked))

        self.run(all_of_them())
        keys = {key for _, _, key in asked}
        for doc in sorted(self.run(self.read(self.site)), key=lambda doc: doc["_id"]):
            told = [entry["command"].rpartition("|")[2] for entry in doc["log"] if entry.get("command")]
            if new := [key for key in told if key in keys]:
                self.commands.setdefault(doc["_id"], []).extend(new)

    @precondition(lambda self: self.commands)
    @rule(pick=picks, words=st.sampled_from(["", "Pitch", "商談"]), who=members)
    def reword(self, pick: int, words: str, who: str) -> None:
        doc = self.one_of(pick)
        self.told(ChangeBooking(id=doc["_id"], purpose=words), who, doc)

    @rule(wait=waits, ticking=st.booleans())
    def time_passes(self, wait: timedelta, *, ticking: bool) -> None:
        """With a ticker, or with every replica down: then the timers strike later."""
        self._wait_until(self.house.clock.at + wait, ticking=ticking)

    def _wait_until(self, at: datetime, *, ticking: bool) -> None:
        self.house.clock.at = max(at, self.house.clock.at)
        while ticking and (due := self._due()):
            first = min(due, key=lambda doc: (doc["due_at"], doc["_id"]))
            self.run(self.house.timers.by_kind[first["due_kind"]](first))

    def _attend(self, data: CheckInBooking | CheckOutBooking, who: str) -> None:
        """Before it the clock may have made a version of its own, which is none of theirs."""
        key = f"{self.site}-{next(_numbers)}"
        with suppress(Refusal):
            stored = self.run(self.tell(data, who, key))
            if any(entry.get("command", "").endswith(f"|{key}") for entry in stored.doc["log"]):
                self.commands[data.id].append(key)

    def _is_late(self, doc: dict[str, Any]) -> bool:
        return "cancel_by" in doc and doc["cancel_by"] <= self.house.clock.at

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
            self._holds_what_it_should(doc)
            self._is_timed_as_it_stands(doc)
            self._logs_each_command_once(doc)

    def _holds_what_it_should(self, doc: dict[str, Any]) -> None:
        booking = booking_of(doc)
        drawn = len(of_quota(booking.claims))
        occupies = booking.status in OCCUPYING
        minute = timedelta(minutes=1)
        gone_before = booking.status is Status.COMPLETED and not booking.claims and booking.interval.length == minute
        assert bool(of_place(booking.claims)) == (occupies and not gone_before), doc
        if doc["_id"] not in self.kept:
            assert drawn == (self._hours(doc) if occupies and not gone_before else 0), doc

    def _is_timed_as_it_stands(self, doc: dict[str, Any]) -> None:
        booking = booking_of(doc)
        armed = (doc["due_at"], doc["due_kind"]) if "due_at" in doc else None
        assert armed == booking.due, doc
        assert (booking.expires_at is not None) == (booking.status in OPEN), doc

    def _logs_each_command_once(self, doc: dict[str, Any]) -> None:
        log, asked = doc["log"], [derived_id("key", key) for key in self.commands[doc["_id"]]]
        assert [entry["seq"] for entry in log] == list(range(1, doc["version"] + 1))
        assert [entry["command"].rpartition("|")[2] for entry in log if entry["actor"] != ITSELF.member] == asked, doc

    def _hours(self, doc: dict[str, Any]) -> int:
        """Units that a booking of this time draws."""
        if doc["organization"] != "org-a":
            return 0
        booking, right = booking_of(doc), POLICY.of(SMALL.kind, self.site, "room")
        booked = Interval(booking.interval.start, booking.booked_until or booking.interval.end)
        found = shares(booked, replace(SMALL, id="org-a"), right.limits, SITE.zone)
        return sum(share.units for share in found)


def test_any_commands_in_any_order_leave_every_promise_kept() -> None:
    run_state_machine_as_test(Life, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
def test_so_do_they_on_the_real_database(clean: Servers, driver: Any) -> None:
    class OnMongo(Life):
        async def store_of(self) -> Bookings:
            """A client of its own: one belongs to one loop."""
            self.mongo = Mongo(clean.mongo_url("booking"), "booking", driver)
            collection, history = self.mongo.collection("bookings"), self.mongo.collection("bookings_history")
            return Bookings(Documents(collection, history, StillClock(SPRING), lambda _: None))

        async def read(self, site: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = await self.mongo.collection("bookings").find({"site": site}).to_list(None)
            return found

        def teardown(self) -> None:
            self.run(self.mongo.close())
            super().teardown()

    several = settings(max_examples=8, stateful_step_count=30, deadline=None, derandomize=True)
    run_state_machine_as_test(OnMongo, settings=several)
