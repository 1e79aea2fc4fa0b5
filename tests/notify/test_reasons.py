"""Why a notice was read: in its record, theirs to read, and gone with what the notice said."""

from datetime import timedelta

import pytest

from services.notify.handlers.forgetting import NOTICE_KEPT, Forgetting
from services.notify.smtp import Mailbox
from services.notify.store import Mails, Notices
from shared.contracts.booking import BookingRedacted
from shared.contracts.notify import PersonalDataInNotify, ReadNotice
from shared.kit.documents.chain import Checked, checked
from tests.notify import builders as b
from tests.notify.conftest import House
from tests.notify.test_forgetting import GONE, HANAKO, answered, hurried
from tests.support.waiting import until

__all__ = ["hurried"]
WHY = "Canary-reason to have read it"


async def read(house: House, *bookings: str) -> dict[str, str]:
    """Told of each booking, and read for a reason; the notices' ids by booking."""
    for booking in bookings:
        await house.event(b.placed(id=booking), f"e-{booking}", about=booking)
    await house.quiet()
    ids = {str(doc["link"]).rsplit("/", 1)[1]: str(doc["_id"]) for doc in house.rows("notices", member="hanako")}
    for notice in ids.values():
        assert (await house.ask(ReadNotice(id=notice, reason=WHY), HANAKO)).problem is None
        assert (await house.ask(ReadNotice(id=notice, reason="again"), HANAKO)).problem is None
    await house.quiet()
    return ids


def why(house: House, notice: str) -> list[str | None]:
    (doc,) = house.rows("notices", _id=notice)
    assert checked(notice, doc["log"]).faults == ()
    return [entry.get("reason") for entry in doc["log"]]


async def test_it_is_theirs_to_read_and_goes_with_them(house: House) -> None:
    ids = await read(house, "b1")
    assert why(house, ids["b1"]) == [None, WHY], "read before: nothing is written"
    data = (await house.ask(PersonalDataInNotify(member="hanako"), HANAKO)).data
    (row,) = next(each["rows"] for each in data["sections"] if each["key"] == "notices")
    assert row["reasons"] == [WHY]
    await house.known(GONE)
    await until(answered(house))
    (doc,) = house.rows("notices", _id=ids["b1"])
    assert "Canary" not in repr(doc)
    assert checked(doc["_id"], doc["log"]) == Checked(entries=2, chained=2, erased=2)


async def test_of_a_notice_that_says_nothing_any_more_it_goes_too(house: House) -> None:
    ids = await read(house, "b1")
    blank = {"ja": None, "en": None}
    house.admin["notify"]["notices"].update_one({"_id": ids["b1"]}, {"$set": {"title": blank, "body": blank}})
    await house.known(GONE)
    await until(answered(house))
    assert why(house, ids["b1"]) == [None, None]


async def test_a_booking_that_is_redacted_takes_what_was_told_and_not_why_somebody_read_it(house: House) -> None:
    await house.event(b.cancelled(id="b1", reason="Canary-of-theirs"), "e1", about="b1")
    await house.quiet()
    (notice,) = house.rows("notices", member="hanako")
    await house.ask(ReadNotice(id=notice["_id"], reason=WHY), HANAKO)
    await house.quiet()
    await house.event(BookingRedacted(id="b1", version=3), "e2", about="b1")
    await until(lambda: "Canary-of-theirs" not in repr(house.rows("notices")))
    assert why(house, notice["_id"]) == [None, WHY]


@pytest.mark.parametrize("days", [-1, 1])
async def test_with_the_notice_a_year_later(house: House, days: int) -> None:
    ids = await read(house, "b1")
    notices = Notices(house.service.documents("notices"))
    mailbox = Mailbox(lambda: pytest.fail("nobody is written to"))
    mails = Mails(house.service.collection("mails"))
    forgetting = Forgetting(mails, notices, house.service.relays["notices"], mailbox, house.wall)
    later = house.wall.at + NOTICE_KEPT + timedelta(days=days)
    assert await forgetting.forget_before(later - NOTICE_KEPT) == (1 if days > 0 else 0)
    assert why(house, ids["b1"]) == [None, None if days > 0 else WHY]
