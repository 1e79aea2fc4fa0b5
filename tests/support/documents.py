"""The one write, in memory: what Documents promises, without a server. It passes the same suites as the real one."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.kernel.refusal import Busy, DeadlinePassed, KeyReused, NotFound, VersionStale
from shared.kernel.time import Clock
from shared.kit.documents import Cause, ClaimTaken, Documents, Draft, Forms, Stored
from shared.kit.documents.draft import is_same, new_document, next_document
from shared.kit.documents.write import Decide


class FakeDocuments(Documents):
    """Documents in a dict. Between reading and writing others get their turn, as over a network."""

    def __init__(self, clock: Clock) -> None:
        self.docs: dict[str, dict[str, Any]] = {}
        self._now = clock.now
        self.clock, self.collection = clock, None
        self.forms = Forms()
        self.newest = self.forms.newest_of

    async def get(self, doc_id: str, where: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        await asyncio.sleep(0)
        doc = self.docs.get(doc_id)
        return doc if doc is not None and matches(doc, where or {}) else None

    async def insert(self, doc_id: str, site: str, draft: Draft, cause: Cause, *, at: datetime) -> Stored:
        self._in_time(cause)
        await asyncio.sleep(0)
        if doc_id in self.docs:
            stored = await self.replay(doc_id, cause)
            assert stored is not None
            return stored
        self._claim(doc_id, site, draft)
        self.docs[doc_id] = new_document(doc_id, site, draft, cause, at)
        return Stored(self.docs[doc_id])

    async def replay(self, doc_id: str, cause: Cause) -> Stored | None:
        doc = self.docs.get(doc_id)
        if doc is None:
            return None
        if not cause.asked_the_same(doc.get("fingerprint")):
            raise KeyReused
        return Stored(doc, replay=True)

    async def change(
        self,
        doc_id: str,
        decide: Decide,
        cause: Cause,
        *,
        at: datetime,
        if_match: int | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> Stored:
        for _ in range(12):
            doc = await self.get(doc_id, where)
            if doc is None:
                raise NotFound
            made = next((e for e in doc["log"] if e.get("command") in cause.scopes), None)
            if made is not None:
                if not cause.asked_the_same(made["fingerprint"]):
                    raise KeyReused
                return Stored(doc, replay=True)
            if if_match is not None and doc["version"] != if_match:
                raise VersionStale(version=doc["version"])
            draft = decide(doc)
            if draft is None or is_same(doc, draft):
                return Stored(doc)
            self._in_time(cause)
            await asyncio.sleep(0)
            if self.docs[doc_id]["version"] == doc["version"]:
                self._claim(doc_id, doc["site"], draft)
                self.docs[doc_id] = next_document(doc, draft, cause, at)
                return Stored(self.docs[doc_id])
        raise Busy

    def of(self, site: str) -> list[dict[str, Any]]:
        """All of a site, in the order they were made."""
        return [doc for doc in self.docs.values() if doc["site"] == site]

    def _claim(self, doc_id: str, site: str, draft: Draft) -> None:
        held = {claim for doc in self.of(site) if doc["_id"] != doc_id for claim in doc.get("claims", ())}
        for claim in draft.claims:
            if claim in held:
                raise ClaimTaken(claim)

    def _in_time(self, cause: Cause) -> None:
        if cause.deadline is not None and self._now() > cause.deadline:
            raise DeadlinePassed


def matches(doc: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Equality (also with one of an array's values), `$in`, `$exists`, `$or`: all that filters of a principal use."""
    for name, wanted in where.items():
        if name == "$or":
            if not any(matches(doc, each) for each in wanted):
                return False
        elif isinstance(wanted, dict) and "$exists" in wanted:
            if (name in doc) != wanted["$exists"]:
                return False
        elif isinstance(wanted, dict):
            if not any(matches(doc, {name: each}) for each in wanted["$in"]):
                return False
        elif doc.get(name) != wanted and not (isinstance(doc.get(name), list) and wanted in doc[name]):
            return False
    return True
