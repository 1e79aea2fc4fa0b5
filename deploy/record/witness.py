"""`EVENTS` as a witness: for as long as the stream keeps them, which entries were sent, with which hash and words."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from nats.aio.msg import Msg
from nats.js import JetStreamContext, api

from shared.contracts.topology import STREAMS
from shared.kit.documents.chain import json_of
from shared.kit.envelopes import event_of
from shared.kit.relay import ENTRY_HEADER

_EVENTS = next(stream for stream in STREAMS if stream.name == "EVENTS")
_AT_ONCE = 500
_MARGIN = timedelta(hours=1)
"""What is about to leave the stream is not asked for."""


class Told(NamedTuple):
    """One message: the collection its entry came from, the entry's hash in hex ("" each where it did not say), and a
    digest of subject and body.
    """

    collection: str
    hash: str
    body: bytes


@dataclass(slots=True)
class Witness:
    """`said`: entry id → what its messages told, the same each time or somebody else said it too. Complete from
    `since` on.
    """

    since: datetime
    said: dict[str, set[Told]] = field(default_factory=dict)
    last: int = 0
    """The stream's sequence it has been read up to."""


async def heard(js: JetStreamContext, service: str, now: datetime, before: Witness | None = None) -> Witness:
    """All that the service's documents said and the stream still has; with a `before`, only what came since."""
    witness = Witness(await _since(js, now)) if before is None else Witness(before.since, last=before.last)
    config = api.ConsumerConfig(
        ack_policy=api.AckPolicy.NONE,
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=witness.last + 1,
        inactive_threshold=30.0,
    )
    listening = await js.pull_subscribe(f"evt.{service}.>", stream=_EVENTS.name, config=config)
    try:
        left = int((await listening.consumer_info()).num_pending or 0)
        while left:
            for message in await listening.fetch(min(left, _AT_ONCE), timeout=10):
                _note(witness, message)
                witness.last, left = message.metadata.sequence.stream, message.metadata.num_pending
    finally:
        await listening.unsubscribe()
    return witness


def words(service: str, doc_id: str, entry: Mapping[str, Any]) -> bytes:
    """What `Told.body` of an entry is, as it stands on record."""
    return _digest(f"evt.{entry['type']}.{doc_id}", event_of(service, doc_id, entry))


async def _since(js: JetStreamContext, now: datetime) -> datetime:
    """Streams may have been made anew: of what was before it a stream cannot tell."""
    born = (await js.stream_info(_EVENTS.name)).created
    oldest = now - timedelta(seconds=_EVENTS.max_age) + _MARGIN
    return max(oldest, born.astimezone(UTC)) if isinstance(born, datetime) else oldest


def _note(witness: Witness, message: Msg) -> None:
    """What was sent by a version that named no entry stands under the id of its message."""
    headers = message.headers or {}
    collection, _, rest = headers.get(ENTRY_HEADER, "").partition(" ")
    entry, _, value = rest.partition(" ")
    entry = entry or headers.get("Nats-Msg-Id", "").partition(".")[0]
    try:
        body = _digest(message.subject, orjson.loads(message.data))
    except (ValueError, TypeError):
        body = b"no event"
    witness.said.setdefault(entry, set()).add(Told(collection, value, body))


def _digest(subject: str, event: Mapping[str, Any]) -> bytes:
    """Without the trace: a message goes on from its publishing, the entry from the write."""
    told = {name: value for name, value in event.items() if name != "traceparent"}
    return hashlib.sha256(subject.encode() + json_of(told)).digest()
