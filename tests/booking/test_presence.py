"""Who is there now: those who chose it, by name, for those who may book there."""

from typing import Any

import pytest

from services.booking.domain.refusals import NotEntitledHere
from services.booking.queries import PresenceQueries
from shared.contracts.booking import CancelBooking, CheckInBooking, CheckOutBooking, Presence
from shared.contracts.message import BilingualView, Principal
from shared.kernel.names import Name
from shared.kernel.refusal import NotFound
from tests.support.booking import (
    OPERATOR,
    FakeHouse,
    asked,
    member,
    member_state,
    ny,
    organization,
    place,
    staff,
    to_place,
)

FAR = ny("2027-01-01 00:00")
NAMES = {
    "ana": Name(family="髙﨑", given="花子", latin="Hanako Takasaki"),
    "ben": Name(family="Whitfield", given="Ben"),
}


class FakeNames(dict[str, Name]):
    async def of(self, member: str) -> Name | None:
        return self.get(member)


class Lounge:
    """Ana is in room A from 19:00, Ben in room B; at 18:50 both may check in."""

    def __init__(self) -> None:
        self.house = FakeHouse()
        self.names = FakeNames(NAMES)
        ground, known = self.house.ground, self.house.organizations
        known["org-a"] = known["org-a"].model_copy(
            update={"name": BilingualView(ja="青葉創薬", en="Aoba Therapeutics")}
        )
        self.ask = PresenceQueries(
            self.house.bookings,
            ground.sites,
            ground.parties,
            ground.rights,
            self.names,
            self.house.clock,
        )

    def show(self, wall: str) -> None:
        self.house.clock.at = ny(f"2026-12-15 {wall}")

    async def come(self, booking: str, who: str, *, visible: bool | None = True) -> None:
        ask = asked(CheckInBooking(id=booking, visible=visible), member(who), deadline=FAR)
        await self.house.attendance.check_in_booking(ask)

    async def seen(self, by: Principal | None = None, site: str = "nyc") -> list[dict[str, Any]]:
        found = await self.ask.presence(asked(Presence(site=site), by or member("ben"), deadline=FAR))
        return [each.model_dump() for each in found.items]


@pytest.fixture
async def lounge() -> Lounge:
    made = Lounge()
    await place(made.house, "a")
    await place(made.house, "b", member("ben"), resource="room-b")
    made.show("18:50")
    return made


def bookings(lounge: Lounge) -> tuple[str, str]:
    ana, ben = lounge.house.bookings.memory.docs
    return ana, ben


async def test_who_chose_it_is_seen_by_name_organization_and_place_the_latest_first(lounge: Lounge) -> None:
    ana, ben = bookings(lounge)
    assert await lounge.seen() == []
    await lounge.come(ana, "ana")
    await lounge.come(ben, "ben", visible=None)
    assert await lounge.seen() == [
        {
            "name": {"ja": "髙﨑 花子", "en": "Hanako Takasaki"},
            "organization": "org-a",
            "organization_name": {"ja": "青葉創薬", "en": "Aoba Therapeutics"},
            "resource": "room-a",
            "resource_name": {"ja": "会議室A", "en": "Room A"},
            "since": "2026-12-15T18:50:00-05:00",
            "until": "2026-12-15T20:00:00-05:00",
        }
    ]
    lounge.show("18:55")
    await lounge.come(ben, "ben")
    assert {each["resource"] for each in await lounge.seen()} == {"room-a", "room-b"}
    await lounge.come(ana, "ana", visible=False)
    assert [each["resource"] for each in await lounge.seen()] == ["room-b"]


@pytest.mark.parametrize("end", ["check-out", "cancel", "over"])
async def test_it_ends_with_being_there(lounge: Lounge, end: str) -> None:
    ana, _ = bookings(lounge)
    await lounge.come(ana, "ana")
    if end == "check-out":
        await lounge.house.attendance.check_out_booking(asked(CheckOutBooking(id=ana), deadline=FAR))
    elif end == "cancel":
        await lounge.house.handle.cancel_booking(asked(CancelBooking(id=ana), deadline=FAR))
    else:
        lounge.show("20:00")
    assert await lounge.seen() == []


async def test_a_person_is_shown_once_where_they_came_last(lounge: Lounge) -> None:
    ana, _ = bookings(lounge)
    await lounge.come(ana, "ana")
    lounge.show("19:50")
    wish = asked(to_place("2026-12-15 20:15", resource="room-b"), key="c", deadline=FAR)
    second = (await lounge.house.handle.place_booking(wish)).doc["_id"]
    lounge.show("20:00")
    docs = lounge.house.bookings.memory.docs
    docs[ana]["ends_at"] = ny("2026-12-15 21:00")  # as if extended
    await lounge.come(second, "ana")
    assert [(each["resource"], each["since"]) for each in await lounge.seen()] == [
        ("room-b", "2026-12-15T20:00:00-05:00")
    ]


async def test_who_has_no_name_any_more_is_not_shown(lounge: Lounge) -> None:
    ana, _ = bookings(lounge)
    await lounge.come(ana, "ana")
    del lounge.names["ana"]
    assert await lounge.seen() == []


async def test_only_who_may_use_the_site_today_and_its_staff_look(lounge: Lounge) -> None:
    house, (ana, _) = lounge.house, bookings(lounge)
    await lounge.come(ana, "ana")
    house.organizations["guests"] = organization("guests", "guest")
    house.organizations["gone"] = organization("gone", status="left")
    house.members["gus"] = member_state("gus", "guests")
    house.members["eve"] = member_state("eve", "gone")
    for stranger in (member("gus", "guests"), member("eve", "gone")):
        with pytest.raises(NotEntitledHere):
            await lounge.seen(stranger)
    for friend in (member(), staff(), OPERATOR):
        assert len(await lounge.seen(friend)) == 1
    with pytest.raises(NotFound):
        await lounge.seen(site="atlantis")
