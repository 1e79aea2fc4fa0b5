"""An organization's way over the real servers: step by step, by staff alone, and what time does to it."""

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import Any

import orjson
import pytest

from services.members.handlers.deadlines import Deadlines
from services.members.store.people import People
from shared.contracts import members as contract
from shared.kit import ticker
from shared.kit.documents import Documents
from tests.members.asking import site_staff
from tests.members.conftest import House, Houses, replica
from tests.members.people import OPS, company, period, person, principal
from tests.members.test_directory import admin_of, state
from tests.support.servers import Servers
from tests.support.waiting import until

NEXT_YEAR = {"starts_on": "2027-04-01", "ends_on": "2028-03-31"}
YEAR = {"starts_on": "2026-04-01", "ends_on": "2027-03-31"}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "LEASE_MS", 400)
    monkeypatch.setattr(ticker, "_IDLE_SECONDS", 0.05)


async def said(servers: Servers, event: str, about: str) -> list[dict[str, Any]]:
    """The data of each such event about it on the stream, oldest first."""
    ops = await servers.client("ops")
    try:
        js, found = ops.jetstream(), []
        last = (await js.stream_info("EVENTS")).state.last_seq
        for seq in range(1, last + 1):
            try:
                message = await js.get_msg("EVENTS", seq)
            except Exception:  # noqa: BLE001 — purged before this test
                continue
            if message.subject == f"evt.members.{event}.v1.{about}":
                found.append(dict(orjson.loads(message.data or b"")["data"]))
        return found
    finally:
        await ops.close()


def doc(house: House, org: str) -> dict[str, Any]:
    found = house.admin["members"]["organizations"].find_one({"_id": org})
    assert found is not None
    return found


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_staff_lead_an_organization_all_the_way_and_each_step_is_written_down_and_told(
    houses: Houses, servers: Servers, driver: str
) -> None:
    async with houses(mongo_driver=driver) as house:
        staff = await site_staff(house)
        org = (await house.done(company(membership=None), staff))["id"]
        admin = await admin_of(house, org)
        for step in (contract.OrientOrganization, contract.InvoiceOrganization, contract.ActivateOrganization):
            house.wall.forward(timedelta(days=7))
            await house.done(step(id=org, reason="書類受領"), staff)
        shown = await house.done(contract.GetOrganization(id=org), staff)
        assert [(s["transition"], s["status"], s["at"][:10], s["by"]) for s in shown["steps"]] == [
            ("apply", "applied", "2026-12-01", staff.id),
            ("orient", "oriented", "2026-12-08", staff.id),
            ("invoice", "invoiced", "2026-12-15", staff.id),
            ("activate", "active", "2026-12-22", staff.id),
        ]
        assert shown["membership"] == {"starts_on": "2026-12-22", "ends_on": "2027-03-31"}
        await until(lambda: _reached(servers, org, shown["version"]))
        told = await state(servers, f"state.members.organization.v1.{org}")
        assert (told["status"], told["periods"]) == ("active", [shown["membership"]])
        events = await said(servers, "organization_status_changed", org)
        assert [(e["transition"], e["before"], e["status"], e["tell"]) for e in events] == [
            ("orient", "applied", "oriented", [admin.id]),
            ("invoice", "oriented", "invoiced", [admin.id]),
            ("activate", "invoiced", "active", [admin.id]),
        ]
        assert "書類受領" not in repr(events)


async def _reached(servers: Servers, org: str, version: int) -> bool:
    told = await state(servers, f"state.members.organization.v1.{org}")
    return bool(told["sequence"] >= version)


async def test_a_step_out_of_order_is_refused_by_its_name_and_one_made_already_writes_nothing(house: House) -> None:
    org = (await house.done(company(membership=None)))["id"]
    assert await house.refused(contract.ActivateOrganization(id=org)) == (409, "not-activatable")
    assert await house.refused(contract.RenewOrganization(id=org)) == (409, "not-renewable")
    oriented = await house.done(contract.OrientOrganization(id=org), key="k1", if_match=1)
    again = await house.ask(contract.OrientOrganization(id=org), key="k1", if_match=1)
    assert (again.data, again.replay) == (oriented, True)
    assert await house.done(contract.OrientOrganization(id=org), if_match=2) == oriented
    assert await house.refused(contract.InvoiceOrganization(id=org), if_match=1) == (412, "version-stale")
    assert (await house.done(contract.LeaveOrganization(id=org)))["status"] == "left"
    assert await house.refused(contract.SuspendOrganization(id=org, reason="?")) == (409, "not-suspendable")
    assert (await house.done(contract.ApplyAnew(id=org)))["status"] == "applied"


