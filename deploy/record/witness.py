"""`EVENTS` as a witness: for as long as the stream keeps them, which entries were sent, and with which hash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.js import JetStreamContext, api

from shared.contracts.topology import STREAMS
from shared.kit.relay import ENTRY_HEADER

_EVENTS = next(stream for stream in STREAMS if stream.name == "EVENTS")
_AT_ONCE = 500
_MARGIN = timedelta(hours=1)
"""What is about to leave the stream is not asked for."""


@dataclass(slots=True)
class Witness:
    """`said`: entry id → (its hash in hex or "", the collection it came from). Complete from `since` on.

    What was sent by a version that told neither stands under the id of its message, from no collection.
    """

    since: datetime
    said: dict[str, tuple[str, str]] = field(default_factory=dict)
    last: int = 0
    """The stream's sequence it has been read up to."""


async def heard(js: JetStreamContext, service: str, now: datetime, before: Witness | None = None) -> Witness:
    """All that the service's documents said and the stream still has; with a `before`, only what came since."""
    witness = Witness(await _since(js, now)) if before is None else Witness(before.since, last=before.last)
    config = api.ConsumerConfig(
        ack_policy=api.AckPolicy.NONE,
        headers_only=True,
        deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=witness.last + 1,
        inactive_threshold=30.0,
    )
    listening = await js.pull_subscribe(f"evt.{service}.>", stream=_EVENTS.name, config=config)
    try:
        left = int((await listening.consumer_info()).num_pending or 0)
        while left:
            for message in await listening.fetch(min(left, _AT_ONCE), timeout=10):
                _note(witness, message.headers or {})
                witness.last, left = message.metadata.sequence.stream, message.metadata.num_pending
    finally:
        await listening.unsubscribe()
    return witness


async def _since(js: JetStreamContext, now: datetime) -> datetime:
    """Streams may have been made anew: of what was before it a stream cannot tell."""
    born = (await js.stream_info(_EVENTS.name)).created
    oldest = now - timedelta(seconds=_EVENTS.max_age) + _MARGIN
    return max(oldest, born.astimezone(UTC)) if isinstance(born, datetime) else oldest


def _note(witness: Witness, headers: Mapping[str, Any]) -> None:
    """However often an entry was sent: its message's own id may be another each time."""
    collection, _, rest = str(headers.get(ENTRY_HEADER, "")).partition(" ")
    entry, _, value = rest.partition(" ")
    if entry:
        witness.said[entry] = (value, collection)
    else:
        witness.said.setdefault(str(headers.get("Nats-Msg-Id", "")).partition(".")[0], ("", ""))
