"""The waiting list over fakes: who is asked, in which order, for how long, and what becomes of what nobody takes."""

import asyncio
from datetime import timedelta

import pytest

from services.booking.domain.refusals import (
    SlotTaken,
)
from services.booking.domain.series_placing import SeriesTaken
from shared.contracts.booking import (
    CancelBooking,
    CancelSeries,
    ChangeBooking,
    ChangeSeries,
    ConfirmBooking,
)
from tests.support.booking import NOW, member, member_state, ny, organization, place, to_repeat
from tests.support.waitlist import (
    STAN,
    WALL,
    WaitingHouse,
    accept,
    ask,
    decline,
    freed,
    held,
    interval,
    leave,
    reasons,
    taken,
)

HOUR = timedelta(hours=1)


@pytest.fixture
def house() -> WaitingHouse:
    return WaitingHouse()


async def test_freed_time_is_offered_to_the_first_and_accepted_is_their_booking(house: WaitingHouse) -> None:
    theirs = await taken(house)
    first, second = [await house.wait(name) for name in ("ana", "ben")]
    assert (first.doc["status"], first.doc["ticket"], second.doc["ticket"]) == ("waiting", 1, 2)
    await freed(house, theirs)
    assert [await house.standing(each) for each in (first, second)] == ["offered", "waiting"]
    doc = held(house, first)
    assert (doc["status"], doc["booked_for"], doc["waitlist"]) == ("held", "ana", first.doc["_id"])
    assert doc["expires_at"] == NOW + 2 * HOUR
    assert (await accept(house, first)).doc["status"] == "accepted"
    assert (held(house, first)["status"], held(house, first)["log"][-1]["actor"]) == ("confirmed", "ana")
    assert await house.standing(second) == "waiting"


async def test_what_is_free_is_offered_at_once_to_who_joins(house: WaitingHouse) -> None:
    first = await house.wait("ana")
    assert first.doc["status"] == "offered"
    assert (await house.wait("ben")).doc["status"] == "waiting"


async def test_declined_run_out_or_given_up_it_goes_to_the_next_at_once(house: WaitingHouse) -> None:
    await taken(house)
    names = [*(f"m{n}" for n in range(4)), "ana"]
    for name in names:
        house.members[name] = member_state(name, "org-a", time_zone="America/New_York")
    people = [await house.wait(name) for name in names]
    await freed(house, next(iter(house.bookings.memory.docs)))
    assert await house.standing(people[0]) == "offered"
    assert (await decline(house, people[0], member("m0"))).doc["status"] == "declined"
    assert await house.standing(people[1]) == "offered"
    assert (await leave(house, people[1], member("m1"))).doc["status"] == "cancelled"
    assert await house.standing(people[2]) == "offered"
    await house.run_to(NOW + 2 * HOUR)
    assert [await house.standing(each) for each in people[2:4]] == ["lapsed", "offered"]
    assert held(house, people[3])["expires_at"] == NOW + 4 * HOUR
    booking = held(house, people[3])["_id"]
    await house.handle.cancel_booking(ask(CancelBooking(id=booking), member("m3")))
    await house.settled()
    assert [await house.standing(each) for each in people] == [
        "declined",
        "cancelled",
        "lapsed",
        "declined",
        "offered",
    ]
    await house.handle.confirm_booking(ask(ConfirmBooking(id=held(house, people[4])["_id"])))
    await house.settled()
    assert await house.standing(people[4]) == "accepted"


async def test_who_is_asleep_keeps_their_turn_and_who_is_awake_gets_it_at_once(house: WaitingHouse) -> None:
    theirs = await taken(house, "2026-12-15 13:00")
    house.clock.at = ny("2026-12-15 12:10")  # 02:10 in Tokyo
    tokyo, york = [await house.wait(name, "2026-12-15 13:00") for name in ("cho", "ben")]
    await freed(house, theirs)
    assert [await house.standing(each) for each in (tokyo, york)] == ["waiting", "offered"]
    assert reasons(house, tokyo) == ["asleep"]
    assert house.waits_doc(tokyo)["ticket"] < house.waits_doc(york)["ticket"]
    await decline(house, york, member("ben"))
    assert await house.standing(tokyo) == "waiting"
    await house.run_to(ny("2026-12-15 13:00"))
    assert await house.standing(tokyo) == "expired"


