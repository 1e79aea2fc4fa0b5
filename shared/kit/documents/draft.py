"""What a handler hands to the store: the document's next body and why; and how that becomes BSON."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
from pydantic import BaseModel

from shared.contracts.message import Asked, CloudEvent, Event
from shared.kernel.ids import derived_id
from shared.kit.documents import chain
from shared.kit.documents.recalling import undoing
from shared.kit.documents.sizes import LARGEST_DATA, TooLarge

RESERVED = frozenset(
    [
        "_id",
        "site",
        "version",
        "created_at",
        "changed_at",
        "form",
        "least",
        "fingerprint",
        "claims",
        "been",
        "due_at",
        "due_kind",
        "lease",
        "missed",
        "log",
        "sent",
        "unsent",
        "next_try",
        "stated",
        "worded",
    ]
)
SWEEP_AFTER = timedelta(seconds=2)
"""How long the writer's own relay has before any replica's sweep may take the document up."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Who asked for what, for whom, and why: goes into every log entry the change makes.

    `kind` is the principal's, `organization` the one they acted for, `api_key` what a program or site came with;
    `on_behalf_of` a member. A `reason` is what a person wrote: it can be erased again (`Documents.forget`).
    `key` with `fingerprint` makes the change idempotent; after `deadline` nothing is written any more. Of both only
    hashes are stored, and the fingerprint's is salted with the key: what a client put into a key or a body cannot be
    read, or guessed and checked, out of a log that outlives it. `formerly` is what earlier versions stored.
    """

    operation: str
    actor: str
    correlationid: str
    deadline: datetime | None = None
    key: str | None = None
    fingerprint: str | None = None
    causationid: str | None = None
    traceparent: str | None = None
    kind: str = "system"
    organization: str | None = None
    api_key: str | None = None
    on_behalf_of: str | None = None
    reason: str | Mapping[str, str] | None = None
    formerly: str | None = None

    @classmethod
    def of(cls, ask: Asked[Any]) -> Self:
        """From a command; a key's scope is the principal and the operation.

        For whom and why are the command's fields `for_member` and `reason`, where it has them.
        """
        by, body = ask.principal, ask.data.model_dump(mode="json") if ask.key else None
        return cls(
            operation=ask.data.wire,
            actor=by.id,
            correlationid=ask.correlationid,
            deadline=ask.deadline,
            key=ask.key,
            fingerprint=fingerprint(body, salt=ask.key) if ask.key else None,
            causationid=ask.causationid,
            traceparent=ask.traceparent,
            kind=by.kind,
            organization=by.organization,
            api_key=by.key,
            on_behalf_of=getattr(ask.data, "for_member", None),
            reason=_written(getattr(ask.data, "reason", None)),
            formerly=fingerprint(body) if ask.key else None,
        )

    @classmethod
    def caused_by(cls, event: CloudEvent, operation: str, actor: str) -> Self:
        """From an event: handling it twice is one change, whatever else happens to the document meanwhile."""
        return cls(
            operation=operation,
            actor=actor,
            correlationid=event.correlationid or event.id,
            key=derived_id("caused", event.source, event.id, operation),
            fingerprint="event",
            causationid=event.id,
            traceparent=event.traceparent,
        )

    @property
    def scope(self) -> str | None:
        """What a change command leaves in the log entry it caused."""
        return f"{self.actor}|{self.operation}|{derived_id('key', self.key)}" if self.key else None

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it looks for before it runs: also the key itself, as earlier versions left it."""
        return (self.scope, f"{self.actor}|{self.operation}|{self.key}") if self.scope else ()

    def asked_the_same(self, stored: str | None) -> bool:
        """Whether the request that left this fingerprint asked for the same."""
        return stored == self.fingerprint or (stored is not None and stored == self.formerly)


def _written(reason: Any) -> str | Mapping[str, str] | None:
    """As it is kept: text, or a bilingual text's languages."""
    if isinstance(reason, BaseModel):
        return reason.model_dump(mode="json", exclude_none=True)
    return None if reason is None else str(reason)


def fingerprint(body: Any, *, salt: str = "") -> str:
    """Equal for requests that ask for the same under one `salt`, whatever the order of their members."""
    key = hashlib.sha256(salt.encode()).digest() if salt else b""
    return hashlib.blake2b(orjson.dumps(body, option=orjson.OPT_SORT_KEYS), digest_size=12, key=key).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """A document's whole next body. Top-level fields absent from `body` are gone after the change.

    `body` is BSON-ready and holds no reserved name; `due` is (instant, kind); no claim may stand twice. With `words`,
    the fields people wrote, each change says how it was before (`Documents.recall`); where it is `forgetting`, without
    what they wrote. `been` says where claims stood that are given back; a document keeps all of these, to be found by.
    How fields named in `unrecorded` were before is not said; of `sets`, lists whose order means nothing, only what came
    and went.
    """

    body: Mapping[str, Any]
    events: Sequence[Event] = ()
    claims: Sequence[str] = ()
    due: tuple[datetime, str] | None = None
    words: Sequence[str] | None = None
    forgetting: bool = False
    been: Sequence[str] = ()
    unrecorded: Sequence[str] = ()
    sets: Sequence[str] = ()

    def __post_init__(self) -> None:
        if taken := RESERVED & self.body.keys():
            raise ValueError(f"reserved field names: {sorted(taken)}")
        if len(set(self.claims)) != len(self.claims):
            raise ValueError("a document claims a string once")


