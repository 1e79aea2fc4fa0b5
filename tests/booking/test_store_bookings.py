"""The one write of a booking: one suite, on the fake and on the real mongod with both drivers."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from services.booking.domain.booking import Booking, Decided
from services.booking.domain.moving import Move, move
from services.booking.domain.resource import Resource
from services.booking.domain.settling import cancel, confirm
from services.booking.domain.status import Status
from services.booking.domain.viewer import Viewer
from services.booking.store import Bookings, BookingsPage
from services.booking.store.bookings import Decide
from services.booking.store.mapping import booking_of
from shared.kernel.interval import Interval
from shared.kernel.refusal import KeyReused, NotFound, VersionStale
from shared.kit.documents import Cause, ClaimTaken, Stored
from shared.kit.mongo import Mongo
from tests.booking.conftest import real_bookings
from tests.support.booking import MEMBER_A, NOW, ROOM, ROOM_B, all_free, ny, span, under, wish

ANA, BEN = Viewer("ana"), Viewer("ben")
STAFF, OPERATOR = Viewer("stan", site="nyc"), Viewer("ops", everything=True)
NO_QUOTA = replace(MEMBER_A, kind="linkj_staff")


def decided(
    name: str,
    wall: str = "2026-12-15 19:00",
    minutes: int = 60,
    *,
    room: Resource = ROOM,
    by: str = "ana",
    seed: int = 1,
) -> Decided:
    wanted = replace(wish(wall, minutes), booked_by=by, booked_for=by)
    where = under(room)
    return Booking.place(name, wanted, where, all_free(where, wanted.interval), at=NOW, chance=Random(seed))


def cause(key: str, fingerprint: str = "same", actor: str = "ana") -> Cause:
    return Cause("cmd.booking.place_booking.v1", actor, "corr-1", key=key, fingerprint=fingerprint)


def cancelling(key: str | None = None) -> Cause:
    return Cause("cmd.booking.cancel_booking.v1", "ana", "corr-2", key=key, fingerprint=key)


async def test_a_booking_read_back_is_the_one_that_was_placed(bookings: Bookings) -> None:
    placed = decided("b1")
    stored = await bookings.place(placed, cause("k1"), at=NOW)
    found = await bookings.get("b1", ANA)
    assert found is not None
    assert booking_of(found) == booking_of(stored.doc) == placed.state
    assert (found["version"], found["parties"], found["local"]["start"]) == (1, ["ana"], "19:00")
    (entry,) = found["log"]
    assert (entry["type"], entry["data"]["resource_name"]) == (
        "booking.booking_placed.v1",
        {"ja": "会議室A", "en": "Room A"},
    )


async def test_the_same_key_gives_the_same_booking_and_another_body_is_refused(bookings: Bookings) -> None:
    first = await bookings.place(decided("b1"), cause("k1"), at=NOW)
    again = await bookings.place(decided("b1", seed=2), cause("k1"), at=NOW + timedelta(minutes=1))
    assert (first.replay, again.replay) == (False, True)
    assert again.doc["claims"] == list(first.doc["claims"])
    with pytest.raises(KeyReused):
        await bookings.place(decided("b1", "2026-12-16 10:00"), cause("k1", "other"), at=NOW)
    assert await bookings.replay("b1", cause("k1")) is not None
    assert await bookings.replay("b2", cause("k1")) is None


async def test_fifty_retries_of_one_key_at_once_all_get_the_one_booking_never_their_own_claims_refusal(
    bookings: Bookings,
) -> None:
    outcomes = await asyncio.gather(
        *(bookings.place(decided("b1", seed=n), cause("k1"), at=NOW) for n in range(50)),
        *(bookings.place(decided(f"c{n}", seed=n), cause(f"k{n}"), at=NOW) for n in range(2, 12)),
        return_exceptions=True,
    )
    own = [each for each in outcomes[:50] if isinstance(each, Stored)]
    assert len(own) == 50
    assert {each.doc["_id"] for each in own} == {"b1"}
    assert sum(each.replay for each in own) == 49
    assert [type(each) for each in outcomes[50:]] == [ClaimTaken] * 10


async def test_of_two_hundred_for_one_granule_one_is_placed_and_all_others_learn_what_is_taken(
    bookings: Bookings,
) -> None:
    where = under(party=NO_QUOTA)
    wishes = [
        Booking.place(f"b{n}", wish("2026-12-15 19:00", 15 * (1 + n % 4)), where, {}, at=NOW, chance=Random(n))
        for n in range(200)
    ]
    outcomes = await asyncio.gather(
        *(bookings.place(each, cause(f"k{n}"), at=NOW) for n, each in enumerate(wishes)), return_exceptions=True
    )
    refused = [each for each in outcomes if isinstance(each, ClaimTaken)]
    assert len(refused) == 199
    assert {each.claim.split("|")[0] for each in refused} == {"room-a"}
    assert len(await bookings.occupied("nyc", ["room-a"], span("2026-12-15 00:00", 1440))) == 1


async def test_overlapping_at_random_never_leaves_two_on_one_granule(bookings: Bookings) -> None:
    chance, where = Random(11), under(party=NO_QUOTA)
    wishes = [
        Booking.place(
            f"b{n}",
            wish(
                f"2026-12-15 {chance.randrange(9, 18):02d}:{chance.choice(['00', '15', '30', '45'])}",
                15 * chance.randrange(1, 9),
            ),
            where,
            {},
            at=NOW,
            chance=chance,
        )
        for n in range(120)
    ]
    await asyncio.gather(
        *(bookings.place(each, cause(f"k{n}"), at=NOW) for n, each in enumerate(wishes)), return_exceptions=True
    )
    live = await bookings.occupied("nyc", ["room-a"], span("2026-12-15 00:00", 1440))
    claims = [claim for each in live for claim in each.claims]
    assert len(live) > 3
    assert len(claims) == len(set(claims))


async def test_two_documents_never_hold_the_same_unit_of_quota(bookings: Bookings) -> None:
    await bookings.place(decided("b1", seed=1), cause("k1"), at=NOW)
    with pytest.raises(ClaimTaken, match=r"^quota\|org-a\|weekly-hours\|2026-W51\|"):
        await bookings.place(decided("b2", room=ROOM_B, seed=1), cause("k2"), at=NOW)
    (prefix,) = (share.prefix for share in under().quota(span("2026-12-15 19:00")))
    held = {int(claim.rsplit("|", 1)[1]) for claim in decided("b1", seed=1).state.claims if claim.startswith(prefix)}
    assert await bookings.used_units("nyc", prefix) == held
    assert await bookings.used_units("nyc", prefix.replace("W51", "W52")) == set()
    assert await bookings.used_units("tokyo", prefix) == set()


async def test_cancelling_gives_everything_back_at_once(bookings: Bookings) -> None:
    await bookings.place(decided("b1"), cause("k1"), at=NOW)
    stored = await bookings.change("b1", lambda b: cancel(b, at=NOW), cancelling(), ANA, at=NOW)
    assert (stored.doc["status"], stored.doc["version"], "claims" in stored.doc) == ("cancelled", 2, False)
    assert await bookings.occupied("nyc", ["room-a"], span("2026-12-15 00:00", 1440)) == []
    await bookings.place(decided("b2"), cause("k2"), at=NOW)


def moving_to(wall: str, minutes: int = 60) -> Decide:
    """Without a quota, so that only the place is fought for."""
    where, wanted = under(party=NO_QUOTA), wish(wall, minutes)
    return lambda booking: move(booking, Move(wanted, where), {}, at=NOW, chance=Random(1))


async def test_a_booking_moves_onto_a_range_that_overlaps_its_own_and_onto_nobody_elses(bookings: Bookings) -> None:
    where = under(party=NO_QUOTA)
    for name, wall in (("b1", "2026-12-15 10:00"), ("b2", "2026-12-15 12:00")):
        placed = Booking.place(name, wish(wall), where, {}, at=NOW, chance=Random(1))
        await bookings.place(placed, cause(name), at=NOW)
    moved = await bookings.change("b1", moving_to("2026-12-15 10:30"), cancelling(), ANA, at=NOW)
    assert (moved.doc["version"], moved.doc["local"]["start"], len(moved.doc["claims"])) == (2, "10:30", 5)
    with pytest.raises(ClaimTaken, match=r"^room-a\|"):
        await bookings.change("b1", moving_to("2026-12-15 11:00"), cancelling(), ANA, at=NOW)
    found, version = await bookings.load("b1", ANA)
    assert (found.claims, version) == (tuple(moved.doc["claims"]), 2)


async def test_of_thirty_that_move_to_one_hour_at_once_one_gets_it_and_the_others_stay(bookings: Bookings) -> None:
    where = under(party=NO_QUOTA)
    for n in range(30):
        wanted = wish(f"2026-12-{7 + n % 5:02d} {9 + 2 * (n // 5):02d}:00")
        await bookings.place(
            Booking.place(f"b{n}", wanted, where, {}, at=NOW, chance=Random(n)), cause(f"k{n}"), at=NOW
        )
    outcomes = await asyncio.gather(
        *(bookings.change(f"b{n}", moving_to("2026-12-15 19:00"), cancelling(f"m{n}"), ANA, at=NOW) for n in range(30)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Stored) for each in outcomes) == 1
    assert sum(isinstance(each, ClaimTaken) for each in outcomes) == 29
    live = await bookings.occupied("nyc", ["room-a"], span("2026-12-07 00:00", 9 * 1440))
    claims = [claim for each in live for claim in each.claims]
    assert len(live) == 30
    assert len(claims) == len(set(claims))


async def test_of_twenty_cancelling_at_once_one_writes_and_all_see_the_same(bookings: Bookings) -> None:
    await bookings.place(decided("b1"), cause("k1"), at=NOW)
    outcomes = await asyncio.gather(
        *(bookings.change("b1", lambda b: cancel(b, at=NOW), cancelling(f"k{n}"), ANA, at=NOW) for n in range(20))
    )
    assert {each.doc["version"] for each in outcomes} == {2}
    assert {each.doc["status"] for each in outcomes} == {"cancelled"}


async def test_a_stale_version_is_refused_and_a_repeated_transition_writes_nothing(bookings: Bookings) -> None:
    await bookings.place(decided("b1"), cause("k1"), at=NOW)
    with pytest.raises(VersionStale):
        await bookings.change("b1", lambda b: cancel(b, at=NOW), cancelling(), ANA, at=NOW, if_match=7)
    kept = await bookings.change("b1", lambda b: confirm(b, at=NOW), cancelling(), ANA, at=NOW, if_match=1)
    assert kept.doc["version"] == 1


async def test_a_booking_of_others_is_not_there_except_for_their_sites_staff_and_operators(bookings: Bookings) -> None:
    await bookings.place(decided("b1"), cause("k1"), at=NOW)
    assert await bookings.get("b1", BEN) is None
    assert await bookings.get("b1", Viewer("sato", site="tokyo")) is None
    assert await bookings.get("b1", STAFF) is not None
    assert await bookings.get("b1", OPERATOR) is not None
    with pytest.raises(NotFound):
        await bookings.change("b1", lambda b: cancel(b, at=NOW), cancelling(), BEN, at=NOW)


async def test_a_list_is_by_start_and_pages_through_equal_starts(bookings: Bookings) -> None:
    walls = ["2026-12-16 10:00", "2026-12-15 10:00", "2026-12-15 10:00", "2026-12-17 10:00"]
    rooms = [ROOM, ROOM, ROOM_B, ROOM]
    for n, (wall, room) in enumerate(zip(walls, rooms, strict=True)):
        by = "ben" if n == 3 else "ana"
        await bookings.place(decided(f"b{n}", wall, room=room, by=by, seed=n), cause(f"k{n}"), at=NOW)
    page = BookingsPage(sites=("nyc",), limit=2)
    first = await bookings.listed(page, ANA)
    assert [doc["_id"] for doc in first] == ["b1", "b2"]
    rest = await bookings.listed(replace(page, after=(first[0]["starts_at"], "b1")), ANA)
    assert [doc["_id"] for doc in rest] == ["b2", "b0"]
    assert [doc["_id"] for doc in await bookings.listed(replace(page, limit=9), STAFF)] == ["b1", "b2", "b0", "b3"]
    day = replace(page, start=ny("2026-12-16 00:00"), end=ny("2026-12-17 00:00"))
    assert [doc["_id"] for doc in await bookings.listed(day, STAFF)] == ["b0"]
    assert await bookings.listed(replace(page, status="cancelled"), STAFF) == []
    assert await bookings.listed(replace(page, sites=("tokyo",)), ANA) == []
    assert [doc["_id"] for doc in await bookings.listed(replace(page, sites=("nyc", "tokyo")), STAFF)] == []


async def test_what_is_occupied_is_found_by_any_granule_in_the_range_the_gap_included(bookings: Bookings) -> None:
    await bookings.place(decided("b1", "2026-12-15 19:00"), cause("k1"), at=NOW)
    at_eight = Interval(ny("2026-12-15 20:00"), ny("2026-12-15 20:15"))
    assert [each.resource for each in await bookings.occupied("nyc", ["room-b", "room-a"], at_eight)] == ["room-a"]
    assert await bookings.occupied("nyc", ["room-a"], Interval(at_eight.end, at_eight.end + timedelta(hours=1))) == []
    assert await bookings.occupied("nyc", ["room-b"], at_eight) == []
    assert await bookings.occupied("nyc", [], at_eight) == []
    (found,) = await bookings.occupied("nyc", ["room-a"], at_eight)
    assert await bookings.claimed("nyc", ["room-b", "room-a"], at_eight) == found.claims
    assert await bookings.claimed("nyc", ["room-b"], at_eight) == await bookings.claimed("nyc", [], at_eight) == []


async def test_the_log_that_outgrew_its_document_is_read_in_order(mongo: Mongo) -> None:
    bookings, history = real_bookings(mongo), mongo.collection("bookings_history")
    rows = [{"_id": f"b1|{seq:010d}", "aggregate": "b1", "site": "nyc", "seq": seq} for seq in (3, 2, 1)]
    await history.insert_many([*rows, {"_id": "b2|0000000001", "aggregate": "b2", "site": "nyc", "seq": 1}])
    log = await bookings.whole_log({"_id": "b1", "sent": 4, "log": [{"seq": 3}, {"seq": 4}]})
    assert [entry["seq"] for entry in log] == [1, 2, 3, 4], "a copy of what the document still holds is no second entry"


async def test_a_change_that_lost_the_race_is_decided_again_on_what_won(bookings: Bookings) -> None:
    await bookings.place(decided("b1"), cause("k1"), at=NOW)
    seen: list[Status] = []

    def cancelled(booking: Booking) -> Decided:
        seen.append(booking.status)
        return cancel(booking, at=NOW)

    await asyncio.gather(*(bookings.change("b1", cancelled, cancelling(f"k{n}"), ANA, at=NOW) for n in range(2)))
    assert seen[0] is Status.CONFIRMED
    assert seen[-1] is Status.CANCELLED
