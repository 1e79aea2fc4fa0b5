"""Reading a stream by its sequence, without a consumer: nothing to declare, to acknowledge, or to leave behind.

A stream without `allow_direct` cannot be read so. In a cluster any replica may answer, also one that lags a moment:
what it gives is then shorter, never with a gap.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from nats.errors import Error as NatsError

from shared.kit.nats.broker import LoungeBroker

__all__ = ["Kept", "NatsError", "Span", "Tail"]

_PATIENCE_SECONDS = 3.0
_NOTHING, _END = "404", "204"


@dataclass(frozen=True, slots=True)
class Span:
    """The sequences a stream holds; of an empty one `first` is the next to come."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A message of the stream."""

    sequence: int
    body: bytes


class Tail:
    """Of `stream`, what is on `subject`. Raises NatsError where the stream does not answer."""

    def __init__(self, broker: LoungeBroker, stream: str, subject: str) -> None:
        self._broker = broker
        self._stream = stream
        self._subject = subject

    async def span(self) -> Span:
        """Of the whole stream, whatever the subject."""
        await self._broker.turnstile.enter()
        try:
            subject = f"$JS.API.STREAM.INFO.{self._stream}"
            reply = await self._client.request(subject, b"", timeout=_PATIENCE_SECONDS)
        finally:
            self._broker.turnstile.leave()
        told = orjson.loads(reply.data)
        if "state" not in told:
            raise NatsError(f"{self._stream}: {told.get('error', {}).get('description')}")
        return Span(int(told["state"]["first_seq"]), int(told["state"]["last_seq"]))

    async def newest(self) -> int:
        """The sequence of the last message; where there is none, the one before all that the stream holds."""
        found = await self._got({"last_by_subj": self._subject}, single=True)
        return found[-1].sequence if found else (await self.span()).first - 1

    async def after(self, position: int, *, most: int = 256) -> Sequence[Kept]:
        """The messages behind that sequence, in order, at most so many."""
        return await self._got({"seq": position + 1, "next_by_subj": self._subject, "batch": most})

    async def _got(self, asked: Mapping[str, Any], *, single: bool = False) -> Sequence[Kept]:
        await self._broker.turnstile.enter()
        try:
            inbox = self._client.new_inbox()
            subscription = await self._client.subscribe(inbox)
            try:
                await self._client.publish(f"$JS.API.DIRECT.GET.{self._stream}", orjson.dumps(asked), reply=inbox)
                return await self._answered(subscription, single=single)
            finally:
                await subscription.unsubscribe()
        finally:
            self._broker.turnstile.leave()

    async def _answered(self, subscription: Any, *, single: bool) -> Sequence[Kept]:
        """Several end with a message that says so, a single one with itself."""
        found: list[Kept] = []
        while not (single and found):
            message = await subscription.next_msg(timeout=_PATIENCE_SECONDS)
            headers = message.headers or {}
            status = headers.get("Status")
            if status in (_NOTHING, _END):
                return found
            if status is not None:
                raise NatsError(f"{self._stream} answers {status}")
            found.append(Kept(int(headers["Nats-Sequence"]), bytes(message.data)))
        return found

    @property
    def _client(self) -> Any:
        return self._broker.config.connection_state.connection
