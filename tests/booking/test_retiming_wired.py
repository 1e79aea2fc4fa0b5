"""The job on running replicas, asked as `lounge retime` asks it, told on the stream."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.contracts.booking import BookingMoved, GetBooking, RetimeBookings
from tests.booking.running import CLERK, House, at_work, last, now, tell
from tests.support.booking import OPERATOR, TABLE, member_state, organization
from tests.support.retiming import new_rules
from tests.support.servers import Servers


@pytest.fixture
async def house(clean: Servers) -> AsyncIterator[House]:
    """Three replicas, furnished, that have heard of staff before they started."""
    spring = now().date().replace(month=1, day=1)
    period = {"starts_on": spring, "ends_on": spring.replace(year=spring.year + 2)}
    await tell(clean, TABLE, organization("staff", "linkj_staff", membership=period), member_state("stan", "staff"))
    async with at_work(clean, replicas=3) as furnished:
        await furnished.furnish()
        yield furnished


async def test_all_is_moved_told_and_shown_and_asked_again_there_is_nothing_to_do(house: House, tmp_path: Path) -> None:
    booked = [await house.ask(house.wish(hour), CLERK, key=f"k{hour}") for hour in (-2, 0, 2)]
    with new_rules(tmp_path, "NYT9"):
        done = await house.ask(RetimeBookings(site="nyc"), OPERATOR)
        assert (done["looked_at"], done["moved"], done["stayed"]) == (3, 3, [])
        again = [await house.ask(RetimeBookings(site="nyc"), OPERATOR) for _ in range(3)]
        assert [each["moved"] for each in again] == [0] * 3
        shown = [await house.ask(GetBooking(id=each["id"]), CLERK) for each in booked]
    assert [each["local"] for each in shown] == [each["local"] for each in booked]
    assert all(each["starts_at"].endswith("-09:00") for each in shown)
    subject = f"evt.{BookingMoved.wire}.{booked[0]['id']}"
    told = BookingMoved.model_validate(await last(house.servers, subject))
    assert (told.because, told.released is not None) == ("time-zone-rules", True)
    assert told.starts_at - told.before.starts_at >= timedelta(hours=4)


async def test_nobody_else_may_ask_for_it(house: House) -> None:
    assert (await house.refusal(RetimeBookings(site="nyc"), CLERK)).code == "forbidden"
