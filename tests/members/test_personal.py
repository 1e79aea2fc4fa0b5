"""What members keeps about one person, for them to read: all of it, in pages."""

from typing import Any

import pytest

from services.members.queries import personal
from shared.contracts import members as contract
from shared.contracts.message import Principal
from shared.kit.documents import history
from tests.members.conftest import House
from tests.members.people import company, person, principal

KEYS, CHANGES = 5, 5


async def whole(house: House, by: Principal) -> tuple[dict[str, list[dict[str, Any]]], int]:
    """Rows by kind, and the number of pages they came on."""
    rows, after, pages = dict[str, list[dict[str, Any]]](), None, 0
    while True:
        data = await house.done(contract.PersonalDataInMembers(member=by.id, after=after), by)
        for each in data["sections"]:
            rows.setdefault(each["key"], []).extend(each["rows"])
        pages, after = pages + 1, data["next"]
        if after is None:
            return rows, pages


async def test_nothing_is_cut_off_however_much_there_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal, "PAGE", 2)
    monkeypatch.setattr(history, "LOG_LIMIT", 2)
    org = await house.done(company())
    boss, aide = [await house.done(person(org["id"], f"{name}@bio.example")) for name in ("boss", "aide")]
    by = principal(boss)
    for n in range(KEYS):
        await house.done(contract.CreateApiKey(name=f"key-{n}", scopes=("members:read",)), by)
    for n in range(CHANGES - 1):
        await house.done(contract.UpdateMember(id=by.id, language="en" if n % 2 else "ja"), by)
    await house.done(contract.UpdateMember(id=by.id, assistants=(aide["id"],)), by)
    rows, pages = await whole(house, by)
    assert pages > 2
    assert [row["assistants"] for row in rows["person"]] == [[aide["id"]]]
    assert sorted(row["name"] for row in rows["api_keys"]) == [f"key-{n}" for n in range(KEYS)]
    made, *changed = [row["type"] for row in rows["history"]]
    assert (made, changed) == ("members.member_created.v1", ["members.member_changed.v1"] * len(changed))
    stored = house.admin["members"]["members"].find_one({"_id": by.id})
    assert stored is not None
    assert len(changed) == stored["log"][-1]["seq"] - 1 >= CHANGES - 1
    for cursor in ("x", "history|x", "keys|1"):
        asked = contract.PersonalDataInMembers(member=by.id, after=cursor)
        assert await house.refused(asked, by) == (422, "invalid-cursor")
