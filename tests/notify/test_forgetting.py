"""What notify forgets: all it told one person, why a booking was decided so, and what was told long ago."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.handlers.forgetting import NOTICE_KEPT, Forgetting
from services.notify.smtp import Mailbox
from services.notify.store import Mails, Notices
from shared.contracts.booking import BookingRedacted
from shared.contracts.members import ContactState
from shared.contracts.message import Principal
from shared.contracts.notify import ListNotices, PersonalDataInNotify, SendSignInCode
from shared.kit import errands
from shared.kit.documents.chain import checked
from tests.notify import builders as b
from tests.notify.conftest import House, Houses
from tests.notify.series_builders import series_cancelled
from tests.support.waiting import until

HANAKO = Principal(kind="member", id="hanako", organization="o1")
ADDRESS = "hanako@special.example"
REASON = "Canary-reason of hers"
GONE = ContactState(id="hanako", sequence=9, erased=True)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before the second look."""
    monkeypatch.setattr(errands, "SETTLED", timedelta())


async def on_stream(house: House, subject: str) -> list[str]:
    info = await house.post.js.stream_info("EVENTS", subjects_filter=subject)
    return sorted(info.state.subjects or {})


def answers(house: House) -> list[dict[str, Any]]:
    return [entry["data"] for doc in house.rows("errands") for entry in doc["log"]]


def answered(house: House, times: int = 1) -> Callable[[], bool]:
    return lambda: len(answers(house)) == times


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_of_what_a_person_was_told_the_ids_are_left_and_the_histories_verify(houses: Houses, driver: str) -> None:
    async with houses(mongo_driver=driver) as house:
        await house.known(b.contact("john"))
        shared = {"booked_by": "john", "reason": REASON}
        await house.event(b.placed(), "e1", about="b1")
        await house.quiet()  # or the cancelling may be told first, and this not at all
        await house.event(b.cancelled(**shared), "e2", about="b1")
        await house.quiet()
        assert (house.stored("notices"), house.stored("mails")) == (3, 3)
        assert not house.stored("mails", facts={"$exists": True}), "what has left is not kept here as well"
        before = {doc["_id"] for doc in house.rows("notices", member="hanako")}
        await house.known(GONE)
        await until(answered(house))
        (said,) = answers(house)
        assert (said["member"], said["counts"]) == ("hanako", {"notices": 2, "mails": 0, "mailbox": 0})
        hers = house.rows("notices", member="hanako")
        assert {doc["_id"] for doc in hers} == before, "a stub stays, so that nothing is told again"
        for doc in hers:
            assert (doc["title"], doc["body"], doc["link"]) == (
                {"ja": None, "en": None},
                {"ja": None, "en": None},
                None,
            )
            assert checked(doc["_id"], doc["log"]).faults == ()
            assert "Canary" not in repr(doc)
            assert await on_stream(house, f"evt.notify.notice_created.v1.{doc['_id']}") == []
        (his,) = house.rows("notices", member="john")
        assert "Canary" in repr(his), "his own notice goes by the booking"
        for event_id in ("e1", "e2"):
            await house.event(b.placed(), event_id, about="b1")
        await house.quiet()
        assert house.stored("notices", member="hanako") == 2


async def test_what_waits_to_be_mailed_is_dropped_and_a_code_with_it(house: House) -> None:
    house.ledger.expect(ADDRESS, *["451 later"] * 9)
    await house.event(b.placed(), "e1", about="b1")
    code = SendSignInCode(email=ADDRESS.title(), code="12345678", language="ja", expires_at=house.wall.at + b.HOUR)
    house.ledger.expect(ADDRESS.title(), *["451 later"] * 9)
    await house.ask(code, Principal(kind="system", id="members"))
    await until(lambda: house.stored("mails", status="ready", attempts={"$ne": []}) == 2)
    far_off = {"$set": {"next_try": datetime(2100, 1, 1, tzinfo=UTC)}}
    house.admin["notify"]["mails"].update_many({}, far_off)  # or the sender finds nobody first
    await house.known(GONE)
    await until(answered(house))
    assert answers(house)[0]["counts"]["mails"] == 2
    for row in house.rows("mails"):
        assert row["status"] == "dropped"
        assert not {"facts", "to", "code", "next_try"} & row.keys()
    assert house.ledger.to(ADDRESS) == []


async def test_the_address_is_told_to_a_sink_and_then_forgotten(house: House) -> None:
    house.ledger.forgets = True
    await house.event(b.placed(), "e1", about="b1")
    await house.quiet()
    assert len(house.ledger.to(ADDRESS)) == 1
    await house.known(GONE)
    await until(answered(house))
    assert house.ledger.to(ADDRESS) == []
    assert answers(house)[0]["counts"] == {"notices": 1, "mails": 0, "mailbox": 1}
    assert ADDRESS not in repr(house.rows("errands"))


async def test_a_mail_server_that_is_away_puts_the_answer_off(house: House) -> None:
    house.ledger.deaf = True
    await house.known(GONE)
    await until(lambda: house.ledger.connections > 0)
    assert answers(house) == []
    house.ledger.deaf = False
    await until(answered(house))


