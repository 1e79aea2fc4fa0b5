"""What booking keeps about one person, for them to read: all of it, in pages."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.booking.domain.viewer import Viewer
from services.booking.queries import bookings as queries
from shared.contracts.booking import CancelBooking, ChangeBooking, ChangeSeries, PersonalDataInBooking
from shared.contracts.message import Principal
from shared.kit.documents import history
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings, real_series
from tests.booking.running import House, at_work, now, tell
from tests.booking.test_series_stored import LATER, Replica, page
from tests.support.booking import TABLE, asked, member, member_state, organization
from tests.support.servers import Servers


@pytest.fixture
async def house(clean: Servers) -> AsyncIterator[House]:
    await tell(clean, TABLE, organization(kind="city_staff"), *(member_state(who, "org-a") for who in ("ana", "ben")))
    async with at_work(clean, replicas=1) as made:
        await made.furnish()
        yield made


async def whole(house: House, who: Principal) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Rows by kind, and the number of pages they came on."""
    rows, after, pages = dict[str, list[dict[str, Any]]](), None, 0
    while True:
        data = await house.ask(PersonalDataInBooking(member=who.id, after=after), who)
        for each in data["sections"]:
            assert {*each["rows"][0]} == {column["key"] for column in each["columns"]}
            rows.setdefault(each["key"], []).extend(each["rows"])
        pages, after = pages + 1, data["next"]
        if after is None:
            return rows, pages


async def test_what_was_written_is_there_as_it_is_and_as_it_was(
    house: House, clean: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 2)
    monkeypatch.setattr(queries, "_LETTERS", 12)
    wish = house.wish().model_copy(update={"purpose": "first words", "for_member": "ben"})
    placed = await house.ask(wish, key="p1")
    other = await house.ask(house.wish(2).model_copy(update={"purpose": "other words"}), key="p2")
    for n, purpose in enumerate(("second words", ""), start=1):
        await house.ask(ChangeBooking(id=placed["id"], purpose=purpose), key=f"c{n}", if_match=n)
    await house.ask(CancelBooking(id=placed["id"], reason="a cold"), key="c3")
    rows, pages = await whole(house, member())
    assert pages == 2
    shown = {row["id"]: (row["purpose"], row["reason"]) for row in rows["bookings"]}
    assert shown == {placed["id"]: (None, "a cold"), other["id"]: ("other words", None)}
    assert [(row["id"], row["purpose_before"], row["reason"], row["by_you"]) for row in rows["written"]] == [
        (placed["id"], "first words", None, True),
        (placed["id"], "second words", None, True),
        (placed["id"], None, "a cold", True),
    ]


async def test_a_no_show_is_read_by_whom_it_is_noted_of_and_why_it_was_forgiven_too(
    house: House, clean: Servers
) -> None:
    placed = await house.ask(house.wish().model_copy(update={"for_member": "ben"}), key="p1")
    noted = {"member": "ben", "at": now(), "forgiven_by": "stan", "forgiven_at": now()}
    mongo = Mongo(clean.mongo_url("booking"), "booking")
    change = {"$set": {"strike": noted, "reason": "the door was locked"}}
    await mongo.collection("bookings").update_one({"_id": placed["id"]}, change)
    await mongo.close()
    for who, struck in ((member("ben"), True), (member(), False)):
        (row,) = (await whole(house, who))[0]["bookings"]
        assert (bool(row["struck_at"]), bool(row["forgiven_at"]), row["forgiven_by"] == "stan") == (struck,) * 3
        assert row["reason"] == "the door was locked"


async def test_what_was_written_into_a_series_is_told_with_the_first_of_its_times(mongo: Mongo) -> None:
    house, ana = Replica(mongo), Viewer("ana")
    doc = (await house.book(purpose="first words")).doc
    wanted = ChangeSeries(id=doc["_id"], scope="all", purpose="second words")
    await house.reshape.change_series(asked(wanted, if_match=1, deadline=LATER))
    times = await real_series(mongo).occurring(page(), ana)
    told = await real_bookings(mongo).written(times)
    assert {doc_id: [entry["words"] for entry in entries] for doc_id, entries in told.items()} == {
        times[0]["_id"]: [{"purpose": "first words"}]
    }
    assert await real_bookings(mongo).written(times[1:]) == {}
