"""Any commands in any order, over both clock changes, on the fake and on the real mongod with both drivers.

Bookings, series and the waiting list. After each step: no two documents share a claim, the hours drawn are those of the
bookings that stand, the timer is the one its state asks for, every accepted command is in the log once, what is offered
instead is accepted, and an entry says what its booking does.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.store import Bookings, SeriesStore, Waits
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
from shared.contracts.message import Command
from shared.kit.documents import Documents, Stored
from shared.kit.mongo import Mongo
from tests.booking.life import SPRING, numbers
from tests.booking.lives import Queueing, mostly
from tests.support.booking import StillClock
from tests.support.servers import Servers

ACTIONS = (ConfirmBooking, ApproveBooking, RejectBooking, CancelBooking)

members = st.sampled_from(["ana", "ben", "stan"])
rooms = st.sampled_from(["room-a", "room-b", "room-ab", "studio", "atelier"])
quarters = st.integers(0, 40)  # times 45 minutes, from half a day before the clocks change on: few enough to collide
lengths = st.sampled_from([15, 30, 60, 90, 150])
modes = st.sampled_from(["confirm", "hold", "provisional"])
picks = st.integers(0, 1_000)
waits = st.sampled_from([timedelta(minutes=3), timedelta(minutes=6), timedelta(minutes=50), timedelta(hours=20)])
moments = st.integers(-20, 40)  # minutes from the start of a booking


class Life(Queueing):
    """Any commands in any order."""

    @rule(room=rooms, at=quarters, minutes=lengths, mode=modes, who=members, again=st.booleans())
    def place(self, room: str, at: int, minutes: int, mode: str, who: str, *, again: bool) -> None:
        wish = self.wish(room, at, minutes, mode)
        outcome = self.told(wish, who)
        offers = outcome.members["alternatives"] if isinstance(outcome, SlotTaken | BookingRefused) else ()
        # What is free then goes to who waits for it first.
        if again and offers and not any(entry["status"] == "waiting" for entry in self.waiting()):
            offer = offers[at % len(offers)]
            instead = {name: datetime.fromisoformat(offer[name]).astimezone(UTC) for name in ("starts_at", "ends_at")}
            taken = self.told(wish.model_copy(update={"resource": offer["resource"], **instead}), who)
            assert isinstance(taken, Stored), (offer, getattr(taken, "members", None))

    @rule(at=quarters, minutes=lengths, seed=picks)
    def place_at_once(self, at: int, minutes: int, seed: int) -> None:
        chance = Random(seed)
        keys = [f"{self.site}-{next(numbers)}" for _ in range(6)]

        def one(key: str) -> tuple[Command, str, str]:
            wish = self.wish(chance.choice(["room-a", "room-ab"]), at + chance.randrange(2), minutes)
            return wish, chance.choice(["ana", "ben", "stan"]), key

        self.all_at_once([one(key) for key in keys])

    @precondition(lambda self: self.has_bookings)
    @rule(pick=picks, action=st.sampled_from(ACTIONS), who=members)
    def settle(self, pick: int, action: Any, who: str) -> None:
        doc = self.one_of(pick)
        tell = self.changed if action is CancelBooking else self.told
        tell(action(id=doc["_id"]), who, doc)

    @precondition(lambda self: self.has_bookings)
    @rule(pick=picks, room=st.none() | rooms, at=quarters, minutes=lengths, who=members)
    def move(self, pick: int, room: str | None, at: int, minutes: int, who: str) -> None:
        doc, wish = self.one_of(pick), self.wish("room-a", at, minutes)
        to = ChangeBooking(id=doc["_id"], resource=room, starts_at=wish.starts_at, ends_at=wish.ends_at)
        self.changed(to, who, doc)

    @precondition(lambda self: self.has_bookings)
    @rule(pick=picks, minutes=st.sampled_from([-30, -7, 15, 45]), who=members)
    def stretch(self, pick: int, minutes: int, who: str) -> None:
        doc = self.one_of(pick)
        end = doc["ends_at"] + timedelta(minutes=minutes)
        self.changed(ChangeBooking(id=doc["_id"], ends_at=end), who, doc)

    @precondition(lambda self: self._to_be_attended("confirmed", "no_show"))
    @rule(pick=picks, minutes=moments, ticking=st.booleans(), who=members)
    def come(self, pick: int, minutes: int, who: str, *, ticking: bool) -> None:
        """At some moment around the start, if that has not passed: too early, in time, or late after a no-show."""
        coming = self._to_be_attended("confirmed", "no_show")
        doc = coming[pick % len(coming)]
        self.wait_until(doc["starts_at"] + timedelta(minutes=minutes), ticking=ticking)
        self.attend(CheckInBooking(id=doc["_id"]), who)

    @precondition(lambda self: self._to_be_attended("checked_in"))
    @rule(pick=picks, minutes=moments, ticking=st.booleans(), who=members)
    def leave(self, pick: int, minutes: int, who: str, *, ticking: bool) -> None:
        there = self._to_be_attended("checked_in")
        doc = there[pick % len(there)]
        self.wait_until(doc["starts_at"] + timedelta(minutes=minutes), ticking=ticking)
        self.attend(CheckOutBooking(id=doc["_id"]), who)

    @precondition(lambda self: self._to_be_attended("confirmed"))
    @rule(pick=picks, minutes=st.integers(-14, 5), who=members)
    def come_and_go(self, pick: int, minutes: int, who: str) -> None:
        """Somebody checks in around the start, and out at once."""
        coming = self._to_be_attended("confirmed")
        doc = coming[pick % len(coming)]
        self.wait_until(doc["starts_at"] + timedelta(minutes=minutes), ticking=True)
        self.attend(CheckInBooking(id=doc["_id"]), doc["booked_by"])
        self.attend(CheckOutBooking(id=doc["_id"]), mostly(doc["booked_by"], who, pick))

    def _to_be_attended(self, *statuses: str) -> list[dict[str, Any]]:
        """Those in one of these states whose time is not over, the next one first."""
        docs = [doc for doc in self.docs() if doc["status"] in statuses] if self.has_bookings else []
        left = [doc for doc in docs if doc.get("booked_until", doc["ends_at"]) > self.house.clock.at]
        return sorted(left, key=lambda doc: doc["starts_at"])[:2]

    @precondition(lambda self: self.has_bookings)
    @rule(seed=picks)
    def want_what_is_left_at_once(self, seed: int) -> None:
        """Two who come late, and two others who would like that time."""
        doc, chance = (self._to_be_attended("no_show") or self.docs())[0], Random(seed)
        end = doc.get("booked_until", doc["ends_at"])
        start = end - timedelta(minutes=15 * chance.randrange(1, 4))
        wish = PlaceBooking(site=self.site, resource=doc["resource"], starts_at=start, ends_at=end)
        come = CheckInBooking(id=doc["_id"])
        asked = [(come, "stan"), (wish, "ana"), (come, chance.choice(["ana", "ben"])), (wish, "ben")]
        self.all_at_once([(data, who, f"{self.site}-{next(numbers)}") for data, who in asked])

    @precondition(lambda self: self.has_bookings)
    @rule(pick=picks, words=st.sampled_from(["", "Pitch", "商談"]), who=members)
    def reword(self, pick: int, words: str, who: str) -> None:
        doc = self.one_of(pick)
        self.told(ChangeBooking(id=doc["_id"], purpose=words), who, doc)

    @rule(wait=waits, ticking=st.booleans())
    def time_passes(self, wait: timedelta, *, ticking: bool) -> None:
        """With a ticker, or with every replica down: then the timers strike later."""
        self.wait_until(self.house.clock.at + wait, ticking=ticking)

    @precondition(lambda self: self._struck())
    @rule(who=st.sampled_from(["stan", "stan", "ana"]))
    def forgive(self, who: str) -> None:
        doc = self._struck()[-1]
        self.told(ForgiveStrike(id=doc["_id"], reason="A train stood still"), who, doc)

    def _struck(self) -> list[dict[str, Any]]:
        return [doc for doc in self.docs() if "strike" in doc] if self.has_bookings else []

    @precondition(lambda self: self.has_bookings)
    @rule()
    def remember(self) -> None:
        self.recalls_what_was_read()


def test_any_commands_in_any_order_leave_every_promise_kept() -> None:
    run_state_machine_as_test(Life, settings=settings(max_examples=40, stateful_step_count=25, deadline=None))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
def test_so_do_they_on_the_real_database(clean: Servers, driver: Any) -> None:
    class OnMongo(Life):
        async def store_of(self) -> Bookings:
            """A client of its own: one belongs to one loop."""
            self.mongo = Mongo(clean.mongo_url("booking"), "booking", driver)
            bookings, series = Bookings(self._documents("bookings")), SeriesStore(self._documents("bookings"))
            self.work_on(bookings, series, Waits(self._documents("waits"), self.mongo.collection("tickets")))
            return bookings

        def _documents(self, name: str) -> Documents:
            collection, history = self.mongo.collection(name), self.mongo.collection("bookings_history")
            return Documents(collection, history, StillClock(SPRING), lambda _: None)

        async def read(self, site: str, collection: str = "bookings") -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = await self.mongo.collection(collection).find({"site": site}).to_list(None)
            return found

        def teardown(self) -> None:
            self.run(self.mongo.close())
            super().teardown()

    several = settings(max_examples=8, stateful_step_count=30, deadline=None, derandomize=True)
    run_state_machine_as_test(OnMongo, settings=several)