async def test_nobody_is_told_any_more_why_a_redacted_booking_was_decided_so(house: House) -> None:
    await house.known(b.contact("john"))
    await house.event(b.placed(booked_by="john"), "e1", about="b1")
    await house.quiet()  # of what is cancelled nothing older is said
    await house.event(b.cancelled(booked_by="john", reason=REASON), "e2", about="b1")
    await house.event(b.cancelled(id="b2", reason=REASON), "e3", about="b2")
    await house.quiet()
    await house.event(BookingRedacted(id="b1", version=3), "e4", about="b1")
    await house.quiet()
    told = {(doc["member"], doc["topic"]): doc for doc in house.rows("notices", link="/v1/bookings/b1")}
    assert len(told) == 4
    for (_, topic), doc in told.items():
        assert doc["title"]["en"], "that it was so stays"
        assert bool(doc["body"]["en"]) == (topic == "booking.placed")
        assert "Canary" not in repr(doc)
        assert checked(doc["_id"], doc["log"]).faults == ()
    (other,) = house.rows("notices", link="/v1/bookings/b2")
    assert "Canary" in repr(other)


async def test_nor_why_a_series_was(house: House) -> None:
    said = series_cancelled(reason=REASON)
    await house.event(said, "e1", about=said.id)
    await house.quiet()
    assert "Canary" in repr(house.rows("notices"))
    await house.event(BookingRedacted(id=said.id, version=3), "e2", about=said.id)
    await house.quiet()
    (notice,) = house.rows("notices")
    assert notice["title"]["en"], "that it was so stays"
    assert "Canary" not in repr(notice)
    assert await on_stream(house, f"evt.notify.notice_created.v1.{notice['_id']}") == []


async def test_nor_why_one_time_of_it_was(house: House) -> None:
    await house.event(b.cancelled(id="r1-3", reason=REASON), "e1", about="r1")
    await house.event(b.cancelled(id="r10", reason=REASON), "e2", about="r10")
    await house.quiet()
    await house.event(BookingRedacted(id="r1", version=3), "e3", about="r1")
    await house.quiet()
    told = {doc["link"]: repr(doc) for doc in house.rows("notices")}
    assert {link: "Canary" in said for link, said in told.items()} == {
        "/v1/bookings/r1-3": False,
        "/v1/bookings/r10": True,
    }


@pytest.mark.parametrize("booking", ["b1", "b1-3"])
async def test_a_mail_that_waits_loses_why_with_the_booking(house: House, booking: str) -> None:
    house.ledger.expect(ADDRESS, *["451 later"] * 9)
    await house.event(b.cancelled(id=booking, reason=REASON), "e1", about="b1")
    await until(lambda: house.stored("mails", status="ready") == 1)
    await until(lambda: not house.stored("notices", unsent=True))
    await house.event(BookingRedacted(id="b1", version=3), "e2", about="b1")
    await until(lambda: "Canary" not in repr(house.rows("mails") + house.rows("notices")))


async def test_what_was_told_long_ago_is_forgotten(house: House) -> None:
    await house.event(b.placed(), "e1", about="b1")
    await house.event(b.placed(id="b2"), "e2", about="b2")
    await house.quiet()
    old = house.wall.at - NOTICE_KEPT - timedelta(days=1)
    house.admin["notify"]["notices"].update_one({"link": "/v1/bookings/b1"}, {"$set": {"created_at": old}})
    notices = Notices(house.service.documents("notices"))
    mailbox = Mailbox(lambda: pytest.fail("nobody is written to"))
    forgetting = Forgetting(
        Mails(house.service.collection("mails")), notices, house.service.relays["notices"], mailbox, house.wall
    )
    assert await forgetting.forget_before(house.wall.at - NOTICE_KEPT) == 1
    assert await forgetting.forget_before(house.wall.at - NOTICE_KEPT) == 0
    assert [doc["title"]["en"] is None for doc in house.rows("notices", link="/v1/bookings/b2")] == [False]
    (stub,) = house.rows("notices", link=None)
    for query in (ListNotices(), ListNotices(unread=True), ListNotices(since=stub["_id"])):
        items = (await house.ask(query, HANAKO)).data["items"]
        assert [each["link"] for each in items] == ["/v1/bookings/b2"]
    sections = (await house.ask(PersonalDataInNotify(member="hanako"), HANAKO)).data["sections"]
    assert [len(each["rows"]) for each in sections if each["key"] == "notices"] == [1]


async def test_a_person_reads_what_they_were_told_and_nobody_else_does(house: House) -> None:
    for n in range(103):
        await house.event(b.placed(id=f"b{n}"), f"e{n}", about=f"b{n}")
    await house.quiet()
    sections: dict[str, list[Any]] = {}
    after, pages = None, 0
    while True:
        data = (await house.ask(PersonalDataInNotify(member="hanako", after=after), HANAKO)).data
        pages += 1
        for each in data["sections"]:
            sections.setdefault(each["key"], []).extend(each["rows"])
        if (after := data["next"]) is None:
            break
    assert {key: len(rows) for key, rows in sections.items()} == {"contact": 1, "notices": 103, "mails": 103}
    assert pages == 4
    assert sections["contact"][0]["email"] == ADDRESS
    assert {row["status"] for row in sections["mails"]} == {"sent"}
    stranger = Principal(kind="member", id="john", organization="o1")
    assert (await house.ask(PersonalDataInNotify(member="hanako"), stranger)).status == 404
    bad = await house.ask(PersonalDataInNotify(member="hanako", after="nonsense"), HANAKO)
    assert (bad.status, bad.problem and bad.problem.code) == (422, "cursor-unknown")
