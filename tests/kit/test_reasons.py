"""Why: told of many documents at once, wherever their logs are by now, and forgotten so that nothing else changes."""

from datetime import timedelta
from typing import Any

import pytest

from shared.kit.documents import Documents, forget_reasons, forget_reasons_in_turn, history, reasons_of
from shared.kit.documents.chain import Checked, checked
from shared.kit.documents.write import Decide
from tests.kit.conftest import Running
from tests.kit.test_recalling import settled
from tests.support.things import cause, thing

HERE: dict[str, Any] = {"site": "nyc"}


def named(name: str) -> Decide:
    return lambda _: thing(name)


async def whole(things: Documents, doc_id: str) -> list[dict[str, Any]]:
    doc = await things.get(doc_id)
    assert doc is not None
    return await things.whole_log(doc)


async def test_reasons_are_told_and_forgotten_also_where_the_log_outgrew_its_document(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 4)
    async with running() as (service, things):
        at = service.clock.now()
        for doc_id, reason in (("long", "why 0"), ("short", "理由"), ("silent", None), ("elsewhere", "stays")):
            site = "tokyo" if doc_id == "elsewhere" else "nyc"
            await things.insert(doc_id, site, thing("0"), cause(f"k-{doc_id}", reason=reason), at=at)
        for n in range(1, 7):
            reason = f"why {n}" if n % 2 == 0 else None
            await things.change("long", named(str(n)), cause(f"c{n}", reason=reason), at=at)
            await settled(service, things, "long")
        told = {"long": ["why 0", "why 2", "why 4", "why 6"], "short": ["理由"]}
        assert await reasons_of(things, ["long", "short", "silent", "nobody"]) == told
        assert [await forget_reasons(things, HERE, most=1) for _ in range(3)] == [1, 1, 0]
        assert await reasons_of(things, ["long", "short", "elsewhere"]) == {"elsewhere": ["stays"]}
        assert checked("long", await whole(things, "long")) == Checked(entries=7, chained=7, erased=4)
        stored = repr([doc async for doc in things.collection.find(HERE)])
        stored += repr([row async for row in things.history.collection.find(HERE)])
        assert "why" not in stored
        assert "理由" not in stored


async def test_a_reason_that_is_not_on_the_stream_yet_is_found_again_until_it_is_gone(one: Running) -> None:
    async with one() as (service, things):
        nudge, things._nudge = things._nudge, lambda _: None
        at = service.clock.now()
        stored = await things.insert("a", "nyc", thing("desk"), cause("k0", reason="why"), at=at)
        await things.collection.update_one({"_id": "a"}, {"$set": {"next_try": at + timedelta(days=1)}})
        assert [await forget_reasons(things, HERE, most=9) for _ in range(2)] == [1, 1]
        assert await forget_reasons_in_turn(things, HERE, most=9)
        nudge(stored.doc)
        await settled(service, things, "a")
        assert not await forget_reasons_in_turn(things, HERE, most=9)
        assert await forget_reasons(things, HERE, most=9) == 0
        assert await reasons_of(things, ["a"]) == {}
