"""Anchors: once a day each service signs where the logs of its documents stand, and says so on the stream.

Who rewrites whole chains in MongoDB is found out by any anchor kept elsewhere: on `EVENTS`, in a back-up.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from shared.contracts.ops import Anchored, anchor_subject
from shared.contracts.record import ANCHORED, HeadsAnchored, HeadView
from shared.kernel.time import Clock
from shared.kit.answers import answer, dumped
from shared.kit.documents import Cause, Documents, Draft
from shared.kit.documents.chain import json_of
from shared.kit.documents.seal import key_of, public_of, signature_of
from shared.kit.documents.walking import behind
from shared.kit.log import get_logger
from shared.kit.service import Service

log = get_logger()
COLLECTION = "anchors"
MOST_HEADS = 1_000
"""Of one anchor: its entry stays well below what a log entry may hold."""
_EVERY = timedelta(days=1)
_LOOK_SECONDS = 60.0
_ON_THE_WAY = timedelta(minutes=10)
"""Longer than a change may be on its way: what was changed in the last ten minutes is looked at again the next time."""
Until = Mapping[str, tuple[datetime, str]]


def anchored(service: Service) -> Service:
    """The same service, whose heads are anchored; the last thing `app.build` declares."""
    anchors = Anchors(
        service.name, service.documents(COLLECTION), service.stored, service.clock, service.settings.nats_seed_file
    )

    async def anchor(_: bytes) -> bytes:
        return dumped(answer(await anchors.anchor(service.clock.now())))

    service.background(COLLECTION, anchors.run)
    service.commands.plain(anchor_subject(service.name), service.name)(anchor)
    return service


def digest_of(service: str, number: int, previous: str | None, heads: tuple[HeadView, ...]) -> bytes:
    """What is signed: SHA-256 over the canonical JSON of these."""
    rows = [[head.collection, head.id, head.seq, head.hash] for head in heads]
    return hashlib.sha256(json_of({"service": service, "number": number, "previous": previous, "heads": rows})).digest()


class Anchors:
    """One service's. Any replica may make the next one; the id lets one of them."""

    def __init__(
        self, service: str, own: Documents, stored: Mapping[str, Documents], clock: Clock, seed_file: Path | None
    ) -> None:
        self._service = service
        self._own = own
        self._stored = stored
        self._clock = clock
        self._seed_file = seed_file

    async def run(self) -> None:
        """For ever. Without a seed there is nothing to sign with, and no anchors."""
        while self._seed_file is not None:
            await asyncio.sleep(_LOOK_SECONDS)
            last, at = await self._last(), self._clock.now()
            if last is None or at - last["created_at"] >= _EVERY:
                await self._anchor(last, at)
        await asyncio.Event().wait()

    async def anchor(self, at: datetime) -> Anchored:
        """As many anchors as the heads changed since need, at least one. Raises ValueError without a seed."""
        return await self._anchor(await self._last(), at)

    async def _anchor(self, last: Mapping[str, Any] | None, at: datetime) -> Anchored:
        """What comes after `last`; none where another replica has made the next one since that was read."""
        look = Look({} if last is None else {name: tuple(place) for name, place in last["until"].items()}, at)
        anchors = heads = 0
        while look.more:
            look = await self._look(look)
            last = await self._write(last, look)
            if last is None:
                break  # another replica has made this number; it goes on from there
            anchors, heads = anchors + 1, heads + len(look.heads)
        log.info("anchors.made", anchors=anchors, heads=heads)
        return Anchored(anchors=anchors, heads=heads)

    async def _last(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = await self._own.collection.find_one({}, {"log": 0}, sort=[("_id", -1)])
        return found

    async def _look(self, before: "Look") -> "Look":
        """On from there: the heads of the next documents, in the order of their change."""
        until, heads, room = dict(before.until), list[HeadView](), MOST_HEADS
        for name in self._stored.keys() - {COLLECTION}:
            where = behind(*until[name]) if name in until else {"changed_at": {}}
            where["changed_at"] |= {"$lte": before.at}
            found = self._stored[name].collection.find(where, {"changed_at": 1, "log": {"$slice": -1}})
            page = await found.sort([("changed_at", 1), ("_id", 1)]).limit(room).to_list(room) if room else []
            room -= len(page)
            heads += [_head(name, doc) for doc in page if doc.get("log") and "h" in doc["log"][-1]]
            if page:
                until[name] = (page[-1]["changed_at"], page[-1]["_id"])
        return Look(until, before.at, tuple(heads), more=room == 0)

    async def _write(self, last: Mapping[str, Any] | None, look: "Look") -> dict[str, Any] | None:
        """The anchor after `last`, or None where somebody else has made it meanwhile."""
        if self._seed_file is None:
            raise ValueError("LOUNGE_NATS_SEED_FILE: without a seed there is nothing to sign with")
        number, previous = (1, None) if last is None else (last["number"] + 1, last["digest"])
        digest = digest_of(self._service, number, previous, look.heads)
        key = key_of(self._seed_file.read_text())
        said: HeadsAnchored = ANCHORED[self._service](
            service=self._service,
            number=number,
            previous=previous,
            heads=look.heads,
            digest=digest.hex(),
            key=public_of(key),
            signature=signature_of(key, digest),
        )
        body = {"number": number, "digest": said.digest, "until": look.kept}
        cause = Cause("anchor", self._service, f"anchor-{number}")
        doc_id = f"{self._service}-anchor-{number:08d}"
        stored = await self._own.insert(doc_id, self._service, Draft(body, [said]), cause, at=look.at)
        return None if stored.replay else stored.doc


@dataclass(frozen=True, slots=True)
class Look:
    """How far documents were looked at `until`, by collection; the heads found on the way; whether there are `more`."""

    until: Until
    at: datetime
    heads: tuple[HeadView, ...] = ()
    more: bool = True

    @property
    def kept(self) -> dict[str, list[Any]]:
        """Where the next run begins: never in what may still be on its way."""
        settled = self.at - _ON_THE_WAY
        return {name: [at, doc_id] if at < settled else [settled, ""] for name, (at, doc_id) in self.until.items()}


def _head(collection: str, doc: Mapping[str, Any]) -> HeadView:
    last = doc["log"][-1]
    return HeadView(collection=collection, id=doc["_id"], seq=last["seq"], hash=last["h"].hex())
