"""What takes days, on a running system whose clock the test moves: desks (S3), a pool (S5), a no-show by night (S6)."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import key, waited_for, wish
from tests.journeys.test_sign_in import me, signed_in
from tests.support.booking import ny
from tests.support.eventually import eventually
from tests.support.system import System, system

LIST, SERIES = "/v1/booking-waitlist", "/v1/booking-series"
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"
STAFF, OPERATOR = "staff@linkj.example", "operator@linkj.example"
FIVE_HOURS = [{"period": "week", "scope": "organization", "hours": 5}]


class Lounge:
    """The running system with three replicas of booking; its clock starts on a Tuesday of December in New York."""

    def __init__(self, lounge: System, clock: Path) -> None:
        self._lounge = lounge
        self._clock = clock
        self._signed_in: dict[str, httpx.Client] = {}

    def show(self, wall: str) -> None:
        """The wall of New York, from now on."""
        self._clock.write_text(ny(wall).isoformat(), encoding="utf-8")
        self._signed_in.clear()

    def as_(self, email: str) -> httpx.Client:
        """With a token that is good at this hour."""
        if email not in self._signed_in:
            self._signed_in[email] = self._lounge.api(email)
        return self._signed_in[email]

    def organization(self, name: str, kind: str = "special_member_a") -> str:
        membership = {"starts_on": "2026-04-01", "ends_on": "2028-03-31"}
        body = {"name": {"en": name}, "kind": kind, "membership": membership}
        made = self.as_(OPERATOR).post("/v1/organizations", json=body, headers=key())
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def person(self, name: str, zone: str = NEW_YORK, *, of: str | None = None) -> str:
        """The address of somebody of that organization, or of one of their own, who lives in that zone."""
        email = f"{name}@clock.example"
        person: dict[str, Any] = {"organization": of or self.organization(name), "email": email, "roles": ["member"]}
        person |= {"name": {"family": "Tabi", "given": name}, "time_zone": zone, "language": "en"}
        made = self.as_(OPERATOR).post("/v1/members", json=person, headers=key())
        assert made.status_code == 201, made.text
        eventually(
            lambda: self.as_(email).get("/v1/sites/nyc/presence").status_code != 503, what="booking to know them"
        )
        return email

    def never_closing(self, name: str, kind: str) -> None:
        body = {"kind": kind, "name": {"en": name}, "rules": {"longest_minutes": 600}}
        self.as_(OPERATOR).put(f"/v1/sites/nyc/resources/{name}", json=body).raise_for_status()

    def books(self, email: str, resource: str, wall: str, minutes: int) -> dict[str, Any]:
        answer = self._asked(email, resource, wall, minutes)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def used(self, email: str, resource: str, wall: str, minutes: int) -> tuple[float, float, float, str]:
        """Of the quota that refuses it and nothing else does: limit, used, requested, and when there is more."""
        answer = self._asked(email, resource, wall, minutes)
        assert (answer.status_code, answer.json()["code"]) == (409, "booking-refused"), answer.text
        (no,) = answer.json()["violations"]
        assert (no["code"], no["rule"]) == ("quota-exceeded", "weekly-hours")
        return no["limit"], no["used"], no["requested"], no["resets_at"]

    def _asked(self, email: str, resource: str, wall: str, minutes: int) -> httpx.Response:
        body = wish(resource, ny(wall), minutes=minutes)
        return self.as_(email).post("/v1/bookings", json=body, headers=key())

    def repeats(self, email: str, resource: str, start: datetime, minutes: int, **more: Any) -> dict[str, Any]:
        body = wish(resource, start, minutes=minutes, **more)
        placed = self.as_(email).post(SERIES, json=body, headers=key())
        assert placed.status_code == 201, placed.text
        return dict(placed.json())

    def join(self, email: str, wanted: dict[str, Any]) -> dict[str, Any]:
        answer = self.as_(email).post(LIST, json=wanted, headers=key())
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def changes(self, member: dict[str, Any], to: dict[str, Any]) -> None:
        headers = {"If-Match": f'"{member["version"]}"'}
        self.as_(OPERATOR).patch(f"/v1/members/{member['id']}", json=to, headers=headers).raise_for_status()

    def hear(self, told: dict[str, list[str]]) -> None:
        """That, each of them, and nothing else, once all that has happened is handled."""

        def handled() -> bool:
            status = json.loads(self._lounge.lounge("status", "--json"))
            return bool(status["lag"]) and not any(status["lag"].values()) and not status["oldest_unsent_seconds"]

        def heard() -> dict[str, list[str]]:
            notices = {email: self.as_(email).get("/v1/notifications").json()["items"] for email in told}
            return {email: sorted(each["topic"] for each in items) for email, items in notices.items()}

        eventually(
            lambda: all(set(told[email]) <= set(topics) for email, topics in heard().items()), what="the notices"
        )
        eventually(handled, what="all to be handled")
        assert heard() == told

    def signs_in(self, email: str) -> dict[str, str]:
        return signed_in(self._lounge, email)

    def refreshed(self, tokens: dict[str, str]) -> httpx.Response:
        body = {"refresh_token": tokens["refresh_token"]}
        return httpx.post(f"{self._lounge.url}/v1/auth/sessions/refresh", json=body, timeout=10)

    def me(self, tokens: dict[str, str]) -> httpx.Response:
        return me(self._lounge, tokens["access_token"])

    def mails(self, email: str) -> list[str]:
        return [mail["subject"] for mail in json.loads(self._lounge.lounge("mail", "--to", email, "--json"))]

    def becomes(self, email: str, entry: dict[str, Any], status: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.as_(email).get(f"{LIST}/{entry['id']}").json()
            return found if found["status"] == status else None

        return eventually(look, what=f"the entry to be {status}", seconds=30)


@pytest.fixture(scope="module")
def lounge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lounge]:
    clock = tmp_path_factory.mktemp("clock") / "now"
    clock.write_text("2026-12-15T14:00:00+00:00", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOUNGE_TESTING", "1")
        patch.setenv("LOUNGE_CLOCK", f"virtual:{clock}")
        with system("--scale", "booking=3") as running:
            yield Lounge(running, clock)


def test_what_a_no_show_leaves_goes_to_the_first_who_is_awake_and_the_sleeper_keeps_their_turn(lounge: Lounge) -> None:
    lounge.show("2026-12-15 10:00")
    absent, tokyo, york = lounge.person("absent"), lounge.person("tokyo", TOKYO), lounge.person("york")
    booked = lounge.books(absent, "room-a", "2026-12-15 12:00", 120)
    later = waited_for("room-a", ny("2026-12-15 13:00"))
    first, second = lounge.join(tokyo, later), lounge.join(york, later)
    assert [(each["status"], each["position"]) for each in (first, second)] == [("waiting", 1), ("waiting", 2)]
    lounge.show("2026-12-15 12:11")  # 02:11 in Tokyo
    offered = lounge.becomes(york, second, "offered")
    assert offered["offer"]["expires_at"] == "2026-12-15T13:00:00-05:00"
    kept = lounge.as_(tokyo).get(f"{LIST}/{first['id']}").json()
    assert (kept["status"], kept["position"], kept["skipped"]["reasons"][0]["code"]) == ("waiting", 1, "asleep")
    no_show = lounge.as_(absent).get(f"/v1/bookings/{booked['id']}").json()
    assert (no_show["status"], no_show["booked_until"]) == ("no_show", "2026-12-15T14:00:00-05:00")
    accepted = lounge.as_(york).post(f"{LIST}/{second['id']}/accept", headers=key())
    assert (accepted.status_code, accepted.json()["status"]) == (200, "accepted"), accepted.text
    assert lounge.as_(york).get(f"/v1/bookings/{offered['offer']['booking']}").json()["status"] == "confirmed"
    late = lounge.as_(absent).post(f"/v1/bookings/{booked['id']}/check-in")
    assert (late.status_code, late.json()["code"]) == (409, "slot-taken"), late.text
    lounge.show("2026-12-15 13:00")
    lounge.becomes(tokyo, first, "expired")


def test_three_people_share_five_hours_of_a_week_which_begins_on_monday_at_midnight_in_new_york(lounge: Lounge) -> None:
    lounge.show("2026-12-15 14:00")
    shared = lounge.organization("Fujino", "special_member_c")
    one, two, three = [lounge.person(f"fujino-{n}", TOKYO, of=shared) for n in range(3)]
    lounge.never_closing("studio", "room")
    lounge.books(one, "room-b", "2026-12-16 10:00", 180)
    given_back = lounge.books(two, "room-b", "2026-12-16 14:00", 120)
    monday, next_monday = "2026-12-21T00:00:00-05:00", "2026-12-28T00:00:00-05:00"
    assert lounge.used(three, "room-b", "2026-12-17 10:00", 60) == (5, 5, 1, monday)
    assert lounge.as_(two).post(f"/v1/bookings/{given_back['id']}/cancel").json()["status"] == "cancelled"
    lounge.books(three, "room-b", "2026-12-17 10:00", 60)
    assert lounge.used(two, "room-b", "2026-12-16 14:00", 120) == (5, 4, 2, monday)
    lounge.show("2026-12-20 20:00")
    lounge.books(two, "studio", "2026-12-20 23:00", 120)  # one hour of either week
    assert lounge.used(one, "studio", "2026-12-20 22:00", 60) == (5, 5, 1, monday)
    lounge.show("2026-12-21 00:00")
    lounge.books(one, "studio", "2026-12-21 02:00", 240)
    assert lounge.used(three, "studio", "2026-12-21 09:00", 15) == (5, 5, 0.25, next_monday)


def desks_for_a_year(lounge: Lounge) -> str:
    """Somebody with five hours of desks a week, and far enough ahead for both changes of the clocks."""
    policy = lounge.as_(STAFF).get("/v1/policy")
    ahead = {"kind": "special_member_c", "site": "nyc", "resource": "desk", "months_ahead": 18, "limits": FIVE_HOURS}
    wanted = {"rows": [*policy.json()["rows"], ahead], "reason": "desks for a year"}
    lounge.as_(STAFF).put("/v1/policy", json=wanted, headers={"If-Match": policy.headers["ETag"]}).raise_for_status()
    member = lounge.person("weekly", of=lounge.organization("Weekly", "special_member_c"))
    who = lounge.as_(member).get("/v1/me").json()["member"]["id"]

    def allowed() -> bool:
        """By whichever replica."""
        asked = [lounge.as_(member).get(f"/v1/members/{who}/entitlements?site=nyc&on=2027-11-05") for _ in range(20)]
        return all(one["allowed"] for each in asked for one in each.json()["resources"] if one["kind"] == "desk")

    eventually(allowed, what="booking to follow the table")
    return member


@pytest.mark.parametrize(
    ("sunday", "moved", "night", "hours"),
    [("2027-03-14", "20:00", 180, (3, 2)), ("2027-11-07", "18:00", 120, (2, 3))],
)
def test_a_weekly_desk_over_a_change_of_the_clocks_keeps_its_wall_and_draws_real_hours(
    lounge: Lounge, weekly: str, sunday: str, moved: str, night: int, hours: tuple[int, int]
) -> None:
    """The desk of the night is used over the hour that is skipped, and over the one that is shown twice."""
    change = date.fromisoformat(sunday)
    wednesday, before = change - timedelta(days=4), change - timedelta(days=7)
    rule = {"recurrence": "FREQ=WEEKLY;COUNT=2"}
    for desk, anchor, after in (("desk-1", NEW_YORK, "19:00"), ("desk-2", TOKYO, moved)):
        placed = lounge.repeats(weekly, desk, ny(f"{wednesday} 19:00"), 60, anchor_zone=anchor, **rule)
        assert [each["local"]["start"] for each in placed["occurrences"]] == ["19:00", after]
        lounge.as_(weekly).post(f"{SERIES}/{placed['id']}/cancel", json={"scope": "all"}).raise_for_status()
    kept = lounge.repeats(weekly, "desk-night", ny(f"{before} 00:30"), night, **rule)
    first, second = kept["occurrences"]
    assert [first["local"][name] for name in ("start", "end")] == [second["local"][name] for name in ("start", "end")]
    for day, real in zip((before, change), hours, strict=True):
        limit, used, requested, _ = lounge.used(weekly, "desk-1", f"{day - timedelta(days=2)} 10:00", 300)
        assert (limit, used, requested) == (5, real, 5)


@pytest.fixture(scope="module")
def weekly(lounge: Lounge) -> str:
    lounge.show("2026-12-21 09:00")
    lounge.never_closing("desk-night", "desk")
    return desks_for_a_year(lounge)


def test_who_is_offered_what_lapsed_for_somebody_else_hears_of_an_offer_and_the_other_that_theirs_has_passed(
    lounge: Lounge,
) -> None:
    lounge.show("2026-12-22 10:00")
    holder, first, second = lounge.person("holder"), lounge.person("first"), lounge.person("second")
    booked = lounge.books(holder, "room-a", "2026-12-23 10:00", 60)
    wanted = waited_for("room-a", ny("2026-12-23 10:00"))
    entries = {each: lounge.join(each, wanted) for each in (first, second)}
    lounge.as_(holder).post(f"/v1/bookings/{booked['id']}/cancel").raise_for_status()
    lounge.becomes(first, entries[first], "offered")
    lounge.show("2026-12-22 12:00")
    lounge.becomes(first, entries[first], "lapsed")
    lounge.becomes(second, entries[second], "offered")
    lounge.hear(
        {
            holder: ["booking.cancelled", "booking.placed"],
            first: ["waitlist.joined", "waitlist.lapsed", "waitlist.offered"],
            second: ["waitlist.joined", "waitlist.offered"],
        }
    )


def test_whose_offer_is_theirs_alone_because_its_maker_left_has_heard_of_it_once(lounge: Lounge) -> None:
    lounge.show("2026-12-22 13:00")
    both = lounge.organization("Both")
    maker, friend, admin = (lounge.person(name, of=both) for name in ("maker", "friend", "both-admin"))
    members = {each: lounge.as_(each).get("/v1/me").json()["member"] for each in (maker, friend, admin)}
    lounge.changes(members[admin], {"roles": ["member", "organization_admin"]})
    times = waited_for("room-b", ny("2026-12-23 14:00"))
    entry = lounge.join(maker, times | {"for_member": members[friend]["id"]})
    offered = lounge.becomes(friend, entry, "offered")
    lounge.changes(members[maker], {"active": False})
    booking = f"/v1/bookings/{offered['offer']['booking']}"

    def handed_over() -> bool:
        found = lounge.as_(OPERATOR).get(f"{booking}/history").json()["items"]
        return "booking.booking_handed_over.v1" in [each["type"] for each in found]

    eventually(handed_over, what="the offer to be theirs alone")
    lounge.hear({friend: ["waitlist.joined", "waitlist.offered"], admin: []})
    lounge.as_(friend).post(f"{LIST}/{entry['id']}/accept", headers=key()).raise_for_status()
    lounge.hear({friend: ["booking.confirmed", "waitlist.joined", "waitlist.offered"], admin: []})


def test_a5_a_refresh_token_used_again_ends_its_session_at_every_door_and_its_member_is_mailed(lounge: Lounge) -> None:
    lounge.show("2026-12-22 16:00")
    email = lounge.person("reused")
    first = lounge.signs_in(email)
    second = lounge.refreshed(first).json()
    assert lounge.me(second).status_code == 200
    lounge.show("2026-12-22 16:00:11")
    assert [lounge.refreshed(each).status_code for each in (first, second)] == [401, 401]
    eventually(lambda: lounge.me(second).status_code == 401, what="the living access token to be refused")
    told = eventually(
        lambda: [mail for mail in lounge.mails(email) if "ended for your safety" in mail], what="the mail"
    )
    assert len(told) == 1
