"""Why: with a seat taken and given up, forgotten with its person; with a quarantined message that somebody tended."""

from typing import Any

import pytest

from shared.contracts.events import (
    CancelRegistration,
    DiscardQuarantined,
    ListQuarantine,
    PersonalDataInEvents,
    Register,
    ReplayQuarantined,
)
from shared.contracts.message import Principal
from shared.kit.documents.chain import Checked, checked
from tests.events.conftest import House, member, site_key
from tests.events.test_forgetting import hurried, said, somebody, state
from tests.support.waiting import until

__all__ = ["hurried"]
WHY, WHY_NOT = "カナリア氏の講演のため", "カナリア氏が来られないため"
STAFF = Principal(kind="member", id="stan", organization="org-a", roles=frozenset({"site_staff"}), site="osaka")


def log(house: House, who: str) -> list[dict[str, Any]]:
    (doc,) = [doc for doc in house.stored("registrations") if doc.get("member") == who]
    entries: list[dict[str, Any]] = doc["log"]
    assert checked(doc["_id"], entries).faults == ()
    return entries


async def test_why_a_seat_was_taken_and_given_up_is_theirs_to_read_and_goes_with_them(hurried: House) -> None:
    house, who = hurried, somebody()
    ended, upcoming = await house.seminar(), await house.seminar("s-2")
    wish = Register(seminar=ended, mode="onsite", reason=WHY)
    assert (await house.ask(wish, member(who), key="k1")).status == 201
    assert (await house.ask(CancelRegistration(seminar=ended, reason=WHY_NOT), member(who))).status == 200
    again = await house.ask(CancelRegistration(seminar=ended, reason="another"), member(who))
    assert again.status == 200
    assert [entry.get("reason") for entry in log(house, who)] == [WHY, WHY_NOT], "given up before: nothing is written"
    (section,) = (await house.ask(PersonalDataInEvents(member=who), member(who))).data["sections"]
    assert [row["reasons"] for row in section["rows"]] == [[WHY, WHY_NOT]]
    await house.ask(Register(seminar=upcoming, mode="onsite"), member(who), key="k2")
    rows = (await house.ask(PersonalDataInEvents(member=who), member(who))).data["sections"][0]["rows"]
    assert sorted(row["reasons"] or [] for row in rows) == [[], [WHY, WHY_NOT]]
    await state(house.ops, who, 2, erased=True)

    async def done() -> bool:
        return bool(await said(house, who))

    await until(done)
    docs = [doc for doc in house.stored("registrations") if doc.get("member") == who]
    assert "カナリア" not in repr(docs)
    (told,) = [doc for doc in docs if doc["seminar"] == ended]
    assert checked(told["_id"], told["log"]) == Checked(entries=2, chained=2, erased=2)


async def test_a_request_again_with_another_reason_is_another_request(house: House) -> None:
    seminar = await house.seminar()
    wish = Register(seminar=seminar, mode="online", reason=WHY)
    assert (await house.ask(wish, member("m-1"), key="k1")).status == 201
    assert (await house.ask(wish, member("m-1"), key="k1")).replay is True
    other = await house.ask(wish.model_copy(update={"reason": WHY_NOT}), member("m-1"), key="k1")
    assert (other.status, other.problem and other.problem.code) == (422, "idempotency-key-reused")
    assert [entry.get("reason") for entry in log(house, "m-1")] == [WHY]


@pytest.mark.parametrize("reason", [None, WHY])
async def test_a_quarantined_message_says_who_had_what_done_to_it_and_why(house: House, reason: str | None) -> None:
    await house.publish(b"nonsense")
    await house.receipts(1)
    (row,) = (await house.ask(ListQuarantine(site="osaka"), STAFF)).data["items"]
    assert row["tended"] == []
    program = site_key("osaka").model_copy(update={"key": "key-7"})
    replayed = (await house.ask(ReplayQuarantined(site="osaka", id=row["id"], reason=reason), program)).data
    discarded = (await house.ask(DiscardQuarantined(site="osaka", id=row["id"], reason=reason), STAFF)).data
    again = (await house.ask(DiscardQuarantined(site="osaka", id=row["id"], reason="another"), STAFF)).data
    assert [len(each["tended"]) for each in (replayed, discarded, again)] == [1, 2, 2]
    (listed,) = (await house.ask(ListQuarantine(site="osaka"), STAFF)).data["items"]
    first, second = listed["tended"]
    assert first["at"].endswith("+09:00")
    who = {name: first[name] for name in ("operation", "actor", "kind", "api_key", "reason")}
    assert who == {
        "operation": ReplayQuarantined.wire,
        "actor": "key-osaka",
        "kind": "site",
        "api_key": "key-7",
        "reason": reason,
    }
    assert (second["actor"], second["organization"], second["reason"]) == ("stan", "org-a", reason)
    assert listed["reason"] == "malformed", "why it is there is another thing"


async def test_of_one_that_is_replayed_again_and_again_the_latest_fifty_are_kept(house: House) -> None:
    await house.publish(b"nonsense")
    await house.receipts(1)
    (row,) = (await house.ask(ListQuarantine(site="osaka"), STAFF)).data["items"]
    for n in range(52):
        await house.ask(ReplayQuarantined(site="osaka", id=row["id"], reason=f"try {n}"), STAFF)
    (listed,) = (await house.ask(ListQuarantine(site="osaka"), STAFF)).data["items"]
    tended = listed["tended"]
    assert [len(tended), tended[0]["reason"], tended[-1]["reason"]] == [50, "try 2", "try 51"]
