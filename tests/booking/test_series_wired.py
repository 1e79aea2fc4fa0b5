"""Series on the real servers: every word booking is asked of them, what it answers and announces."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.contracts.booking import (
    ApproveSeries,
    Availability,
    BookingHistory,
    CancelSeries,
    ChangeSeries,
    GetBooking,
    GetSeries,
    ListBookings,
    ListSeries,
    PlaceSeries,
    PutResource,
    RejectSeries,
    ResourceRules,
    SeriesCancelled,
    SeriesChanged,
    SeriesHistory,
    SeriesPlaced,
)
from shared.contracts.message import Text
from tests.booking.running import CLERK, House, at_work, last, now, tell
from tests.support.booking import TABLE, member, member_state, organization, staff
from tests.support.servers import Servers

WEEK = timedelta(days=7)


@pytest.fixture
async def house(clean: Servers) -> AsyncIterator[House]:
    """Two replicas, furnished, that have heard of Ana and of staff before they started."""
    spring = now().date().replace(month=1, day=1)
    period = {"starts_on": spring, "ends_on": spring.replace(year=spring.year + 2)}
    people = [member_state("ana", "org-a"), member_state("stan", "staff")]
    orgs = [organization(membership=period), organization("staff", "linkj_staff", membership=period)]
    await tell(clean, TABLE, *orgs, *people)
    async with at_work(clean, replicas=2) as furnished:
        await furnished.furnish()
        yield furnished


def wish(house: House, **more: Any) -> PlaceSeries:
    values: dict[str, Any] = {"site": "nyc", "resource": "room-a", "recurrence": "FREQ=WEEKLY;COUNT=3"}
    values["anchor_zone"] = "Asia/Tokyo"  # whose clocks are never changed, whenever this runs
    return PlaceSeries(**values | {"starts_at": house.noon, "ends_at": house.noon + timedelta(hours=1)} | more)


async def test_a_series_is_placed_read_listed_cancelled_and_remembered(house: House) -> None:
    placed = await house.ask(wish(house, purpose="商談"), key="k1")
    assert (placed["status"], placed["version"], placed["anchor_zone"]) == ("confirmed", 1, "Asia/Tokyo")
    assert [each["index"] for each in placed["occurrences"]] == [0, 1, 2]
    first = placed["occurrences"][0]
    assert datetime.fromisoformat(first["starts_at"]) == house.noon
    assert (first["local"]["start"], first["purpose"], first["starts_at"][-1] == "Z") == ("12:00", "商談", False)
    assert await house.ask(GetSeries(id=placed["id"])) == placed
    assert (await house.ask(ListSeries()))["items"] == [placed]
    listed = (await house.ask(ListBookings(status="confirmed")))["items"]
    assert [(each["id"], each["series"], each["index"]) for each in listed] == [
        (each["id"], placed["id"], each["index"]) for each in placed["occurrences"]
    ]
    assert await house.ask(GetBooking(id=first["id"])) == listed[0]
    again = await house.ask(CancelSeries(id=placed["id"], scope="following", index=1))
    assert [each["status"] for each in again["occurrences"]] == ["confirmed", "cancelled", "cancelled"]
    for question in (SeriesHistory(id=placed["id"]), BookingHistory(id=first["id"])):
        history = (await house.ask(question))["items"]
        assert [(each["type"], each["actor"]) for each in history] == [
            ("booking.series_placed.v1", "ana"),
            ("booking.series_cancelled.v1", "ana"),
        ]
    said = SeriesPlaced.model_validate(await last(house.servers, f"evt.{SeriesPlaced.wire}.{placed['id']}"))
    assert [each.starts_at for each in said.occurrences] == [house.noon + n * WEEK for n in range(3)]
    gone = SeriesCancelled.model_validate(await last(house.servers, f"evt.{SeriesCancelled.wire}.{placed['id']}"))
    assert ([each.index for each in gone.occurrences], gone.remaining, gone.version) == ([1, 2], 1, 2)


async def test_a_series_is_changed_in_one_write_and_told_of_once(house: House) -> None:
    placed = await house.ask(wish(house), key="changed-1")
    start = house.noon + timedelta(hours=2)
    change = ChangeSeries(
        id=placed["id"],
        scope="following",
        index=1,
        starts_at=start + WEEK,
        ends_at=start + WEEK + timedelta(minutes=90),
        purpose="商談",
    )
    changed = await house.ask(change, key="m1", if_match=1)
    begins = [datetime.fromisoformat(each["starts_at"]) for each in changed["occurrences"]]
    assert (changed["version"], begins) == (2, [house.noon, start + WEEK, start + 2 * WEEK])
    assert [each["purpose"] for each in changed["occurrences"]] == [None, "商談", "商談"]
    assert await house.ask(change, key="m1", if_match=1) == changed
    assert (await house.refusal(change, key="m2", if_match=1)).code == "version-stale"
    assert (await house.refusal(change, member("ben"), if_match=2)).code == "not-found"
    said = SeriesChanged.model_validate(await last(house.servers, f"evt.{SeriesChanged.wire}.{placed['id']}"))
    assert [each.starts_at for each in said.before] == [house.noon + n * WEEK for n in (1, 2)]
    assert ([each.index for each in said.occurrences], said.changed, said.version) == ([1, 2], ("purpose",), 2)
    history = (await house.ask(SeriesHistory(id=placed["id"])))["items"]
    assert [each["type"] for each in history] == ["booking.series_placed.v1", "booking.series_changed.v1"]


async def test_pages_of_bookings_run_through_single_ones_and_those_of_series(house: House) -> None:
    series = await house.ask(wish(house, recurrence="FREQ=DAILY;COUNT=5"), key="k1")
    singles = [await house.ask(house.wish(24 * n + 3), key=f"b{n}") for n in range(4)]
    expected = sorted([*series["occurrences"], *singles], key=lambda each: datetime.fromisoformat(each["starts_at"]))
    found, after = list[str](), None
    while True:
        page = await house.ask(ListBookings(limit=2, after=after))
        found += [each["id"] for each in page["items"]]
        if (after := page["next"]) is None:
            break
    assert found == [each["id"] for each in expected]


async def test_what_a_series_occupies_is_not_free_and_of_its_room_the_parts_stay(house: House) -> None:
    both = PutResource(site="nyc", id="room-ab", kind="room", name=Text(en="Both"), parts=("room-a", "room-b"))
    await house.ask(both, CLERK)
    await house.ask(wish(house, resource="room-ab"), key="k1")
    second = house.noon + WEEK
    asked = Availability(site="nyc", from_=second, to=second + timedelta(hours=2), resource="room-b")
    free = (await house.ask(asked))["items"][0]["free"]
    assert [datetime.fromisoformat(each["starts_at"]) for each in free] == [second + timedelta(hours=1)]
    assert (await house.refusal(both.model_copy(update={"parts": ("room-a",)}), CLERK)).code == "parts-fixed"


async def test_staff_approve_and_reject_and_strangers_do_not_see_it(house: House) -> None:
    strict = PutResource(
        site="nyc", id="studio", kind="room", name=Text(en="Studio"), rules=ResourceRules(needs_approval=True)
    )
    await house.ask(strict, CLERK)
    asked_for, other = [
        await house.ask(wish(house, resource="studio", starts_at=at, ends_at=at + timedelta(hours=1)), key=f"k{n}")
        for n, at in enumerate((house.noon, house.noon + timedelta(hours=3)))
    ]
    assert asked_for["status"] == "pending"
    assert {each["id"] for each in (await house.ask(ListSeries(status="pending"), CLERK))["items"]} == {
        asked_for["id"],
        other["id"],
    }
    assert (await house.refusal(ApproveSeries(id=asked_for["id"]))).code == "forbidden"
    approved = await house.ask(ApproveSeries(id=asked_for["id"], reason="Welcome"), staff())
    rejected = await house.ask(RejectSeries(id=other["id"]), staff())
    assert (approved["status"], approved["occurrences"][2]["reason"], rejected["status"]) == (
        "confirmed",
        "Welcome",
        "cancelled",
    )
    for question in (GetSeries(id=approved["id"]), SeriesHistory(id=approved["id"])):
        assert (await house.refusal(question, member("ben"))).code == "not-found"
    assert (await house.refusal(CancelSeries(id=approved["id"], scope="all"), member("ben"))).code == "not-found"
    assert (await house.refusal(CancelSeries(id=approved["id"], scope="all"), if_match=1)).code == "version-stale"
