"""Commands that ask the services something, with the installation's own key."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from nats.errors import Error as NatsError

from deploy.cli.finding import ops_of, worded
from deploy.ops import Ops
from deploy.trouble import CannotStart, NotDone
from deploy.waiting import busy
from shared.contracts.members import AddOperator, IssueToken
from shared.contracts.ops import ReplicaStatus, Republish, republish_subject, status_subject
from shared.contracts.topology import SERVICES
from shared.kernel.refusal import Invalid
from shared.kernel.time import instant

_FIRST_REPLY_SECONDS = 1.0
_QUIET_SECONDS = 0.4
_REPUBLISH_SECONDS = 600.0


def token(data: Path, email: str) -> str:
    """An access token of the member with this address."""

    async def ask() -> str:
        async with ops_of(data) as ops:
            try:
                return str((await ops.ask(worded(IssueToken, email=email)))["access_token"])
            except NotDone as refused:
                if refused.code != "not-found":
                    raise
                raise NotDone(f"No member has the address {email}.", code=refused.code) from None

    return asyncio.run(ask())


def add_operator(data: Path, email: str) -> dict[str, Any]:
    """The member, now an operator."""

    async def ask() -> dict[str, Any]:
        async with ops_of(data) as ops:
            member: dict[str, Any] = await ops.ask(worded(AddOperator, email=email))
            return {name: member[name] for name in ("id", "email", "roles", "organization")}

    return asyncio.run(ask())


def republish(data: Path, since: str | None, state: str | None) -> list[dict[str, Any]]:
    """What each service sent again: `{service, entries, documents}`."""
    wanted = Republish(since=_instant(since)) if since is not None else Republish(states=True)
    if state is not None and state not in SERVICES:
        raise CannotStart(f"There is no service {state!r}; these have states: {', '.join(SERVICES)}.")
    body = wanted.model_dump_json().encode()

    async def ask() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return [await _republished(ops, service, body) for service in ([state] if state else SERVICES)]

    with busy("Sending again"):
        return asyncio.run(ask())


async def _republished(ops: Ops, service: str, body: bytes) -> dict[str, Any]:
    reply = orjson.loads(await ops.raw(republish_subject(service), body, seconds=_REPUBLISH_SECONDS))
    return {"service": service, **reply["data"]}


def _instant(text: str) -> datetime:
    try:
        return instant(datetime.fromisoformat(text))
    except (ValueError, Invalid):
        raise CannotStart(f"{text!r} is not an instant: write it like 2026-12-15T09:00:00+09:00.") from None


def status(data: Path) -> dict[str, Any]:
    """The body of GET /v1/ops/status."""
    from services.gateway.ops import DeadLetters, overall  # imported here: it brings the gateway's libraries along

    async def ask() -> dict[str, Any]:
        async with ops_of(data) as ops:
            found = await asyncio.gather(*(replicas_of(ops, service) for service in SERVICES))
            dead = await _dead_letters(ops)
            whole = overall([each for replicas in found for each in replicas], DeadLetters(**dead) if dead else None)
            body: dict[str, Any] = whole.model_dump(mode="json")
            return body

    return asyncio.run(ask())


async def replicas_of(ops: Ops, service: str, *, quiet: float = _QUIET_SECONDS) -> Sequence[ReplicaStatus]:
    """Whoever answers before it has been quiet for so many seconds."""
    found, wait, inbox = [], _FIRST_REPLY_SECONDS, ops.client.new_inbox()
    subscription = await ops.client.subscribe(inbox)
    asked = status_subject(service)
    await ops.client.publish(asked, b"{}", reply=inbox)  # lint: allow publish-in-kit — a question with many answers
    while True:
        try:
            reply = await subscription.next_msg(timeout=wait)
        except NatsError:
            break
        if (reply.headers or {}).get("Status") == "503":
            break
        wait = quiet
        if (told := orjson.loads(reply.data).get("data")) is not None:  # one that cannot tell just now is left out
            found.append(ReplicaStatus.model_validate(told))
    await subscription.unsubscribe()
    return sorted(found, key=lambda each: each.replica)


async def _dead_letters(ops: Ops) -> dict[str, Any] | None:
    try:
        state = (await ops.client.jetstream().stream_info("DLQ", subjects_filter="dlq.>")).state
    except NatsError:
        return None  # it is not there, or JetStream cannot tell: the rest of the status is wanted all the more
    durables: dict[str, int] = {}
    for subject, count in (state.subjects or {}).items():
        durable = subject.split(".")[1]
        durables[durable] = durables.get(durable, 0) + count
    return {"total": state.messages, "durables": durables}
