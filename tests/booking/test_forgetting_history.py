"""Words that stand in nothing but a history, and forgetting that was cut off."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.moving import reword
from services.booking.domain.series import Series
from services.booking.domain.series_events import SeriesConfirmed
from services.booking.domain.series_placing import SeriesDecided
from services.booking.domain.settling import approve, cancel
from services.booking.domain.status import Status
from services.booking.domain.viewer import ITSELF
from services.booking.handlers.forgetting import PAGE, TEXT_KEPT, Forgetting
from services.booking.store import Bookings, Names, NameState, Waits
from shared.contracts.booking import ChangeSeries
from shared.kernel.decision import Decision
from shared.kit.copies import Copy
from shared.kit.documents import Cause, Documents, history
from shared.kit.documents.history import History
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings, real_series
from tests.booking.test_forgetting import PURPOSE, REASON, Stream, assert_chained, booked, one_site, placed, sent
from tests.booking.test_series_stored import LATER, Replica
from tests.support.booking import NOW, ROOM, StillClock, asked, ny, wish

ALL = 1_000
"""More entries than any log here has."""


class Torn(Bookings):
    """Its first forgetting of a history is the process's end."""

    torn = False

    async def forget_history(self, booking_id: str, told: Collection[str], *, through: int) -> None:
        if not self.torn:
            self.torn = True
            raise ConnectionError
        await super().forget_history(booking_id, told, through=through)


def forgetting_in(mongo: Mongo, stream: Stream, clock: StillClock) -> Forgetting:
    names = Names(Copy(mongo.collection("copy_contact"), NameState))
    waits = Waits(Documents(mongo.collection("waits"), None, clock, lambda _: None), None)
    return Forgetting(real_bookings(mongo), real_series(mongo), names, waits, one_site, stream, clock)


async def every_word(mongo: Mongo) -> str:
    return repr([await mongo.collection(name).find({}).to_list(None) for name in ("bookings", "bookings_history")])


async def reworded(bookings: Bookings, booking_id: str, purpose: str | None, attendees: int) -> None:
    wanted = replace(wish(), purpose=purpose, attendees=attendees)
    cause = Cause("cmd.booking.change_booking.v1", "ana", "corr-2")
    await bookings.change(booking_id, lambda b: reword(b, wanted, ROOM, at=NOW), cause, ITSELF, at=NOW)


async def moved(mongo: Mongo) -> None:
    """As a relay moves what outgrew its document."""
    own = mongo.collection("bookings")
    for doc in await own.find({}).to_list(None):
        await History(mongo.collection("bookings_history")).take(own, doc)


