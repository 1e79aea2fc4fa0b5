"""What is free, what occupies, and what is offered instead of a refused wish."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.availability import Occupied, TakenTime, free
from services.booking.domain.explanation import Explanation, Surroundings
from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.domain.resource import Resource, bounds, ranges, with_gap
from services.booking.domain.rules import Circumstances, Wanted, over_quota, violations
from services.booking.domain.searching import windows
from services.booking.domain.violations import Violation
from shared.contracts.booking import BookingRefusedMembers, SlotTakenMembers
from shared.kernel.interval import GRANULE, Interval
from shared.kernel.refusal import Refusal
from tests.support.booking import HOLIDAYS, MEMBER_A, NEW_YORK, NOW, ROOM, ROOM_B, SITE, all_free, ny, span, under, wish

DAY = Interval(ny("2026-12-15 00:00"), ny("2026-12-16 00:00"))


def held(interval: Interval, resource: Resource = ROOM) -> Occupied:
    return Occupied(resource.id, interval, resource.claims(interval))


def free_of(resource: Resource, *taken: Occupied, within: Interval = DAY) -> list[Interval]:
    time = TakenTime(
        (claim for each in taken for claim in each.claims), resource.occupies, with_gap(within, [resource])
    )
    return free(resource, SITE, HOLIDAYS, time, within)


def around(*taken: Occupied, rooms: tuple[Resource, ...] = (ROOM, ROOM_B)) -> Surroundings:
    window = windows(wish().interval, NEW_YORK)[1]
    return Surroundings(rooms, taken, window, all_free(under(), window))


def explained(
    wanted: Wanted, where: Circumstances, broken: Sequence[Violation], surroundings: Surroundings
) -> Refusal | None:
    why = Explanation(wanted, where, broken, surroundings, NOW)
    return why.refusal(why.alternatives())


def test_an_empty_day_is_free_while_open() -> None:
    assert free_of(ROOM) == [Interval(ny("2026-12-15 09:00"), ny("2026-12-15 22:00"))]


def test_before_and_after_a_booking_the_clean_up_gap_is_kept() -> None:
    found = free_of(ROOM, held(span("2026-12-15 12:00")))
    assert found == [
        Interval(ny("2026-12-15 09:00"), ny("2026-12-15 11:45")),
        Interval(ny("2026-12-15 13:15"), ny("2026-12-15 22:00")),
    ]


def test_what_is_shorter_than_the_shortest_use_is_not_free() -> None:
    taken = [held(span("2026-12-15 09:00", 60)), held(span("2026-12-15 10:45", 60))]
    assert free_of(replace(ROOM, shortest_minutes=30), *taken)[0].start == ny("2026-12-15 12:00")
    assert free_of(ROOM, *taken)[0] == Interval(ny("2026-12-15 10:15"), ny("2026-12-15 10:30"))


def test_a_part_that_is_taken_takes_the_combined_room() -> None:
    both = replace(ROOM, id="room-ab", parts=("room-a", "room-b"))
    assert free_of(both, held(span("2026-12-15 09:00", 12 * 60), ROOM_B)) == [span("2026-12-15 21:15", 45)]


def test_coarser_granules_begin_on_the_rooms_own_grid() -> None:
    hourly = replace(ROOM, granule_minutes=60, buffer_minutes=0)
    found = free_of(hourly, held(span("2026-12-15 10:00", 15), hourly))
    assert [each.start for each in found] == [ny("2026-12-15 09:00"), ny("2026-12-15 11:00")]


@given(
    first=st.integers(0, 48),
    length=st.integers(1, 16),
    wish_first=st.integers(0, 48),
    wish_length=st.integers(1, 16),
    buffer=st.sampled_from([0, 15, 30]),
)
def test_a_wish_lies_in_a_free_range_exactly_when_its_claims_hit_nobodys(
    first: int, length: int, wish_first: int, wish_length: int, buffer: int
) -> None:
    room = replace(ROOM, buffer_minutes=buffer)
    opens = ny("2026-12-15 09:00")
    taken = held(Interval(opens + first * GRANULE, opens + (first + length) * GRANULE), room)
    wanted = Interval(opens + wish_first * GRANULE, opens + (wish_first + wish_length) * GRANULE)
    open_at_all = wanted.end <= ny("2026-12-15 22:00")
    collides = not set(room.claims(wanted)).isdisjoint(taken.claims)
    assert any(each.contains(wanted) for each in free_of(room, taken)) is (open_at_all and not collides)


@given(
    uses=st.lists(st.tuples(st.sampled_from([ROOM, ROOM_B]), st.integers(-300, 300), st.integers(1, 200)), max_size=8),
    first=st.integers(-40, 40),
    length=st.integers(1, 200),
    buffer=st.sampled_from([0, 15, 45]),
)
def test_what_is_free_in_a_range_is_told_by_what_is_taken_in_it_alone(
    uses: list[tuple[Resource, int, int]], first: int, length: int, buffer: int
) -> None:
    both = replace(ROOM, id="room-ab", parts=("room-a", "room-b"), opening_hours=None, buffer_minutes=buffer)
    start = DAY.start + timedelta(minutes=7 * first)
    within, ever = Interval(start, start + length * timedelta(minutes=7)), DAY.lengthened(timedelta(days=99))
    ever = Interval(ever.start - timedelta(days=99), ever.end)
    taken = [
        held(Interval(DAY.start + at * GRANULE, DAY.start + (at + many) * GRANULE), replace(room, opening_hours=None))
        for room, at, many in uses
    ]
    claims = [claim for each in taken for claim in (*each.claims, "quota|org|weekly-hours|2026-W50|001", "desk|x")]
    whole = TakenTime(claims, both.occupies, ever)
    assert free(both, SITE, HOLIDAYS, whole, within) == free_of(both, *taken, within=within)
    assert whole.of(both) == ranges(claims, both.occupies)


STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 — bounds are naive by hypothesis' own rule
SPANS = st.builds(lambda at, minutes: Interval(at, at + timedelta(minutes=minutes)), STARTS, st.integers(1, 3_000))


@given(one=SPANS, other=SPANS)
def test_two_uses_share_a_claim_exactly_when_their_granules_overlap(one: Interval, other: Interval) -> None:
    room = replace(ROOM, buffer_minutes=0)
    shared = not set(room.claims(one)).isdisjoint(room.claims(other))
    first, second = (Interval(next(each.granules()), [*each.granules()][-1] + GRANULE) for each in (one, other))
    assert shared is first.overlaps(second)


@given(use=SPANS)
def test_claims_read_back_are_the_granules_they_were_made_of(use: Interval) -> None:
    room = replace(ROOM, buffer_minutes=0)
    claims = room.claims(use)
    (whole,) = ranges(
        [*reversed(claims), "quota|room-a|weekly-hours|2026-W50|001", "room-b|2026-01-01T00:00"], ["room-a"]
    )
    assert (whole.start, whole.end) == (next(use.granules()), [*use.granules()][-1] + GRANULE)
    first, end = bounds("room-a", use)
    assert all(first <= claim < end for claim in claims)


def test_a_taken_slot_names_when_it_is_taken_never_by_whom_and_offers_the_nearest_others() -> None:
    refusal = explained(wish(), under(), [], around(held(span("2026-12-15 18:00", 120))))
    assert isinstance(refusal, SlotTaken)
    assert refusal.members["conflicts"] == [
        {
            "resource": "room-a",
            "starts_at": "2026-12-15T18:00:00-05:00",
            "ends_at": "2026-12-15T20:00:00-05:00",
        }
    ]
    offered = [(each["resource"], each["starts_at"]) for each in refusal.members["alternatives"]]
    assert offered[:3] == [
        ("room-b", "2026-12-15T19:00:00-05:00"),
        ("room-a", "2026-12-15T20:15:00-05:00"),
        ("room-a", "2026-12-15T16:45:00-05:00"),
    ]
    assert refusal.members["alternatives"][0]["local"] == {
        "time_zone": "America/New_York",
        "date": "2026-12-15",
        "start": "19:00",
        "end": "20:00",
    }
    SlotTakenMembers.model_validate(refusal.members)


def test_every_alternative_breaks_no_rule_and_collides_with_nobody() -> None:
    taken = [held(span(f"2026-12-15 {hour}:00"), room) for hour in (10, 13, 19) for room in (ROOM, ROOM_B)]
    refusal = explained(wish(attendees=3), under(), [], around(*taken))
    assert refusal is not None
    assert [each["resource"] for each in refusal.members["alternatives"]] == ["room-a", "room-a", "room-b"]
    claimed = {claim for each in taken for claim in each.claims}
    for each in refusal.members["alternatives"]:
        room = {"room-a": ROOM, "room-b": ROOM_B}[each["resource"]]
        interval = Interval(*(datetime.fromisoformat(each[end]).astimezone(UTC) for end in ("starts_at", "ends_at")))
        offered = replace(wish(attendees=3), interval=interval)
        assert violations(offered, under(room), NOW) == []
        assert claimed.isdisjoint(room.claims(interval))


def test_what_begins_just_behind_the_window_keeps_its_clean_up_gap_from_what_is_offered() -> None:
    taken = held(span("2026-12-16 00:00"))
    ends = [each.end for each in free_of(replace(ROOM, opening_hours=None), taken)]
    assert ends == [ny("2026-12-15 23:45")]


def test_a_room_too_small_is_not_offered() -> None:
    refusal = explained(wish(attendees=6), under(), [], around(held(span("2026-12-15 19:00"))))
    assert refusal is not None
    assert {each["resource"] for each in refusal.members["alternatives"]} == {"room-a"}


def test_a_broken_rule_and_a_taken_slot_are_refused_together() -> None:
    wanted = wish("2026-12-15 21:30")
    broken = violations(wanted, under(), NOW)
    refusal = explained(wanted, under(), broken, around(held(span("2026-12-15 21:00"))))
    assert isinstance(refusal, BookingRefused)
    assert [each["code"] for each in refusal.members["violations"]] == ["outside-opening-hours", "slot-taken"]
    assert refusal.members["alternatives"][0]["resource"] == "room-b"
    BookingRefusedMembers.model_validate(refusal.members)


def test_a_wish_too_long_is_offered_as_long_as_the_room_allows() -> None:
    wanted = wish("2026-12-15 09:00", 10 * 60)
    refusal = explained(wanted, under(), violations(wanted, under(), NOW), around())
    assert refusal is not None
    assert refusal.members["alternatives"][0] == {
        "resource": "room-a",
        "starts_at": "2026-12-15T09:00:00-05:00",
        "ends_at": "2026-12-15T17:00:00-05:00",
        "local": {"time_zone": "America/New_York", "date": "2026-12-15", "start": "09:00", "end": "17:00"},
    }


@pytest.mark.parametrize(("left", "hours"), [(8, 2), (2, 0.5), (0, None)])
def test_over_quota_the_offer_is_what_the_pool_has_left(left: int, hours: float | None) -> None:
    wanted, where = wish(minutes=180), under(party=replace(MEMBER_A, kind="special_member_c"))
    shares = where.quota(wanted.interval)
    broken = over_quota(shares, {share.prefix: range(left) for share in shares}, SITE.zone)
    refusal = explained(wanted, where, broken, around())
    assert isinstance(refusal, BookingRefused)
    lengths = [
        datetime.fromisoformat(each["ends_at"]) - datetime.fromisoformat(each["starts_at"])
        for each in refusal.members["alternatives"]
    ]
    assert set(lengths) == ({timedelta(hours=hours)} if hours else set())


def test_who_was_in_the_way_and_has_gone_is_no_refusal() -> None:
    assert explained(wish(), under(), [], around()) is None
