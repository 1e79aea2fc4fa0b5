"""The hand in the system account: makes every server read its configuration, and tells which keys are in use."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError

from deploy import topology
from deploy.trouble import NotDone

_FIRST_REPLY_SECONDS = 2.0
_QUIET_SECONDS = 0.25
_PATIENCE = 5.0
_MOST = 10_000


class SystemAccount:
    """Speaks to every server of the hub over one connection with the key `monitor`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def reload(self) -> None:
        """Every server that is up reads its configuration. Raises NotDone where one finds fault with it."""
        for told in await self._everyone("$SYS.REQ.SERVER.PING", {}):
            server = told["server"]
            subject = f"$SYS.REQ.SERVER.{server['id']}.RELOAD"
            answer = json.loads((await self._client.request(subject, b"", timeout=_PATIENCE)).data)
            if fault := answer.get("error"):
                sentence = f"{server['name']} does not take its configuration: {fault.get('description')}"
                raise NotDone(sentence, code="refused-configuration")

    async def in_use(self) -> dict[str, list[str]]:
        """By public key: the names of the connections that signed in with it."""
        found: dict[str, list[str]] = defaultdict(list)
        for told in await self._everyone("$SYS.REQ.SERVER.PING.CONNZ", {"auth": True, "limit": _MOST}):
            for each in told["data"].get("connections") or []:
                found[each.get("authorized_user", "")].append(each.get("name") or f"connection {each['cid']}")
        return found

    async def stored(self) -> list[dict[str, Any]]:
        """`{server, stored, limit}` of each server's JetStream, in bytes."""
        told = await self._everyone("$SYS.REQ.SERVER.PING.JSZ", {})
        return [
            {
                "server": each["server"]["name"],
                "stored": each["data"].get("storage", 0),
                "limit": each["data"]["config"]["max_storage"],
            }
            for each in sorted(told, key=lambda each: str(each["server"]["name"]))
        ]

    async def _everyone(self, subject: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """What each server replies, until it has been quiet for a while."""
        found, wait, inbox = [], _FIRST_REPLY_SECONDS, self._client.new_inbox()
        subscription = await self._client.subscribe(inbox)
        body = json.dumps(asked).encode()
        await self._client.publish(subject, body, reply=inbox)  # lint: allow publish-in-kit — a question to many
        while True:
            try:
                found.append(json.loads((await subscription.next_msg(timeout=wait)).data))
            except NatsError:
                break
            wait = _QUIET_SECONDS
        await subscription.unsubscribe()
        return found


@asynccontextmanager
async def system_account(url: str, seed: Path) -> AsyncIterator[SystemAccount]:
    """Closed again at the end. Raises NotDone where no server takes the key."""
    try:
        client = await topology.connect(url, seed, "monitor")
    except Exception as error:
        raise NotDone(f"NATS at {url} does not take the key `monitor`: {error}", code="unreachable") from error
    try:
        yield SystemAccount(client)
    finally:
        await client.close()