async def test_who_is_asleep_is_asked_first_where_the_morning_comes_before_the_start(house: WaitingHouse) -> None:
    theirs = await taken(house)
    house.clock.at = ny("2026-12-15 12:10")
    tokyo, york = [await house.wait(name) for name in ("cho", "ben")]
    await freed(house, theirs)
    assert [await house.standing(each) for each in (tokyo, york)] == ["offered", "waiting"]
    assert held(house, tokyo)["expires_at"] == ny(WALL)  # 09:00 in Tokyo, after an hour of their two


async def test_an_offer_runs_only_while_they_are_awake(house: WaitingHouse) -> None:
    await taken(house)
    house.clock.at = ny("2026-12-14 12:10")
    tokyo = await house.wait("cho")
    await freed(house, next(iter(house.bookings.memory.docs)))
    assert held(house, tokyo)["expires_at"] == ny("2026-12-14 20:00")  # 10:00 in Tokyo
    await house.run_to(ny("2026-12-14 19:59"))
    assert (await accept(house, tokyo, member("cho"))).doc["status"] == "accepted"


async def test_nothing_is_offered_from_the_start_on(house: WaitingHouse) -> None:
    theirs = await taken(house)
    waits = await house.wait("ana")
    house.clock.at = ny(WALL) - timedelta(milliseconds=1)
    await house.handle.cancel_booking(ask(CancelBooking(id=theirs), STAN))
    house.clock.at = ny(WALL)
    await house.settled()
    assert await house.standing(waits) == "waiting"
    await house.run_to(ny(WALL))
    assert await house.standing(waits) == "expired"
    assert "claims" not in house.waits_doc(waits)


async def test_who_comes_while_someone_waits_waits(house: WaitingHouse) -> None:
    theirs = await taken(house)
    first = await house.wait("ana")
    house.bookings._heard.clear()  # the trigger is lost
    await house.handle.cancel_booking(ask(CancelBooking(id=theirs), STAN))
    with pytest.raises(SlotTaken) as refused:
        await place(house, "b1", member("ben"))
    assert set(refused.value.members["conflicts"][0]) == {"resource", "starts_at", "ends_at"}
    assert await house.standing(first) == "offered"
    other = await place(house, "b2", member("ben"), wall="2026-12-15 12:00")
    move = ChangeBooking(id=other.doc["_id"], starts_at=ny(WALL), ends_at=ny(WALL) + HOUR)
    with pytest.raises(SlotTaken):
        await house.moving.change_booking(ask(move, member("ben"), if_match=1))


async def test_a_series_gives_way_too(house: WaitingHouse) -> None:
    theirs = await taken(house)
    first = await house.wait("ana")
    house.bookings._heard.clear()
    await house.handle.cancel_booking(ask(CancelBooking(id=theirs), STAN))
    with pytest.raises(SeriesTaken):
        await house.repeat.place_series(ask(to_repeat(), member("ben"), key="b1"))
    assert await house.standing(first) == "offered"


async def test_what_a_series_gives_back_is_offered(house: WaitingHouse) -> None:
    placed = await house.repeat.place_series(ask(to_repeat(), STAN, key="s1"))
    first, other = await house.wait("ana"), await house.wait("ben", "2026-12-22 19:00")
    assert [each.doc["status"] for each in (first, other)] == ["waiting", "waiting"]
    one = CancelSeries(id=placed.doc["_id"], scope="one", index=0)
    await house.repeat.cancel_series(ask(one, STAN))
    await house.settled()
    assert [await house.standing(each) for each in (first, other)] == ["offered", "waiting"]


async def test_what_a_changed_series_moves_away_from_is_offered(house: WaitingHouse) -> None:
    placed = await house.repeat.place_series(ask(to_repeat(), STAN, key="s1"))
    first, other = await house.wait("ana"), await house.wait("ben", "2026-12-22 19:00")
    start = ny("2026-12-15 10:00")
    later = ChangeSeries(
        id=placed.doc["_id"], scope="one", index=0, starts_at=start, ends_at=start + timedelta(hours=1)
    )
    await house.reshape.change_series(ask(later, STAN, if_match=1))
    await house.settled()
    assert [await house.standing(each) for each in (first, other)] == ["offered", "waiting"]


async def test_time_nobody_waits_for_as_a_whole_stays_free_for_all(house: WaitingHouse) -> None:
    await taken(house)
    await house.wait("ana", "2026-12-15 18:00", 120)
    beside = await place(house, "b1", member("ben"), wall="2026-12-15 17:00", minutes=45)
    within = await place(house, "b2", member("ben"), wall="2026-12-15 18:00", minutes=45)
    assert [each.doc["status"] for each in (beside, within)] == ["confirmed", "confirmed"]


