"""What else happens in the world of the state machine: series, and the waiting list; and what holds of them."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.series import Occurrence
from services.booking.domain.status import Status
from services.booking.domain.viewer import ITSELF
from services.booking.domain.waiting import Standing
from services.booking.queries.views import booking_view
from services.booking.store.mapping import booking_of
from services.booking.store.series_mapping import occurrence_docs, series_of
from services.booking.store.waits import entry_of
from shared.contracts.booking import (
    AcceptOffer,
    CancelSeries,
    ChangeSeries,
    DeclineOffer,
    JoinWaitlist,
    LeaveWaitlist,
    PlaceSeries,
)
from shared.kernel.ids import derived_id
from shared.kernel.interval import Interval
from shared.kernel.refusal import Refusal
from shared.kit.documents import Stored
from tests.booking.life import OCCUPYING, World, by_pool, is_logged, numbers

members = st.sampled_from(["ana", "ben", "stan"])
halls = st.sampled_from(["room-a", "room-b", "room-ab"])
quarters = st.integers(0, 40)
lengths = st.sampled_from([15, 30, 60, 90])
picks = st.integers(0, 1_000)
scopes = st.sampled_from(["one", "following", "all"])
QUARTER = timedelta(minutes=45)


def mostly(owner: str, other: str, pick: int) -> str:
    """Whose it is, but for one time in four."""
    return owner if pick % 4 else other


class Repeating(World):
    """Series, of a few days each."""

    @rule(room=halls, at=quarters, minutes=lengths, count=st.integers(2, 5), skip=st.booleans(), who=members)
    def repeat(self, room: str, at: int, minutes: int, count: int, who: str, *, skip: bool) -> None:
        wish = self.wish(room, at, minutes).model_dump(include={"site", "resource", "starts_at", "ends_at"})
        rule_of_it = {"recurrence": f"FREQ=DAILY;COUNT={count}", "on_conflict": "skip" if skip else "refuse"}
        made = self.told(PlaceSeries(**wish | rule_of_it), who)
        if isinstance(made, Stored):
            self.others.add(made.doc["_id"])

    @precondition(lambda self: self.others)
    @rule(pick=picks, scope=scopes, index=st.integers(0, 4), by=st.integers(-3, 3), longer=st.booleans(), who=members)
    def reshape(self, pick: int, scope: Any, index: int, by: int, who: str, *, longer: bool) -> None:
        for doc in self._one_series(pick):
            of_it = {each["index"]: each for each in doc["occurrences"]}
            if index in of_it:
                start, end = (of_it[index][name] + by * QUARTER for name in ("starts_at", "ends_at"))
                times = {"starts_at": start, "ends_at": end + timedelta(minutes=15 * longer)}
                wish = ChangeSeries(id=doc["_id"], scope=scope, index=index, **times)
                self.told(wish, mostly(doc["booked_by"], who, pick), doc)

    @precondition(lambda self: self.others)
    @rule(pick=picks, scope=scopes, index=st.integers(0, 4), who=members)
    def give_back(self, pick: int, scope: Any, index: int, who: str) -> None:
        for doc in self._one_series(pick):
            wish = CancelSeries(id=doc["_id"], scope=scope, index=index)
            self.told(wish, mostly(doc["booked_by"], who, pick), doc)

    def _one_series(self, pick: int) -> list[dict[str, Any]]:
        docs = self.docs(series=True)
        return [docs[pick % len(docs)]] if docs else []

    @invariant()
    def every_series_holds_what_its_times_do(self) -> None:
        for doc in self.docs(series=True) if self.others else ():
            series, log = series_of(doc), doc["log"]
            armed = (doc["due_at"], doc["due_kind"]) if "due_at" in doc else None
            assert armed == series.due, doc
            assert [entry["seq"] for entry in log] == list(range(1, len(log) + 1))
            asked = [derived_id("key", key) for key in self.commands[doc["_id"]]]
            said = [entry["command"].rpartition("|")[2] for entry in log if entry["actor"] != ITSELF.member]
            assert said == asked, doc
            # What is changed under way before anybody came keeps what it drew.
            changed = any(entry["type"] == "booking.series_changed.v1" for entry in log)
            for each, one in zip(series.occurrences, occurrence_docs(doc), strict=True):
                self._is_as_it_stands(each, one, changed=changed)

    def _is_as_it_stands(self, each: Occurrence, one: dict[str, Any], *, changed: bool) -> None:
        booking = each.booking
        drawn, hours = by_pool(of_quota(booking.claims)), self.hours(one) if booking.status in OCCUPYING else Counter()
        assert hours <= drawn, one
        assert hours == drawn or changed, one
        assert not each.stands or of_place(booking.claims), one
        assert booking.status not in (Status.CANCELLED, Status.EXPIRED) or not booking.claims, one


class Queueing(Repeating):
    """The waiting list."""

    def more_commands(self) -> dict[type[Any], Any]:
        house = self.house
        return {
            PlaceSeries: house.repeat.place_series,
            ChangeSeries: house.reshape.change_series,
            CancelSeries: house.repeat.cancel_series,
            JoinWaitlist: house.line.join_waitlist,
            LeaveWaitlist: house.line.leave_waitlist,
            AcceptOffer: house.line.accept_offer,
            DeclineOffer: house.line.decline_offer,
        }

    @rule(room=st.none() | halls, at=quarters, minutes=lengths, who=members)
    def join(self, room: str | None, at: int, minutes: int, who: str) -> None:
        times = self.wish("room-a", at, minutes).model_dump(include={"site", "starts_at", "ends_at"})
        what = {"kind": "room"} if room is None else {"resource": room}
        made = self.told(JoinWaitlist(**times | what), who)
        if isinstance(made, Stored):
            self.others.add(made.doc["_id"])

    @precondition(lambda self: self.others)
    @rule(pick=picks, answer=st.sampled_from([AcceptOffer, AcceptOffer, DeclineOffer, LeaveWaitlist]), who=members)
    def answer(self, pick: int, answer: Any, who: str) -> None:
        """To an offer if there is one, else to whatever there is."""
        entries = self.waiting()
        offered = [entry for entry in entries if entry["status"] == "offered"] or entries
        if not offered:
            return
        entry, key = offered[pick % len(offered)], f"{self.site}-{next(numbers)}"
        with suppress(Refusal):
            self.done(self.tell(answer(id=entry["_id"]), mostly(entry["booked_by"], who, pick), key))
        for doc in self.docs():
            if doc.get("waitlist") == entry["_id"] and is_logged(doc, key):
                self.commands.setdefault(doc["_id"], []).append(key)

    @invariant()
    def everybody_in_line_is_told_the_truth(self) -> None:
        entries = self.waiting() if self.others else []
        claims = [claim for entry in entries for claim in entry.get("claims", ())]
        assert len(claims) == len(set(claims)), "two entries share a claim"
        held = {doc["waitlist"]: doc for doc in self.docs() if "waitlist" in doc} if entries else {}
        for doc in entries:
            entry = entry_of(doc)
            assert bool(doc.get("claims")) == entry.open, doc
            if offered := held.get(entry.id):
                assert offered["log"][0]["time"] < entry.interval.start, "offered after the start"
                assert entry.offered(booking_of(offered), at=self.house.clock.at).state == entry, (doc, offered)
            else:
                assert entry.status not in (Standing.OFFERED, Standing.ACCEPTED), doc

    def recalls_what_was_read(self) -> None:
        """As of every instant at which it was read a booking is what was read then, and before it was made nothing."""
        for doc in self.docs():
            for then in {at for _, at in self.seen}:
                stood = self.run(self.store.recall(doc, then))
                read = None if stood is None else (booking_view(stood), sorted(stood.get("claims", ())))
                assert read == self.seen.get((doc["_id"], then)), (doc, then)
        if self.docs(series=True):
            return  # a series tells how it was before only where nothing of its times is asked
        around = Interval(self.begin - timedelta(days=1), self.begin + timedelta(days=9))
        for then in {at for _, at in self.seen}:
            found = self.run(self.store.occupied_at(then, self.site, ["room-a", "room-b", "studio", "atelier"], around))
            held = [claim for (_, at), (_, claims) in self.seen.items() if at == then for claim in of_place(claims)]
            assert sorted(claim for each in found for claim in of_place(each.claims)) == sorted(held), then
