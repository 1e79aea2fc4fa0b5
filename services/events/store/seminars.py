"""Seminars as documents: mapping both ways, and the one write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from services.events.domain.seminar import Content, Seminar, SeminarDecision
from services.events.domain.when import Announced, When
from services.events.publish import of_seminar
from shared.kernel.refusal import NotFound
from shared.kernel.text import Text
from shared.kit.documents import Cause, Documents, Draft, Stored

Decide = Callable[[Seminar], SeminarDecision]


def seminar_of(doc: Mapping[str, Any]) -> Seminar:
    """What was stored, as it was stored."""
    content = doc["content"]
    return Seminar(
        id=doc["_id"],
        site=doc["site"],
        status=doc["status"],
        content=None if content is None else _content_of(content),
        external_id=doc["external_id"],
        sequence=doc["sequence"],
        reason=doc["reason"],
    )


def _content_of(body: Mapping[str, Any]) -> Content:
    when = body["when"]
    return Content(
        title=Text(**body["title"]),
        title_certainty=body["title_certainty"],
        when=When(
            **{k: when[k] for k in ("precision", "zone", "certainty", "starts_at", "ends_at", "month")},
            announced=tuple(Announced(a["zone"], date.fromisoformat(a["date"]), a["part"]) for a in when["announced"]),
        ),
        modes=body["modes"],
        details=body["details"],
    )


def _body(seminar: Seminar, listed: str) -> dict[str, Any]:
    content = seminar.content
    return {
        "status": seminar.status,
        "external_id": seminar.external_id,
        "sequence": seminar.sequence,
        "reason": seminar.reason,
        "public": seminar.public,
        "listed": listed,
        "content": None if content is None else _content_body(content),
    }


def _content_body(content: Content) -> dict[str, Any]:
    said = [{**asdict(each), "date": each.date.isoformat()} for each in content.when.announced]
    return {
        "title": asdict(content.title),
        "title_certainty": content.title_certainty,
        "when": {**asdict(content.when), "announced": said},
        "modes": dict(content.modes),
        "details": dict(content.details),
    }


def listed_as(at: datetime, identity: str) -> str:
    """Sorts by the ms of `at`; unique, so that a page can go on from it."""
    return f"{int(at.timestamp() * 1000):013d}-{identity}"


class Seminars:
    """The collection `seminars`."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.collection = documents.collection

    async def get(self, identity: str) -> Seminar | None:
        doc = await self._documents.get(identity)
        return None if doc is None else seminar_of(doc)

    async def among(self, ids: Sequence[str]) -> dict[str, tuple[Seminar, int]]:
        """Those of these there are, with their versions, by id."""
        found = self.collection.find({"_id": {"$in": list(ids)}}, {"log": 0})
        return {doc["_id"]: (seminar_of(doc), doc["version"]) async for doc in found}

    async def public(self, identity: str) -> tuple[Seminar, int]:
        """A seminar people may see, and its version. Raises NotFound."""
        doc = await self._documents.get(identity, {"public": True})
        if doc is None:
            raise NotFound(seminar=identity)
        return seminar_of(doc), doc["version"]

    async def add(self, decision: SeminarDecision, cause: Cause, *, at: datetime) -> Stored:
        """Stores a first word. `replay` where it, or another first word, is stored already."""
        seminar = decision.state
        draft = Draft(_body(seminar, listed_as(at, seminar.id)), of_seminar(decision.events, version=1))
        return await self._documents.insert(seminar.id, seminar.site, draft, cause, at=at)

    async def change(self, identity: str, decide: Decide, cause: Cause, *, at: datetime) -> tuple[Stored, bool]:
        """One transition; the flag says whether anything was decided now. Raises what `decide` and the kit raise."""
        decided = False

        def next_body(doc: dict[str, Any]) -> Draft | None:
            nonlocal decided
            before = seminar_of(doc)
            decision = decide(before)
            decided = decision.state != before
            if not decided:
                return None
            events = of_seminar(decision.events, version=doc["version"] + 1, before=doc["version"])
            return Draft(_body(decision.state, doc["listed"]), events)

        stored = await self._documents.change(identity, next_body, cause, at=at)
        return stored, decided and not stored.replay
