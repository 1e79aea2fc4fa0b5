"""Who waits and when they are looked at again, where something changes in between."""

import asyncio
from typing import Any

import pytest

from services.events.domain.registration import Registration
from services.events.store.registrations import Registrations
from shared.contracts.message import Answer
from tests.events.conftest import House
from tests.events.test_registration import cancel, mine, nobody_looks, promoted_in_order, register
from tests.support.waiting import until


async def test_one_who_went_over_to_another_queue_meanwhile_gets_no_seat_there(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}, "online": {"capacity": 1}})
    await register(house, seminar, "m-1")
    await register(house, seminar, "m-2", "online")
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
    await cancel(house, seminar, "m-1")
    await asyncio.gather(*leaving)
    there = await mine(house, seminar, "m-3")
    assert (there["mode"], there["status"], there["position"]) == ("online", "waiting", 1)
    assert await promoted_in_order(house, 1) == ["m-4"]
