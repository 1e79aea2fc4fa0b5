"""Rewriting what stands in an older form, while old and new replicas go on changing it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from shared.contracts.ops import Migrate, migrate_subject, status_subject
from shared.kit import crash
from shared.kit.documents import CHANGED_AT, Documents, Draft, migrating
from shared.kit.documents.chain import checked
from shared.kit.documents.migrating import Page, page_of
from shared.kit.service import Service
from tests.kit.conftest import Running, make_service
from tests.support.forms import LABEL, SHOUT, in_form, none_unsent, shouting, stored
from tests.support.servers import Servers
from tests.support.things import cause, thing
from tests.support.waiting import until


async def migrated(things: Documents) -> Page:
    """All pages; the last one's figures are those of the whole."""
    whole, after = Page(), None
    while True:
        page = await page_of(things, after, dry_run=False)
        whole.looked_at, whole.rewritten = whole.looked_at + page.looked_at, whole.rewritten + page.rewritten
        whole.raced, whole.faults = whole.raced + page.raced, [*whole.faults, *page.faults]
        if (after := page.next) is None:
            return whole


async def _is(found: Sequence[Any]) -> bool:
    return bool(found)


async def test_the_job_rewrites_what_is_old_and_neither_version_nor_log_nor_outbox(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "_LOOKED_AT", 7)
    monkeypatch.setattr(migrating, "_AT_ONCE", 3)
    async with running() as (service, old):
        at, new = service.clock.now(), in_form(service, SHOUT, LABEL)
        await old.insert_all({f"t{n:02d}": thing(f"n{n}") for n in range(20)}, "nyc", cause(), at=at)
        await new.insert("t99", "nyc", Draft({"label": "new", "shout": "NEW"}), cause("k"), at=at)
        await until(lambda: none_unsent(old, "t99"))  # of that, the old version's relay can tell no state
        before = {doc["_id"]: doc async for doc in new.collection.find({})}
        tried = await page_of(new, None, dry_run=True)
        assert (tried.next, tried.looked_at, tried.forms, tried.rewritten) == ("t06", 7, {1: 7}, 0)
        assert await stored(new, "t00") == before["t00"]
        first = await page_of(new, None, dry_run=False)
        assert (first.next, first.rewritten) == ("t06", 7)
        whole = await migrated(new)
        assert (whole.looked_at, whole.rewritten, whole.raced, whole.faults) == (21, 13, 0, []), (
            "begun again, it goes on"
        )
        after = {doc["_id"]: doc async for doc in new.collection.find({})}
        for doc_id, doc in before.items():
            if doc_id != "t99":
                kept = {k: v for k, v in doc.items() if k != "name"}
                assert after[doc_id] == kept | {"label": doc["name"], "shout": doc["name"].upper(), "form": 3}
        assert (await migrated(new)).rewritten == 0


async def test_a_step_that_cannot_bear_a_document_is_told_and_keeps_no_other(one: Running) -> None:
    async with one() as (service, old):
        at, new = service.clock.now(), in_form(service, SHOUT)
        await old.insert_all({"a": thing("a"), "b": Draft({}), "c": thing("c")}, "nyc", cause(), at=at)
        page = await page_of(new, None, dry_run=False)
        assert (page.rewritten, page.faults) == (2, [("b", "KeyError")])


async def test_job_new_and_old_replicas_at_once_lose_no_change_and_leave_nothing_stale(running: Running) -> None:
    """Thirty documents, five writers each, of both versions, while the job runs over and over."""
    ids = [f"t{n:02d}" for n in range(30)]
    async with running() as (service, old):
        at, new = service.clock.now(), in_form(service, SHOUT)
        await old.insert_all({doc_id: thing("0") for doc_id in ids}, "nyc", cause(), at=at)

        def counted(draft: Any) -> Any:
            return lambda doc: draft(str(int(doc["name"]) + 1))

        async def change(doc_id: str, n: int) -> None:
            by, draft = (old, thing) if n % 2 else (new, shouting)
            await by.change(doc_id, counted(draft), cause(f"{doc_id}-{n}"), at=at)

        async def rewriting(done: asyncio.Event) -> int:
            count = 0
            while not done.is_set():
                count += (await page_of(new, None, dry_run=False)).rewritten
            return count

        done = asyncio.Event()
        job = asyncio.create_task(rewriting(done))
        await asyncio.gather(*(change(doc_id, n) for n in range(5) for doc_id in ids))
        done.set()
        await job
        await migrated(new)
        docs = [doc async for doc in new.collection.find({})]
    assert {(doc["name"], doc["shout"], doc["version"], doc["form"]) for doc in docs} == {("5", "5", 6, 2)}
    assert all(len(doc["log"]) == 6 and not checked(doc["_id"], doc["log"]).faults for doc in docs)


async def test_a_change_that_read_before_the_job_rewrote_is_decided_anew(running: Running) -> None:
    async with running() as (service, old):
        at, new = service.clock.now(), in_form(service, SHOUT)
        await old.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        crash.configure("store.before_write:sleep=0.5@1")
        try:
            seen: list[int] = []

            def slow(doc: dict[str, Any]) -> Draft:
                seen.append(doc["version"])
                return thing("sofa")

            late = asyncio.create_task(old.change("a", slow, cause("c1"), at=at))
            await until(lambda: _is(seen))
            assert (await page_of(new, None, dry_run=False)).rewritten == 1
            await late
        finally:
            crash.configure("")
        assert seen == [1, 1], "once in vain, once on what the job left"
        assert "shout" not in await stored(new, "a"), "and it does not keep what was derived from the name before"


async def test_ops_ask_which_forms_a_replica_knows_and_have_a_page_rewritten(things: Servers) -> None:
    service = Service("booking", make_service(things).settings, {"things": [CHANGED_AT]})
    made = service.documents("things")
    async with service.running():
        at = service.clock.now()
        await made.insert("a", "nyc", thing("desk"), cause("k0"), at=at)
        await made.collection.update_one({"_id": "a"}, {"$unset": {"changed_at": "", "form": "", "least": ""}})
        ops = await things.client("ops")
        told = [
            orjson.loads((await ops.request(subject, body.model_dump_json().encode() if body else b"", timeout=5)).data)
            for subject, body in (
                (status_subject("booking"), None),
                (migrate_subject("booking"), Migrate(collection="things")),
                (migrate_subject("booking"), Migrate(collection="nothing")),
            )
        ]
        await ops.close()
        doc = await stored(made, "a")
    assert told[0]["data"]["forms"] == {"things": 2}
    page: dict[str, Any] = {"next": None, "looked_at": 1, "forms": {"1": 1}, "rewritten": 1, "raced": 0, "faults": []}
    assert told[1]["data"] == page
    assert told[2]["problem"]["code"] == "not-found"
    assert (doc["changed_at"], doc["form"], doc["least"], doc["version"]) == (doc["log"][-1]["time"], 2, 1, 1)
