"""The same job: series, and those who wait."""

from typing import Any

from services.booking.domain.viewer import ITSELF
from services.booking.queries.views import series_view
from services.booking.store.series_mapping import series_of
from shared.contracts.booking import CancelBooking, ChangeBooking
from tests.booking.moved_clocks import FAR, HOUR, STAN, World
from tests.support.booking import asked, member, ny
from tests.support.retiming import SUMMER_FOR_EVER, new_rules, retimed


async def test_a_series_is_moved_by_one_write_where_the_clocks_differ_and_nowhere_else(world: World) -> None:
    series = await world.repeat("s", "2027-02-23 19:00", recurrence="FREQ=WEEKLY;COUNT=8")
    before = await world.repeated(series)
    with new_rules(world.folder, "EST5EDT,M4.1.0,M10.5.0"):
        done = await retimed(world.job())
        after = await world.repeated(series)
        assert {each.local.start for each in series_view(after).occurrences} == {"19:00"}
    assert (done.looked_at, done.moved, done.stayed) == (8, 3, ())
    shifts = [
        now["starts_at"] - was["starts_at"]
        for was, now in zip(before["occurrences"], after["occurrences"], strict=True)
    ]
    assert shifts == [0 * HOUR] * 3 + [HOUR] * 3 + [0 * HOUR] * 2
    entry = after["log"][-1]
    assert (after["version"], entry["type"]) == (2, "booking.series_changed.v1")
    assert [each["index"] for each in entry["data"]["occurrences"]] == [3, 4, 5]
    assert (entry["data"]["because"], entry["actor"]) == ("time-zone-rules", "ops")
    assert len(after["claims"]) == len({*after["claims"]}) == len(before["claims"])


async def test_a_series_waits_until_all_of_it_can_move_and_then_moves_at_once(world: World) -> None:
    series = await world.repeat("s", recurrence="FREQ=WEEKLY;COUNT=2")
    ahead = await world.book("k1", "2026-12-22 18:00")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
    assert (done.moved, done.stayed) == (3, ())
    assert ((await world.repeated(series))["version"], (await world.doc(ahead))["version"]) == (2, 2)


async def test_two_series_in_each_others_way_change_places_time_by_time(world: World) -> None:
    one = await world.repeat("s1", "2026-12-15 18:00", recurrence="FREQ=WEEKLY;COUNT=2")
    other = await world.repeat("s2", "2026-12-15 19:00", recurrence="FREQ=WEEKLY;COUNT=2")
    for series, wall in ((one, "2026-12-22 20:00"), (other, "2026-12-22 18:00"), (one, "2026-12-22 19:00")):
        booking = f"{series}-1"
        to: Any = {"starts_at": ny(wall), "ends_at": ny(wall) + 45 * HOUR / 60}
        await world.house.moving.change_booking(asked(ChangeBooking(id=booking, **to), STAN, deadline=FAR))
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
        docs = [await world.repeated(each) for each in (one, other)]
        walls = [[each.local.start for each in series_view(doc).occurrences] for doc in docs]
    assert (done.moved, done.stayed) == (4, ())
    assert walls == [["18:00", "19:00"], ["19:00", "18:00"]]


async def test_only_the_times_of_a_series_that_meet_others_stay(world: World) -> None:
    series = await world.repeat("s", recurrence="FREQ=WEEKLY;COUNT=3")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        await world.book("new", starts_at=ny("2026-12-22 18:00"), ends_at=ny("2026-12-22 18:30"))
        done = await retimed(world.job())
        assert done.moved == 2
        assert [(each.kind, each.id, each.index, each.reason) for each in done.stayed] == [
            ("series", series, 1, "slot-taken")
        ]
        assert (await retimed(world.job())).stayed == done.stayed
    starts = [each.booking.interval.start for each in series_of(await world.repeated(series)).occurrences]
    assert starts == [ny("2026-12-15 18:00"), ny("2026-12-22 19:00"), ny("2026-12-29 18:00")]


async def test_a_series_that_follows_another_zones_wall_stays_where_that_shows_it(world: World) -> None:
    series = await world.repeat("s", "2026-12-15 19:00", anchor_zone="Asia/Tokyo")
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
    assert (done.anchored_elsewhere, done.moved, done.stayed) == (4, 0, ())
    assert (await world.repeated(series))["version"] == 1


async def test_those_who_wait_wait_for_what_they_meant_at_the_same_place_in_the_line(world: World) -> None:
    await world.book("k1", minutes=120)
    waiting = [await world.wait(wall, by=member()) for wall in ("2026-12-15 19:00", "2026-12-15 20:00")]
    before = [await world.waits.load(each, ITSELF) for each in waiting]
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
        assert (done.looked_at, done.moved, done.stayed) == (3, 3, ())
        assert (await retimed(world.job())).moved == 0
    after = [await world.waits.load(each, ITSELF) for each in waiting]
    assert [each.interval.start for each in after] == [each.interval.start - HOUR for each in before]
    assert [(each.ticket, each.status) for each in after] == [(each.ticket, each.status) for each in before]
    doc = await world.waits.get(waiting[0], ITSELF)
    assert doc is not None
    assert (doc["log"][-1]["type"], doc["log"][-1]["actor"]) == ("booking.waitlist_moved.v1", "ops")


async def test_what_falls_free_on_the_way_is_not_offered_but_moved_into(world: World) -> None:
    ids = [await world.book(f"k{hour}", f"2026-12-15 {hour}:00") for hour in (18, 19)]
    await world.wait("2026-12-15 18:00", by=member())
    with new_rules(world.folder, SUMMER_FOR_EVER):
        done = await retimed(world.job())
        await world.house.settled()
    assert (done.moved, done.stayed) == (3, ())
    assert await world.starts(*ids) == [ny("2026-12-15 17:00"), ny("2026-12-15 18:00")]


async def test_an_offer_goes_with_the_booking_that_is_held_or_stays_with_it(world: World) -> None:
    booking = await world.book("k1")
    entry = await world.wait(by=member())
    await world.house.handle.cancel_booking(asked(CancelBooking(id=booking), STAN, deadline=FAR))
    await world.house.settled()
    offer = (await world.waits.load(entry, ITSELF)).offer
    assert offer is not None
    with new_rules(world.folder, SUMMER_FOR_EVER):
        blocking = await world.book("new", starts_at=ny("2026-12-15 18:00"), ends_at=ny("2026-12-15 18:30"))
        done = await retimed(world.job())
        assert [(each.kind, each.reason) for each in done.stayed] == [
            ("booking", "slot-taken"),
            ("waitlist", "offer-stays"),
        ]
        await world.house.handle.cancel_booking(asked(CancelBooking(id=blocking), STAN, deadline=FAR))
        assert (await retimed(world.job())).moved == 2
    assert await world.starts(offer.booking) == [ny("2026-12-15 18:00")]
    assert (await world.waits.load(entry, ITSELF)).interval.start == ny("2026-12-15 18:00")
