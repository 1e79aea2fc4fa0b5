"""The table of rights on the real servers: one document, told to those who judge by it, changed by staff."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared.contracts.booking import SiteState
from shared.contracts.members import (
    POLICY_ID,
    GetPolicy,
    PolicyHistory,
    PolicyRow,
    PolicyState,
    PutPolicy,
    UpdateMember,
)
from shared.contracts.message import CloudEvent, Principal
from tests.members.conftest import NOON, House, Houses, replica
from tests.members.people import company, person, principal
from tests.support.servers import Servers
from tests.support.waiting import until

SUBJECT = f"state.{PolicyState.wire}.{POLICY_ID}"
A = "special_member_a"


@pytest.fixture
async def house(houses: Houses, clean: Servers) -> AsyncIterator[House]:
    """One replica that knows the site nyc."""
    booking = await clean.client("booking")
    site = SiteState(id="nyc", sequence=1, time_zone="America/New_York").model_dump(mode="json")
    event = CloudEvent(id="nyc-v1", source="/services/booking", type=f"org.link-j.state.{SiteState.wire}", time=NOON)
    body = event.model_copy(update={"data": site}).model_dump_json().encode()
    await booking.jetstream().publish(f"state.{SiteState.wire}.nyc", body, stream="STATE")
    await booking.close()
    async with houses() as running:
        yield running


async def stated(client: Client, version: int) -> PolicyState:
    """The table on the stream, once it is there in this version."""
    found: list[PolicyState] = []

    async def is_there() -> bool:
        try:
            message = await client.jetstream().get_last_msg("STATE", SUBJECT)
        except NotFoundError:
            return False
        found[:] = [PolicyState.model_validate(orjson.loads(message.data or b"")["data"])]
        return found[0].sequence == version

    await until(is_there)
    return found[0]


def rows_of(table: dict[str, Any]) -> list[PolicyRow]:
    return [PolicyRow.model_validate_json(orjson.dumps(row)) for row in table["rows"]]


def row(kind: str = A, **fields: Any) -> PolicyRow:
    usual = {"kind": kind, "site": "*", "resource": "*", "months_ahead": 6}
    return PolicyRow.model_validate_json(orjson.dumps(usual | fields))


def wish(*rows: PolicyRow, reason: str | None = "年度替わりのため", dry_run: bool = False) -> PutPolicy:
    return PutPolicy(rows=rows, reason=reason, dry_run=dry_run)


async def staff_of(house: House, organization_kind: str = "linkj_staff", **more: Any) -> Principal:
    """Staff of the site nyc, of an organization of that kind."""
    organization = await house.done(company(organization_kind, kind=organization_kind))
    fields = {"roles": frozenset({"site_staff"}), "site": "nyc"} | more
    return principal(await house.done(person(organization["id"], f"{organization_kind}@staff.example", **fields)))


async def test_a_new_system_tells_its_first_table_once_however_many_replicas_start(
    clean: Servers, houses: Houses
) -> None:
    ops = await clean.client("ops")
    for _ in range(2):
        async with houses() as house, replica(clean).running(), replica(clean).running():
            table = await stated(ops, 1)
            docs: list[dict[str, Any]] = list(house.admin["members"]["policies"].find({}))
        assert {row.kind for row in table.rows if not row.allowed} == {"partner", "guest"}
        assert [(doc["_id"], doc["version"], len(doc["log"])) for doc in docs] == [(POLICY_ID, 1, 1)]
        assert docs[0]["log"][0]["reason"].startswith("policy.toml")
    await ops.close()


async def test_staff_change_the_table_and_everybody_who_judges_by_it_hears_of_it(house: House, clean: Servers) -> None:
    clerk, ops = await staff_of(house), await clean.client("ops")
    first = await house.done(GetPolicy(), clerk)
    assert (first["version"], first["changed_by"]) == (1, "members")
    wanted = [each for each in rows_of(first) if each.kind != A]
    changed = await house.done(wish(*wanted, row(months_ahead=3)), clerk, key="k1", if_match=1)
    assert (changed["version"], changed["reason"], changed["changed_by"]) == (2, "年度替わりのため", clerk.id)
    assert not changed["dry_run"]
    assert await house.done(GetPolicy(), clerk) == {
        key: value for key, value in changed.items() if key not in ("dry_run", "effect")
    }
    assert [each.months_ahead for each in (await stated(ops, 2)).rows if each.kind == A] == [3]
    entry = house.admin["members"]["policies"].find_one({})["log"][-1]  # type: ignore[index]  # it is there
    assert (entry["type"], entry["actor"], entry["data"]["version"]) == ("members.policy_changed.v1", clerk.id, 2)
    assert (entry["organization"], entry["reason"]) == (clerk.organization, "年度替わりのため")
    assert [each["kind"] for each in entry["data"]["put"]] == [A]
    await ops.close()


async def test_the_same_table_again_writes_nothing_and_an_older_one_is_refused(house: House) -> None:
    rows = rows_of(await house.done(GetPolicy()))
    assert (await house.done(wish(*reversed(rows)), if_match=1))["version"] == 1
    put = wish(*rows, row(resource="desk"))
    assert (await house.done(put, key="k1", if_match=1))["version"] == 2
    again = await house.ask(put, key="k1", if_match=1)
    assert (again.replay, again.data["version"]) == (True, 2)
    assert await house.refused(wish(*rows), if_match=1) == (412, "version-stale")
    assert await house.refused(wish(*rows, dry_run=True), if_match=1) == (412, "version-stale")


async def test_what_no_table_may_be_is_told_with_every_fault(house: House) -> None:
    faulty = wish(row(), row(months_ahead=0), row(site="nyk"), row("guest", allowed=False))
    for put in (faulty, faulty.model_copy(update={"dry_run": True})):
        answer = await house.ask(put)
        assert answer.problem is not None
        assert (answer.problem.status, answer.problem.code) == (422, "policy-invalid")
        faults = [(fault["row"], fault["code"]) for fault in answer.problem.members["faults"]]
        assert faults == [
            (1, "row-twice"),
            (1, "months-out-of-range"),
            (2, "unknown-site"),
            (3, "denied-and-granted"),
        ]
    assert await house.refused(wish(row(), reason=None)) == (422, "reason-required")
    assert (await house.done(GetPolicy()))["version"] == 1


async def test_a_dry_run_tells_who_gains_and_loses_and_writes_nothing(house: House) -> None:
    aoba = await house.done(company("青葉創薬", kind=A))
    ghosts = await house.done(company("ゲスト", kind="guest"))
    for n, organizations in enumerate([(aoba["id"],), (aoba["id"], ghosts["id"]), (ghosts["id"],), (aoba["id"],)]):
        await house.done(person(organizations[0], f"p{n}@a.example", organizations=organizations[1:]))
    (gone, *_) = house.admin["members"]["members"].find({"email": "p3@a.example"})
    await house.done(UpdateMember(id=gone["_id"], active=False), if_match=1)
    rows = [each for each in rows_of(await house.done(GetPolicy())) if each.kind not in (A, "guest")]
    wanted = [*rows, row(months_ahead=2), row("guest", site="nyc", resource="desk", months_ahead=1)]
    told = await house.done(wish(*wanted, reason=None, dry_run=True))
    assert (told["dry_run"], told["version"], len(told["rows"])) == (True, 1, len(wanted))
    effect = told["effect"]
    assert effect["organizations"] == {"gains": 1, "loses": 0, "gains_and_loses": 1}
    assert effect["people"] == {"gains": 1, "loses": 0, "gains_and_loses": 2}
    assert [(each["id"], each["effect"], each["people"]) for each in effect["affected"]] == [
        (aoba["id"], "gains_and_loses", 2),
        (ghosts["id"], "gains", 2),
    ]
    desk = next(each for each in effect["changes"] if each["kind"] == "guest")
    assert (desk["site"], desk["resource"], desk["before"]["allowed"], desk["after"]["months_ahead"]) == (
        "nyc",
        "desk",
        False,
        1,
    )
    assert [reason["code"] for reason in desk["reasons"]] == ["now-allowed"]
    assert (desk["organizations"], desk["people"]) == (1, 2)
    room = next(each for each in effect["changes"] if each["kind"] == A and each["resource"] == "room")
    assert {reason["code"]: reason["effect"] for reason in room["reasons"]} == {
        "less-far-ahead": "loses",
        "more-hours": "gains",
    }
    assert all(reason["message"]["ja"] and reason["message"]["en"] for reason in room["reasons"])
    assert (await house.done(GetPolicy()))["version"] == 1


async def test_an_operator_changes_every_row_and_a_site_s_staff_its_own_and_linkj_s_common_ones(house: House) -> None:
    rows = rows_of(await house.done(GetPolicy()))
    of_city, of_linkj = await staff_of(house, "city_staff"), await staff_of(house)
    common, own = wish(*rows, row(resource="desk")), wish(*rows, row(site="nyc"))
    for put in (common, common.model_copy(update={"dry_run": True})):
        assert await house.refused(put, of_city) == (403, "rows-not-yours")
    assert (await house.done(own, of_city))["version"] == 2
    of_another_site = await staff_of(house, "partner", site="osaka")
    answer = await house.ask(wish(*rows), of_another_site)
    assert answer.problem is not None
    assert answer.problem.members["rows"] == [{"kind": A, "site": "nyc", "resource": "*"}]
    assert (await house.done(common, of_linkj))["version"] == 3
    assert (await house.done(wish(*rows)))["version"] == 4


async def test_staff_read_who_changed_the_table_and_why(house: House) -> None:
    rows, clerk = rows_of(await house.done(GetPolicy())), await staff_of(house)
    await house.done(wish(*rows, row(resource="desk")), clerk)
    page = await house.done(PolicyHistory(), clerk)
    first, second = page["items"]
    assert (first["actor"], first["kind"], first["operation"]) == ("members", "system", "members.first_policy")
    assert (second["actor"], second["organization"], second["reason"]) == (
        clerk.id,
        clerk.organization,
        "年度替わりのため",
    )
    assert (second["time"], second["seq"], page["next"]) == ("2026-12-01T03:00:00+00:00", 2, None)
    newer = await house.done(PolicyHistory(limit=1, after="1"), clerk)
    assert newer["items"] == [second]
    organization = await house.done(company())
    admin = principal(
        await house.done(person(organization["id"], "a@bio.example", roles=frozenset({"organization_admin"})))
    )
    assert await house.refused(PolicyHistory(), admin) == (403, "forbidden")
    assert await house.refused(PolicyHistory(after="x"), clerk) == (422, "invalid-cursor")


async def test_who_is_no_staff_neither_sees_nor_changes_the_table(house: House) -> None:
    organization = await house.done(company())
    admin = principal(await house.done(person(organization["id"], roles=frozenset({"organization_admin"}))))
    assert await house.refused(GetPolicy(), admin) == (403, "forbidden")
    assert await house.refused(wish(row()), admin) == (403, "forbidden")
