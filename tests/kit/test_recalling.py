"""A document as it stood: across the move to the history, with words erased, and where nobody knows."""

from datetime import timedelta
from typing import Any

import pytest

from shared.kit.documents import Documents, history
from shared.kit.documents.chain import Checked, checked
from shared.kit.documents.recalling import NotRecorded
from shared.kit.documents.write import Decide
from shared.kit.service import Service
from tests.kit.conftest import Running
from tests.support.things import cause, thing
from tests.support.waiting import until

MINUTE = timedelta(minutes=1)
BESIDE = {"log", "sent", "unsent", "next_try", "changed_at", "stated", "worded"}


def renamed(name: str, *claims: str, events: int = 1) -> Decide:
    return lambda _: thing(name, *claims, events=events, words=("name",))


def state(doc: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if doc is None else {name: value for name, value in doc.items() if name not in BESIDE}


async def settled(service: Service, things: Documents, doc_id: str) -> dict[str, Any]:
    """Once all is sent, and moved where there is too much."""

    async def all_sent() -> bool:
        return bool(await service.collection("things").count_documents({"unsent": True}) == 0)

    await until(all_sent)
    await service.relays["things"].drained()
    doc = await things.get(doc_id)
    assert doc is not None
    return doc


async def test_as_of_each_instant_it_is_what_was_read_then_also_where_its_log_outgrew_it(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LOG_LIMIT", 4)
    async with running() as (service, things):
        at = service.clock.now()
        first = await things.insert("a", "nyc", thing("0", "r|1", words=("name",), events=2), cause("k0"), at=at)
        read = {at: state(first.doc)}
        for n in range(1, 9):
            then = at + n * MINUTE
            claims = [f"r|{n + each}" for each in range(n % 3)]
            changed = await things.change("a", renamed(str(n), *claims, events=1 + n % 2), cause(f"c{n}"), at=then)
            read[then] = state(changed.doc)
            await settled(service, things, "a")
        doc = await settled(service, things, "a")
        assert doc["log"][0]["seq"] > 4
        for then, wanted in read.items():
            assert state(await things.recall(doc, then)) == wanted
            assert state(await things.recall(doc, then + MINUTE / 2)) == wanted
        assert await things.recall(doc, at - MINUTE) is None
        assert checked("a", await things.whole_log(doc)) == Checked(entries=14, chained=14)


async def test_erased_words_are_missing_and_all_else_is_as_it_was(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("secret", "r|1", words=("name",)), cause("k0"), at=at)
        await things.change("a", renamed("plain", "r|2"), cause("k1"), at=at + MINUTE)
        doc = await settled(service, things, "a")
        assert ((await things.recall(doc, at)) or {})["name"] == "secret"
        assert await things.forget("a", lambda _: True, names=("words",)) == 1
        doc = await settled(service, things, "a")
        then = await things.recall(doc, at)
        assert then is not None
        assert ("name" in then, then["claims"], then["version"]) == (False, ["r|1"], 1)
        assert "secret" not in str([{**entry, "data": None} for entry in doc["log"]])
        assert checked("a", await things.whole_log(doc)) == Checked(entries=2, chained=2, erased=1)


async def test_what_an_older_version_changed_is_known_since_and_not_before(running: Running) -> None:
    async with running() as (service, things):
        at = service.clock.now()
        await things.insert("a", "nyc", thing("0"), cause("k0"), at=at)
        await things.change("a", lambda _: thing("1"), cause("k1"), at=at + MINUTE)
        await things.change("a", renamed("2"), cause("k2"), at=at + 2 * MINUTE)
        doc = await settled(service, things, "a")
        assert ((await things.recall(doc, at + MINUTE)) or {})["name"] == "1"
        assert await things.recall(doc, at - MINUTE) is None, "it was not there, whoever wrote it"
        with pytest.raises(NotRecorded):
            await things.recall(doc, at)
