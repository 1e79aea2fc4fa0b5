"""What MongoDB's files keep of a person who was erased: `python -m tests.operations.rehearse_erasure FILE`.

First on a `lounge up` whose mongod writes without compression, so that nothing hides from a search of bytes; then on a
set of three, each of whose members is emptied in turn and copies itself anew from the others. Writes to FILE, step by
step, how often the person's texts stand in which kind of file. docs/privacy.md tells what was found.
"""

import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from deploy.embedded.binaries import mongod
from deploy.embedded.folder import DataFolder
from deploy.mongo.admin import ADMIN, Passwords, url
from shared.contracts.topology import SERVICES
from tests.journeys.conftest import wish
from tests.support.cluster import MongoSet
from tests.support.eventually import eventually
from tests.support.ledger import on_an_open_day
from tests.support.system import System

Database = MongoClient[dict[str, Any]]
TEXTS = (b"Zyxcanary", b"Canarymore", b"Zyxpurpose", b"Zyxreason", b"zyx.canary")
PLAIN = (
    "--wiredTigerCollectionBlockCompressor none --wiredTigerJournalCompressor none --wiredTigerIndexPrefixCompression 0"
)


class Findings:
    """What stood where, after which step."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, int]] = {}

    def look(self, step: str, store: Path, oplog: str) -> None:
        counts: Counter[str] = Counter()
        for path in (each for each in store.rglob("*") if each.is_file()):
            content = path.read_bytes()
            counts[_kind(path, oplog)] += sum(content.count(text) for text in TEXTS)
        self.steps[step] = dict(+counts)


def _kind(path: Path, oplog: str) -> str:
    if path.parent.name == "journal":
        return "journal"
    if path.name.startswith(oplog):
        return "oplog"
    return re.sub(r"-\d.*", "", path.stem)


def oplog_of(client: Database) -> str:
    uri: str = client["local"].command("collStats", "oplog.rs")["wiredTiger"]["uri"]
    return uri.rpartition(":")[2]


def checkpointed(client: Database) -> None:
    client.admin.command("fsync", lock=False)


def compacted(client: Database) -> None:
    for service in SERVICES:
        for name in client[service].list_collection_names():
            client[service].command("compact", name, force=True)
    checkpointed(client)


def written_over(client: Database) -> None:
    """800 MB of nobody's, so that the oplog (128 MB) has gone round."""
    filler = client["booking"]["filler"]
    for _ in range(40):
        filler.insert_many([{"x": "x" * 200_000} for _ in range(100)])
        filler.drop()
    checkpointed(client)


def lived_and_erased(lounge: System) -> None:
    with lounge.api("operator@linkj.example") as operator:
        people = operator.get("/v1/members", params={"q": "member-a"}).json()["items"]
        person = {
            "organization": people[0]["organization"],
            "email": "zyx.canary@journey.example",
            "name": {"family": "Canarymore", "given": "Zyxcanary", "latin": "Zyxcanary Canarymore"},
            "language": "en",
            "time_zone": "Asia/Tokyo",
            "roles": ["member"],
        }
        member = operator.post("/v1/members", json=person, headers={"Idempotency-Key": "one"}).json()
        with lounge.api(person["email"]) as me:
            for n in range(2):
                placed = eventually(partial(_placed, me, n), what="a booking")
                me.post(f"/v1/bookings/{placed['id']}/cancel", json={"reason": "Zyxreason"}).raise_for_status()
        path = f"/v1/members/{member['id']}"
        operator.post(f"{path}/erase", json={"reason": "Zyxreason"}).raise_for_status()
        eventually(lambda: operator.get(f"{path}/erasure").json()["status"] == "complete", what="it", seconds=90)


def _placed(me: Any, number: int) -> Any:
    body = wish("room-a", on_an_open_day(number), purpose="Zyxpurpose of mine")
    answer = me.post("/v1/bookings", json=body, headers={"Idempotency-Key": f"b{number}"})
    return answer.json() if answer.status_code == 201 else None


def on_one(folder: Path, findings: Findings) -> None:
    lounge = System(folder / "data")
    lounge.start()
    store = lounge.folder / "mongo"
    try:
        lived_and_erased(lounge)
        hosts = lounge.run["mongo"].partition("@")[2].partition("/")[0].split(",")
        passwords = Passwords(DataFolder(lounge.folder).mongo_keys)
        with Database(url(hosts, ADMIN, passwords.of(ADMIN), source="admin")) as client:
            oplog = oplog_of(client)
            steps: dict[str, Callable[[Database], None]] = {
                "erased": checkpointed,
                "compacted": compacted,
                "written over": written_over,
            }
            for name, step in steps.items():
                step(client)
                findings.look(f"one: {name}", store, oplog)
    finally:
        lounge.stop()
    findings.look("one: stopped", store, oplog)


def on_three(folder: Path, findings: Findings) -> None:
    """Written and unset on all; then each member in turn starts from an empty disk."""
    three = MongoSet(folder, Passwords(folder / "keys"))
    three.start()
    try:
        three.form()
        with Database(three.members[0].admin_url) as client:
            kept = client["members"]["members"]
            kept.insert_many(
                [{"_id": str(n), "email": "zyx.canary", "name": "Canarymore Zyxcanary"} for n in range(50)]
            )
            kept.update_many({}, {"$unset": {"email": "", "name": ""}})
        _each(three, findings, "erased")
        for member in three.members:
            member.stop()
            shutil.rmtree(member.folder / "mongo")
            member.start()
            eventually(three.is_whole, seconds=120, what="the emptied member to be whole again")
        _each(three, findings, "copied itself anew")
    finally:
        three.stop()


def _each(three: MongoSet, findings: Findings, step: str) -> None:
    for number, member in enumerate(three.members, 1):
        own = url([f"127.0.0.1:{member.port}"], ADMIN, three.passwords.of(ADMIN), source="admin")
        with Database(own.replace("replicaSet=lounge", "directConnection=true")) as client:
            checkpointed(client)
            findings.look(f"member {number} of three: {step}", member.folder / "mongo", oplog_of(client))


def main() -> None:
    findings = Findings()
    with tempfile.TemporaryDirectory(prefix="lounge-") as name:
        folder = Path(name)
        plain = folder / "mongod"
        plain.write_text(f'#!/bin/sh\nexec {mongod()} "$@" {PLAIN}\n')
        plain.chmod(plain.stat().st_mode | stat.S_IXUSR)
        os.environ["LOUNGE_MONGOD"] = str(plain)
        on_three(folder / "set", findings)
        Path(sys.argv[1]).write_text(json.dumps(findings.steps, indent=1))
        on_one(folder, findings)
    Path(sys.argv[1]).write_text(json.dumps(findings.steps, indent=1) + "\n")


if __name__ == "__main__":
    main()
