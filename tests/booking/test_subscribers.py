"""Booking on the real servers: every word it is asked, what it answers, what it says on its own."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from nats.js.errors import NotFoundError

from shared.contracts.booking import (
    ApproveBooking,
    Availability,
    BookingHistory,
    BookingPlaced,
    CancelBooking,
    ChangeBooking,
    ConfirmBooking,
    DefineSite,
    Entitlements,
    GetBooking,
    GetSite,
    ListBookings,
    ListResources,
    ListSites,
    Opening,
    PlaceBooking,
    PutResource,
    RejectBooking,
    ResourceRules,
    SiteState,
)
from shared.contracts.message import Text
from shared.kernel.ids import new_id
from shared.kit.nats.request import Refused
from tests.booking.running import CLERK, House, at_work, now, tell
from tests.support.booking import NEW_YORK, OPERATOR, TABLE, member, member_state, organization, staff
from tests.support.servers import Servers
from tests.support.waiting import until

ADMIN = {"member", "organization_admin"}


@pytest.fixture
async def house(clean: Servers) -> AsyncIterator[House]:
    """One replica, furnished, that has heard of Ana and of staff before it started."""
    spring = now().date().replace(month=1, day=1)
    period = {"starts_on": spring, "ends_on": spring.replace(year=spring.year + 2)}
    admin = frozenset(ADMIN)
    people = [
        member_state("ana", "org-a", assistants=("kim",)),
        member_state("stan", "staff"),
        member_state("dai", "org-a", roles=admin),
        member_state("eva", "org-b", "org-a", roles=admin),
        member_state("ken", "org-a", roles=admin, active=False),
    ]
    orgs = [organization(membership=period), organization("staff", "linkj_staff", membership=period)]
    await tell(clean, TABLE, *orgs, *people)
    async with at_work(clean, replicas=1) as furnished:
        await furnished.furnish()
        yield furnished


async def test_a_booking_is_placed_read_listed_cancelled_and_remembered(house: House) -> None:
    placed = await house.ask(house.wish(), key="k1")
    assert (placed["status"], placed["version"], placed["local"]["start"]) == ("confirmed", 1, "12:00")
    assert datetime.fromisoformat(placed["starts_at"]) == house.noon
    assert not placed["starts_at"].endswith("Z")
    assert await house.ask(GetBooking(id=placed["id"])) == placed
    assert await house.ask(ConfirmBooking(id=placed["id"])) == placed
    assert (await house.ask(ListBookings()))["items"] == [placed]
    cancelled = await house.ask(CancelBooking(id=placed["id"]))
    assert cancelled == {**placed, "status": "cancelled", "version": 2}
    history = (await house.ask(BookingHistory(id=placed["id"])))["items"]
    assert [(e["seq"], e["type"], e["actor"]) for e in history] == [
        (1, "booking.booking_placed.v1", "ana"),
        (2, "booking.booking_cancelled.v1", "ana"),
    ]


async def test_a_booking_is_approved_moved_and_its_version_asked_for(house: House) -> None:
    strict = PutResource(
        site="nyc", id="studio", kind="room", name=Text(en="Studio"), rules=ResourceRules(needs_approval=True)
    )
    assert (await house.ask(strict, CLERK))["rules"]["needs_approval"] is True
    asked_for, other = [await house.ask(house.wish(n, resource="studio"), key=f"k{n}") for n in (0, 3)]
    assert (asked_for["status"], asked_for["expires_at"]) == ("pending", asked_for["starts_at"])
    waiting = ListBookings(site="nyc", status="pending")
    assert [each["id"] for each in (await house.ask(waiting, CLERK))["items"]] == [asked_for["id"], other["id"]]
    assert (await house.refusal(ApproveBooking(id=asked_for["id"]))).code == "forbidden"
    approved = await house.ask(ApproveBooking(id=asked_for["id"], reason="Welcome"), CLERK)
    rejected = await house.ask(RejectBooking(id=other["id"]), CLERK)
    assert (approved["status"], approved["reason"], rejected["status"]) == ("confirmed", "Welcome", "cancelled")
    longer = ChangeBooking(id=approved["id"], ends_at=house.noon + timedelta(hours=2))
    assert (await house.refusal(longer, CLERK, if_match=1)).code == "version-stale"
    moved = await house.ask(longer, CLERK, if_match=2)
    assert (moved["status"], moved["local"]["end"], moved["version"]) == ("confirmed", "14:00", 3)
    history = (await house.ask(BookingHistory(id=approved["id"])))["items"]
    assert [each["type"].split(".")[1] for each in history] == ["booking_placed", "booking_confirmed", "booking_moved"]


async def test_a_combined_room_keeps_its_parts_whether_or_not_it_is_booked(house: House) -> None:
    both = PutResource(site="nyc", id="room-ab", kind="room", name=Text(en="Both"), parts=("room-a", "room-b"))
    other = both.model_copy(update={"parts": ("room-a",)})
    await house.ask(both, CLERK)
    made = await house.ask(house.wish(resource="room-ab"), key="k1")
    taken = await house.refusal(house.wish(resource="room-b"), CLERK, key="k2")
    assert [each["resource"] for each in taken.members["conflicts"]] == ["room-ab"]
    assert (await house.refusal(other, CLERK)).code == "parts-fixed"
    await house.ask(CancelBooking(id=made["id"]))
    assert (await house.refusal(other, CLERK)).code == "parts-fixed"
    again = await house.ask(both.model_copy(update={"parts": ("room-b", "room-a"), "capacity": 12}), CLERK)
    assert again["capacity"] == 12


async def test_to_others_a_booking_is_not_there(house: House) -> None:
    placed = await house.ask(house.wish(), key="k1")
    for question in (GetBooking, BookingHistory, CancelBooking, ConfirmBooking):
        assert (await house.refusal(question(id=placed["id"]), member("ben"))).code == "not-found"
        assert (await house.refusal(question(id="nothing"), OPERATOR)).code == "not-found"
    assert (await house.ask(ListBookings(), member("ben")))["items"] == []
    assert (await house.ask(GetBooking(id=placed["id"]), CLERK)) == placed


async def test_what_happened_is_on_the_stream_and_the_site_among_the_states(house: House) -> None:
    # A key of this run alone: the stream forgets an id, and with it a derived one, only after its dedupe window.
    placed = await house.ask(house.wish(), key=new_id(now()))
    ops = await house.servers.client("ops")
    stream = ops.jetstream()

    async def last(name: str, subject: str) -> dict[str, Any]:
        message = await stream.get_last_msg(name, subject)
        found: dict[str, Any] = orjson.loads(message.data or b"")
        return found

    subject = f"evt.booking.booking_placed.v1.{placed['id']}"
    await until(lambda: _is_there(stream, "EVENTS", subject))
    event = await last("EVENTS", subject)
    said = BookingPlaced.model_validate(event["data"])
    assert (said.id, said.organization, said.booked_for, said.starts_at) == (placed["id"], "org-a", "ana", house.noon)
    await until(lambda: _is_there(stream, "STATE", "state.booking.site.v1.nyc"))
    site = SiteState.model_validate((await last("STATE", "state.booking.site.v1.nyc"))["data"])
    assert (site.id, site.sequence, site.time_zone) == ("nyc", 1, "America/New_York")
    await ops.close()


async def _is_there(stream: Any, name: str, subject: str) -> bool:
    try:
        await stream.get_last_msg(name, subject)
    except NotFoundError:
        return False
    return True


async def test_what_is_free_leaves_out_what_is_taken_and_its_clean_up_gap(house: House) -> None:
    await house.ask(house.wish(), key="k1")
    window = {"from": house.noon - timedelta(hours=2), "to": house.noon + timedelta(hours=4)}
    asked = Availability.model_validate({"site": "nyc", "kind": "room", "minutes": 60, **window})
    found = {each["resource"]: each["free"] for each in (await house.ask(asked))["items"]}
    assert [(each["local"]["start"], each["local"]["end"]) for each in found["room-a"]] == [
        ("10:00", "11:45"),
        ("13:15", "16:00"),
    ]
    assert [(each["local"]["start"], each["local"]["end"]) for each in found["room-b"]] == [("10:00", "16:00")]
    one = await house.ask(Availability(site="nyc", resource="room-b"))
    assert [each["resource"] for each in one["items"]] == ["room-b"]
    for bad in (Availability(site="tokyo"), Availability(site="nyc", resource="room-z")):
        assert (await house.refusal(bad)).code == "not-found"
    backwards = Availability.model_validate({"site": "nyc", "from": window["to"], "to": window["from"]})
    assert (await house.refusal(backwards)).code == "range-invalid"


async def test_a_day_is_asked_for_by_its_date_in_the_sites_zone(house: House) -> None:
    day = house.noon.astimezone(NEW_YORK).date()
    asked = Availability.model_validate({"site": "nyc", "from": day, "to": day + timedelta(days=1)})
    answer = await house.ask(asked)
    assert answer["from"].startswith(f"{day}T00:00:00-0")
    await house.ask(house.wish(), key="k1")
    of_day = ListBookings.model_validate({"site": "nyc", "from": day, "to": day + timedelta(days=1)})
    of_next = ListBookings.model_validate({"from": day + timedelta(days=1)})
    assert len((await house.ask(of_day, CLERK))["items"]) == 1
    assert (await house.ask(of_next))["items"] == []


async def test_sites_and_resources_are_shown_in_order_and_by_pages(house: House) -> None:
    site = await house.ask(GetSite(id="nyc"))
    assert (site["time_zone"], site["version"]) == ("America/New_York", 1)
    assert {each["calendar"] for each in site["holidays"]} == {"japan"}
    assert [each["id"] for each in (await house.ask(ListSites()))["items"]] == ["nyc"]
    first = await house.ask(ListResources(site="nyc", limit=1))
    rest = await house.ask(ListResources(site="nyc", limit=1, after=first["next"]))
    assert [each["items"][0]["id"] for each in (first, rest)] == ["room-a", "room-b"]
    assert rest["next"] is None
    assert (await house.ask(ListResources(site="nyc", kind="desk")))["items"] == []
    assert (await house.refusal(ListResources(site="nyc", after="room-z"))).code == "cursor-unknown"


async def test_a_list_goes_on_where_its_cursor_says(house: House) -> None:
    placed = [await house.ask(house.wish(hour), key=f"k{hour}") for hour in (6, 0, 3)]
    by_start = [placed[1]["id"], placed[2]["id"], placed[0]["id"]]
    first = await house.ask(ListBookings(limit=2))
    rest = await house.ask(ListBookings(limit=2, after=first["next"]))
    assert [each["id"] for each in [*first["items"], *rest["items"]]] == by_start
    assert rest["next"] is None
    assert (await house.refusal(ListBookings(after="forged"))).code == "cursor-unknown"


async def test_a_resource_keeps_its_hours_and_only_staff_and_operators_define_it(house: House) -> None:
    hours = (Opening(days=("mon", "fri"), opens="09:00", closes="22:00"),)
    desk = PutResource(site="nyc", id="desk-1", kind="desk", name=Text(ja="机"), opening_hours=hours)
    made = await house.ask(desk, CLERK)
    assert made["opening_hours"] == [{"days": ["mon", "fri"], "opens": "09:00", "closes": "22:00"}]
    assert (made["name"], made["version"]) == ({"ja": "机", "en": None}, 1)
    assert await house.ask(desk, OPERATOR) == made
    for stranger in (member(), staff("sato", "tokyo")):
        assert (await house.refusal(desk, stranger)).code == "forbidden"
    define = DefineSite(id="osaka", name=Text(en="Osaka"), time_zone="Asia/Tokyo")
    assert (await house.refusal(define, CLERK)).code == "forbidden"


async def test_rights_are_told_with_reasons_to_those_who_may_ask(house: House) -> None:
    on = house.noon.astimezone(NEW_YORK).date()
    own = await house.ask(Entitlements(member="ana", site="nyc", on=on))
    assert {each["kind"]: each["allowed"] for each in own["resources"]} == {"desk": True, "expert": True, "room": True}
    codes = [each["code"] for each in own["resources"][0]["reasons"]]
    assert codes == ["allowed-by-rights", "months-ahead", "hours-per-week"]
    later = await house.ask(Entitlements(member="ana", site="nyc", on=on.replace(year=on.year + 3)), CLERK)
    codes = [each["code"] for each in later["resources"][2]["reasons"]]
    assert (later["resources"][2]["allowed"], codes) == (False, ["too-far-ahead", "membership-ends-before-use"])
    assert (await house.refusal(Entitlements(member="stan", site="nyc", on=on))).code == "not-found"
    new = Entitlements(member="new", site="nyc", on=on)
    assert (await house.refusal(new, member("new"))).code == "not-yet-known"


@pytest.mark.parametrize(
    ("name", "organization", "roles", "sees"),
    [
        ("dai", "org-a", ADMIN, True),
        ("eva", "org-a", ADMIN, False),  # at home in org-b, here a plain member
        ("eva", "org-b", ADMIN, False),
        ("ana", "org-a", ADMIN, True),  # of herself
        ("bea", "org-a", ADMIN, False),  # by a token alone
        ("ken", "org-a", ADMIN, False),  # who has left
        ("kim", "org-b", {"member"}, True),  # who assists Ana
        ("lee", "org-a", {"member"}, False),
    ],
)
async def test_rights_of_a_person_are_told_to_the_admin_at_home_and_to_assistants_alone(
    house: House, name: str, organization: str, roles: set[str], sees: bool
) -> None:
    asked = Entitlements(member="ana", site="nyc", on=house.noon.astimezone(NEW_YORK).date())
    by = member(name, organization).model_copy(update={"roles": frozenset(roles)})
    if sees:
        assert (await house.ask(asked, by))["member"] == "ana"
    else:
        assert (await house.refusal(asked, by)).code == "not-found"


async def test_a_taken_slot_is_a_problem_with_conflicts_and_alternatives_and_nobodys_name(house: House) -> None:
    await house.ask(house.wish(), key="k1")
    refused = await house.refusal(house.wish(0.5), CLERK, key="k2")
    assert (refused.code, refused.status) == ("slot-taken", 409)
    assert [set(each) for each in refused.members["conflicts"]] == [{"resource", "starts_at", "ends_at"}]
    assert refused.members["alternatives"][0]["resource"] == "room-b"
    assert "ana" not in orjson.dumps(dict(refused.members)).decode()
    rules = await house.refusal(house.wish(0.5, minutes=540), CLERK, key="k3")
    assert [each["code"] for each in rules.members["violations"]] == ["too-long", "slot-taken"]


async def test_whose_membership_arrives_later_is_told_to_come_again_and_then_books(house: House) -> None:
    new = member("new", "org-a")
    refused = await house.refusal(house.wish(), new, key="k1")
    assert (refused.code, refused.status) == ("not-yet-known", 503)
    await tell(house.servers, member_state("new", "org-a"))

    async def known() -> bool:
        try:
            return bool((await house.ask(house.wish(), new, key="k1"))["booked_by"] == "new")
        except Refused:
            return False

    await until(known)


async def test_a_malformed_question_is_answered_as_one(house: House) -> None:
    for payload in (b"", b"[]", b'{"principal": 1}', b'{"data":{"site":"nyc"}}'):
        answer = orjson.loads(await house.caller.raw(PlaceBooking.wire, payload, seconds=5))
        assert answer["problem"]["status"] == 422


async def test_of_two_hundred_over_three_replicas_one_gets_the_granule(clean: Servers) -> None:
    await tell(clean, TABLE, organization("staff", "linkj_staff"), member_state("stan", "staff"))
    async with at_work(clean, replicas=3) as house:
        await house.furnish()
        wishes = (house.ask(house.wish(minutes=15 * (1 + n % 3)), CLERK, key=f"k{n}") for n in range(200))
        outcomes = await asyncio.gather(*wishes, return_exceptions=True)
        refused = [each.code for each in outcomes if isinstance(each, Refused)]
        assert refused == ["slot-taken"] * 199
        assert len((await house.ask(ListBookings(), CLERK))["items"]) == 1
