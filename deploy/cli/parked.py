"""The stream DLQ as the command line sees it."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.progress import track

from deploy.cli.finding import clock, ops_of
from deploy.trouble import NotDone
from shared.kernel.ids import new_id

STREAM = "DLQ"
Act = Callable[[JetStreamContext, RawStreamMsg], Awaitable[str]]


def listed(data: Path, durable: str | None) -> list[dict[str, Any]]:
    """`{id, durable, subject, reason, deliveries, error, at}` each, oldest first."""

    async def read() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return [_summary(message) async for message in _all(ops.client.jetstream(), durable)]

    return asyncio.run(read())


def shown(data: Path, number: int) -> dict[str, Any]:
    """The same of one, with its headers and body (`base64` where it is not UTF-8). Raises NotDone."""

    async def read() -> dict[str, Any]:
        async with ops_of(data) as ops:
            message = await _one(ops.client.jetstream(), number)
            return {**_summary(message), "headers": dict(message.headers or {}), **_body(message.data or b"")}

    return asyncio.run(read())


def replayed(data: Path, numbers: Sequence[int] | None, durable: str | None) -> list[dict[str, Any]]:
    """Each put back on its original subject under a new message id, then taken off here.

    What was kept without its body is read where it came from; `gone` where it no longer is there.
    """

    async def put_back(js: JetStreamContext, message: RawStreamMsg) -> str:
        _, subject = _address(message)
        headers = _original_headers(message) | {"Nats-Msg-Id": new_id(clock().now())}
        if subject.startswith("state."):
            body, expected = await _latest_state(js, subject, personal=_is_withheld(message))
            headers["Nats-Expected-Last-Subject-Sequence"] = expected
        elif _is_withheld(message):
            original = await _original(js, message)
            if original is None:
                return "gone"
            body = original
        else:
            body = message.data or b""
        stream = _stream_of(subject)
        await js.publish(subject, body, 5, stream, headers)  # lint: allow publish-in-kit — repeats what was published
        await js.delete_msg(STREAM, _number(message))
        return "replayed"

    return asyncio.run(_each(data, numbers, durable, put_back))


async def _latest_state(js: JetStreamContext, subject: str, *, personal: bool) -> tuple[bytes, str]:
    """What is repeated of a state: an older one must never lie on top of a newer one. And what has to stand there yet.

    A person's is erased first: one that is only replaced stays readable on the server's disk.
    """
    latest = await js.get_last_msg("STATE", subject)
    if personal:
        await js.delete_msg("STATE", _number(latest))
    return latest.data or b"", "0" if personal else str(latest.seq)


async def _original(js: JetStreamContext, message: RawStreamMsg) -> bytes | None:
    headers = message.headers or {}
    try:
        found = await js.get_msg(headers["Lounge-Stream"], int(headers["Lounge-Sequence"]), direct=True)
    except NotFoundError:
        return None
    return found.data or b"" if found.subject == _address(message)[1] else None


def discarded(data: Path, numbers: Sequence[int] | None, durable: str | None) -> list[dict[str, Any]]:
    """Each taken off for good."""

    async def drop(js: JetStreamContext, message: RawStreamMsg) -> str:
        await js.delete_msg(STREAM, _number(message))
        return "discarded"

    return asyncio.run(_each(data, numbers, durable, drop))


async def _each(data: Path, numbers: Sequence[int] | None, durable: str | None, act: Act) -> list[dict[str, Any]]:
    async with ops_of(data) as ops:
        js = ops.client.jetstream()
        messages = [await _one(js, number) for number in numbers or []]
        messages = messages or [message async for message in _all(js, durable)]
        terminal = Console(file=sys.stderr)
        shown_to = track(messages, console=terminal, disable=not terminal.is_terminal or len(messages) < 100)
        return [{"id": _number(m), "subject": _address(m)[1], "outcome": await act(js, m)} for m in shown_to]


async def _all(js: JetStreamContext, durable: str | None) -> AsyncIterator[RawStreamMsg]:
    subject, number = f"dlq.{durable or '*'}.>", 1
    while True:
        try:
            message = await js.get_msg(STREAM, number, subject=subject, direct=True, next=True)
        except NotFoundError:
            return
        yield message
        number = _number(message) + 1


async def _one(js: JetStreamContext, number: int) -> RawStreamMsg:
    try:
        return await js.get_msg(STREAM, number, direct=True)
    except NotFoundError:
        raise NotDone(f"There is no dead letter {number}.", code="not-found") from None


def _number(message: RawStreamMsg) -> int:
    assert message.seq is not None
    return message.seq


def _address(message: RawStreamMsg) -> tuple[str, str]:
    """The durable that failed, and the message's original subject."""
    _, durable, subject = (message.subject or "").split(".", 2)
    return durable, subject


def _is_withheld(message: RawStreamMsg) -> bool:
    return "Lounge-Withheld" in (message.headers or {})


def _original_headers(message: RawStreamMsg) -> dict[str, str]:
    return {k: v for k, v in (message.headers or {}).items() if not k.startswith(("Nats-", "Lounge-"))}


def _stream_of(subject: str) -> str:
    kind, site, *_ = subject.split(".")
    return {"evt": "EVENTS", "state": "STATE", "ingest": f"INGEST_{site}"}[kind]


def _summary(message: RawStreamMsg) -> dict[str, Any]:
    durable, subject = _address(message)
    headers = message.headers or {}
    return {
        "id": _number(message),
        "durable": durable,
        "subject": subject,
        "reason": headers.get("Lounge-Reason", ""),
        "deliveries": int(headers.get("Lounge-Deliveries", "0")),
        "error": headers.get("Lounge-Error", ""),
        "at": headers.get("Nats-Time-Stamp") or (message.time.isoformat() if message.time else ""),
    }


def _body(raw: bytes) -> dict[str, Any]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}
    try:
        return {"body": json.loads(text)}
    except ValueError:
        return {"body": text}
