"""Sending over SMTP to a server that misbehaves: at least once, not twice, and nobody waits for another's trouble."""

from typing import Any

import pytest

from services.notify.letter import AddressInvalid
from shared.contracts.members import ContactState
from shared.contracts.message import Event
from shared.kit.mongo import Mongo
from tests.notify import builders as b
from tests.notify.conftest import House, Houses
from tests.support.waiting import until

HANAKO = "hanako@special.example"


async def due_now(house: House) -> None:
    """As if the rows' delays had passed."""
    house.admin["notify"]["mails"].update_many(
        {"next_try": {"$exists": True}}, [{"$set": {"next_try": {"$subtract": ["$next_try", 3_600_000]}}}]
    )


def row(house: House) -> dict[str, Any]:
    (found,) = house.rows("mails")
    return found


async def test_one_connection_carries_many_mails(house: House) -> None:
    for n in range(12):
        await house.event(b.placed(id=f"b{n}"), f"e{n}", about=f"b{n}")
    await until(lambda: len(house.ledger.taken) == 12)
    assert house.ledger.connections <= 4


@pytest.mark.parametrize("fault", ["451 later", "500 what", "data:554 spam", "data:451 later", "cut", "hang"])
async def test_a_passing_fault_delays_a_mail_and_is_on_record(house: House, fault: str) -> None:
    house.ledger.expect(HANAKO, fault)
    await house.event(b.placed(), "e1", about="b1")
    await until(lambda: len(row(house)["attempts"]) == 1 if house.stored("mails") else False)
    assert row(house)["status"] == "ready"
    await due_now(house)
    await until(lambda: row(house)["status"] == "sent")
    attempts = [each["outcome"] for each in row(house)["attempts"]]
    assert attempts == ["again", "sent"]
    assert len({mail["Message-ID"] for mail in house.ledger.to(HANAKO)}) == 1
    assert len(house.ledger.to(HANAKO)) == (2 if fault == "cut" else 1)


STALE: list[tuple[Event, Event, str]] = [
    (b.placed(), b.cancelled(), "b1"),
    (b.placed(status="provisional"), b.confirmed(), "b1"),
    (b.moved(), b.moved(version=3), "b1"),
    (b.reworded(), b.moved(version=3), "b1"),
    (b.offered(), b.ended("lapsed"), "w1"),
    (b.changed(), b.called_off(), "s1"),
]


@pytest.mark.parametrize(("first", "then", "about"), STALE, ids=lambda each: getattr(each, "wire", each))
async def test_a_mail_that_was_overtaken_while_it_waited_does_not_leave(
    house: House, first: Event, then: Event, about: str
) -> None:
    await house.known(b.registration())
    house.ledger.expect(HANAKO, "451 later")
    await house.event(first, "e1", about=about)
    await until(lambda: house.stored("mails", attempts={"$ne": []}) == 1)
    await house.event(then, "e2", about=about)
    await until(lambda: house.stored("mails", status="sent") == 1)
    await due_now(house)
    await until(lambda: house.stored("mails", status="dropped") == 1)
    (dropped,) = house.rows("mails", status="dropped")
    assert (dropped["event"], dropped["attempts"][-1]["reason"]) == (house.id("e1"), "stale")
    assert ("facts" in dropped, len(house.ledger.to(HANAKO))) == (False, 1)


@pytest.mark.parametrize("event", [b.offered(), b.reminded(), b.challenged(), b.submitted()], ids=lambda e: e.wire)
async def test_what_is_open_until_an_instant_is_not_mailed_after_it(house: House, event: Event) -> None:
    house.ledger.expect(HANAKO, "451 later")
    await house.event(event, "e1", about="b1")
    await until(lambda: house.stored("mails", attempts={"$ne": []}) == 1)
    house.wall.forward(b.DEADLINE - b.NOON)
    await due_now(house)
    await until(lambda: house.stored("mails", status="expired") == 1)
    assert house.ledger.to(HANAKO) == []


async def test_a_recipient_who_does_not_exist_is_given_up_with_the_reason(house: House) -> None:
    house.ledger.expect(HANAKO, "550 no such user")
    await house.event(b.placed(), "e1", about="b1")
    await until(lambda: house.stored("mails", status="failed") == 1)
    assert row(house)["attempts"][0]["reason"] == "recipient 550"
    assert "next_try" not in row(house)
    assert HANAKO not in str(row(house))


async def test_a_refusal_does_not_spoil_the_connection_for_the_next(house: House) -> None:
    await house.known(b.contact("next"))
    house.ledger.expect(HANAKO, "550 no such user")
    await house.event(b.placed(booked_by="next"), "e1", about="b1")
    await until(lambda: len(house.ledger.to("next@special.example")) == 1)
    await until(lambda: house.stored("mails", status="failed") == 1)


async def test_a_hanging_server_does_not_hold_up_the_others(houses: Houses) -> None:
    async with houses(smtp_timeout=6.0) as house:
        await house.known(*(b.contact(f"m{n}") for n in range(10)))
        house.ledger.expect(HANAKO, "hang")
        await house.event(b.placed(id="b0"), "e0", about="b0")
        await until(lambda: bool(house.rows("mails", tries=1)))
        for n in range(10):
            await house.event(b.placed(id=f"b{n}x", booked_for=f"m{n}", booked_by=f"m{n}"), f"f{n}", about=f"b{n}x")
        await until(lambda: len(house.ledger.taken) == 10)
        assert row_of(house, "hanako")["attempts"] == []
        await until(lambda: bool(row_of(house, "hanako")["attempts"]))
        assert row_of(house, "hanako")["attempts"][0]["reason"] == "content TimeoutError"


