"""Come, come late, not at all, leave: an evening in New York in seconds, on a clock that every process reads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import key
from tests.support.eventually import eventually
from tests.support.system import System, system

ANA, BEN, STAFF = "member-a@special.example", "company@yokohama.example", "staff@linkj.example"


class Evening:
    """The running system, on a Tuesday of December."""

    def __init__(self, lounge: System, clock: Path) -> None:
        self.lounge = lounge
        self._clock = clock

    def show(self, wall: str, day: int = 15) -> None:
        at = instant(wall).replace(day=day)
        self._clock.write_text(at.astimezone(UTC).isoformat(), encoding="utf-8")

    def as_(self, email: str) -> httpx.Client:
        """With a token that is good at this hour."""
        return self.lounge.api(email)

    def book(self, who: httpx.Client, room: str, start: str, end: str) -> httpx.Response:
        body = {"site": "nyc", "resource": room, "starts_at": instant(start).isoformat()}
        return who.post(
            "/v1/bookings", json=body | {"ends_at": instant(end).isoformat(), "mode": "confirm"}, headers=key()
        )

    def newcomer(self, kind: str, name: str = "aoi", **membership: str) -> httpx.Client:
        """A person of a new organization, known to booking."""
        operator, email = self.as_("operator@linkj.example"), f"{name}@{kind.replace('_', '-')}.example"
        new = {"name": {"en": f"{kind} {name}"}, "kind": kind} | ({"membership": membership} if membership else {})
        organization = operator.post("/v1/organizations", json=new, headers=key()).json()
        person = {"organization": organization["id"], "email": email, "name": {"family": "Tabi", "given": "Aoi"}}
        person |= {"language": "en", "time_zone": "America/New_York", "roles": ["member"]}
        assert operator.post("/v1/members", json=person, headers=key()).status_code == 201
        made = self.as_(email)
        eventually(lambda: made.get("/v1/sites/nyc/presence").status_code != 503, what="booking to know them")
        return made


def instant(wall: str) -> datetime:
    return datetime.fromisoformat(f"2026-12-15T{wall}-05:00")


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    clock = tmp_path_factory.mktemp("clock") / "now"
    clock.write_text("2026-12-15T14:00:00+00:00", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOUNGE_TESTING", "1")
        patch.setenv("LOUNGE_CLOCK", f"virtual:{clock}")
        with system("--scale", "booking=2") as lounge:
            yield Evening(lounge, clock)


def test_a_no_show_is_cut_told_and_released_and_of_all_who_want_the_rest_one_gets_it(evening: Evening) -> None:
    evening.show("10:00")
    ana = evening.as_(ANA)
    placed = evening.book(ana, "room-a", "11:00", "12:00").json()
    assert (placed["status"], placed["check_in_until"]) == ("confirmed", "2026-12-15T11:10:00-05:00")
    early = ana.post(f"/v1/bookings/{placed['id']}/check-in", headers={"Accept-Language": "ja"})
    assert (early.status_code, early.json()["code"], early.json()["opens_at"]) == (
        409,
        "check-in-not-open",
        "2026-12-15T10:45:00-05:00",
    )
    evening.show("11:12")
    ana, ben, staff = evening.as_(ANA), evening.as_(BEN), evening.as_(STAFF)

    def cut() -> dict[str, Any] | None:
        found: dict[str, Any] = ana.get(f"/v1/bookings/{placed['id']}").json()
        return found if found["status"] == "no_show" else None

    kept = eventually(cut, what="the no-show to be cut")
    assert kept is not None
    assert (kept["ends_at"], kept["booked_until"]) == ("2026-12-15T11:12:00-05:00", "2026-12-15T12:00:00-05:00")
    with ThreadPoolExecutor(8) as pool:
        late = [pool.submit(who.post, f"/v1/bookings/{placed['id']}/check-in") for who in (ana, staff)]
        new = [pool.submit(evening.book, ben, "room-a", "11:15", "12:00") for _ in range(6)]
    answers = [each.result() for each in (*late, *new)]
    assert {each.status_code for each in answers} <= {200, 201, 409}
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {"slot-taken"}
    assert len({each.json()["id"] for each in answers if each.is_success}) == 1
    mails = eventually(
        lambda: [m for m in evening.lounge.lounge("mail", "--to", ANA).split("To: ") if "Released" in m],
        what="the mail",
    )
    assert "Nobody checked in" in mails[0]


def test_a_no_show_is_a_strike_that_staff_forgive(evening: Evening) -> None:
    evening.show("12:30")
    ana = evening.as_(ANA)
    placed = evening.book(ana, "desk-2", "13:00", "13:30").json()
    evening.show("13:10")
    ana, ben, staff = evening.as_(ANA), evening.as_(BEN), evening.as_(STAFF)
    mine = f"/v1/members/{placed['booked_for']}/strikes"

    def noted() -> dict[str, Any] | None:
        found: dict[str, Any] = ana.get(mine).json()
        return found if placed["id"] in [each["booking"] for each in found["items"]] else None

    before = eventually(noted, what="the strike")
    assert before is not None
    assert ben.get(mine).status_code == 404
    forgive, why = f"/v1/bookings/{placed['id']}/forgive", {"reason": "The lift was out of order."}
    assert (ana.post(forgive, json=why).status_code, staff.post(forgive, json=why).status_code) == (403, 200)
    after = staff.get(mine, params={"site": "nyc"}).json()
    assert (after["standing"], after["items"][0]["reason"]) == (before["standing"] - 1, why["reason"])


def test_who_comes_and_leaves_early_makes_room_for_the_next(evening: Evening) -> None:
    evening.show("13:50")
    ana, ben = evening.as_(ANA), evening.as_(BEN)
    placed = evening.book(ana, "room-b", "14:00", "16:00").json()
    assert placed["status"] == "checked_in", "made ten minutes before it begins"
    assert evening.book(ben, "room-b", "15:00", "16:00").status_code == 409
    evening.show("14:20")
    ana, ben = evening.as_(ANA), evening.as_(BEN)
    out = ana.post(f"/v1/bookings/{placed['id']}/check-out")
    again = ana.post(f"/v1/bookings/{placed['id']}/check-out")
    assert (out.status_code, again.json()) == (200, out.json())
    assert (out.json()["status"], out.json()["ends_at"]) == ("completed", "2026-12-15T14:20:00-05:00")
    assert evening.book(ben, "room-b", "14:45", "16:00").status_code == 201
    assert ben.post(f"/v1/bookings/{placed['id']}/check-in").status_code == 404
    refused = ana.post(f"/v1/bookings/{placed['id']}/check-in")
    assert (refused.status_code, refused.json()["code"]) == (409, "not-checkable-in")


def test_who_checks_in_and_out_before_the_start_but_after_the_cut_off_has_drawn_the_hours(evening: Evening) -> None:
    evening.show("14:35")
    staff = evening.as_(STAFF)
    studio = {"kind": "room", "name": {"en": "Studio"}, "rules": {"cancel_cutoff_minutes": 60, "check_in": {}}}
    staff.put("/v1/sites/nyc/resources/studio", json=studio).raise_for_status()
    year = {"starts_on": "2026-04-01", "ends_on": "2027-03-31"}
    for name, by_house in (("waived", True), ("kept", False)):
        small = evening.newcomer("special_member_c", name, **year)
        placed = evening.book(small, "studio", "14:45", "19:45").json()  # all five hours of the week
        assert placed["status"] == "checked_in", placed
        out = (staff if by_house else small).post(f"/v1/bookings/{placed['id']}/check-out")
        assert (out.status_code, out.json()["status"]) == (200, "completed"), out.text
        more = evening.book(small, "desk-1", "20:00", "20:15")
        used = {each["code"]: each["used"] for each in more.json().get("violations", ())}
        assert (more.status_code, used.get("quota-exceeded")) == ((201, None) if by_house else (409, 5)), more.text
    assert evening.book(staff, "studio", "14:45", "19:45").status_code == 201, "the room is free in any case"


def test_who_chose_to_be_seen_is_in_the_lounge_now_and_gone_when_they_leave(evening: Evening) -> None:
    evening.show("16:20")
    ana, company, guest = evening.as_(ANA), evening.as_(BEN), evening.newcomer("guest")
    for who, desk in ((ana, "desk-1"), (company, "desk-2")):
        placed = evening.book(who, desk, "16:30", "17:00").json()
        assert placed["visible"] is False
        who.post(f"/v1/bookings/{placed['id']}/check-in", json={"visible": who is ana})
    there = company.get("/v1/sites/nyc/presence")
    assert there.status_code == 200, there.text
    assert [(each["name"]["en"], each["resource"], each["since"]) for each in there.json()["items"]] == [
        ("Clara Whitfield", "desk-1", "2026-12-15T16:20:00-05:00")
    ]
    refused = guest.get("/v1/sites/nyc/presence")
    assert (refused.status_code, refused.json()["code"]) == (403, "not-entitled-here")
    hers = ana.get("/v1/bookings", params={"site": "nyc", "status": "checked_in"}).json()["items"]
    for each in hers:
        assert ana.post(f"/v1/bookings/{each['id']}/check-out").status_code == 200
    assert company.get("/v1/sites/nyc/presence").json()["items"] == []


def test_what_runs_to_its_end_is_completed(evening: Evening) -> None:
    evening.show("17:00")
    placed = evening.book(evening.as_(ANA), "desk-1", "17:15", "18:00").json()
    assert placed["status"] == "checked_in"
    evening.show("18:00")
    ana = evening.as_(ANA)
    eventually(lambda: ana.get(f"/v1/bookings/{placed['id']}").json()["status"] == "completed", what="its end")
    history = ana.get(f"/v1/bookings/{placed['id']}/history").json()["items"]
    assert [each["type"].split(".")[1] for each in history] == ["booking_placed", "booking_completed"]


def test_three_times_nobody_came_so_the_series_ends_and_its_people_are_told(evening: Evening) -> None:
    evening.show("19:00")
    ana = evening.as_(ANA)
    start, end = (instant(wall).replace(day=16).isoformat() for wall in ("10:00", "11:00"))
    wish = {"site": "nyc", "resource": "desk-2", "starts_at": start, "ends_at": end}
    rule = {"recurrence": "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=5", "anchor_zone": "America/New_York"}
    placed = ana.post("/v1/booking-series", json=wish | rule | {"on_conflict": "refuse"}, headers=key())
    assert placed.status_code == 201, placed.text
    series = f"/v1/booking-series/{placed.json()['id']}"

    def missed(times: int) -> bool:
        found = [each["status"] for each in ana.get(series).json()["occurrences"]]
        return found[:times] == ["no_show"] * times

    for n, day in enumerate((16, 17, 18), start=1):
        evening.show("10:10", day)
        ana = evening.as_(ANA)
        eventually(partial(missed, n), what=f"no-show {n}")
    found = ana.get(series).json()
    assert [each["status"] for each in found["occurrences"]] == ["no_show"] * 3 + ["cancelled"] * 2

    def told() -> list[str]:
        return [
            mail for mail in evening.lounge.lounge("mail", "--to", ANA).split("To: ") if "three times in a row" in mail
        ]

    assert len(eventually(told, what="the mail")) == 1
