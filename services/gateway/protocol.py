"""HTTP/1.1 at the socket: what uvicorn leaves open is bounded here, before any application code runs.

Rows H17 and H19–H21 of the input table: a deadline for the whole request, limits on its head, strict line ends,
no request with two lengths; every refusal is a problem document, and what a refused sender still pours in is
dropped, up to 1 MB. A reader who takes nothing of what is there for them is cut off.
"""

import asyncio
import secrets
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.problems import body_of, headers_of
from services.gateway.refusals import (
    BodyTimeout,
    HeadersTooLarge,
    MalformedRequest,
    OverCapacity,
    UriTooLong,
)
from shared.kernel.refusal import Refusal

LARGEST_HEAD = 16 * 1024
MOST_HEADERS = 100
LONGEST_TARGET = 2 * 1024
MOST_DROPPED = 1024 * 1024
MOST_CONNECTIONS = 4_000
_GRACE_SECONDS = 1.0


def fault_of_head(head: bytes) -> Refusal | None:
    """What is wrong with the bytes of a request's head, whole or as far as they have come."""
    line, ended, _ = head.partition(b"\r\n")
    target = line.partition(b" ")[2].partition(b" ")[0]
    if len(target) > LONGEST_TARGET or (not ended and len(line) > LONGEST_TARGET + 64):
        return UriTooLong()
    lines = head.count(b"\r\n")
    if len(head) > LARGEST_HEAD or lines > MOST_HEADERS:
        return HeadersTooLarge()
    if head.count(b"\n") != lines or b"\r\n " in head or b"\r\n\t" in head:
        return MalformedRequest()
    lower = head.lower()
    if b"\r\ntransfer-encoding:" in lower and b"\r\ncontent-length:" in lower:
        return MalformedRequest()
    return None


class BoundedProtocol(H11Protocol):
    """One connection. `read_seconds` is what head and body of a request may take together.

    What waits to be read by the other side has to grow less within `write_seconds`, again and again.
    """

    read_seconds: ClassVar[float] = 10.0
    write_seconds: ClassVar[float] = 10.0

    @classmethod
    def within(cls, read_seconds: float, write_seconds: float) -> type["BoundedProtocol"]:
        """The same with other deadlines."""
        return type(cls.__name__, (cls,), {"read_seconds": read_seconds, "write_seconds": write_seconds})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._dropped = 0
        self._refused = False
        self._looking: asyncio.TimerHandle | None = None
        self._unsent = 0
        self._less_by = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(OverCapacity())
        else:
            self._arm(self.read_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        if self._looking is not None:
            self._looking.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_flow()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio allows a bool here
        """A sender that stops in the middle of its body is told so; any other end of input is an end."""
        if self._refused or self.conn.their_state is not h11.SEND_BODY or self._answer_begun:
            return None
        self._refuse(MalformedRequest())
        return True

    def data_received(self, data: bytes) -> None:
        if self._refused or (self._answer_sent and self.conn.their_state is h11.SEND_BODY):
            self._dropped += len(data)
            if self._dropped > MOST_DROPPED:
                self.transport.close()
                return
        if not self._refused:
            super().data_received(data)
            self._watch()

    def handle_events(self) -> None:
        if self.conn.their_state is h11.IDLE:
            waiting, _ = self.conn.trailing_data
            if fault := fault_of_head(waiting.partition(b"\r\n\r\n")[0]) if waiting else None:
                self._refuse(fault)
                return
        super().handle_events()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_flow()
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0]):
            self._unset_keepalive_if_required()
            self._arm(_GRACE_SECONDS if self._refused else self.read_seconds)

    def send_400_response(self, msg: str) -> None:
        """Where uvicorn would answer in plain text what it cannot parse."""
        del msg
        self._refuse(MalformedRequest())

    def shutdown(self) -> None:
        if self._refused:
            self.transport.close()
        else:
            super().shutdown()

    @property
    def _answer_begun(self) -> bool:
        return getattr(self.cycle, "response_started", False)

    @property
    def _answer_sent(self) -> bool:
        return getattr(self.cycle, "response_complete", False)

    def _watch(self) -> None:
        """A request that has begun and is not all here runs against the deadline."""
        state = self.conn.their_state
        if state is h11.SEND_BODY or (state is h11.IDLE and self.conn.trailing_data[0]):
            if self._deadline is None:
                self._arm(self.read_seconds)
            return
        self._dropped = 0
        self._disarm()
        if state is h11.IDLE and self.timeout_keep_alive_task is None:
            self._arm(self.timeout_keep_alive)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(seconds, self._too_late)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        """A request that began is told; a connection nothing came on is just closed."""
        self._deadline = None
        in_head = self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        in_body = self.conn.their_state is h11.SEND_BODY and not self._answer_begun
        if not self._refused and (in_head or in_body):
            self._refuse(BodyTimeout())
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, if that is still possible; then hear nothing more, and close a second later at the latest."""
        self._refused = True
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and not self.transport.is_closing():
            self.transport.write(_document(refusal))
            self.transport.write_eof()
        if self.conn.our_state is not h11.ERROR:
            self.conn.send_failed()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._unset_keepalive_if_required()
        self._expect_flow()
        self._arm(_GRACE_SECONDS)

    def _expect_flow(self) -> None:
        """From now on what is unsent has to grow less; a close waits for it too, which is why nothing else may."""
        self._unsent, self._less_by = self.transport.get_write_buffer_size(), self.loop.time() + self.write_seconds
        if self._unsent and self._looking is None:
            self._looking = self.loop.call_at(self._less_by, self._look)

    def _look(self) -> None:
        """Cut off who took nothing. What a stream adds while it may is no reason; when it may not, its end is here."""
        self._looking = None
        unsent = self.transport.get_write_buffer_size()
        may_grow = not (self.flow.write_paused or self._answer_sent or self.transport.is_closing())
        if unsent and self.loop.time() < self._less_by:
            self._looking = self.loop.call_at(self._less_by, self._look)
        elif unsent < self._unsent or may_grow:
            self._expect_flow()
        elif unsent:
            self.transport.abort()


def _document(refusal: Refusal) -> bytes:
    body = body_of(refusal, instance="", request_id=secrets.token_hex(13), language="en")
    fields = headers_of(refusal, "en") | {
        "content-type": "application/problem+json",
        "content-length": str(len(body)),
        "connection": "close",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {refusal.status} {refusal.code}\r\n{lines}\r\n".encode() + body
