"""Waking hours, the order of a line, and what becomes of an entry: no clock but the one that is handed in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.entitlement import Reason
from services.booking.domain.events import WaitlistEnded
from services.booking.domain.line import ahead, line
from services.booking.domain.offering import ENOUGH, Invitation, can_answer
from services.booking.domain.refusals import BookingRefused
from services.booking.domain.status import Status
from services.booking.domain.waiting import ANSWER, LOOK, Entry, Skipped, Standing
from services.booking.domain.waiting_refusals import NotOffered, OfferAccepted, OfferOver
from services.booking.domain.waking import awake_for, waking_time
from shared.kernel.text import Text
from tests.support.booking import MEMBER_A, NEW_YORK, NOW, ROOM, ROOM_B, all_free, ny, span, under

TOKYO = ZoneInfo("Asia/Tokyo")
HOUR = timedelta(hours=1)
PLACES = (TOKYO, NEW_YORK, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC"))
INSTANTS = st.integers(0, 2 * 365 * 86_400).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n))


def tokyo(wall: str) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=TOKYO).astimezone(UTC)


def entry(name: str = "e1", ticket: int = 1, wall: str = "2026-12-15 19:00", **more: Any) -> Entry:
    values: dict[str, Any] = {
        "id": name,
        "site": "nyc",
        "time_zone": "America/New_York",
        "interval": span(wall),
        "ticket": ticket,
        "organization": "org-a",
        "organization_kind": "special_member_a",
        "booked_by": "ana",
        "booked_for": "ana",
    }
    values |= {} if "kind" in more else {"resource": "room-a", "resource_name": ROOM.name}
    return Entry(**(values | more))


def invitation(who: Entry, zone: ZoneInfo = NEW_YORK, at: datetime = NOW) -> Invitation:
    return Invitation(who, zone, under(), at)


def offered(who: Entry | None = None) -> Entry:
    who = who or entry()
    held = invitation(who).offer(all_free(under(), who.interval), Random(1)).state
    return who.offered(held, at=NOW).state


@pytest.mark.parametrize(
    ("zone", "since", "by"),
    [
        (NEW_YORK, ny("2026-12-01 10:00"), ny("2026-12-01 12:00")),
        (NEW_YORK, ny("2026-12-01 21:00"), ny("2026-12-02 09:00")),
        (NEW_YORK, ny("2026-12-01 23:30"), ny("2026-12-02 10:00")),
        (TOKYO, ny("2026-12-01 12:00"), tokyo("2026-12-02 10:00")),
        # The clocks of New York jump at 02:00 in both nights; the morning's hours are what they are.
        (NEW_YORK, ny("2027-03-13 21:00"), ny("2027-03-14 09:00")),
        (NEW_YORK, ny("2027-11-06 21:00"), ny("2027-11-07 09:00")),
    ],
)
def test_two_hours_of_an_offer_are_two_waking_hours(zone: ZoneInfo, since: datetime, by: datetime) -> None:
    assert awake_for(2 * HOUR, since, zone) == by


def test_a_night_over_a_change_of_the_clocks_is_an_hour_shorter_or_longer_and_counts_for_nothing() -> None:
    spring, autumn = ny("2027-03-13 21:00"), ny("2027-11-06 21:00")
    assert (awake_for(2 * HOUR, spring, NEW_YORK) - spring, awake_for(2 * HOUR, autumn, NEW_YORK) - autumn) == (
        11 * HOUR,
        13 * HOUR,
    )


@given(since=INSTANTS, minutes=st.integers(1, 3_000), zone=st.sampled_from(PLACES))
def test_whoever_has_been_awake_for_so_long_was_awake_for_exactly_that(
    since: datetime, minutes: int, zone: ZoneInfo
) -> None:
    length = timedelta(minutes=minutes)
    by = awake_for(length, since, zone)
    assert waking_time(since, by, zone) == length
    assert by - since >= length
    wall = by.astimezone(zone)
    assert (8, 0, 0) < (wall.hour, wall.minute, wall.second) <= (22, 0, 0)


@given(since=INSTANTS, hours=st.lists(st.integers(0, 40), min_size=2, max_size=2), zone=st.sampled_from(PLACES))
def test_waking_time_adds_up(since: datetime, hours: list[int], zone: ZoneInfo) -> None:
    middle, end = since + hours[0] * HOUR, since + sum(hours) * HOUR
    whole = waking_time(since, end, zone)
    assert whole == waking_time(since, middle, zone) + waking_time(middle, end, zone)
    assert timedelta() <= whole <= end - since


@pytest.mark.parametrize(
    ("zone", "at", "can"),
    [
        (NEW_YORK, "2026-12-15 18:55", True),  # awake: five minutes are five minutes
        (NEW_YORK, "2026-12-15 19:00", False),  # never from the start on
        (TOKYO, "2026-12-15 12:00", True),  # 02:00 there, but 08:00 is an hour before 19:00 in New York
        (TOKYO, "2026-12-15 17:55", True),  # 07:55 there
    ],
)
def test_who_can_answer_before_the_start_is_asked(zone: ZoneInfo, at: str, can: bool) -> None:
    assert can_answer(entry(), zone, ny(at)) is can


def test_who_would_wake_up_too_late_is_not_asked() -> None:
    early = entry(wall="2026-12-15 13:00")  # 03:00 in Tokyo
    assert not can_answer(early, TOKYO, ny("2026-12-15 12:10"))
    assert can_answer(early, NEW_YORK, ny("2026-12-15 12:10"))
    soon = entry(wall="2026-12-15 18:15")  # 08:15 in Tokyo: a quarter of an hour is too short a morning
    assert not can_answer(soon, TOKYO, ny("2026-12-15 12:10"))
    enough = entry(wall="2026-12-15 18:30")
    assert can_answer(enough, TOKYO, ny("2026-12-15 12:10"))
    assert timedelta(minutes=30) == ENOUGH


@pytest.mark.parametrize(
    ("at", "can"),
    [
        ("2026-12-15 21:50", True),  # ten minutes awake are ten minutes
        ("2026-12-15 22:00", False),
        ("2026-12-16 00:30", False),
    ],
)
def test_who_is_awake_now_is_asked_however_little_is_left_of_the_evening(at: str, can: bool) -> None:
    assert can_answer(entry(wall="2026-12-16 00:45"), NEW_YORK, ny(at)) is can


def test_an_offer_is_a_hold_with_hours_and_no_slot_that_ends_at_the_start_at_the_latest() -> None:
    who = entry()
    held = invitation(who).offer(all_free(under(), who.interval), Random(1)).state
    assert (held.status, held.waitlist, held.booked_for) == (Status.HELD, "e1", "ana")
    assert held.expires_at == NOW + 2 * HOUR
    assert {claim.split("|")[0] for claim in held.claims} == {"room-a", "quota"}
    late = invitation(who, at=ny("2026-12-15 18:00")).offer(all_free(under(), who.interval), Random(1)).state
    assert late.expires_at == who.interval.start
    asleep = invitation(who, TOKYO, ny("2026-12-14 12:00")).offer(all_free(under(), who.interval), Random(1)).state
    assert asleep.expires_at == tokyo("2026-12-15 10:00")


def test_an_offer_is_judged_by_the_rules_at_the_date_of_use() -> None:
    who = entry()
    gone = replace(invitation(who), under=under(party=replace(MEMBER_A, kind="guest")))
    with pytest.raises(BookingRefused) as refused:
        gone.offer({}, Random(1))
    assert [no.code for no in refused.value.violations] == ["kind-not-allowed"]


def test_an_entry_is_offered_once_and_ends_as_its_booking_says() -> None:
    asked = offered()
    assert asked.status is Standing.OFFERED
    assert asked.offer is not None
    assert asked.due == (asked.offer.expires_at, ANSWER)
    assert asked.settled(Status.HELD).events == ()
    for booking, standing in {
        Status.CONFIRMED: Standing.ACCEPTED,
        Status.PENDING: Standing.ACCEPTED,
        Status.CANCELLED: Standing.DECLINED,
        Status.EXPIRED: Standing.LAPSED,
    }.items():
        ended = asked.settled(booking)
        assert (ended.state.status, len(ended.events), ended.state.claims, ended.state.due) == (standing, 1, (), None)
        assert ended.state.settled(Status.EXPIRED).events == ()


@pytest.mark.parametrize(
    ("booking", "standing"),
    [
        (Status.CONFIRMED, Standing.ACCEPTED),
        (Status.CANCELLED, Standing.DECLINED),
        (Status.EXPIRED, Standing.LAPSED),
    ],
)
def test_what_was_answered_before_it_was_noted_is_noted_at_once(booking: Status, standing: Standing) -> None:
    held = invitation(entry()).offer(all_free(under(), entry().interval), Random(1)).state
    noted = entry().offered(held.become(booking, claims=()), at=NOW)
    assert (noted.state.status, noted.state.claims, noted.state.due) == (standing, (), None)
    assert noted.events == [WaitlistEnded(noted.state)]
    assert noted.state.offer is not None
    assert noted.state.offer.booking == held.id
    assert offered().offered(held.become(booking, claims=()), at=NOW).state.status is standing


def test_who_waits_looks_again_and_at_the_start_it_is_over() -> None:
    who = entry().looks_again(0, NOW)
    assert who.due == (NOW + timedelta(seconds=15), LOOK)
    assert entry().looks_again(1_000, NOW).due == (NOW + timedelta(minutes=5), LOOK)
    assert entry().looks_again(0, who.interval.start).due == (who.interval.start, LOOK)
    assert who.expire(who.interval.start - timedelta(milliseconds=1)).events == ()
    over = who.expire(who.interval.start)
    assert (over.state.status, over.state.claims) == (Standing.EXPIRED, ())


def test_cancelled_stays_cancelled() -> None:
    gone = entry().cancel().state
    assert (gone.status, gone.claims, gone.due) == (Standing.CANCELLED, (), None)
    held = invitation(entry()).offer(all_free(under(), gone.interval), Random(1)).state
    assert gone.offered(held, at=NOW).events == ()
    assert gone.cancel().events == ()
    assert gone.expire(gone.interval.start).events == ()
    with pytest.raises(OfferAccepted):
        offered().settled(Status.CONFIRMED).state.cancel()


def test_only_what_is_offered_can_be_answered_and_the_same_answer_twice_is_one() -> None:
    with pytest.raises(NotOffered):
        entry().to_be_answered(Standing.ACCEPTED)
    assert offered().to_be_answered(Standing.ACCEPTED)
    accepted, lapsed = (offered().settled(each).state for each in (Status.CONFIRMED, Status.EXPIRED))
    assert not accepted.to_be_answered(Standing.ACCEPTED)
    with pytest.raises(OfferAccepted):
        accepted.to_be_answered(Standing.DECLINED)
    with pytest.raises(OfferOver) as over:
        lapsed.to_be_answered(Standing.ACCEPTED)
    assert (over.value.status, over.value.members) == (410, {"status": "lapsed"})


def test_a_reason_to_be_passed_over_is_noted_once() -> None:
    first = Skipped(NOW, (Reason("asleep", Text(en="asleep")),))
    skipped = entry().passed_over(first)
    assert skipped.skipped == first
    assert skipped.passed_over(replace(first, at=NOW + HOUR)) is skipped
    assert offered(skipped).skipped is None


def test_who_made_it_for_somebody_leaves_it_to_them() -> None:
    for_ben = entry(booked_for="ben")
    left = for_ben.without("ana", "member-left")
    assert isinstance(left, Entry)
    assert (left.booked_by, left.parties, left.status) == ("ben", ("ben",), Standing.WAITING)
    gone = for_ben.without("ben", "member-left")
    assert not isinstance(gone, Entry)
    assert (gone.state.status, gone.state.because) == (Standing.CANCELLED, "member-left")


def test_bands_come_before_tickets_and_who_is_in_none_comes_last() -> None:
    room = replace(ROOM, bands=(("yokohama_company",), ("special_member_a", "special_member_b")))
    kinds = ["guest", "special_member_b", "yokohama_company", "special_member_a", "yokohama_company"]
    people = [entry(f"e{n}", n, organization_kind=kind) for n, kind in enumerate(kinds)]
    assert [place.entry.id for place in line(people, [room])] == ["e2", "e4", "e1", "e3", "e0"]
    assert [place.entry.id for place in line(people, [ROOM])] == ["e0", "e1", "e2", "e3", "e4"]


def test_a_position_counts_those_in_front_who_want_some_of_the_same_time() -> None:
    rooms = [ROOM, ROOM_B, replace(ROOM, id="room-ab", parts=("room-a", "room-b"))]
    people = [
        entry("first", 1),
        entry("other-hour", 2, "2026-12-15 12:00"),
        entry("any", 3, kind="room"),
        entry("b", 4, resource="room-b"),
        entry("both", 5, resource="room-ab"),
        entry("within-the-gap", 6, "2026-12-15 20:00"),
    ]
    places = line(people, rooms)
    assert [ahead(each, places) for each in people] == [0, 0, 1, 1, 3, 3]


@given(
    tickets=st.lists(st.integers(0, 999), min_size=1, max_size=12, unique=True),
    kinds=st.lists(st.sampled_from(["guest", "partner", "special_member_a"]), min_size=12, max_size=12),
)
def test_nobody_of_the_same_band_stands_before_somebody_with_a_lower_ticket(
    tickets: list[int], kinds: list[str]
) -> None:
    room = replace(ROOM, bands=(("special_member_a",),))
    people = [entry(f"e{n}", n, organization_kind=kind) for n, kind in zip(tickets, kinds, strict=False)]
    places = line(people, [room, ROOM_B])
    ranks = [place.rank for place in places]
    assert ranks == sorted(ranks)
    assert {place.entry.id for place in places} == {each.id for each in people}
    assert sorted(ahead(each, places) for each in people) == list(range(len(people)))
