"""Who waits and when they are looked at again, where something changes in between."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.events.domain.registration import Registration
from services.events.domain.seminar import Mode
from services.events.store.registrations import Registrations
from shared.contracts.message import Answer
from tests.events.conftest import House
from tests.events.test_registration import cancel, held, mine, nobody_looks, promoted_in_order, register
from tests.events.words import published
from tests.support.waiting import until


async def test_one_who_went_over_to_another_queue_meanwhile_gets_no_seat_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A seat onsite falls free whose number is beyond those online, so that no claim is in the way."""
    seminar = await house.seminar(modes={"onsite": {"capacity": 2}, "online": {"capacity": 1}})
    for name in ("m-0", "m-1"):
        await register(house, seminar, name)
    await register(house, seminar, "m-2", "online")
    (second,) = house.stored("registrations", mode="onsite", seat=2)
    await register(house, seminar, "m-3")
    await register(house, seminar, "m-4")
    await until(nobody_looks)
    read, leaving = Registrations.first_waiting, list[asyncio.Task[Answer]]()

    async def then_left(self: Registrations, *about: Any) -> list[Registration]:
        found = await read(self, *about)
        if found and not leaving:
            leaving.append(asyncio.create_task(cancel(house, seminar, "m-3")))
            await until(lambda: bool(house.stored("registrations", member="m-3", status="cancelled")))
            await register(house, seminar, "m-3", "online", key="online instead")
        return found

    monkeypatch.setattr(Registrations, "first_waiting", then_left)
    await cancel(house, seminar, second["member"])
    await asyncio.gather(*leaving)
    there = await mine(house, seminar, "m-3")
    assert (there["mode"], there["status"], there["position"]) == ("online", "waiting", 1)
    assert await promoted_in_order(house, 1) == ["m-4"]


PAST = [{"zone": "Asia/Tokyo", "date": "2026-01-05"}]
OVER = {"precision": "day", "zone": "Asia/Tokyo", "announced": PAST, "certainty": "final"}
TWO: dict[str, Any] = {"onsite": {"capacity": 2}}


async def over_with_two_waiting(house: House) -> str:
    """One seat of two is free; who waits looks no more."""
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    for name in ("m-1", "m-2", "m-3"):
        await register(house, seminar, name)
    await house.publish(published("osaka", sequence=2, when=OVER, modes=TWO))
    await house.receipts(2)
    due = {"$set": {"due_at": datetime(2026, 1, 1, tzinfo=UTC)}}
    house.admin["events"]["registrations"].update_many({"status": "waiting"}, due)
    await until(lambda: not any("due_at" in doc for doc in held(house, seminar, "waiting")))
    return seminar


async def test_one_who_waits_for_what_was_over_gets_in_and_looks_again_when_it_is_to_come(house: House) -> None:
    seminar = await over_with_two_waiting(house)
    assert len(held(house, seminar, "waiting")) == 2
    await house.publish(published("osaka", sequence=3, modes=TWO))
    assert await promoted_in_order(house, 1) == ["m-2"]
    await until(lambda: [("due_at" in doc) for doc in held(house, seminar, "waiting")] == [True])


async def test_what_was_cut_off_behind_a_moved_seminar_is_done_when_its_message_comes_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seminar = await over_with_two_waiting(house)
    unarmed, torn = Registrations.unarmed, list[str]()

    async def once(self: Registrations, site: str, about: str, mode: Mode, most: int) -> list[str]:
        if not torn:
            torn.append(about)
            raise ConnectionError
        return await unarmed(self, site, about, mode, most)

    monkeypatch.setattr(Registrations, "unarmed", once)
    await house.publish(published("osaka", sequence=3, modes=TWO))
    assert await promoted_in_order(house, 1) == ["m-2"]
    assert torn == [seminar]
