"""Seats and queues on the real servers: never oversold, in order, nobody stranded."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from services.events.handlers.box_office import BoxOffice
from shared.contracts.events import CancelRegistration, GetRegistration, GetSeminar, Register
from shared.contracts.message import Answer
from tests.events.conftest import House, Open, member, site_key
from tests.events.words import INSTANT, published
from tests.support.waiting import until


async def register(house: House, seminar: str, name: str, mode: Any = "onsite", *, key: str | None = None) -> Answer:
    return await house.ask(
        Register(seminar=seminar, mode=mode), member(name), key=key or f"{name}-{seminar}", seconds=20
    )


async def cancel(house: House, seminar: str, name: str) -> Answer:
    return await house.ask(CancelRegistration(seminar=seminar), member(name))


async def mine(house: House, seminar: str, name: str) -> Any:
    return (await house.ask(GetRegistration(seminar=seminar), member(name))).data


def nobody_looks() -> bool:
    """Who has just joined a queue looks for a seat in the background, and would find the next one that is freed."""
    looked = BoxOffice.looked.__code__
    return all(getattr(task.get_coro(), "cr_code", None) is not looked for task in asyncio.all_tasks())


def held(house: House, seminar: str, status: str) -> list[dict[str, Any]]:
    return house.stored("registrations", seminar=seminar, kind="registration", status=status)


def never_oversold(house: House, seminar: str, capacity: int) -> None:
    """I2: as many claims as confirmed, each another seat, at most `capacity`."""
    confirmed = held(house, seminar, "confirmed")
    claims = [claim for doc in confirmed for claim in doc["claims"]]
    assert len(set(claims)) == len(claims) == len(confirmed) <= capacity


async def promoted_in_order(house: House, count: int) -> list[str]:
    async def there() -> bool:
        return len(await house.told("events.registration_promoted.v1")) >= count

    await until(there)
    return [each["member"] for each in await house.told("events.registration_promoted.v1")]


async def test_a_member_takes_a_seat_and_asking_again_gives_the_same_one(house: House) -> None:
    seminar = await house.seminar()
    first = await register(house, seminar, "m-1")
    assert (first.status, first.data["status"], first.data["position"]) == (201, "confirmed", None)
    replayed = await register(house, seminar, "m-1")
    assert (replayed.status, replayed.replay, replayed.data) == (201, True, first.data)
    again = await register(house, seminar, "m-1", "online", key="another")
    assert (again.status, again.replay, again.data) == (200, False, first.data)
    assert await mine(house, seminar, "m-1") == first.data
    (told,) = await house.told("events.registration_placed.v1")
    assert (told["member"], told["status"], told["seminar"]["id"]) == ("m-1", "confirmed", seminar)


async def test_the_same_key_with_another_body_is_refused(house: House) -> None:
    seminar = await house.seminar()
    await register(house, seminar, "m-1", key="k")
    reused = await register(house, seminar, "m-1", "online", key="k")
    assert reused.problem is not None
    assert (reused.status, reused.problem.code) == (422, "idempotency-key-reused")


async def test_only_members_register_and_only_for_what_is_there(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    assert (await house.ask(Register(seminar=seminar, mode="onsite"), site_key("osaka"))).status == 403
    assert (await register(house, "nowhere", "m-1")).status == 404
    refused = await register(house, seminar, "m-1", "online")
    assert refused.problem is not None
    assert (refused.problem.code, refused.problem.members) == (
        "mode-not-offered",
        {"mode": "online", "offered": ["onsite"]},
    )
    assert (await cancel(house, seminar, "m-1")).status == 404


async def test_eighty_at_once_for_five_seats_over_three_replicas(open_house: Open) -> None:
    async with open_house(replicas=3) as house:
        seminar = await house.seminar(modes={"onsite": {"capacity": 5}})
        answers = await asyncio.gather(*(register(house, seminar, f"m-{n}") for n in range(80)))
        assert Counter(a.status for a in answers) == {201: 80}
        await until(lambda: len(held(house, seminar, "confirmed")) == 5)
        assert len(held(house, seminar, "waiting")) == 75
        never_oversold(house, seminar, 5)
        positions = [(await mine(house, seminar, d["member"]))["position"] for d in held(house, seminar, "waiting")]
        assert sorted(positions) == list(range(1, 76))
        assert len({d["ticket"] for d in held(house, seminar, "waiting")}) == 75


async def test_one_member_ten_times_at_once_has_one_registration(open_house: Open) -> None:
    async with open_house(replicas=2) as house:
        seminar = await house.seminar()
        answers = await asyncio.gather(*(register(house, seminar, "m-1", key=f"k-{n}") for n in range(10)))
        assert Counter(a.status for a in answers) == {201: 1, 200: 9}
        assert len({a.data["id"] for a in answers}) == 1
        assert len(house.stored("registrations")) == 1


async def test_online_without_a_capacity_takes_everyone(house: House) -> None:
    seminar = await house.seminar(modes={"online": {}})
    answers = await asyncio.gather(*(register(house, seminar, f"m-{n}", "online") for n in range(30)))
    assert {a.data["status"] for a in answers} == {"confirmed"}
    assert all("claims" not in doc for doc in held(house, seminar, "confirmed"))


async def test_a_cancelled_seat_goes_to_the_first_who_waits_and_so_on(open_house: Open) -> None:
    async with open_house(replicas=2) as house:
        seminar = await house.seminar(modes={"onsite": {"capacity": 3}})
        for n in range(8):
            await register(house, seminar, f"m-{n}")
        assert [(await mine(house, seminar, f"m-{n}"))["position"] for n in range(3, 8)] == [1, 2, 3, 4, 5]
        await asyncio.gather(*(cancel(house, seminar, f"m-{n}") for n in range(3)))
        assert await promoted_in_order(house, 3) == ["m-3", "m-4", "m-5"]
        assert (await mine(house, seminar, "m-6"))["position"] == 1
        never_oversold(house, seminar, 3)
        back = await register(house, seminar, "m-0", key="once more")
        assert (back.status, back.data["status"], back.data["position"]) == (201, "waiting", 3)


async def test_cancelling_twice_answers_the_same_and_frees_one_seat(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    for name in ("m-1", "m-2", "m-3"):
        await register(house, seminar, name)
    first, second = await cancel(house, seminar, "m-1"), await cancel(house, seminar, "m-1")
    assert (first.status, second.status, first.data) == (200, 200, second.data)
    assert await promoted_in_order(house, 1) == ["m-2"]
    assert len(await house.told("events.registration_cancelled.v1")) == 1


async def test_one_who_waits_and_cancels_is_never_promoted(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    for name in ("m-1", "m-2", "m-3"):
        await register(house, seminar, name)
    await cancel(house, seminar, "m-2")
    await cancel(house, seminar, "m-1")
    assert await promoted_in_order(house, 1) == ["m-3"]
    assert (await mine(house, seminar, "m-2"))["status"] == "cancelled"


async def test_after_a_cancellation_one_may_register_again(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    first = await register(house, seminar, "m-1", key="a")
    await cancel(house, seminar, "m-1")
    late_retry = await register(house, seminar, "m-1", key="a")
    assert (late_retry.status, late_retry.replay, late_retry.data["status"]) == (201, True, "cancelled")
    again = await register(house, seminar, "m-1", key="b")
    assert (again.status, again.data["status"], again.data["id"]) == (201, "confirmed", first.data["id"])
    never_oversold(house, seminar, 1)


async def test_a_trigger_lost_between_release_and_promotion_strands_nobody(open_house: Open) -> None:
    async with open_house(crash="waitlist.between_release_and_promotion:raise@1") as house:
        seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
        await register(house, seminar, "m-1")
        await register(house, seminar, "m-2")
        await until(nobody_looks)
        await cancel(house, seminar, "m-1")
        assert (await mine(house, seminar, "m-1"))["status"] == "cancelled"
        assert (await mine(house, seminar, "m-2"))["status"] == "waiting"
        due = {"$set": {"due_at": datetime(2026, 1, 1, tzinfo=UTC)}}
        house.admin["events"]["registrations"].update_one({"member": "m-2"}, due)
        assert await promoted_in_order(house, 1) == ["m-2"]


async def test_one_who_still_waits_after_its_timer_has_it_armed_again(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    await register(house, seminar, "m-1")
    await register(house, seminar, "m-2")
    past = datetime(2026, 1, 1, tzinfo=UTC)
    house.admin["events"]["registrations"].update_one({"member": "m-2"}, {"$set": {"due_at": past}})
    await until(lambda: held(house, seminar, "waiting")[0]["due_at"] > past)
    assert held(house, seminar, "waiting")[0]["due_kind"] == "waits"
    assert "due_at" not in held(house, seminar, "confirmed")[0]


async def test_one_who_waits_for_a_seminar_that_is_over_has_no_timer_any_more(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    await register(house, seminar, "m-1")
    await register(house, seminar, "m-2")
    past = [{"zone": "Asia/Tokyo", "date": "2026-01-05"}]
    day = {"precision": "day", "zone": "Asia/Tokyo", "announced": past, "certainty": "final"}
    await house.publish(published("osaka", sequence=2, when=day, modes={"onsite": {"capacity": 1}}))
    await house.receipts(2)
    due = {"$set": {"due_at": datetime(2026, 1, 1, tzinfo=UTC)}}
    house.admin["events"]["registrations"].update_one({"member": "m-2"}, due)
    await until(lambda: "due_at" not in held(house, seminar, "waiting")[0])
    assert (await register(house, seminar, "m-3")).status == 409


async def test_a_raised_capacity_lets_the_first_who_wait_in(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 2}})
    for n in range(6):
        await register(house, seminar, f"m-{n}")
    await house.publish(published("osaka", sequence=2, modes={"onsite": {"capacity": 4}}))
    assert await promoted_in_order(house, 2) == ["m-2", "m-3"]
    never_oversold(house, seminar, 4)


async def test_a_lowered_capacity_puts_nobody_out_and_lets_nobody_in_until_it_fits(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 4}})
    for n in range(5):
        await register(house, seminar, f"m-{n}")
    await house.publish(published("osaka", sequence=2, modes={"onsite": {"capacity": 2}}))

    async def marked() -> bool:
        view = (await house.ask(GetSeminar(id=seminar), member("m-9"))).data
        return bool(view["over_capacity"] == ["onsite"])

    await until(marked)
    assert len(held(house, seminar, "confirmed")) == 4
    for n in range(2):
        await cancel(house, seminar, f"m-{n}")
    assert len(held(house, seminar, "confirmed")) == 2
    assert (await mine(house, seminar, "m-4"))["position"] == 1
    assert not await marked()
    await cancel(house, seminar, "m-2")
    assert await promoted_in_order(house, 1) == ["m-4"]
    never_oversold(house, seminar, 2)


async def test_online_seats_are_counted_from_the_day_they_are_limited(house: House) -> None:
    seminar = await house.seminar(modes={"online": {}})
    for n in range(3):
        await register(house, seminar, f"m-{n}", "online")
    await house.publish(published("osaka", sequence=2, modes={"online": {"capacity": 2}}))
    await until(lambda: all(doc.get("claims") for doc in held(house, seminar, "confirmed")))
    late = await register(house, seminar, "m-9", "online")
    assert late.data["status"] == "waiting"
    assert (await register(house, seminar, "m-0", "online", key="x")).data["status"] == "confirmed"


async def test_after_the_start_a_registration_stands(house: House) -> None:
    begun = {**INSTANT, "starts_at": "2026-01-05T19:00:00-05:00", "ends_at": "2099-12-15T20:30:00-05:00"}
    seminar = await house.seminar(when=begun)
    await register(house, seminar, "m-1")
    refused = await cancel(house, seminar, "m-1")
    assert refused.problem is not None
    assert (refused.status, refused.problem.code) == (409, "too-late")


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_a_burst_beyond_the_capacity_on_either_driver(open_house: Open, driver: str) -> None:
    async with open_house(mongo_driver=driver) as house:
        seminar = await house.seminar(modes={"online": {"capacity": 50}})
        answers = await asyncio.gather(*(register(house, seminar, f"m-{n}", "online") for n in range(60)))
        assert Counter(a.data["status"] for a in answers) == {"confirmed": 50, "waiting": 10}
        never_oversold(house, seminar, 50)
        await asyncio.gather(*(cancel(house, seminar, d["member"]) for d in held(house, seminar, "confirmed")[:5]))
        order = [d["member"] for d in sorted(held(house, seminar, "waiting"), key=lambda d: d["ticket"])]
        promoted = await promoted_in_order(house, 5)
        assert len(held(house, seminar, "waiting")) == 5
        assert not set(order) & set(promoted)
        never_oversold(house, seminar, 50)


async def test_notifys_copy_of_the_audience_is_told_of_every_state(house: House) -> None:
    seminar = await house.seminar(modes={"onsite": {"capacity": 1}})
    await register(house, seminar, "m-1")
    await house.publish(published("osaka", sequence=2, modes={"onsite": {"capacity": 1}}, topics=["fundraising"]))
    await house.receipts(2)
    await register(house, seminar, "m-2")
    await cancel(house, seminar, "m-1")
    await promoted_in_order(house, 1)
    js = house.ops.jetstream()

    async def states() -> dict[str, tuple[str, int]]:
        found = {}
        for doc in house.stored("registrations", kind="registration"):
            message = await js.get_last_msg("STATE", f"state.events.registration.v1.{doc['_id']}")
            data = orjson.loads(message.data or b"")["data"]
            found[data["member"]] = (data["status"], data["seminar_version"])
        return found

    async def settled() -> bool:
        return await states() == {"m-1": ("cancelled", 1), "m-2": ("confirmed", 2)}

    await until(settled)
