"""The one place that puts a message on a stream, and proves it by the PubAck."""

from collections.abc import Mapping
from typing import Any

from nats.errors import Error as NatsError
from nats.js.api import PubAck
from nats.js.errors import APIError, NotFoundError

from shared.kit.metrics import PUBLISHED
from shared.kit.nats.broker import LoungeBroker

__all__ = ["NatsError", "Publisher", "SequenceMismatch"]

_WRONG_LAST_SEQUENCE = 10_071
_NO_SUCH_MESSAGE = frozenset({10_037, 10_043, 10_057})
_PATIENCE_SECONDS = 5.0
"""A denied publish is never answered: what is wrong then is told by the error callback alone."""


class SequenceMismatch(Exception):
    """Somebody put a newer message on the subject than the caller knew of."""


class Publisher:
    """Publishes to streams over the service's own connection. Raises NatsError where storing is not proven."""

    def __init__(self, broker: LoungeBroker) -> None:
        self._broker = broker
        self._turnstile = broker.turnstile

    @property
    def _js(self) -> Any:
        return self._broker.config.connection_state.stream

    async def publish(
        self,
        subject: str,
        payload: bytes,
        *,
        stream: str,
        msg_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        expect_last: int | None = None,
    ) -> PubAck:
        """Stored in `stream` when this returns; `expect_last` is the subject's last stream sequence, 0 for none.

        Raises SequenceMismatch where that is no longer true.
        """
        wanted = dict(headers or {})
        if msg_id is not None:
            wanted["Nats-Msg-Id"] = msg_id
        if expect_last is not None:
            wanted["Nats-Expected-Last-Subject-Sequence"] = str(expect_last)
        await self._turnstile.enter()
        try:
            ack: PubAck = await self._js.publish(
                subject, payload, timeout=_PATIENCE_SECONDS, stream=stream, headers=wanted
            )
        except APIError as error:
            if error.err_code == _WRONG_LAST_SEQUENCE:
                raise SequenceMismatch(subject) from error
            raise
        finally:
            self._turnstile.leave()
        PUBLISHED.labels(stream.partition("_")[0]).inc()
        return ack

    async def last(self, subject: str, *, stream: str) -> tuple[int, bytes] | None:
        """The subject's last message and its stream sequence, or None."""
        try:
            message = await self._js.get_last_msg(stream, subject, direct=True)
        except NotFoundError:
            return None
        return int(message.seq), bytes(message.data or b"")

    async def erase(self, number: int, *, stream: str) -> None:
        """The message of this stream sequence is overwritten on the server's disk; gone already is as good.

        A message that is only replaced or purged keeps its bytes in its block until that is rewritten (tried).
        """
        try:
            await self._js.delete_msg(stream, number)
        except APIError as error:
            if error.err_code not in _NO_SUCH_MESSAGE:
                raise