async def test_a_purpose_taken_out_of_a_series_is_forgotten_with_the_rest(mongo: Mongo) -> None:
    house, series = Replica(mongo), real_series(mongo)
    doc = (await house.book(purpose=PURPOSE)).doc
    await house.reshape.change_series(
        asked(ChangeSeries(id=doc["_id"], scope="all", purpose=""), if_match=1, deadline=LATER)
    )
    await sent(mongo)
    assert "カナリア" in await every_word(mongo)
    assert await series.worded(["nyc"], "ana", limit=PAGE) == [doc["_id"]]
    clock = StillClock(doc["ends_at"] + TEXT_KEPT + timedelta(milliseconds=1))
    forgetting = forgetting_in(mongo, Stream(), clock)
    assert [await forgetting.redact_outlived() for _ in range(2)] == [1, 0]
    assert "カナリア" not in await every_word(mongo)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of two entries."""
    monkeypatch.setattr(history, "LOG_LIMIT", 2)


@pytest.mark.usefixtures("short")
async def test_words_that_moved_to_the_history_are_found_and_forgotten(mongo: Mongo) -> None:
    bookings, clock = real_bookings(mongo), StillClock(booked().interval.end + TEXT_KEPT + timedelta(milliseconds=1))
    await placed(bookings, booked("b1"))
    for purpose, attendees in (("カナリア氏", 1), (None, 1), (None, 2)):
        await reworded(bookings, "b1", purpose, attendees)
    await sent(mongo)
    await moved(mongo)
    assert "カナリア" not in repr(await mongo.collection("bookings").find({}).to_list(None))
    assert await bookings.worded(["nyc"], "ana", limit=PAGE) == ["b1"]
    forgetting = forgetting_in(mongo, Stream(), clock)
    assert [await forgetting.redact_outlived() for _ in range(2)] == [1, 0]
    assert await bookings.worded(["nyc"], "ana", limit=PAGE) == []
    assert "カナリア" not in await every_word(mongo)
    doc = await bookings.get("b1", ITSELF)
    assert doc is not None
    assert_chained({"_id": "b1", "log": await bookings.whole_log(doc)})


@pytest.mark.usefixtures("short")
async def test_words_that_move_while_a_booking_is_being_forgotten_are_found_again(
    mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookings, look = real_bookings(mongo), History.worded
    await placed(bookings, booked("b1"))
    for purpose, attendees in (("カナリア氏", 1), (None, 1), (None, 2)):
        await reworded(bookings, "b1", purpose, attendees)
    await sent(mongo)
    await moved(mongo)

    async def then_moved(self: History, doc_id: str) -> bool:
        found = await look(self, doc_id)
        if not found:
            monkeypatch.setattr(History, "worded", look)
            for purpose, attendees in (("カナリア氏", 2), (None, 2), (None, 3)):
                await reworded(bookings, "b1", purpose, attendees)
            await sent(mongo)
            await moved(mongo)
        return found

    monkeypatch.setattr(History, "worded", then_moved)
    await bookings.forget_history("b1", (), through=ALL)
    assert await bookings.worded(["nyc"], "ana", limit=PAGE) == ["b1"]
    await bookings.forget_history("b1", (), through=ALL)
    assert await bookings.worded(["nyc"], "ana", limit=PAGE) == []
    assert "カナリア" not in await every_word(mongo)


@pytest.mark.usefixtures("short")
async def test_copies_left_in_the_history_by_a_crash_are_looked_at_again(mongo: Mongo) -> None:
    bookings, own = real_bookings(mongo), mongo.collection("bookings")
    await placed(bookings, booked("b1"))
    for purpose, attendees in (("カナリア氏", 1), (None, 1), (None, 2)):
        await reworded(bookings, "b1", purpose, attendees)
    await sent(mongo)
    read: dict[str, Any] = await own.find_one({"_id": "b1"})
    await bookings.forget_history("b1", (), through=ALL)
    await History(mongo.collection("bookings_history")).take(own, read | {"version": -1})
    assert "カナリア" in await every_word(mongo)
    await moved(mongo)
    assert await bookings.worded(["nyc"], "ana", limit=PAGE) == ["b1"]
    await bookings.forget_history("b1", (), through=ALL)
    assert "カナリア" not in await every_word(mongo)


async def test_forgetting_that_was_cut_off_behind_the_state_is_taken_up_again(mongo: Mongo) -> None:
    house, series = Replica(mongo), real_series(mongo)
    doc = (await house.book(purpose=PURPOSE)).doc
    wanted = ChangeSeries(id=doc["_id"], scope="all", purpose="other words")
    await house.reshape.change_series(asked(wanted, if_match=1, deadline=LATER))
    await sent(mongo)
    clock = StillClock(doc["ends_at"] + TEXT_KEPT + timedelta(milliseconds=1))
    documents = Documents(mongo.collection("bookings"), mongo.collection("bookings_history"), clock, lambda _: None)
    forgetting = replace(forgetting_in(mongo, Stream(), clock), bookings=Torn(documents))
    with pytest.raises(ConnectionError):
        await forgetting.redact_outlived()
    assert await series.worded(["nyc"], "ana", limit=PAGE) == [doc["_id"]]
    assert [await forgetting.redact_outlived() for _ in range(2)] == [1, 0]
    assert "カナリア" not in await every_word(mongo)


async def test_a_reason_that_was_told_and_stands_there_no_more_is_said_to_be_gone_once(mongo: Mongo) -> None:
    bookings, series = real_bookings(mongo), real_series(mongo)
    pending = replace(booked("b1"), purpose=None, status=Status.PENDING)
    await placed(bookings, pending)
    why = Cause("cmd.booking.approve_booking.v1", "stan", "corr-2", reason=PURPOSE)
    await bookings.change("b1", lambda b: approve(b, reason=PURPOSE, at=NOW), why, ITSELF, at=NOW)
    unworded = Cause("cmd.booking.cancel_booking.v1", "ana", "corr-3")
    await bookings.change("b1", lambda b: cancel(b, at=NOW), unworded, ITSELF, at=NOW)
    repeated = (await Replica(mongo).book(wall="2026-12-14 10:00")).doc["_id"]
    await series.change(repeated, lambda s: told_of(s, PURPOSE), why, ITSELF, at=NOW)
    clock, stream = StillClock(ny("2027-12-01 00:00")), Stream()
    forgetting = forgetting_in(mongo, stream, clock)
    assert [await forgetting.redact_outlived() for _ in range(2)] == [2, 2], "nothing is on the stream yet"
    await sent(mongo)
    assert [await forgetting.redact_outlived() for _ in range(2)] == [2, 0]
    assert "カナリア" not in await every_word(mongo)
    for doc in await mongo.collection("bookings").find({}).to_list(None):
        assert [entry["type"] for entry in doc["log"]].count("booking.booking_redacted.v1") == 1
        assert_chained(doc)


def told_of(series: Series, reason: str) -> SeriesDecided:
    """Approved with a reason that none of its times keeps."""
    return Decision(series, [SeriesConfirmed(series, (0,), reason)])


class Meanwhile(Stream):
    """While the first of the events is taken back, somebody cancels and says why, and that is told too."""

    def __init__(self, mongo: Mongo) -> None:
        super().__init__()
        self.mongo = mongo

    async def take_back(self, doc_id: str, wire: str, *, word: str) -> int:
        if not self.asked:
            why = Cause("cmd.booking.cancel_booking.v1", "ana", "corr-3", reason=REASON)
            await real_bookings(self.mongo).change(
                doc_id, lambda b: cancel(b, at=NOW, reason=REASON), why, ITSELF, at=NOW
            )
            await sent(self.mongo)
        return await super().take_back(doc_id, wire, word=word)


async def test_a_reason_told_while_another_is_taken_back_is_taken_back_in_its_turn(mongo: Mongo) -> None:
    bookings, stream = real_bookings(mongo), Meanwhile(mongo)
    await placed(bookings, replace(booked("b1"), purpose=None, status=Status.PENDING))
    why = Cause("cmd.booking.approve_booking.v1", "stan", "corr-2", reason=PURPOSE)
    await bookings.change("b1", lambda b: approve(b, reason=PURPOSE, at=NOW), why, ITSELF, at=NOW)
    await sent(mongo)
    forgetting = forgetting_in(mongo, stream, StillClock(ny("2027-12-01 00:00")))
    assert await forgetting.redact_outlived() == 1
    assert [wire for _, wire in stream.asked] == ["booking.booking_confirmed.v1"]
    assert [await forgetting.redact_outlived() for _ in range(2)] == [1, 0], "it is found again"
    assert [wire for _, wire in stream.asked][1] == "booking.booking_cancelled.v1"
    assert "カナリア" not in await every_word(mongo)
