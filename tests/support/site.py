"""Another LINK-J site, as its own program would speak to us: by its nkey over NATS, or by its API key over HTTP."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

import nats
from nats.js.api import DeliverPolicy

from shared.kernel.ids import new_id
from shared.kit.clock import SystemClock
from tests.support.system import System

T = TypeVar("T")


def seminar(external_id: str, **more: Any) -> dict[str, Any]:
    """The data of a published seminar, one exact evening in December of next year unless `more` says otherwise."""
    year = SystemClock().now().year + 1
    when = {
        "precision": "instant",
        "zone": "America/New_York",
        "starts_at": f"{year}-12-15T19:00:00-05:00",
        "ends_at": f"{year}-12-15T20:30:00-05:00",
        "certainty": "final",
    }
    data = {
        "external_id": external_id,
        "format": "seminar",
        "title": {"ja": "米国の最新ライフサイエンス事情", "en": "Life science in the US today"},
        "title_certainty": "final",
        "when": when,
        "modes": {"onsite": {"capacity": 25}, "online": {"capacity": 500}},
        "languages": ["ja"],
        "regions": ["nyc"],
        "topics": ["drug-discovery"],
        "speakers": [],
    }
    return data | more


def cloud_event(site: str, data: dict[str, Any], *, kind: str = "seminar.published", **more: Any) -> dict[str, Any]:
    """A CloudEvent as this site would send it; `more` overrides its attributes."""
    now = SystemClock().now()
    event = {
        "specversion": "1.0",
        "id": new_id(now),
        "source": f"/sites/{site}",
        "type": f"org.link-j.{kind}.v1",
        "time": now.isoformat(),
        "subject": data.get("external_id"),
        "datacontenttype": "application/json",
        "sequence": 1,
        "data": data,
    }
    return event | more


class Site:
    """What `lounge site add` gave, used."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.id: str = told["site"]
        self.api_key: str = told["api_key"]
        self._told = told

    @classmethod
    def added(cls, lounge: System, site: str, *words: str) -> "Site":
        return cls(json.loads(lounge.lounge("site", "add", site, *words, "--json")))

    async def _connected(self) -> Any:
        return await nats.connect(
            self._told["nats_url"],
            nkeys_seed_str=self._told["nkey_seed"],
            inbox_prefix=self._told["inbox_prefix"],
            allow_reconnect=False,
        )

    def publish(self, *events: dict[str, Any] | bytes) -> list[int]:
        """Publishes on `events.<type>` and waits for each PubAck; the stream sequences."""

        async def send() -> list[int]:
            client = await self._connected()
            acks = [await client.jetstream().publish(**_message(e), timeout=5) for e in events]
            await client.close()
            return [ack.seq for ack in acks]

        return _done(send())

    def receipts(self, count: int) -> list[dict[str, Any]]:
        """The first `count` receipts this site was sent, oldest first; waits for them."""

        async def read() -> list[dict[str, Any]]:
            client = await self._connected()
            found: list[dict[str, Any]] = []
            kept = client.jetstream()
            subscription = await kept.subscribe("receipts.>", ordered_consumer=True, deliver_policy=DeliverPolicy.ALL)
            while len(found) < count:
                found.append(json.loads((await subscription.next_msg(timeout=10)).data))
            await client.close()
            return found

        return _done(read())


def _message(event: dict[str, Any] | bytes) -> dict[str, Any]:
    if isinstance(event, bytes):
        return {"subject": "events.garbage", "payload": event}
    payload = json.dumps(event, ensure_ascii=False).encode()
    return {"subject": f"events.{event['type']}", "payload": payload, "headers": {"Nats-Msg-Id": event["id"]}}


def _done(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)
