"""Replicas of booking at work on the real servers, and the gateway's hand."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.booking.app import build
from services.booking.settings import Settings
from shared.contracts.booking import Calendar, DefineSite, PlaceBooking, PutResource
from shared.contracts.message import CloudEvent, Principal, State, Text
from shared.kit.clock import SystemClock, clock_of
from shared.kit.nats.request import Caller, Refused
from tests.support.asking import calling, kit_settings
from tests.support.booking import NEW_YORK, OPERATOR, member, staff
from tests.support.servers import Servers
from tests.support.waiting import until

CLERK = staff()


@dataclass
class House:
    """Replicas of booking at work, and the gateway's hand."""

    servers: Servers
    caller: Caller
    noon: datetime
    """Noon of tomorrow in New York."""

    async def ask(
        self, said: Any, by: Principal | None = None, *, key: str | None = None, if_match: int | None = None
    ) -> Any:
        # Longer than any real caller waits: a race is about who wins, and this machine may be busy.
        return await self.caller.request(said, principal=by or member(), key=key, if_match=if_match, seconds=40)

    async def refusal(self, said: Any, by: Principal | None = None, **more: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.ask(said, by, **more)
        return refused.value

    def wish(self, hour: float = 0, *, resource: str = "room-a", minutes: int = 60) -> PlaceBooking:
        start = self.noon + timedelta(hours=hour)
        end = start + timedelta(minutes=minutes)
        return PlaceBooking(site="nyc", resource=resource, starts_at=start, ends_at=end)

    async def furnish(self) -> None:
        """New York with two rooms that never close."""
        name = Text(ja="ニューヨーク", en="New York")
        calendars = (Calendar(name="japan", closes=False),)
        await self.ask(DefineSite(id="nyc", name=name, time_zone="America/New_York", calendars=calendars), OPERATOR)
        for letter in "ab":
            room = PutResource(site="nyc", id=f"room-{letter}", kind="room", name=Text(en=letter), buffer_minutes=15)
            await self.ask(room, CLERK)


async def tell(servers: Servers, *states: State) -> None:
    """As members' relay would."""
    client = await servers.client("members")
    for state in states:
        body = state.model_dump(mode="json")
        event = CloudEvent(id=f"s-{body['id']}", source="/services/members", type=state.wire, time=now(), data=body)
        await client.jetstream().publish(f"state.{state.wire}.{body['id']}", event.model_dump_json().encode())
    await client.close()


async def last(servers: Servers, subject: str) -> dict[str, Any]:
    """What was last said there, as soon as it is."""
    ops = await servers.client("ops")
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        try:
            message = await ops.jetstream().get_last_msg("EVENTS", subject)
        except Exception:  # noqa: BLE001 — not there yet
            return False
        found.append(orjson.loads(message.data or b"")["data"])
        return True

    try:
        await until(there)
    finally:
        await ops.close()
    return found[-1]


def now() -> datetime:
    return SystemClock().now()


def settings(servers: Servers, replica: int, clock: str) -> Settings:
    return Settings(**kit_settings(servers, "booking", replica=replica, clock=clock).model_dump())


@asynccontextmanager
async def at_work(servers: Servers, replicas: int, clock: str = "system") -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        for n in range(replicas):
            await stack.enter_async_context(build(settings(servers, n + 1, clock)).running())
        today = clock_of(clock).now().astimezone(NEW_YORK).replace(hour=12, minute=0, second=0, microsecond=0)
        caller = await stack.enter_async_context(calling(servers, clock_of(clock)))
        yield House(servers, caller, (today + timedelta(days=1)).astimezone(UTC))
