"""What repeats, on the running system: a weekly desk over both clock changes, anchored here and in Tokyo (S3)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, FreeHour, key, wish
from tests.journeys.test_told import mails
from tests.support.eventually import eventually
from tests.support.system import System

NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
STAFF = "staff@linkj.example"


def next_change(month: int, nth: int) -> date:
    """The next Sunday on which New York changes its clocks in that month, three weeks ahead or more."""
    today = SystemClock().now().date()
    for year in (today.year, today.year + 1):
        first = date(year, month, 1)
        sunday = first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))
        if sunday > today + 3 * WEEK:
            return sunday
    raise AssertionError("there is one every year")


def series(resource: str, start: datetime, minutes: int, rule: str, **more: Any) -> dict[str, Any]:
    return wish(resource, start, minutes=minutes, recurrence=rule, **more)


@pytest.mark.parametrize(("month", "nth", "moved"), [(3, 2, "20:00"), (11, 1, "18:00")])
def test_a_weekly_room_keeps_the_wall_time_of_its_anchor_over_a_clock_change(
    client: Client, month: int, nth: int, moved: str
) -> None:
    sunday = next_change(month, nth)
    start = datetime.combine(sunday - timedelta(days=3), time(19), NEW_YORK)
    for room, anchor, after in (("room-a", NEW_YORK, "19:00"), ("room-b", TOKYO, moved)):
        body = series(room, start, 60, "FREQ=WEEKLY;COUNT=4", anchor_zone=anchor.key, on_conflict="skip")
        answer = client(STAFF).post("/v1/booking-series", json=body, headers=key())
        assert answer.status_code == 201, answer.text
        walls = {each["local"]["date"]: each["local"]["start"] for each in answer.json()["occurrences"]}
        assert any(day > str(sunday) for day in walls)
        assert walls == {day: after if day > str(sunday) else "19:00" for day in walls}
        found = f"/v1/booking-series/{answer.json()['id']}"
        hour_earlier = {"scope": "all", "starts_at": (start - HOUR).isoformat(), "ends_at": start.isoformat()}
        assert client(STAFF).patch(found, json=hour_earlier).status_code == 428
        stale, now = (client(STAFF).patch(found, json=hour_earlier, headers={"If-Match": f'"{n}"'}) for n in (7, 1))
        assert (stale.status_code, now.status_code, now.headers["ETag"]) == (412, 200, '"2"'), now.text
        earlier = {each["local"]["date"]: each["local"]["start"] for each in now.json()["occurrences"]}
        assert earlier == {day: f"{int(wall[:2]) - 1}:00" for day, wall in walls.items()}
        assert client(STAFF).get(found).json() == now.json()
        done = client(STAFF).post(f"{found}/cancel", json={"scope": "all"})
        assert done.json()["status"] == "cancelled"


def test_one_is_placed_skips_what_is_taken_is_seen_everywhere_cancelled_and_told_of_once(
    lounge: System, client: Client, free_hour: FreeHour
) -> None:
    member, start = client("member-a@special.example"), free_hour("room-b", weeks=5)
    second = (start.astimezone(NEW_YORK).replace(tzinfo=None) + WEEK).replace(tzinfo=NEW_YORK)
    taken = client(STAFF).post("/v1/bookings", json=wish("room-b", second), headers=key())
    assert taken.status_code == 201, taken.text
    same = key()
    # Long enough that a holiday, wherever it falls, leaves some.
    body = series("room-b", start, 60, "FREQ=WEEKLY;COUNT=5", on_conflict="skip", purpose="週次の打合せ")
    placed, again = (member.post("/v1/booking-series", json=body, headers=same) for _ in range(2))
    assert (placed.status_code, again.status_code, again.json()) == (201, 201, placed.json())
    found = placed.json()
    assert placed.headers["ETag"] == '"1"'
    assert (1, "slot-taken") in [(each["index"], each["reason"]) for each in found["skipped"]]
    listed = member.get("/v1/bookings", params={"from": start.isoformat(), "limit": 100}).json()["items"]
    ours = [each for each in listed if each.get("series") == found["id"]]
    assert [each["id"] for each in ours] == [each["id"] for each in found["occurrences"]]
    assert client("company@yokohama.example").get(f"/v1/booking-series/{found['id']}").status_code == 404
    told_of(lounge, found, 1)
    one = member.post(f"/v1/bookings/{ours[0]['id']}/cancel")
    assert one.json()["status"] == "cancelled"
    told_of(lounge, found, 2)
    over = member.post(f"/v1/booking-series/{found['id']}/cancel", json={"scope": "all"}).json()
    assert {each["status"] for each in over["occurrences"]} == {"cancelled"}
    told_of(lounge, found, 3)


def told_of(lounge: System, found: dict[str, Any], times: int) -> None:
    """Once for each decision, however many of its times that is about."""

    def told() -> bool:
        about = [each for each in mails(lounge, "member-a@special.example") if found["id"] in each["text"]]
        return len(about) == times

    eventually(told, what=f"decision {times} about the series to be told", seconds=40)


def test_those_that_follow_one_are_reworded_and_moved_in_one_write_each_told_once(
    lounge: System, client: Client, free_hour: FreeHour
) -> None:
    member, start = client("member-a@special.example"), free_hour("room-b", weeks=7)
    body = series("room-b", start, 30, "FREQ=WEEKLY;COUNT=4", on_conflict="skip", purpose="週次の打合せ")
    found = member.post("/v1/booking-series", json=body, headers=key()).json()
    first, second, *_ = found["occurrences"]
    later = datetime.fromisoformat(second["starts_at"]) + HOUR / 2
    wanted = {
        "scope": "following",
        "index": second["index"],
        "purpose": "隔週の打合せ",
        "starts_at": later.isoformat(),
        "ends_at": (later + HOUR / 2).isoformat(),
    }
    answer = member.patch(f"/v1/booking-series/{found['id']}", json=wanted, headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    kept, *moved = answer.json()["occurrences"]
    assert kept == first
    assert {(each["purpose"], each["local"]["start"]) for each in moved} == {
        ("隔週の打合せ", moved[0]["local"]["start"])
    }
    assert datetime.fromisoformat(moved[0]["starts_at"]) == later
    told_of(lounge, found, 2)
    member.post(f"/v1/booking-series/{found['id']}/cancel", json={"scope": "all"})
    told_of(lounge, found, 3)


def test_of_many_series_at_once_over_three_replicas_no_two_hold_the_same_hour(
    client: Client, free_hour: FreeHour
) -> None:
    start = free_hour("room-b", weeks=9)

    def attempt(n: int) -> httpx.Response:
        rule = f"FREQ=WEEKLY;INTERVAL={1 + n % 3};COUNT=4"
        return client(STAFF).post(
            "/v1/booking-series", json=series("room-b", start, 60, rule, on_conflict="skip"), headers=key()
        )

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(attempt, range(24)))
    assert {each.status_code for each in answers} <= {201, 409}
    held = [one for each in answers if each.status_code == 201 for one in each.json()["occurrences"]]
    begins = Counter(datetime.fromisoformat(each["starts_at"]) for each in held)
    assert begins[start] == 1
    assert set(begins.values()) == {1}
