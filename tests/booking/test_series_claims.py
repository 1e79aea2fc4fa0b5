"""Whatever a series is asked for: its claims are those of its times, and the hours it draws their sum."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.domain.claims import of_place, of_quota
from services.booking.domain.quota import shares
from services.booking.domain.rights import Limit
from services.booking.store.series_mapping import series_of
from shared.contracts.members.policy import LimitView
from shared.kernel.refusal import Refusal
from shared.kernel.rights import Period, Scope
from tests.booking.test_series import cancel
from tests.support.booking import MEMBER_A, ROOM, ROOM_B, SITE, FakeHouse, asked, ny, to_repeat


def _pool(limit: Limit) -> tuple[Period, Scope]:
    return limit.period, limit.scope


starts = st.sampled_from(["2026-12-07 09:00", "2027-03-08 20:00", "2027-10-29 13:15", "2026-12-28 21:00"])
limits = st.lists(
    st.builds(Limit, st.sampled_from(Period), st.sampled_from(Scope), st.integers(2, 20)),
    max_size=3,
    unique_by=_pool,
)


@settings(max_examples=60, deadline=None)
@given(
    start=starts,
    minutes=st.sampled_from([15, 60, 150]),
    rule=st.sampled_from(["FREQ=DAILY;COUNT=9", "FREQ=WEEKLY;COUNT=5", "FREQ=WEEKLY;BYDAY=MO,TH,FR;COUNT=8"]),
    zone=st.sampled_from(["America/New_York", "Asia/Tokyo"]),
    limits=limits,
    gone=st.sets(st.integers(0, 8), max_size=4),
)
async def test_the_claims_are_those_of_its_times_and_the_hours_drawn_their_sum(
    start: str, minutes: int, rule: str, zone: str, limits: list[Limit], gone: set[int]
) -> None:
    both = replace(ROOM, id="room-ab", parts=("room-a", "room-b"))
    house = FakeHouse(ROOM, ROOM_B, both)
    (table,) = house.policies.values()
    rows = [
        row.model_copy(update={"limits": tuple(map(_view, limits))}) if row.kind == "special_member_a" else row
        for row in table.rows
    ]
    house.policies[table.id] = table.model_copy(update={"rows": tuple(rows), "sequence": 2})
    wish = to_repeat(start, minutes, recurrence=rule, anchor_zone=zone, on_conflict="skip", resource="room-ab")
    try:
        doc = (await house.repeat.place_series(asked(wish, key="k", deadline=ny("2028-01-01 00:00")))).doc
    except Refusal:
        return
    for index in gone & {each["index"] for each in doc["occurrences"]}:
        doc = (await cancel(house, doc, "one", index)).doc
    standing = [each.booking for each in series_of(doc).occurrences if each.stands]
    granules = {claim for each in standing for claim in both.claims(each.interval)}
    assert set(of_place(doc.get("claims", ()))) == granules
    assert len(doc.get("claims", ())) == len(set(doc.get("claims", ())))
    drawn: dict[str, int] = {}
    for each in standing:
        for share in shares(each.interval, replace(MEMBER_A, id="org-a"), limits, SITE.zone):
            drawn[share.prefix] = drawn.get(share.prefix, 0) + share.units
            assert drawn[share.prefix] <= share.total
    held = [claim.rpartition("|")[0] + "|" for claim in of_quota(doc.get("claims", ()))]
    assert {prefix: held.count(prefix) for prefix in held} == drawn


def _view(limit: Limit) -> LimitView:
    return LimitView(period=limit.period.value, scope=limit.scope.value, hours=limit.hours)