@dataclass(frozen=True, slots=True)
class Stored:
    """The document as it now stands; `replay` where the same key had written it before."""

    doc: dict[str, Any] = field(repr=False)
    replay: bool = False


def entries(
    doc: Mapping[str, Any], draft: Draft, cause: Cause, at: datetime, undo: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The log entries of one change, numbered and chained on from the document's last one. Raises TooLarge.

    The first says how to `undo` it; those beside it have nothing to add to that.
    """
    doc_id, log, made = doc["_id"], doc["log"], list[dict[str, Any]]()
    for seq, event in enumerate(draft.events, start=(log[-1]["seq"] if log else doc["sent"]) + 1):
        data = event.model_dump(mode="json", by_alias=True, exclude_none=True)
        if len(orjson.dumps(data)) > LARGEST_DATA:
            raise TooLarge(id=doc_id)
        entry = {
            "seq": seq,
            "id": f"{doc_id}-{seq}",
            "type": event.wire,
            "time": at,
            "actor": cause.actor,
            "kind": cause.kind,
            "organization": cause.organization,
            "api_key": cause.api_key,
            "on_behalf_of": cause.on_behalf_of,
            "reason": cause.reason,
            "data": data,
            "operation": cause.operation,
            "command": cause.scope,
            "fingerprint": cause.fingerprint,
            "correlationid": cause.correlationid,
            "causationid": cause.causationid,
            "traceparent": cause.traceparent,
        }
        if undo is not None:
            entry |= {"before": {}} if made else undo
        made.append({k: v for k, v in entry.items() if v is not None})
    return chain.extended(log, made)


def new_document(doc_id: str, site: str, draft: Draft, cause: Cause, at: datetime) -> dict[str, Any]:
    """The first version of a document, unsent."""
    doc: dict[str, Any] = {"_id": doc_id, "site": site, "version": 1, "created_at": at, **draft.body}
    if cause.fingerprint:
        doc["fingerprint"] = cause.fingerprint
    doc |= _held(draft) | _unsent(at)
    return doc | {"log": entries(doc, draft, cause, at)}


def outbox(doc_id: str, site: str, events: Sequence[Event], cause: Cause, at: datetime) -> dict[str, Any]:
    """Fields with which a plain document speaks once: set in the very write that changes it, sent by its relay."""
    silent = _unsent(at)
    logged = entries({"_id": doc_id, **silent}, Draft({}, events), cause, at)
    return {"site": site, "version": 1, **silent, "log": logged}


def owing(at: datetime) -> dict[str, Any]:
    """Fields of a document that has something to say: its own relay soon, else any sweep."""
    return {"unsent": True, "next_try": at + SWEEP_AFTER}


def _unsent(at: datetime) -> dict[str, Any]:
    return {"changed_at": at, "log": [], "sent": 0, **owing(at)}


def _held(draft: Draft) -> dict[str, Any]:
    held: dict[str, Any] = {}
    if draft.claims:
        held["claims"] = list(draft.claims)
    if draft.due:
        held["due_at"], held["due_kind"] = draft.due
    return held


_TIMER = ("due_at", "due_kind", "lease", "missed")
"""The last two are the ticker's: until when the document is somebody's, and how often its handler failed."""


def next_document(doc: dict[str, Any], draft: Draft, cause: Cause, at: datetime) -> dict[str, Any]:
    """The document after one change, as the update of `update_of` leaves it."""
    kept = {k: doc[k] for k in RESERVED.difference(_TIMER, ("claims",)) if k in doc}
    changed = {**kept, **draft.body, **_held(draft), "version": doc["version"] + 1}
    fixed = RESERVED.union(draft.unrecorded)
    undo = None if draft.words is None else undoing(doc, changed, fixed, draft.words, draft.sets)
    if undo and draft.forgetting:
        undo.pop("words", None)
    if draft.been:
        changed["been"] = sorted({*doc.get("been", ()), *draft.been})
    changed["log"] = [*doc["log"], *entries(doc, draft, cause, at, undo)]
    return changed | {"changed_at": at, **owing(at)}


_ALWAYS = ("unsent", "next_try")
"""Set even where `before` had the same: the relay may have unset them since it was read."""


def update_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The one `update_one` that turns `before` into `after`."""
    wanted = {k: v for k, v in after.items() if k not in ("_id", "log") and (k in _ALWAYS or before.get(k, ...) != v)}
    gone = dict.fromkeys(before.keys() - after.keys(), "")
    if "due_at" in before:  # its ticker may have taken it since it was read
        gone |= {"lease": "", "missed": ""}
    update: dict[str, Any] = {"$set": wanted}
    if gone:
        update["$unset"] = gone
    if fresh := after["log"][len(before["log"]) :]:
        update["$push"] = {"log": {"$each": fresh}}
    return update


def is_same(doc: Mapping[str, Any], draft: Draft) -> bool:
    """True where the draft changes nothing: the transition was made before."""
    if draft.events:
        return False
    held = _held(draft)
    state = {k: v for k, v in doc.items() if k not in RESERVED}
    return state == dict(draft.body) and all(doc.get(k) == held.get(k) for k in ("claims", "due_at", "due_kind"))
