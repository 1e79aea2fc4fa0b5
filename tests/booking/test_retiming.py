"""The job after a zone's rules have changed, over the fake and over the real store with both drivers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.booking.domain.claims import of_place
from services.booking.queries.views import booking_view
from services.booking.store import Bookings
from services.booking.store.mapping import booking_of
from shared.contracts.booking import CancelBooking, ChangeBooking, ConfirmBooking, RetimedView
from shared.kernel.refusal import Forbidden, NotFound
from shared.kit.documents import Stored
from tests.booking.moved_clocks import FAR, HOUR, STAN, World
from tests.support.booking import OPERATOR, ROOM, asked, member, ny, quota_of
from tests.support.retiming import SUMMER_FOR_EVER, WINTER_FOR_EVER, new_rules, retimed

EARLIER, LATER = (SUMMER_FOR_EVER, "2026-12-15", -HOUR), (WINTER_FOR_EVER, "2027-04-13", HOUR)
BOTH = pytest.mark.parametrize(("rules", "day", "by"), [EARLIER, LATER], ids=["earlier", "later"])


@BOTH
async def test_a_booking_gets_the_instant_that_shows_what_was_meant(
    world: World, rules: str, day: str, by: timedelta
) -> None:
    booking = await world.book("k1", f"{day} 19:00", by=None)
    before = await world.doc(booking)
    with new_rules(world.folder, rules):
        shown = booking_view(before).local
        assert (shown.start, before["local"]["start"]) == (f"{19 - by // HOUR}:00", "19:00")
        done = await retimed(world.job())
        after = await world.doc(booking)
        assert (done.looked_at, done.moved, done.stayed, done.more) == (1, 1, (), False)
        assert booking_view(after).local.model_dump() == before["local"] == after["local"]
    assert (after["starts_at"], after["ends_at"]) == (before["starts_at"] + by, before["ends_at"] + by)
    assert after["version"] == before["version"] + 1
    assert quota_of(after) == quota_of(before)
    assert {*of_place(after["claims"])} == {*ROOM.claims(booking_of(after).interval)}


async def test_the_record_says_who_did_it_and_why_and_one_event_tells_its_people(world: World) -> None:
    booking = await world.book("k1")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        await retimed(world.job())
    *_, entry = (await world.doc(booking))["log"]
    assert (entry["type"], entry["actor"]) == ("booking.booking_moved.v1", "ops")
    assert entry["data"]["because"] == "time-zone-rules"
    assert len(entry["data"]["taken"]) == len(entry["data"]["released"]) == 1
    assert entry["correlationid"] == "corr-1"


@BOTH
async def test_those_directly_behind_each_other_make_room_for_each_other(
    world: World, rules: str, day: str, by: timedelta
) -> None:
    """Each stands where the next has to go."""
    walls = [f"{day} {hour}:00" for hour in (20, 18, 21, 19, 17)]
    ids = [await world.book(wall, wall) for wall in walls]
    ids += [await world.book(f"b{wall}", wall, resource="room-b", by=None) for wall in walls[:2]]
    both = await world.book("both", f"{day} 16:00", resource="room-ab")
    before = await world.starts(*ids, both)
    with new_rules(world.folder, rules):
        done = await retimed(world.job())
    assert (done.looked_at, done.moved, done.stayed) == (8, 8, ())
    assert await world.starts(*ids, both) == [at + by for at in before]
    assert [(await world.doc(each))["version"] for each in ids] == [2] * 7
    stored = await world.doc(both)
    assert {claim.split("|")[0] for claim in of_place(stored["claims"])} == {"room-a", "room-b"}


async def test_again_or_at_two_replicas_at_once_nothing_is_done_twice(world: World) -> None:
    ids = [await world.book(f"k{hour}", f"2026-12-15 {hour}:00") for hour in range(10, 20)]
    series = await world.repeat("s", "2026-12-16 19:00")
    before = await world.starts(*ids)
    with new_rules(world.folder, SUMMER_FOR_EVER):
        one, other = await asyncio.gather(retimed(world.job()), retimed(world.job()))
        again = await retimed(world.job())
    assert one.moved + other.moved == 14
    assert (again.looked_at, again.moved, again.stayed) == (14, 0, ())
    assert await world.starts(*ids) == [at - HOUR for at in before]
    for doc in (await world.repeated(series), *[await world.doc(each) for each in ids]):
        assert [entry["type"].split(".")[1] for entry in doc["log"]][1:] in (["booking_moved"], ["series_changed"])


async def test_what_was_changed_under_the_new_rules_before_still_knows_what_was_meant(world: World) -> None:
    provisional = await world.book("k1", mode="provisional", by=None)
    moved = await world.book("k2", "2026-12-16 19:00", by=None)
    with new_rules(world.folder, SUMMER_FOR_EVER):
        await world.house.handle.confirm_booking(asked(ConfirmBooking(id=provisional), deadline=FAR))
        to: Any = {"starts_at": ny("2026-12-17 18:00"), "ends_at": ny("2026-12-17 19:00")}
        await world.house.moving.change_booking(asked(ChangeBooking(id=moved, **to), deadline=FAR))
        done = await retimed(world.job())
    assert (done.moved, done.stayed) == (1, ())
    assert await world.starts(provisional, moved) == [ny("2026-12-15 18:00"), ny("2026-12-17 18:00")]


async def test_a_provisional_one_is_moved_with_its_deadline(world: World) -> None:
    booking = await world.book("k1", "2026-12-04 19:00", mode="provisional", by=None)
    assert (await world.doc(booking))["expires_at"] == ny("2026-12-04 19:00")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        await retimed(world.job())
    doc = await world.doc(booking)
    assert (doc["status"], doc["expires_at"]) == ("provisional", ny("2026-12-04 18:00"))
    assert doc["due_at"] <= doc["expires_at"]


@BOTH
async def test_what_somebody_has_booked_meanwhile_stays_theirs_and_is_told(
    world: World, rules: str, day: str, by: timedelta
) -> None:
    first, second = f"{day} 18:00", f"{day} 19:00"
    ids = [await world.book(wall, wall) for wall in (first, second)]
    ahead = ids[0] if by < timedelta() else ids[1]
    with new_rules(world.folder, rules):
        taken = (await world.doc(ahead))["starts_at"] + by
        meanwhile = await world.book("new", starts_at=taken, ends_at=taken + HOUR / 2)
        done = await retimed(world.job())
        assert (done.looked_at, done.moved) == (3, 0)
        assert {each.id: each.reason for each in done.stayed} == dict.fromkeys(ids, "slot-taken")
        assert {each.meant.start for each in done.stayed} == {"18:00", "19:00"}
        assert (await world.doc(meanwhile))["starts_at"] == taken
        cancel = asked(CancelBooking(id=meanwhile), STAN, deadline=FAR)
        await world.house.handle.cancel_booking(cancel)
        assert (await retimed(world.job())).moved == 2
    assert [(await world.doc(each))["version"] for each in ids] == [2, 2]


async def test_who_is_in_the_way_only_until_their_time_is_up_is_not_in_the_way_after(world: World) -> None:
    booking = await world.book("k1")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        hold = await world.book("h", starts_at=ny("2026-12-15 18:00"), ends_at=ny("2026-12-15 18:30"), mode="hold")
        assert (await retimed(world.job())).moved == 0
        world.house.clock.at += HOUR
        assert (await retimed(world.job())).moved == 1
    assert (await world.doc(hold))["status"] == "expired"
    assert await world.starts(booking) == [ny("2026-12-15 18:00")]


async def test_killed_in_the_middle_it_goes_on_where_it_was(world: World) -> None:
    ids = [await world.book(f"k{hour}", f"2026-12-15 {hour}:00") for hour in range(10, 16)]
    job = world.job()
    dying = Dying(world.bookings._documents)
    with new_rules(world.folder, SUMMER_FOR_EVER):
        with pytest.raises(ConnectionError):
            await retimed(replace(job, bookings=dying))
        versions = [(await world.doc(each))["version"] for each in ids]
        assert sorted(versions) == [1, 1, 1, 2, 2, 2]
        assert (await retimed(job)).moved == 3
    assert [(await world.doc(each))["version"] for each in ids] == [2] * 6


class Dying(Bookings):
    """Dies after its third change."""

    left = 3

    async def change(self, *args: Any, **more: Any) -> Stored:
        if not self.left:
            raise ConnectionError
        self.left -= 1
        return await super().change(*args, **more)


async def test_a_dry_run_tells_who_would_stay_behind_one_that_stays(world: World) -> None:
    walls = [f"2026-12-15 {hour}:00" for hour in (20, 19, 18, 15)]
    ids = [await world.book(wall, wall) for wall in walls]
    with new_rules(world.folder, SUMMER_FOR_EVER):
        await world.book("new", starts_at=ny("2026-12-15 17:00"), ends_at=ny("2026-12-15 17:30"))
        dry, done = await retimed(world.job(), dry_run=True), await retimed(world.job())
    assert dry == done
    assert (done.moved, {each.id for each in done.stayed}) == (1, {*ids[:3]})


async def test_while_people_book_nothing_is_lost_and_nothing_is_there_twice(world: World) -> None:
    """Whoever gets what an old booking was meant for: that one stays, and staff hear of it."""
    ids = [await world.book(f"k{hour}", f"2026-12-15 {hour}:00") for hour in range(10, 20)]
    before = await world.starts(*ids)
    with new_rules(world.folder, SUMMER_FOR_EVER):
        wishes = [
            world.book(f"n{hour}", starts_at=ny(f"2026-12-15 {hour:02d}:00"), ends_at=ny(f"2026-12-15 {hour:02d}:15"))
            for hour in range(9, 20)
        ]
        done, *_ = await asyncio.gather(retimed(world.job()), *wishes, return_exceptions=True)
        again = await retimed(world.job())
    after = await world.starts(*ids)
    assert isinstance(done, RetimedView)
    assert again.stayed == done.stayed
    stayed = {each.id for each in done.stayed}
    assert after == [at if each in stayed else at - HOUR for each, at in zip(ids, before, strict=True)]
    assert all([(await world.doc(each))["claims"] for each in ids])


async def test_it_works_in_turns_and_a_dry_run_writes_nothing(world: World) -> None:
    ids = [await world.book(f"k{hour}", f"2026-12-15 {hour}:00") for hour in (10, 11, 12)]
    with new_rules(world.folder, SUMMER_FOR_EVER):
        await world.book("new", starts_at=ny("2026-12-15 11:00"), ends_at=ny("2026-12-15 11:15"), resource="room-b")
        dry = await retimed(world.job(most=1), dry_run=True)
        assert (dry.moved, dry.stayed, dry.more) == (3, (), False)
        assert [(await world.doc(each))["version"] for each in ids] == [1] * 3
        turns = [await retimed(world.job(most=2)) for _ in range(3)]
    assert [(turn.moved, turn.more) for turn in turns] == [(2, True), (1, False), (0, False)]


async def test_what_the_clocks_skip_and_what_would_have_begun_stays_and_is_told(world: World) -> None:
    skipped, soon = await world.book("k1"), await world.book("k2", "2026-12-01 10:45")
    with new_rules(world.folder, "EST5EDT,J349/18:30,J350"):
        done = await retimed(world.job())
        assert {each.id: each.reason for each in done.stayed} == {skipped: "nonexistent-local-time"}
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
        assert {each.id: each.reason for each in done.stayed} == {soon: "has-begun"}


async def test_what_is_over_or_has_begun_is_not_looked_at(world: World) -> None:
    over = await world.book("k1")
    await world.house.handle.cancel_booking(asked(CancelBooking(id=over), STAN, deadline=FAR))
    running = await world.book("k2", "2026-12-02 10:00", 240)
    world.house.clock.at = ny("2026-12-02 11:00")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
    assert (done.looked_at, done.moved) == (0, 0)
    assert await world.starts(running) == [ny("2026-12-02 10:00")]


async def test_only_operators_may_and_only_where_there_is_a_site(world: World) -> None:
    for nobody in (member(), STAN):
        with pytest.raises(Forbidden):
            await retimed(world.job(), nobody)
    with pytest.raises(NotFound):
        await retimed(world.job(), OPERATOR, site="atlantis")
