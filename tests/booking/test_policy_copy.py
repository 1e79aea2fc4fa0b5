"""The copy of the table of rights: waited for at the start, followed by every replica."""

import asyncio

from services.booking.app import build
from shared.kit.nats.request import Refused
from tests.booking.running import CLERK, House, at_work, settings, tell
from tests.support.booking import TABLE, member_state, organization, table
from tests.support.servers import Servers
from tests.support.waiting import until


async def test_a_replica_waits_for_the_table_before_it_is_ready(clean: Servers) -> None:
    service, ready = build(settings(clean, 1, "system")), asyncio.Event()

    async def runs() -> None:
        async with service.running():
            ready.set()

    running = asyncio.create_task(runs())
    await tell(clean, organization("staff", "linkj_staff"))
    await until(lambda: _has_heard_of(service.collection("copy_organization"), "staff"))
    assert not ready.is_set()
    assert not service.health.ready
    await tell(clean, TABLE)
    await running
    assert ready.is_set()


async def _has_heard_of(copies: object, doc_id: str) -> bool:
    return await copies.find_one({"_id": doc_id}) is not None  # type: ignore[attr-defined]  # a driver's collection


async def test_every_replica_follows_a_new_version_and_freezes_it_into_its_bookings(clean: Servers) -> None:
    await tell(clean, TABLE, organization("staff", "linkj_staff"), member_state("stan", "staff"))
    async with at_work(clean, replicas=3) as house:
        await house.furnish()
        assert (await house.ask(house.wish(), CLERK, key="k1"))["policy"] == "1"
        await tell(clean, table({"kind": "guest"}, version=2))
        await until(lambda: _all_say(house, ["kind-not-allowed", "too-long"]))
        await tell(clean, table({"kind": "linkj_staff"}, version=3))
        await until(lambda: _all_say(house, ["too-long"]))
        assert (await house.ask(house.wish(3), CLERK, key="k2"))["policy"] == "3"


async def _all_say(house: House, codes: list[str]) -> bool:
    """Of thirty questions at once, shared by chance, each replica answers some; the wish is too long for any."""
    wishes = (house.ask(house.wish(24, minutes=600), CLERK, key=f"n{n}") for n in range(30))
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    refused = [each for each in answers if isinstance(each, Refused)]
    assert len(refused) == len(answers)
    return all(sorted(no["code"] for no in each.members["violations"]) == codes for each in refused)


def test_no_replica_judges_by_what_was_read_more_than_half_a_second_ago(clean: Servers) -> None:
    """So a change of rights, memberships or people holds everywhere within one second of it."""
    service = build(settings(clean, 1, "system"))
    judged_by = {"members.policy.v1", "members.organization.v1", "members.member.v1"}
    fresh = {copy.model.wire: copy.fresh_seconds for copy in service.copies.values() if copy.model.wire in judged_by}
    assert fresh == dict.fromkeys(judged_by, 0.5)
