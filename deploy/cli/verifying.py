"""`lounge verify` and `lounge anchor`: is the record what it was; and where it stands, signed, now."""

import asyncio
from pathlib import Path
from typing import Any

import bson
import orjson
from nats.js import JetStreamContext

from deploy.backup.checking import checked as whole
from deploy.backup.checking import documents as kept
from deploy.cli.backups import connected_to, mongo_url
from deploy.cli.finding import clock, ops_of
from deploy.installed import installed
from deploy.nats.keys import KeyFolder
from deploy.ops import Ops
from deploy.record.anchors import Heads
from deploy.record.checking import check, settle
from deploy.record.reading import AWARE, collections_of, counted
from deploy.record.report import Report
from deploy.record.witness import heard
from deploy.trouble import CannotStart, NotDone
from deploy.waiting import busy, counting
from shared.contracts.ops import anchor_subject
from shared.contracts.topology import SERVICES

_ANCHOR_SECONDS = 120.0


def verify(data: Path, service: str | None, *, against: Path | None, keys: Path | None) -> list[dict[str, Any]]:
    """Each service's report. Raises CannotStart, NotRunning, NotDone."""
    services, now = _named(service), clock().now()
    signers = _signers(data, keys)
    with counting("Connecting") as count:
        heads = {each: _heads_of(against, each) if against else Heads() for each in services}

        async def run() -> list[Report]:
            async with ops_of(data) as ops:
                return [await _report(ops.client.jetstream(), each) for each in services]

        async def _report(js: JetStreamContext, name: str) -> Report:
            count(f"{name}: what it said on EVENTS", None)
            first = await heard(js, name, now)
            step = count(f"{name}: its documents", counted(client, name))
            known = signers and signers.signers(name)
            done = await asyncio.to_thread(check, client, name, first, heads[name], known, step)
            return settle(done, await heard(js, name, now, first))

        with connected_to(mongo_url(data)) as client:
            return [report.facts() for report in asyncio.run(run())]


def anchor(data: Path, service: str | None) -> list[dict[str, Any]]:
    """`{service, anchors, heads}` of each. Raises NotDone."""

    async def ask() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return [await _anchored(ops, each) for each in _named(service)]

    with busy("Anchoring"):
        return asyncio.run(ask())


async def _anchored(ops: Ops, service: str) -> dict[str, Any]:
    answer = orjson.loads(await ops.raw(anchor_subject(service), b"{}", seconds=_ANCHOR_SECONDS))
    if problem := answer.get("problem"):
        raise NotDone(f"{service}: {problem['message']['en']}", code=problem["code"])
    return {"service": service, **answer["data"]}


def _named(service: str | None) -> tuple[str, ...]:
    if service is not None and service not in SERVICES:
        raise CannotStart(f"There is no service {service!r}; these have a record: {', '.join(SERVICES)}.")
    return (service,) if service else SERVICES


def _signers(data: Path, keys: Path | None) -> KeyFolder | None:
    """Who vouches for the anchors' keys: the folder named, else the installation's own, else nobody."""
    if keys is not None:
        if not any(keys.glob("*.nk")):
            raise CannotStart(f"{keys} holds no keys of an installation.")
        return KeyFolder(keys)
    try:
        return installed(data).keys
    except CannotStart:
        return None


def _heads_of(folder: Path, service: str) -> Heads:
    """Where the logs stood when a back-up was taken. Raises CannotStart for one that is not whole."""
    manifest, heads = whole(folder), Heads()
    names = {kept.collection: folder / kept.file for kept in manifest.collections if kept.database == service}
    for name in collections_of(service).keys() & names.keys():
        for raw in kept(names[name]):
            doc = bson.decode(raw, codec_options=AWARE)
            if doc.get("log") and "h" in doc["log"][-1]:
                last = doc["log"][-1]
                heads[(name, str(doc["_id"]))] = {last["seq"]: last["h"].hex()}
    return heads
