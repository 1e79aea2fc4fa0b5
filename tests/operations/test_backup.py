"""Back-up under load, loss of everything, restore: on the whole system, by the commands a person types."""

import asyncio
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bson import decode
from pymongo import MongoClient

from deploy import topology
from deploy.backup.checking import documents
from deploy.backup.manifest import Manifest
from deploy.backup.taking import in_order
from deploy.nats.keys import KeyFolder
from shared.contracts.topology import SERVICES
from shared.kit.clock import SystemClock
from tests.journeys.conftest import wish
from tests.support.eventually import eventually
from tests.support.ledger import on_an_open_day
from tests.support.system import LOUNGE, System

MEMBER = "member-a@special.example"


@pytest.fixture(scope="module")
def lounge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = System(tmp_path_factory.mktemp("backup") / "data")
    try:
        running.start()
        yield running
    finally:
        running.stop()


def refused(*words: str) -> tuple[int, str]:
    done = subprocess.run([*LOUNGE, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def load(lounge: System, stop: threading.Event, found: list[str]) -> None:
    """Places and cancels over and over, so that one claim wanders from document to document while it is copied."""
    start = on_an_open_day(0)
    with lounge.api(MEMBER) as person:
        while not stop.is_set():
            key = {"Idempotency-Key": f"load-{len(found)}"}
            placed = person.post("/v1/bookings", json=wish("room-a", start), headers=key)
            assert placed.status_code == 201, placed.text
            found.append(placed.json()["id"])
            gone = person.post(
                f"/v1/bookings/{found[-1]}/cancel",
                json={},
                headers={"Idempotency-Key": f"gone-{len(found)}", "If-Match": placed.headers["ETag"]},
            )
            assert gone.status_code == 200, gone.text


def stored(lounge: System, database: str, collection: str) -> dict[str, bytes]:
    with MongoClient[dict[str, Any]](lounge.run["mongo"]) as client:
        return {str(decode(raw)["_id"]): raw for raw in in_order(client, database, collection)}


def mails(lounge: System) -> list[str]:
    return [f"{each['to']} {each['subject']} {each['text']}" for each in json.loads(lounge.lounge("mail", "--json"))]


def any_sent(lounge: System) -> bool:
    return any(decode(raw)["status"] == "sent" for raw in stored(lounge, "notify", "mails").values())


def test_everything_comes_back_from_a_back_up_taken_under_load(lounge: System, tmp_path: Path) -> None:
    copy, stop, found = tmp_path / "copy", threading.Event(), list[str]()
    loading = threading.Thread(target=load, args=(lounge, stop, found))
    loading.start()
    try:
        eventually(lambda: len(found) > 5, what="the load")
        eventually(lambda: mails(lounge), what="the first mail", seconds=60)
        eventually(lambda: any_sent(lounge), what="a mail that is marked as sent", seconds=60)
        told = json.loads(lounge.lounge("backup", "--to", str(copy), "--with-keys", "--json"))
        assert told["documents"] > len(found) / 2
    finally:
        stop.set()
        loading.join()
    lounge.stop()
    before = mails(lounge) if (lounge.folder / "mail").is_dir() else []
    assert before
    shutil.rmtree(lounge.folder)

    restored = subprocess.run(
        [*LOUNGE, "restore", "--from", str(copy), "--data", str(lounge.folder), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert restored.returncode == 0, restored.stderr
    lounge.start()
    compare(lounge, copy)
    for line in json.loads(restored.stdout)["next"]:
        lounge.lounge(*line.split()[1:])
    eventually(
        lambda: json.loads(lounge.lounge("status", "--json"))["oldest_unsent_seconds"] == 0,
        what="the unsent",
        seconds=60,
    )
    goes_on(lounge, copy, found[0])


def compare(lounge: System, copy: Path) -> None:
    """Every booking of the back-up stands byte for byte; what the relay still had to send moved on, and only that."""
    manifest = Manifest.read(copy)
    assert {each.database for each in manifest.collections} == set(SERVICES)
    kept = {str(decode(raw)["_id"]): raw for raw in documents(copy / "booking" / "bookings.bson")}
    now = stored(lounge, "booking", "bookings")
    assert kept
    assert kept.keys() == now.keys()
    settled = {key: raw for key, raw in kept.items() if "unsent" not in decode(raw)}
    assert settled
    assert {key: now[key] for key in settled} == settled


def kept_log(copy: Path, booking: str) -> list[Any]:
    rows = map(decode, documents(copy / "booking" / "bookings.bson"))
    return next(row["log"] for row in rows if row["_id"] == booking)


def goes_on(lounge: System, copy: Path, booking: str) -> None:
    """History is told, new work is done, and no mail that was sent before the back-up goes out again."""
    rows = [decode(raw) for raw in documents(copy / "notify" / "mails.bson")]
    sent = [row for row in rows if row["status"] == "sent"]
    assert sent
    again = stored(lounge, "notify", "mails")
    for row in sent:
        assert decode(again[str(row["_id"])])["tries"] == row["tries"]
    with lounge.api(MEMBER) as person:
        history = person.get(f"/v1/bookings/{booking}/history")
        assert history.status_code == 200, history.text
        assert len(history.json()["items"]) == len(kept_log(copy, booking))
        start = on_an_open_day(1)
        placed = person.post("/v1/bookings", json=wish("room-b", start), headers={"Idempotency-Key": "after"})
        assert placed.status_code == 201, placed.text
        eventually(lambda: lounge.lounge("mail", "--to", MEMBER), what="its mail", seconds=60)


def test_a_restore_onto_a_folder_in_use_or_without_its_secret_is_refused(lounge: System, tmp_path: Path) -> None:
    lounge.lounge("backup", "--to", str(tmp_path / "copy"))
    status, said = refused("restore", "--from", str(tmp_path / "copy"), "--data", str(lounge.folder))
    assert status == 2
    assert "belongs to a running instance" in said
    status, said = refused("restore", "--from", str(tmp_path / "copy"), "--data", str(tmp_path / "elsewhere"))
    assert status == 2
    assert "the members secret it was taken with" in said


def test_a_damaged_back_up_is_refused_by_the_name_of_its_file(lounge: System, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    lounge.lounge("backup", "--to", str(copy))
    assert httpx.get(f"{lounge.url}/health/ready").status_code == 200
    file = copy / "booking" / "resources.bson"
    whole = file.read_bytes()
    for broken in (whole[:-1], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]):
        file.write_bytes(broken)
        status, said = refused("restore", "--from", str(copy), "--check")
        assert status == 2
        assert str(file) in said
    file.unlink()
    assert f"{file} is missing" in refused("restore", "--from", str(copy), "--check")[1]
    (copy / "manifest.json").unlink()
    assert "never finished" in refused("restore", "--from", str(copy), "--check")[1]


def test_an_older_back_up_beside_newer_streams_is_refused_until_they_begin_anew(lounge: System, tmp_path: Path) -> None:
    copy, words = tmp_path / "copy", ("--data", str(lounge.folder))
    lounge.lounge("backup", "--to", str(copy))
    lounge.stop()
    assert refused("restore", "--from", str(copy), *words)[0] == 1, "its databases hold documents"
    shutil.rmtree(lounge.folder / "mongo")
    status, said = refused("restore", "--from", str(copy), *words)
    assert status == 1
    assert "--streams-anew" in said
    status, said = refused("restore", "--from", str(copy), "--streams-anew", *words)
    assert status == 0, said
    lounge.start()
    compare(lounge, copy)
    sites = {str(decode(raw)["_id"]) for raw in documents(copy / "booking" / "sites.bson")}
    lounge.lounge("republish", "--state", "booking")
    assert in_stream(lounge, "state.booking.site.v1.>") == len(sites)


def test_streams_that_are_lost_come_back_from_the_documents_and_nobody_is_told_twice(lounge: System) -> None:
    states = {service: lounge.lounge("republish", "--state", service) for service in ("members", "booking", "events")}
    assert states
    wanted = in_stream(lounge, "state.>")
    copies = {name: stored(lounge, *name) for name in COPIES}
    rows, post = stored(lounge, "notify", "mails").keys(), len(mails(lounge))
    lounge.stop()
    shutil.rmtree(lounge.folder / "jetstream")
    lounge.start()
    assert in_stream(lounge, "state.>") == 0
    for service in states:
        lounge.lounge("republish", "--state", service)
    lounge.lounge("republish", "--since", (SystemClock().now() - timedelta(days=1)).isoformat())
    eventually(lambda: caught_up(lounge), what="the consumers", seconds=60)
    assert in_stream(lounge, "state.>") == wanted > 0
    assert {name: stored(lounge, *name) for name in COPIES} == copies
    assert stored(lounge, "notify", "mails").keys() == rows
    assert len(mails(lounge)) == post


def caught_up(lounge: System) -> bool:
    lag = json.loads(lounge.lounge("status", "--json"))["lag"]
    return bool(lag) and not any(lag.values())


COPIES = (
    ("booking", "copy_member"),
    ("booking", "copy_organization"),
    ("booking", "copy_policy"),
    ("members", "copy_site"),
    ("events", "copy_site"),
    ("notify", "copy_contact"),
)


def in_stream(lounge: System, subject: str) -> int:
    """How many states the stream holds under `subject`."""

    async def look() -> int:
        keys = KeyFolder(lounge.folder / "keys" / "nats")
        client = await topology.connect(lounge.run["nats"], keys.seed_file("ops"), "ops")
        try:
            state = (await client.jetstream().stream_info("STATE", subjects_filter=subject)).state
            return sum((state.subjects or {}).values())
        finally:
            await client.close()

    return asyncio.run(look())
