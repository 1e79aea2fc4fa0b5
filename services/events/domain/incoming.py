"""What a site sent, judged: taken, or quarantined with the reason (rows N of the input table)."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from services.events.domain.parsing import BadText, NotJson, canonical, check_text, parsed
from services.events.domain.seminar import Stated
from shared.kernel.time import instant

Reason = Literal[
    "malformed", "envelope", "identity", "unknown-type", "version", "schema", "id-conflict", "clock", "stale", "time"
]
AHEAD = timedelta(hours=24)
HORIZON = timedelta(days=30)
_SEQUENCES = range(2**53)
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TYPE = re.compile(r"[\x21-\x7e]{1,256}")
_VERSIONED = re.compile(r"(?P<name>.+)\.v[0-9]{1,6}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(?P<offset>Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE)
_SUBJECT_SAFE = re.compile(r"[A-Za-z0-9_:-]+(\.[A-Za-z0-9_:-]+)*")


class Unfit(Exception):
    """The data does not say what its type promises; `reason` is `schema` or `time`."""

    def __init__(self, reason: Literal["schema", "time"], details: str) -> None:
        super().__init__(details)
        self.reason: Literal["schema", "time"] = reason
        self.details = details


@dataclass(frozen=True, slots=True)
class Read:
    """What a message's data states, and the fields in it that no contract knows."""

    stated: Stated
    dropped: tuple[str, ...] = ()


Reader = Callable[[Any], Read]
"""Raises Unfit."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes that were read; `sequence` 0 where the site sent none."""

    id: str
    type: str
    source: str
    time: datetime
    sequence: int
    subject: str | None
    correlationid: str | None
    data: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """`digest` is equal for messages that say the same."""

    envelope: Envelope
    read: Read
    digest: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Kept for a person to look at; `event_id`, `type` and `sequence` as far as they could be read."""

    reason: Reason
    details: str
    event_id: str | None = None
    type: str | None = None
    sequence: int | None = None


Judged = Accepted | Quarantined


class _Fault(Exception):
    def __init__(self, reason: Reason, details: str) -> None:
        super().__init__(details)
        self.reason: Reason = reason
        self.details = details


def judge(raw: bytes, site: str, *, subject: str | None, readers: Mapping[str, Reader], at: datetime) -> Judged:
    """`subject` is the type the message was published under, None where the door knows none; `at` the present."""
    try:
        message = parsed(raw)
    except NotJson as error:
        return Quarantined("malformed", str(error))
    try:
        envelope = _envelope(message)
        _identity(envelope, site, subject)
        reader = _reader(envelope.type, readers)
        _timely(envelope, at)
        check_text(message)
        read = reader(envelope.data)
        _same_thing(envelope, read.stated)
        return Accepted(envelope, read, digest_of(message))
    except BadText as error:
        fault = _Fault("schema", str(error))
    except Unfit as error:
        fault = _Fault(error.reason, error.details)
    except _Fault as error:
        fault = error
    return Quarantined(fault.reason, fault.details[:500], *_readable(message))


def digest_of(message: Any) -> str:
    """Of the whole message; white space and the order of members do not count."""
    return hashlib.blake2b(canonical(message), digest_size=16).hexdigest()


def subject_of(kind: object) -> str:
    """The type as the tail of a subject; a type no subject can carry goes under `unsafe`."""
    return kind if isinstance(kind, str) and len(kind) <= 256 and _SUBJECT_SAFE.fullmatch(kind) else "unsafe"


def _envelope(message: Mapping[str, Any]) -> Envelope:
    if message.get("specversion", "1.0") != "1.0":
        raise _Fault("envelope", "specversion is 1.0")
    identity = _text(message, "id", _ID)
    kind = _text(message, "type", _TYPE)
    source = _text(message, "source", _TYPE)
    at = _time(message.get("time"))
    sequence = message.get("sequence", 0)
    if isinstance(sequence, bool) or not isinstance(sequence, int) or sequence not in _SEQUENCES:
        raise _Fault("envelope", "sequence is an integer from 0")
    if not str(message.get("datacontenttype", "application/json")).startswith("application/json"):
        raise _Fault("envelope", "datacontenttype is application/json")
    subject, correlation = message.get("subject"), message.get("correlationid")
    if not isinstance(subject, str | None):
        raise _Fault("envelope", "subject is text")
    known = correlation if isinstance(correlation, str) and _ID.fullmatch(correlation) else None
    return Envelope(identity, kind, source, at, sequence, subject, known, message.get("data"))


def _text(message: Mapping[str, Any], name: str, shape: re.Pattern[str]) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise _Fault("envelope", f"{name} is missing" if value is None else f"{name} is not usable")
    return value


def _time(value: Any) -> datetime:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _Fault("envelope", "time is missing" if value is None else "time is not RFC 3339")
    if match["offset"] is None:
        raise _Fault("time", "time has no offset from UTC")
    try:
        return instant(datetime.fromisoformat(value.upper()))
    except (ValueError, OverflowError):
        raise _Fault("envelope", "time is no instant") from None


def _identity(envelope: Envelope, site: str, subject: str | None) -> None:
    if envelope.source != f"/sites/{site}":
        raise _Fault("identity", f"source is not /sites/{site}")
    if subject is not None and subject != subject_of(envelope.type):
        raise _Fault("identity", "published under another type's subject")


def _reader(kind: str, readers: Mapping[str, Reader]) -> Reader:
    if kind in readers:
        return readers[kind]
    match = _VERSIONED.fullmatch(kind)
    if match and any(known.startswith(f"{match['name']}.v") for known in readers):
        raise _Fault("version", "this version of the type is not spoken here")
    raise _Fault("unknown-type", "nothing here reads this type")


def _timely(envelope: Envelope, at: datetime) -> None:
    if envelope.time > at + AHEAD:
        raise _Fault("clock", "time is more than 24 hours ahead")
    if envelope.time < at - HORIZON:
        raise _Fault("stale", "time is more than 30 days ago")


def _same_thing(envelope: Envelope, stated: Stated) -> None:
    if envelope.subject is not None and envelope.subject != stated.external_id:
        raise _Fault("identity", "subject is not the data's external_id")


def _readable(message: Mapping[str, Any]) -> tuple[str | None, str | None, int | None]:
    event_id, kind, sequence = message.get("id"), message.get("type"), message.get("sequence")
    whole = isinstance(sequence, int) and not isinstance(sequence, bool) and sequence in _SEQUENCES
    return (
        event_id if isinstance(event_id, str) and _ID.fullmatch(event_id) else None,
        kind if isinstance(kind, str) and _TYPE.fullmatch(kind) else None,
        sequence if whole else None,
    )
