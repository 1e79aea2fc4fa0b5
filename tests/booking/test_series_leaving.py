"""Series of who leaves, or whose membership ends, on the real mongod with both drivers."""

from datetime import timedelta

import pytest

from services.booking.domain.viewer import ITSELF, Viewer
from services.booking.store.series_mapping import series_of
from shared.contracts.booking import ChangeSeries
from shared.contracts.members import MembershipView
from shared.kit.mongo import Mongo
from tests.booking.office import Office, changed, gone
from tests.booking.test_series_stored import LATER, Replica
from tests.support.booking import StillClock, asked, member_state, ny, organization

ADMIN = {"roles": frozenset({"organization_admin"})}


@pytest.fixture
async def office(mongo: Mongo) -> Office:
    """`org-a` with Ana, and Dai, who administers it."""
    made = Office(mongo, StillClock())
    await made.hear(organization("org-a"), member_state("ana", "org-a"), member_state("dai", "org-a", **ADMIN))
    return made


async def test_who_leaves_hands_the_series_over_as_a_whole(office: Office, mongo: Mongo) -> None:
    doc = (await Replica(mongo).book()).doc
    office.clock.at = ny("2026-12-16 09:00")
    await office.hear(gone("ana"))
    await office.turns()
    after = await office.series.get(doc["_id"], Viewer("dai"))
    assert after is not None
    assert (after["booked_for"], after["parties"], after["former"], after["status"]) == (
        "dai",
        ["dai"],
        ["ana"],
        "confirmed",
    )
    assert await office.series.get(doc["_id"], Viewer("ana")) is None
    (_, said) = after["log"]
    assert (said["type"], said["data"]["handed_over_by"], said["data"]["tell"]) == (
        "booking.series_handed_over.v1",
        "ana",
        ["dai"],
    )
    assert [each["index"] for each in said["data"]["occurrences"]] == [1, 2, 3]
    assert [each.booking.former for each in series_of(after).occurrences] == [["ana"]] * 4


async def test_what_a_membership_does_not_cover_of_it_is_cancelled_and_the_rest_stays(
    office: Office, mongo: Mongo
) -> None:
    doc = (await Replica(mongo).book()).doc
    until = MembershipView.model_validate({"starts_on": "2026-04-01", "ends_on": "2026-12-24"})
    await office.hear(changed(membership=until))
    await office.turns()
    after = await office.series.get(doc["_id"], ITSELF)
    assert after is not None
    assert [each["status"] for each in after["occurrences"]] == ["confirmed", "confirmed", "cancelled", "cancelled"]
    said = after["log"][-1]
    assert (said["type"], said["data"]["because"], said["data"]["remaining"]) == (
        "booking.series_cancelled.v1",
        "membership-ended",
        2,
    )


@pytest.mark.parametrize("heir", [True, False])
async def test_times_that_come_after_the_last_of_the_rule_was_moved_to_tomorrow_are_found_too(
    office: Office, mongo: Mongo, *, heir: bool
) -> None:
    house = Replica(mongo)
    doc = (await house.book()).doc
    soon = ny("2026-12-02 10:00")
    wish = ChangeSeries(id=doc["_id"], scope="one", index=3, starts_at=soon, ends_at=soon + timedelta(hours=1))
    moved = (await house.reshape.change_series(asked(wish, if_match=1, deadline=LATER))).doc
    assert (moved["starts_at"], moved["local"]["date"]) == (ny("2026-12-29 19:00"), "2026-12-29")
    if not heir:
        await office.hear(member_state("dai", "org-a").model_copy(update={"sequence": 2}))
    office.clock.at = ny("2026-12-03 09:00")
    await office.hear(gone("ana"))
    await office.turns()
    after = await office.series.get(doc["_id"], ITSELF)
    assert after is not None
    said = after["log"][-1]["data"]
    assert [each["index"] for each in said["occurrences"]] == [0, 1, 2]
    assert [each["status"] for each in after["occurrences"][:3]] == ["confirmed" if heir else "cancelled"] * 3
    assert after["parties"] == (["dai"] if heir else ["ana"])
