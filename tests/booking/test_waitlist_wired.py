"""The waiting list on running replicas: asked over NATS, told on the stream, rescued by timers, fair among replicas."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from services.booking.domain import waiting
from shared.contracts.booking import (
    AcceptOffer,
    CancelBooking,
    DeclineOffer,
    GetBooking,
    GetWait,
    JoinWaitlist,
    LeaveWaitlist,
    ListWaits,
    PersonalDataInBooking,
    WaitlistEnded,
    WaitlistOffered,
)
from shared.contracts.members import MemberState
from shared.kernel.ids import new_id
from shared.kit import crash
from tests.booking.running import House, at_work, last, now, tell
from tests.support.booking import TABLE, member, member_state, organization, staff
from tests.support.servers import Servers
from tests.support.waiting import until

CLERK = staff()


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    crash.configure("")


@pytest.fixture
async def house(clean: Servers) -> AsyncIterator[House]:
    """Three replicas; people who are awake at every hour, each on a clock that now shows the middle of the day."""
    awake = next(zone for zone, hour in ZONES.items() if 9 <= (now().hour + hour) % 24 < 17)
    spring = now().date().replace(month=1, day=1)
    period = {"starts_on": spring, "ends_on": spring.replace(year=spring.year + 2)}
    names = ["ana", "ben", *(f"m{n}" for n in range(8))]
    people = [member_state(name, "org-a", time_zone=awake) for name in names]
    orgs = [organization(membership=period), organization("staff", "linkj_staff", membership=period)]
    await tell(clean, TABLE, *orgs, *people, member_state("stan", "staff", time_zone=awake))
    async with at_work(clean, replicas=3) as at:
        await at.furnish()
        yield at


ZONES = {"UTC": 0, "Asia/Tokyo": 9, "America/Phoenix": -7, "Asia/Dubai": 4, "Pacific/Honolulu": -10}
"""Zones without summer time, by their hours ahead: one of them is always in the middle of its day."""


async def booked(house: House, hour: float = 0) -> str:
    return str((await house.ask(house.wish(hour), CLERK, key=new_id(now())))["id"])


async def waits(house: House, name: str, hour: float = 0, **more: Any) -> dict[str, Any]:
    wanted = house.wish(hour)
    join = JoinWaitlist(site="nyc", resource="room-a", starts_at=wanted.starts_at, ends_at=wanted.ends_at, **more)
    joined: dict[str, Any] = await house.ask(join, member(name), key=new_id(now()))
    return joined


async def shown(house: House, entry: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await house.ask(GetWait(id=entry["id"]), CLERK)
    return found


async def becomes(house: House, entry: dict[str, Any], status: str, **more: Any) -> None:
    async def is_so() -> bool:
        return bool((await shown(house, entry))["status"] == status)

    await until(is_so, **more)


async def test_from_joining_to_a_booking_and_what_is_told_of_it(house: House, clean: Servers) -> None:
    theirs = await booked(house)
    first, second = [await waits(house, name) for name in ("ana", "ben")]
    assert [(each["status"], each["position"]) for each in (first, second)] == [("waiting", 1), ("waiting", 2)]
    await house.ask(CancelBooking(id=theirs), CLERK)
    await becomes(house, first, "offered")
    mine = await house.ask(GetWait(id=first["id"]))
    assert mine["offer"]["resource"] == "room-a"
    said = await last(clean, f"evt.{WaitlistOffered.wire}.{first['id']}")
    assert (said["booking"], said["booked_for"]) == (mine["offer"]["booking"], "ana")
    assert (await shown(house, second))["position"] == 1
    accepted = await house.ask(AcceptOffer(id=first["id"]), if_match=mine["version"])
    booking = await house.ask(GetBooking(id=mine["offer"]["booking"]))
    assert (accepted["status"], booking["status"], booking["waitlist"]) == ("accepted", "confirmed", first["id"])
    assert (await last(clean, f"evt.{WaitlistEnded.wire}.{first['id']}"))["status"] == "accepted"
    assert (await house.ask(ListWaits(status="waiting"), member("ben")))["items"][0]["id"] == second["id"]
    assert len((await house.ask(ListWaits(site="nyc"), CLERK))["items"]) == 2


async def test_what_is_anothers_is_not_there_and_what_is_over_is_gone(house: House) -> None:
    entry = await waits(house, "ana")
    assert entry["status"] == "offered"
    for said in (GetWait, AcceptOffer, DeclineOffer, LeaveWaitlist):
        assert (await house.refusal(said(id=entry["id"]), member("ben"))).status == 404
    assert (await house.ask(ListWaits(), member("ben")))["items"] == []
    assert (await house.ask(DeclineOffer(id=entry["id"])))["status"] == "declined"
    gone = await house.refusal(AcceptOffer(id=entry["id"]))
    assert (gone.code, gone.status) == ("offer-over", 410)


async def test_of_eight_who_wait_each_gets_their_turn_and_nobody_two_at_a_time(house: House) -> None:
    theirs = await booked(house)
    names = [f"m{n}" for n in range(8)]
    joined = await asyncio.gather(*(waits(house, name) for name in names))
    # All are there now; while they came, two could not always tell who of them was in front.
    in_line = sorted([await shown(house, each) for each in joined], key=lambda each: int(each["position"]))
    assert [each["position"] for each in in_line] == [*range(1, 9)]
    await house.ask(CancelBooking(id=theirs), CLERK)
    for n, entry in enumerate(in_line):
        await becomes(house, entry, "offered")
        live = [
            each for each in (await house.ask(ListWaits(site="nyc"), CLERK))["items"] if each["status"] == "offered"
        ]
        assert [each["id"] for each in live] == [entry["id"]]
        answer: Any = LeaveWaitlist if n % 2 else DeclineOffer
        await house.ask(answer(id=entry["id"]), member(entry["booked_for"]))


@pytest.mark.parametrize("point", ["waitlist.between_release_and_offer", "waitlist.between_offer_and_mark"])
async def test_a_trigger_lost_on_the_way_strands_nobody(
    house: House, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "_SOON", waiting._SOON / 15)
    theirs = await booked(house)
    first, second = [await waits(house, name) for name in ("ana", "ben")]
    crash.configure(f"{point}:raise@1")
    await house.ask(CancelBooking(id=theirs), CLERK)
    await becomes(house, first, "offered")
    assert (await shown(house, second))["status"] == "waiting"


async def test_who_leaves_waits_no_more_and_the_next_is_asked(house: House, clean: Servers) -> None:
    first, second = [await waits(house, name) for name in ("ana", "ben")]
    assert [first["status"], second["status"]] == ["offered", "waiting"]
    await tell(clean, MemberState(id="ana", sequence=2, organizations=(), active=False))
    await becomes(house, first, "cancelled")
    assert (await shown(house, first))["because"] == "member-left"
    await becomes(house, second, "offered")


async def test_what_somebody_waits_for_is_in_their_export_and_gone_with_them(house: House, clean: Servers) -> None:
    await booked(house)
    first, second = [await waits(house, name, purpose="カナリア") for name in ("ana", "ben")]
    data = await house.ask(PersonalDataInBooking(member="ana"))
    (row,) = data["sections"][1]["rows"]
    assert (data["sections"][1]["key"], row["id"], row["purpose"]) == ("waits", first["id"], "カナリア")
    await tell(clean, MemberState(id="ana", sequence=2, erased=True, active=False))
    await becomes(house, first, "cancelled")
    assert (await shown(house, first))["purpose"] is None
    left = await house.ask(GetWait(id=second["id"]), member("ben"))
    assert (left["position"], left["purpose"]) == (1, "カナリア")