async def test_of_two_rooms_either_will_do_for_who_waits_for_a_kind(house: WaitingHouse) -> None:
    for room in ("room-a", "room-b"):
        await place(house, f"stan-{room}", STAN, resource=room)
    rooms = list(house.bookings.memory.docs)
    first, second, third = [
        await house.wait("ana", kind="room"),
        await house.wait("ben"),
        await house.wait("ben", kind="room", attendees=5),
    ]
    await freed(house, rooms[1])
    assert [await house.standing(each) for each in (first, second, third)] == ["offered", "waiting", "waiting"]
    assert held(house, first)["resource"] == "room-b"
    await freed(house, rooms[0])
    assert [await house.standing(each) for each in (first, second, third)] == ["offered", "offered", "waiting"]
    await decline(house, first)
    assert reasons(house, third) == ["too-many-attendees"]
    await decline(house, second, member("ben"))
    assert held(house, third)["resource"] == "room-a"


async def test_who_may_no_longer_is_passed_over_with_the_reason_and_keeps_their_place(house: WaitingHouse) -> None:
    theirs = await taken(house)
    house.organizations["org-b"] = organization("org-b")
    house.members["bea"] = member_state("bea", "org-b", time_zone="America/New_York")
    first = await house.wait("bea", by=member("bea", "org-b"))
    second = await house.wait("ana")
    house.organizations["org-b"] = organization("org-b", status="suspended")
    await freed(house, theirs)
    assert [await house.standing(each) for each in (first, second)] == ["waiting", "offered"]
    assert reasons(house, first) == ["membership-not-active"]
    version = house.waits_doc(first)["version"]
    await house.offering.looked("nyc", interval(first))
    assert house.waits_doc(first)["version"] == version
    house.organizations["org-b"] = organization("org-b")
    await decline(house, second)
    assert await house.standing(first) == "offered"
    assert "skipped" not in house.waits_doc(first)


async def test_one_who_cannot_be_judged_holds_up_nobody(house: WaitingHouse) -> None:
    theirs = await taken(house)
    first, second, third = [await house.wait(name) for name in ("ana", "ben", "cho")]
    house.members["ana"] = member_state("ana", "org-a", active=False)
    house.members["ben"] = member_state("ben")
    await freed(house, theirs)
    assert [await house.standing(each) for each in (first, second, third)] == ["waiting", "waiting", "offered"]
    assert [reasons(house, each) for each in (first, second)] == [["member-not-active"], ["no-organization"]]


async def test_an_offer_draws_hours_and_without_hours_left_there_is_none(house: WaitingHouse) -> None:
    house.organizations["org-a"] = organization(kind="special_member_c")
    theirs = await taken(house)
    spent = await place(house, "a1", wall="2026-12-15 10:00", minutes=300)
    waits = await house.wait("ben")
    await freed(house, theirs)
    assert reasons(house, waits) == ["quota-exceeded"]
    await house.handle.cancel_booking(ask(CancelBooking(id=spent.doc["_id"])))
    await house.settled()
    await house.run_to(NOW + timedelta(seconds=15))
    assert await house.standing(waits) == "offered"
    assert sum(claim.startswith("quota|") for claim in held(house, waits)["claims"]) == 4


async def test_the_timer_finds_what_every_trigger_missed(house: WaitingHouse) -> None:
    theirs = await taken(house)
    first = await house.wait("ana")
    house.bookings._heard.clear()
    await house.handle.cancel_booking(ask(CancelBooking(id=theirs), STAN))
    assert await house.standing(first) == "waiting"
    await house.run_to(NOW + timedelta(seconds=15))
    assert await house.standing(first) == "offered"


async def test_however_many_look_at_once_one_is_asked_and_it_is_the_first(house: WaitingHouse) -> None:
    theirs = await taken(house)
    names = [f"m{n}" for n in range(12)]
    for name in names:
        house.members[name] = member_state(name, "org-a", time_zone="America/New_York")
    people = [await house.wait(name) for name in names]
    replicas = [house.replica(house.bookings, seed)[0] for seed in range(4)]
    await house.handle.cancel_booking(ask(CancelBooking(id=theirs), STAN))
    await asyncio.gather(*(each.looked("nyc", interval(people[0])) for each in replicas for _ in range(3)))
    await house.settled()
    assert [await house.standing(each) for each in people] == ["offered", *["waiting"] * 11]
    offers = [doc for doc in house.bookings.memory.docs.values() if "waitlist" in doc]
    assert [(doc["status"], doc["booked_for"]) for doc in offers] == [("held", "m0")]
