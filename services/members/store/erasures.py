"""Erasures as documents: what stands while one runs, and stays as its certificate."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from services.members.domain.erasure import Erasure, ErasureEvent, Part
from services.members.publish import contract_of
from services.members.store.secret import Secret
from shared.kernel.decision import Decision
from shared.kernel.ids import derived_id
from shared.kit.documents import Draft

WATCH = "watch"
"""The timer of an erasure some part has not answered yet."""


def erasure_id(member: str) -> str:
    """One for each person; not the member's own id, since ids of log entries are made of documents' ids."""
    return derived_id("erasure", member)


def erasure_draft(decision: Decision[Erasure, ErasureEvent], version: int, secret: Secret, due: datetime) -> Draft:
    """The next body and events; sealed where it is complete, watched where not."""
    erasure = decision.state
    body: dict[str, Any] = {
        "member": erasure.member,
        "asked_by": erasure.asked_by,
        "asked_at": erasure.asked_at,
        "reason": erasure.reason,
        "parts": {p.service: {"done_at": p.done_at, "counts": dict(p.counts)} for p in erasure.parts},
        "completed_at": erasure.completed_at,
        "seal": seal_of(erasure, secret) if erasure.completed_at else None,
    }
    timer = None if erasure.completed_at else (due, WATCH)
    return Draft(body, [contract_of(event, version) for event in decision.events], due=timer)


def erasure_from(doc: Mapping[str, Any]) -> Erasure:
    parts = (Part(service, part["done_at"], part["counts"]) for service, part in sorted(doc["parts"].items()))
    asked = doc["member"], doc["asked_by"], doc["asked_at"], doc["reason"]
    return Erasure(*asked, parts=tuple(parts), completed_at=doc["completed_at"])


def seal_of(erasure: Erasure, secret: Secret) -> str:
    """A keyed hash over all that the certificate says."""
    said = {
        "member": erasure.member,
        "asked_by": erasure.asked_by,
        "asked_at": erasure.asked_at.isoformat(),
        "completed_at": erasure.completed_at.isoformat() if erasure.completed_at else None,
        "parts": {p.service: [p.done_at.isoformat(), dict(p.counts)] for p in erasure.parts},
    }
    return secret.digest("erasure-certificates", orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode())