async def test_only_staff_take_steps_and_only_they_and_its_admin_see_them(house: House) -> None:
    staff = await site_staff(house)
    org = (await house.done(company()))["id"]
    admin, member = await admin_of(house, org), principal(await house.done(person(org)))
    for step in (contract.SuspendOrganization(id=org, reason="未納"), contract.RenewOrganization(id=org)):
        for by in (admin, member):
            assert await house.refused(step, by) == (403, "forbidden")
    assert await house.refused(contract.OrientOrganization(id="nothing"), staff) == (404, "not-found")
    suspended = await house.done(contract.SuspendOrganization(id=org, reason="未納"), staff)
    assert suspended["steps"][-1]["reason"] == "未納"
    get = contract.GetOrganization(id=org)
    assert (await house.done(get, admin))["steps"] == suspended["steps"]
    assert (await house.done(get, member))["steps"] == []
    assert (await house.done(get, member))["status"] == "suspended"
    listed = await house.done(contract.ListOrganizations(status="suspended"), staff)
    assert [each["id"] for each in listed["items"]] == [org]
    assert (await house.done(contract.ListOrganizations(status="active"), staff))["items"] == []


async def test_a_renewal_stands_beside_the_present_period_and_both_are_told(house: House, servers: Servers) -> None:
    staff = await site_staff(house)
    org = (await house.done(company()))["id"]
    renewed = await house.done(contract.RenewOrganization(id=org), staff)
    assert (renewed["membership"], renewed["periods"]) == (YEAR, [YEAR, NEXT_YEAR])
    assert await house.done(contract.RenewOrganization(id=org), staff) == renewed
    overlap = contract.Membership(starts_on=date(2028, 3, 31), ends_on=date(2029, 3, 31))
    assert await house.refused(contract.RenewOrganization(id=org, membership=overlap)) == (409, "periods-overlap")
    await until(lambda: _reached(servers, org, renewed["version"]))
    told = await state(servers, f"state.members.organization.v1.{org}")
    assert told["periods"] == [YEAR, NEXT_YEAR]
    assert told["membership"] == {"starts_on": "2026-04-01", "ends_on": "2028-03-31"}, "for readers of one period"
    house.wall.forward(timedelta(days=150))
    assert (await house.done(contract.GetOrganization(id=org)))["membership"] == NEXT_YEAR


async def test_its_admins_are_told_twice_before_the_end_and_then_it_has_expired(house: House, servers: Servers) -> None:
    org = (await house.done(company()))["id"]
    admin = await admin_of(house, org)
    for days in (60, 30):
        house.wall.forward(_days_to(house, date(2027, 4, 1)) - timedelta(days=days))
        await until(partial(_reminded, house, org, days))
    pending = await house.done(contract.GetOrganization(id=org))
    assert (pending["status"], pending["renewal_pending"]) == ("active", True)
    house.wall.forward(_days_to(house, date(2027, 4, 1)))
    await until(lambda: doc(house, org)["status"] == "expired")
    await until(lambda: not doc(house, org).get("unsent"))
    due = await said(servers, "renewal_due", org)
    assert [(e["days"], e["membership"], e["tell"]) for e in due] == [(60, YEAR, [admin.id]), (30, YEAR, [admin.id])]
    (ended,) = await said(servers, "organization_status_changed", org)
    assert (ended["transition"], ended["before"], ended["status"]) == ("expire", "active", "expired")
    assert ended["tell"] == [admin.id]
    expired = await house.done(contract.GetOrganization(id=org))
    assert (expired["status"], expired["renewal_pending"], expired["steps"][-1]["by"]) == ("expired", False, "members")
    assert "due_at" not in doc(house, org)


