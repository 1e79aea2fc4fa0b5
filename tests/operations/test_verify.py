"""`lounge verify` on a running system after real traffic: it holds; and whatever is touched is found, and where."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import bson
import httpx
import pytest
from bson.raw_bson import RawBSONDocument
from nats.js import JetStreamContext
from pymongo import MongoClient
from pymongo.collection import Collection

from deploy.embedded.folder import DataFolder
from deploy.mongo.admin import ADMIN, Passwords, url
from deploy.ops import connected
from shared.kernel.ids import new_id
from shared.kit.clock import SystemClock
from shared.kit.documents.chain import extended
from shared.kit.documents.history import LOG_LIMIT
from shared.kit.relay import ENTRY_HEADER
from tests.journeys.conftest import key, wish
from tests.support.eventually import eventually
from tests.support.ledger import on_an_open_day
from tests.support.system import LOUNGE, System

MEMBER, STAFF, OPERATOR = "member-a@special.example", "staff@linkj.example", "operator@linkj.example"
CHANGES = LOG_LIMIT + 10


@pytest.fixture(scope="module")
def lounge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = System(tmp_path_factory.mktemp("verify") / "data", "--scale", "booking=2")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def mongo(lounge: System) -> Iterator[MongoClient[dict[str, Any]]]:
    """As its administrator: services may not write into each other's, nor delete at all."""
    port = next(each["port"] for each in lounge.run["processes"] if each["name"] == "mongo-1")
    password = Passwords(DataFolder(lounge.folder).mongo_keys).of(ADMIN)
    with MongoClient[dict[str, Any]](
        url([f"127.0.0.1:{port}"], ADMIN, password, source="admin"), tz_aware=True
    ) as client:
        yield client


@pytest.fixture(scope="module")
def bookings(lounge: System, mongo: MongoClient[dict[str, Any]]) -> list[str]:
    """Traffic: bookings, of which the first changes often and the second is cancelled; people; older documents."""
    with lounge.api(MEMBER) as person, lounge.api(OPERATOR) as operator:
        ids = [booked(person, day) for day in range(5)]
        for n in range(CHANGES):
            worded = person.patch(
                f"/v1/bookings/{ids[0]}", json={"purpose": f"p{n}"}, headers={"If-Match": f'"{n + 1}"'}
            )
            assert worded.status_code == 200, worded.text
        gone = person.post(f"/v1/bookings/{ids[1]}/cancel", json={"reason": "都合により"}, headers=key())
        assert gone.status_code == 200, gone.text
        joins_and_leaves(operator)
    mongo["members"]["members"].update_many({}, {"$unset": {"form": "", "changed_at": ""}})
    eventually(lambda: migrated(lounge, mongo), what="members to be in their newest form", seconds=60)
    eventually(lambda: settled(lounge, mongo), what="all to be sent and moved", seconds=60)
    return ids


def booked(person: httpx.Client, day: int) -> str:
    placed = person.post("/v1/bookings", json=wish("room-b", on_an_open_day(day), minutes=30), headers=key())
    assert placed.status_code == 201, placed.text
    return str(placed.json()["id"])