def row_of(house: House, member: str) -> dict[str, Any]:
    (found,) = house.rows("mails", recipient=member)
    return found


async def test_a_server_that_is_away_loses_nothing(houses: Houses) -> None:
    async with houses(smtp_url="smtp://127.0.0.1:1") as house:
        await house.event(b.placed(), "e1", about="b1")
        await until(lambda: bool(house.rows("mails", attempts={"$ne": []})))
        assert row(house)["status"] == "ready"
        assert row(house)["attempts"][0]["reason"].startswith("connect ")
        assert "smtp" in house.service.health.degraded
        assert house.service.health.ready
    async with houses() as house:
        await due_now(house)
        await until(lambda: house.stored("mails", status="sent") == 1)


async def test_a_row_whose_address_is_none_is_given_up(house: House) -> None:
    await house.known(ContactState(id="odd", sequence=1, email="two@a.example, three@b.example"))
    await house.event(b.placed(booked_for="odd", booked_by="odd"), "e1", about="b1")
    await until(lambda: house.stored("mails", status="failed") == 1)
    assert row(house)["attempts"][0]["reason"] == "address-invalid"
    assert house.ledger.taken == []


async def test_who_is_erased_before_the_mail_leaves_gets_none(houses: Houses) -> None:
    async with houses(smtp_url="smtp://127.0.0.1:1") as house:
        await house.event(b.placed(), "e1", about="b1")
        await until(lambda: bool(house.rows("mails", attempts={"$ne": []})))
        await house.known(b.contact(sequence=2, email=None, name=None, erased=True))
        await until(lambda: _cold(house))
        await due_now(house)
        await until(lambda: house.stored("mails", status="dropped") == 1)
        assert row(house)["attempts"][-1]["reason"] == "recipient-gone"


def _cold(house: House) -> bool:
    """The tombstone is in the database; what a replica remembers is dropped with its copy."""
    return house.stored("copy_contact", _id="hanako", erased=True) == 1


@pytest.mark.parametrize(
    ("point", "copies"), [("sender.after_claim", 1), ("sender.before_send", 1), ("sender.after_send_before_mark", 2)]
)
async def test_a_crash_anywhere_sends_again_and_twice_only_after_an_unmarked_yes(
    houses: Houses, point: str, copies: int
) -> None:
    async with houses(crash=f"{point}:raise@1") as house:
        await house.event(b.placed(), "e1", about="b1")
        await until(lambda: house.stored("mails", tries=1) == 1)
        await due_now(house)
        await until(lambda: house.stored("mails", status="sent") == 1, seconds=15)
        assert len(house.ledger.to(HANAKO)) == copies
        assert len({mail["Message-ID"] for mail in house.ledger.to(HANAKO)}) == 1


async def test_the_sender_goes_on_after_the_database_was_away(house: House) -> None:
    fault = {"failCommands": ["findAndModify"], "closeConnection": True, "appName": "lounge-notify"}
    house.admin.admin.command({"configureFailPoint": "failCommand", "mode": "alwaysOn", "data": fault})
    try:
        await house.event(b.placed(), "e1", about="b1")
        await until(lambda: house.stored("notices") == 1)
    finally:
        house.admin.admin.command({"configureFailPoint": "failCommand", "mode": "off"})
    await until(lambda: house.stored("mails", status="sent") == 1, seconds=20)
    assert len(house.ledger.to(HANAKO)) == 1


@pytest.mark.parametrize(
    "wrong", [{"smtp_url": "http://127.0.0.1:25"}, {"smtp_url": "smtp://"}, {"mail_from": "nobody"}]
)
async def test_an_address_that_cannot_be_one_stops_the_start(houses: Houses, wrong: dict[str, str]) -> None:
    with pytest.raises((ValueError, AddressInvalid)):
        async with houses(**wrong):
            raise AssertionError("it started")


async def test_a_clean_stop_finishes_the_mail_in_hand(houses: Houses, mongo: Mongo) -> None:
    async with houses(crash="sender.before_send:sleep=0.5@1") as house:
        await house.event(b.placed(), "e1", about="b1")
        await until(lambda: house.stored("mails", tries=1) == 1)
    assert len(house.ledger.taken) == 1
    stored = await mongo.collection("mails").find_one({})
    assert stored["status"] == "sent"


async def test_personal_mail_does_not_queue_behind_an_announcement(house: House) -> None:
    people = [f"m{n}" for n in range(60)]
    await house.known(*(b.contact(m) for m in people), *(b.registration(m) for m in people))
    for member in people:
        house.ledger.expect(f"{member}@special.example", *["hang"] * 20)
    await house.event(b.changed(), "e1", about="s1")
    await until(lambda: house.stored("mails") == 60)
    await house.event(b.placed(), "e2", about="b1")
    await until(lambda: len(house.ledger.to(HANAKO)) == 1)
    assert house.stored("mails", lane=1, tries=0) > 0