def _reminded(house: House, org: str, days: int) -> bool:
    return bool(doc(house, org)["reminded"] == {"ends_on": "2027-03-31", "days": days})


def _days_to(house: House, day: date) -> timedelta:
    """Until that day begins in Tokyo."""
    return timedelta(days=(day - house.wall.at.date()).days) - timedelta(
        hours=house.wall.at.hour + 9, minutes=house.wall.at.minute
    )


async def test_two_replicas_one_of_which_fails_in_between_tell_an_end_once(
    house: House, clean: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed: list[str] = []
    admins_of = People.admins_of

    async def fails_at_first(self: People, organization: str) -> tuple[str, ...]:
        if len(failed) < 3:
            failed.append(organization)
            raise ConnectionError("cut after the timer was taken")
        return await admins_of(self, organization)

    org = (await house.done(company()))["id"]
    async with replica(clean, clock=f"virtual:{house.wall.path}", replica=2).running():
        monkeypatch.setattr(People, "admins_of", fails_at_first)
        taken = doc(house, org)
        house.wall.forward(_days_to(house, date(2027, 4, 1)))
        await until(lambda: doc(house, org)["status"] == "expired")
        await asyncio.gather(*(_deadlines(house).membership(taken) for _ in range(5)))
    assert len(failed) == 3
    assert [step["transition"] for step in doc(house, org)["steps"]] == ["activate", "expire"]


def _deadlines(house: House) -> Deadlines:
    """Those of a third replica, that has read the document before the others changed it."""
    collection, clock = house.service.collection, house.service.clock
    documents = Documents(collection("organizations"), collection("organizations_history"), clock, lambda _: None)
    return Deadlines(documents, People(collection("members")), clock)


async def test_the_bookings_of_a_suspended_organization_wait_two_weeks(house: House, servers: Servers) -> None:
    staff = await site_staff(house)
    org = (await house.done(company()))["id"]
    await house.done(contract.SuspendOrganization(id=org, reason="未納"), staff)
    assert (await state(servers, f"state.members.organization.v1.{org}"))["keeps_bookings"]
    house.wall.forward(timedelta(days=14))
    await until(lambda: doc(house, org)["grace_over"])
    await until(lambda: _reached(servers, org, doc(house, org)["version"]))
    told = await state(servers, f"state.members.organization.v1.{org}")
    assert (told["status"], told["keeps_bookings"]) == ("suspended", False)
    resumed = await house.done(contract.ResumeOrganization(id=org), staff)
    assert resumed["status"] == "active"


async def test_an_organization_stored_before_there_were_steps_is_read_led_on_and_gets_its_timer(house: House) -> None:
    staff = await site_staff(house)
    org = (await house.done(company()))["id"]
    newer = ("periods", "steps", "reminded", "grace_over", "keeps_bookings", "due_at", "due_kind")
    house.admin["members"]["organizations"].update_one({"_id": org}, {"$unset": dict.fromkeys(newer, "")})
    shown = await house.done(contract.GetOrganization(id=org))
    assert (shown["membership"], shown["periods"], shown["steps"]) == (YEAR, [YEAR], [])
    assert await _deadlines(house).arm_some() == 1
    assert doc(house, org)["due_kind"] == "membership"
    assert await _deadlines(house).arm_some() == 0
    renewed = await house.done(contract.RenewOrganization(id=org), staff)
    assert renewed["periods"] == [YEAR, NEXT_YEAR]


async def test_a_membership_patched_holds_alone_as_it_always_did(house: House) -> None:
    staff = await site_staff(house)
    org = (await house.done(company()))["id"]
    await house.done(contract.RenewOrganization(id=org), staff)
    short = contract.Membership(starts_on=date(2026, 4, 1), ends_on=date(2026, 12, 31))
    patched = await house.done(contract.UpdateOrganization(id=org, membership=short), staff)
    assert patched["membership"] == {"starts_on": "2026-04-01", "ends_on": "2026-12-31"}
    assert patched["periods"] == [patched["membership"]]
    assert (await house.done(contract.UpdateOrganization(id=org, membership=period()), OPS))["membership"] == YEAR
