"""Whatever is offered instead of what is refused is accepted, asked for at once.

Rooms, rules, rights, memberships and what is booked are as chance has it; on the fake and on the real mongod.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.booking.domain.refusals import BookingRefused, SlotTaken
from services.booking.store import Bookings
from shared.contracts.booking import PlaceBooking
from shared.kit.documents import Documents, Stored
from shared.kit.mongo import Mongo
from tests.booking.chance import Lounge, World, before, near_wishes, people, wishes, worlds
from tests.support.booking import StillClock
from tests.support.servers import Servers

moves = st.lists(st.tuples(st.integers(0, 50), near_wishes), max_size=3)


def instead(wish: PlaceBooking, offer: Mapping[str, Any]) -> PlaceBooking:
    times = {name: datetime.fromisoformat(offer[name]).astimezone(UTC) for name in ("starts_at", "ends_at")}
    return wish.model_copy(update={"resource": offer["resource"], **times})


async def every_offer_is_accepted(
    lounge: Lounge, placed: list[Any], asked_for: list[Any], moves: list[tuple[int, Any]]
) -> None:
    outcomes = [(await lounge.place(lounge.wish(*each), who), who) for each, who in placed]
    standing = [(each, who) for each, who in outcomes if isinstance(each, Stored)]
    for each, who in asked_for:
        wish = lounge.wish(*each)
        outcome = await lounge.place(wish, who)
        if not isinstance(outcome, SlotTaken | BookingRefused):
            continue
        offers = outcome.members["alternatives"]
        event(f"{min(len(offers), 5)} offers")
        assert len({(each["resource"], each["starts_at"], each["ends_at"]) for each in offers}) == len(offers) <= 5
        for offer in offers:
            taken = await lounge.place(instead(wish, offer), who)
            assert isinstance(taken, Stored), (wish, offer, getattr(taken, "members", taken))
            await lounge.give_back(taken)
    for pick, each in moves if standing else ():
        await what_is_offered_for_a_move_is_accepted(lounge, *standing[pick % len(standing)], lounge.wish(*each), pick)


async def what_is_offered_for_a_move_is_accepted(
    lounge: Lounge, standing: Stored, who: str, wish: PlaceBooking, pick: int
) -> None:
    outcome = await lounge.move(standing, wish, who)
    if isinstance(outcome, SlotTaken | BookingRefused) and (offers := outcome.members["alternatives"]):
        event("moved to an offer")
        offer = offers[pick % len(offers)]
        moved = await lounge.move(standing, instead(wish, offer), who)
        assert isinstance(moved, Stored), (wish, offer, getattr(moved, "members", moved))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    worlds,
    before,
    st.lists(st.tuples(near_wishes | wishes, people), min_size=2, max_size=4),
    moves,
)
def test_whatever_is_offered_instead_is_accepted(
    world: World, placed: list[Any], asked_for: list[Any], moved: list[tuple[int, Any]]
) -> None:
    asyncio.run(every_offer_is_accepted(Lounge(world), placed, asked_for, moved))


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
def test_so_it_is_on_the_real_database(clean: Servers, driver: Any) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(
        worlds,
        before,
        st.lists(st.tuples(near_wishes, people), min_size=2, max_size=3),
        moves,
    )
    def tried(world: World, placed: list[Any], asked_for: list[Any], moved: list[tuple[int, Any]]) -> None:
        async def on_mongo() -> None:
            mongo = Mongo(clean.mongo_url("booking"), "booking", driver)
            collection, history = mongo.collection("bookings"), mongo.collection("bookings_history")
            lounge = Lounge(
                world, lambda: Bookings(Documents(collection, history, StillClock(world.begin), lambda _: None))
            )
            await every_offer_is_accepted(lounge, placed, asked_for, moved)
            await mongo.close()

        asyncio.run(on_mongo())

    tried()