def joins_and_leaves(operator: httpx.Client) -> None:
    today = SystemClock().now().date()
    period = {"starts_on": str(today), "ends_on": str(today + timedelta(days=90))}
    body = {"name": {"en": "Yamate Labs"}, "kind": "yokohama_company", "membership": period}
    organization = operator.post("/v1/organizations", json=body, headers=key())
    assert organization.status_code == 201, organization.text
    someone = {
        "organization": organization.json()["id"],
        "email": "ren@yamate.example",
        "name": {"family": "Yamate", "given": "Ren"},
        "language": "en",
        "time_zone": "Asia/Tokyo",
        "roles": ["member"],
    }
    member = operator.post("/v1/members", json=someone, headers=key())
    assert member.status_code == 201, member.text
    changed = operator.patch(
        f"/v1/members/{member.json()['id']}",
        json={"roles": ["member", "organization_admin"]},
        headers={"If-Match": member.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text


def migrated(lounge: System, mongo: MongoClient[dict[str, Any]]) -> bool:
    """A busy replica may not answer in time; then once more."""
    subprocess.run([*LOUNGE, "migrate", "--service", "members", "--data", str(lounge.folder)], check=False)
    return mongo["members"]["members"].find_one({"form": None}) is None


def settled(lounge: System, mongo: MongoClient[dict[str, Any]]) -> bool:
    unsent = json.loads(lounge.lounge("status", "--json"))["oldest_unsent_seconds"]
    return bool(unsent == 0 and mongo["booking"]["bookings_history"].estimated_document_count() > 0)


def verify(lounge: System, *words: str) -> tuple[int, str]:
    argv = [*LOUNGE, "verify", *words, "--data", str(lounge.folder)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout or done.stderr


def facts(lounge: System, *words: str) -> dict[str, dict[str, Any]]:
    status, said = verify(lounge, "--json", *words)
    told = json.loads(said)
    assert (status == 0) is told["ok"]
    return {each["service"]: each for each in told["services"]}


def problems(lounge: System, service: str = "booking") -> set[tuple[str, str, int | None]]:
    """(collection, document, entry) of each."""
    return {(each["collection"], each["id"], each["seq"]) for each in facts(lounge)[service]["problems"]}


def test_what_really_happened_verifies(lounge: System, bookings: list[str]) -> None:
    anchored = {each["service"]: each for each in json.loads(lounge.lounge("anchor", "--json"))}
    assert anchored["booking"]["heads"] >= len(bookings)
    eventually(lambda: all_witnessed(facts(lounge)), what="each entry to be on the stream", seconds=150)
    told = facts(lounge)
    assert set(told) == {"booking", "members", "notify", "events"}
    assert all(not each["problems"] and not each["unvouched"] for each in told.values()), told
    assert told["booking"]["entries"] > CHANGES
    assert all(each["entries"] == each["chained"] and each["anchors"] for each in told.values())


def all_witnessed(told: dict[str, dict[str, Any]]) -> bool:
    """The stream is as old as the house; mails may still be on their way."""
    return all(each["witnessed"] == each["entries"] for each in told.values())


def test_on_a_terminal_a_bar_tells_how_far_it_is_and_the_facts_stay_alone_on_stdout(
    lounge: System, bookings: list[str]
) -> None:
    ours, theirs = pty.openpty()
    argv = [*LOUNGE, "verify", "--json", "--data", str(lounge.folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}) as child:
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(ours, 4096):
                shown += more
        except OSError:  # the other end is closed
            pass
        assert child.stdout is not None
        assert json.loads(child.stdout.read())["ok"]
    os.close(ours)
    assert b"booking: its documents" in shown
    assert b"%" in shown


def flipped(collection: Collection[dict[str, Any]], doc_id: str, word: bytes) -> bytes:
    """One bit of the stored document, in the last place this word stands; what it was before."""
    found: Collection[Any] = collection.with_options(bson.CodecOptions(document_class=RawBSONDocument))
    stored = found.find_one({"_id": doc_id})
    assert stored is not None
    raw = bytes(stored.raw)
    at = raw.rindex(word)
    changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    assert found.replace_one({"_id": doc_id}, RawBSONDocument(changed)).modified_count == 1
    return raw


def test_one_flipped_bit_is_found_in_document_and_history(
    lounge: System, bookings: list[str], mongo: MongoClient[dict[str, Any]]
) -> None:
    live, moved = mongo["booking"]["bookings"], mongo["booking"]["bookings_history"]
    row = moved.find_one({"aggregate": bookings[0]}, sort=[("_id", 1)], skip=7)
    assert row is not None
    before = [
        (live, flipped(live, bookings[0], b"member\0")),
        (live, flipped(live, bookings[1], b"cmd.booking.cancel_booking.v1")),
        (live, flipped(live, bookings[2], b"confirmed\0")),
        (moved, flipped(moved, row["_id"], b"member\0")),
    ]
    try:
        wanted = {
            ("bookings", bookings[0], CHANGES + 1),
            ("bookings", bookings[1], 2),
            ("bookings", bookings[2], 1),
            ("bookings", bookings[0], row["seq"]),
        }
        assert problems(lounge) == wanted
        status, said = verify(lounge, "--service", "booking")
        assert status == 1
        assert any(bookings[1] in line and " 2 " in line and "hash" in line for line in said.splitlines()), said
    finally:
        for collection, raw in before:
            collection.replace_one({"_id": bson.decode(raw)["_id"]}, RawBSONDocument(raw))
    assert problems(lounge) == set()


def test_a_row_filed_under_another_document_is_found(
    lounge: System, bookings: list[str], mongo: MongoClient[dict[str, Any]]
) -> None:
    moved = mongo["booking"]["bookings_history"]
    row = moved.find_one({"aggregate": bookings[0]})
    assert row is not None
    moved.update_one({"_id": row["_id"]}, {"$set": {"site": "nyd"}})
    try:
        assert problems(lounge) == {("bookings", bookings[0], None)}
    finally:
        moved.update_one({"_id": row["_id"]}, {"$set": {"site": row["site"]}})


def test_a_chain_that_was_made_anew_is_found_by_stream_and_anchors(
    lounge: System, bookings: list[str], mongo: MongoClient[dict[str, Any]]
) -> None:
    """Who may write in MongoDB leaves no wrong hash behind: what was said elsewhere tells."""
    live = mongo["booking"]["bookings"]
    doc = live.find_one({"_id": bookings[3]})
    assert doc is not None
    live.update_one({"_id": doc["_id"]}, {"$set": {"log": rewritten(doc["log"])}})
    try:
        said = {(each["seq"], each["says"]) for each in facts(lounge)["booking"]["problems"]}
    finally:
        live.update_one({"_id": doc["_id"]}, {"$set": {"log": doc["log"]}})
    assert said == {
        (1, "its hash is not the one that was anchored"),
        (1, "its hash is not the one it was sent with"),
        (1, "EVENTS says it in other words"),
    }


def rewritten(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return extended([], [{k: v for k, v in log[0].items() if k != "h"} | {"actor": "nobody"}])


async def test_what_was_changed_on_the_stream_is_found(lounge: System, bookings: list[str]) -> None:
    """A message cannot be changed where it is: it is taken away, and another put there in its name."""
    async with connected(lounge.run["nats"], DataFolder(lounge.folder).keys.seed_file("ops"), SystemClock()) as ops:
        js = ops.client.jetstream()
        seq, message = await said_of(js, f"{bookings[4]}-1")
        await js.delete_msg("EVENTS", seq)
        assert problems(lounge) == {("bookings", bookings[4], 1)}, "it is gone"
        headers = {ENTRY_HEADER: message.headers[ENTRY_HEADER], "Nats-Msg-Id": new_id(SystemClock().now())}
        forged = message.data.replace(b'"confirmed"', b'"bonfirmed"')
        assert forged != message.data
        await js.publish(message.subject, forged, headers=headers)
        assert problems(lounge) == {("bookings", bookings[4], 1)}, "it says something else"


async def said_of(js: JetStreamContext, entry: str) -> tuple[int, Any]:
    last = (await js.stream_info("EVENTS")).state.last_seq
    for seq in range(1, last + 1):
        message = await js.get_msg("EVENTS", seq)
        if f" {entry} " in (message.headers or {}).get(ENTRY_HEADER, ""):
            return seq, message
    raise AssertionError(entry)


def test_a_document_that_is_gone_is_missed_by_a_back_up_and_by_the_stream(
    lounge: System, bookings: list[str], mongo: MongoClient[dict[str, Any]], tmp_path: Path
) -> None:
    lounge.lounge("backup", "--to", str(tmp_path / "copy"))
    live = mongo["booking"]["bookings"]
    doc = live.find_one_and_delete({"_id": bookings[1]})
    assert doc is not None
    try:
        told = facts(lounge, "--against", str(tmp_path / "copy"))["booking"]["problems"]
    finally:
        live.insert_one(doc)
    gone = {(each["seq"], each["says"]) for each in told if each["id"] == bookings[1]}
    assert gone == {
        (2, "the document is gone; it stood at this entry"),
        (1, "it is on EVENTS, not on record"),
        (2, "it is on EVENTS, not on record"),
    }


def test_a_service_nobody_knows_and_a_folder_without_keys_are_bad_words(lounge: System, tmp_path: Path) -> None:
    assert verify(lounge, "--service", "catering")[0] == 2
    assert verify(lounge, "--keys", str(tmp_path))[0] == 2
