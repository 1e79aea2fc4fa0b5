"""A state that arrives on the stream moves the bookings it concerns, over a replica that dies on the way."""

from collections.abc import Iterator

import pytest

from shared.contracts.booking import BookingHandedOver, BookingHistory, GetBooking, ListBookings
from shared.contracts.members import MemberState
from shared.kernel.ids import new_id
from shared.kit import crash, ticker
from tests.booking.running import House, at_work, last, now, tell
from tests.support.booking import TABLE, member, member_state, organization, staff
from tests.support.servers import Servers
from tests.support.waiting import until

ADMIN = {"roles": frozenset({"organization_admin"})}


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    crash.configure("")


async def test_who_leaves_hands_over_though_the_first_turn_failed_and_sees_it_no_more(
    clean: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "LEASE_MS", 400)
    spring = now().date().replace(month=1, day=1)
    period = {"starts_on": spring, "ends_on": spring.replace(year=spring.year + 2)}
    people = [member_state("ana", "org-a"), member_state("dai", "org-a", **ADMIN), member_state("stan", "staff")]
    orgs = [organization(membership=period), organization("staff", "linkj_staff", membership=period)]
    await tell(clean, TABLE, *orgs, *people)
    async with at_work(clean, replicas=1) as house:
        await house.furnish()
        placed = await house.ask(house.wish(), key=new_id(now()))
        crash.configure("ticker.after_due:raise@1")
        await tell(clean, MemberState(id="ana", sequence=2, organizations=(), active=False))
        await until(lambda: _is_for(house, placed["id"], "dai"))
        crash.configure("")
        history = (await house.ask(BookingHistory(id=placed["id"]), member("dai")))["items"]
        assert [(each["type"], each["actor"]) for each in history] == [
            ("booking.booking_placed.v1", "ana"),
            ("booking.booking_handed_over.v1", "booking"),
        ]
        for theirs in (GetBooking(id=placed["id"]), ListBookings()):
            assert (await house.refusal(theirs)).code == "member-not-active"
        said = BookingHandedOver.model_validate(await last(clean, f"evt.{BookingHandedOver.wire}.{placed['id']}"))
        assert (said.handed_over_by, said.booked_for, said.former, said.tell) == ("ana", "dai", ("ana",), ("dai",))


async def _is_for(house: House, booking: str, whom: str) -> bool:
    shown = await house.ask(GetBooking(id=booking), staff())
    return bool(shown["booked_for"] == whom)
