"""Availability as it changes, over three gateways: what a client was told is what is so.

The site is these journeys' own: two rooms that never close, and the room that is both.
"""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from deploy.embedded.children import free_port, spawn, stop
from shared.kit.clock import SystemClock
from tests.journeys.conftest import Client, key
from tests.support.eventually import eventually
from tests.support.following import Follower, free_of
from tests.support.leaks import assert_nobody_in, said_in
from tests.support.system import System
from tests.support.waiting import until

_numbers = count(1)
NOTHING: Mapping[str, str] = {}
ROOMS = ("room-a", "room-b", "room-ab")


@dataclass
class Watched:
    """A site behind three gateways, and the staff who book there."""

    site: str
    gateways: list[str]
    staff: dict[str, str]
    start: datetime
    """Noon in two days' time."""

    def path(self, what: str) -> str:
        return f"/v1/sites/{self.site}/{what}"

    @property
    def window(self) -> dict[str, str]:
        return {"from": self.start.isoformat(), "to": (self.start + timedelta(days=2)).isoformat()}

    def following(self, client: Follower, gateway: int = 0, asked: Mapping[str, str] = NOTHING) -> Any:
        """One of the five streams a person may have."""
        return client.following(self.gateways[gateway % 3] + self.path("availability/stream"), self.staff, **asked)

    def asking(self, gateway: int = 0) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.gateways[gateway % 3], headers=self.staff, timeout=30)

    def wish(self, hour: float, room: str = "room-a", minutes: int = 60, **more: Any) -> dict[str, Any]:
        start = self.start + timedelta(hours=hour)
        times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=minutes)).isoformat()}
        return {"site": self.site, "resource": room, **times, **more}

    async def book(self, *wish: Any, **more: Any) -> dict[str, Any]:
        async with self.asking() as http:
            placed = await http.post("/v1/bookings", json=self.wish(*wish, **more), headers=key())
        assert placed.status_code == 201, placed.text
        return dict(placed.json())

    async def cancel(self, booking: dict[str, Any]) -> None:
        async with self.asking() as http:
            (await http.post(f"/v1/bookings/{booking['id']}/cancel")).raise_for_status()

    async def agrees_with(self, *clients: Follower) -> None:
        """At rest, with each of them."""
        async with self.asking() as http:
            found = (await http.get(self.path("resources"))).json()["items"]
            rules = {each["id"]: each for each in found}

            async def same() -> bool:
                free = free_of((await http.get(self.path("availability"), params=self.window)).json())
                return all(each.free(rules) == free for each in clients)

            await until(same, seconds=30)


@pytest.fixture(scope="module")
def gateways(lounge: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The system's own and two more; a single machine needs no more than one, so `lounge up` starts no others."""
    with ExitStack() as stack:
        urls, told = [lounge.url], list[Path]()
        for replica in (2, 3):
            port, said = free_port(), tmp_path_factory.mktemp("gateway") / "said"
            stack.callback(stop, _gateway(lounge, replica, port, said))
            told.append(said)
            urls.append(f"http://127.0.0.1:{port}")
        for url in urls:
            eventually(lambda url=url: _is_ready(url), what="a gateway to be ready", seconds=30)  # type: ignore[misc] # mypy cannot infer a lambda with a default
        yield urls
    assert_nobody_in(said_in(told))


def _gateway(lounge: System, replica: int, port: int, said: Path) -> Any:
    own = {"LOUNGE_REPLICA": str(replica), "LOUNGE_HTTP_PORT": str(port), "LOUNGE_PARENT_PID": str(os.getpid())}
    here = {name: os.environ[name] for name in os.environ if name in ("PATH", "HOME") or name.startswith("COVERAGE_")}
    env = here | lounge.environment("gateway-1") | own
    return spawn([sys.executable, "-m", "services.gateway"], said=said, env=env)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def watched(lounge: System, gateways: list[str], client: Client) -> Watched:
    """A site nobody else books at, its hours one in all zones."""
    site, operator = f"watched-{next(_numbers)}", client("operator@linkj.example")
    lounge.lounge("site", "add", site, "--zone", "America/New_York")
    room = {"kind": "room", "buffer_minutes": 15, "capacity": 4}
    for name in ROOMS:
        parts = {"parts": ["room-a", "room-b"]} if name == "room-ab" else {}
        body = {**room, **parts, "name": {"en": name}}
        operator.put(f"/v1/sites/{site}/resources/{name}", json=body).raise_for_status()
    eventually(lambda: operator.get("/v1/ops/status").json()["oldest_unsent_seconds"] == 0, what="all to be told")
    today = SystemClock().now().replace(hour=17, minute=0, second=0, microsecond=0)
    headers = {"Authorization": client("staff@linkj.example").headers["Authorization"]}
    return Watched(site, gateways, headers, today.astimezone(UTC) + timedelta(days=2))


class Commands:
    """As chance has it: placed, moved, cancelled; what is refused is refused."""

    def __init__(self, watched: Watched, seed: int) -> None:
        self._watched, self._chance, self._live = watched, Random(seed), list[dict[str, Any]]()

    async def run(self, count: int) -> None:
        async with self._watched.asking(self._chance.randrange(3)) as http:
            for _ in range(count):
                await self._one(http)

    async def _one(self, http: httpx.AsyncClient) -> None:
        chance = self._chance
        wish = self._watched.wish(chance.randrange(80) / 2, chance.choice(ROOMS), chance.choice([15, 60, 120]))
        what = chance.choice(["place"] * 4 + ["move"] * 2 + ["cancel"] * 2) if self._live else "place"
        if what == "place":
            wish["mode"] = chance.choice(["confirm", "provisional"])
            answer = await http.post("/v1/bookings", json=wish, headers=key())
        else:
            booking = self._live.pop(chance.randrange(len(self._live)))
            answer = await (self._cancel if what == "cancel" else self._move)(http, booking, wish)
        assert answer.status_code < 500, answer.text
        if answer.status_code < 300 and what != "cancel":
            self._live.append(answer.json())

    async def _cancel(self, http: httpx.AsyncClient, booking: dict[str, Any], _: Any) -> httpx.Response:
        return await http.post(f"/v1/bookings/{booking['id']}/cancel")

    async def _move(self, http: httpx.AsyncClient, booking: dict[str, Any], wish: Any) -> httpx.Response:
        to = {name: wish[name] for name in ("starts_at", "ends_at", "resource")}
        return await http.patch(
            f"/v1/bookings/{booking['id']}", json=to, headers={"If-Match": f'"{booking["version"]}"'}
        )


async def write(watched: Watched, seed: int) -> None:
    """Four at once."""
    await asyncio.gather(*(Commands(watched, seed * 10 + n).run(8) for n in range(4)))


async def test_what_a_client_was_told_is_what_is_so_whichever_gateway_it_asks(watched: Watched) -> None:
    """Two stay where they are; three go away in the middle, miss much, and come back to another gateway."""
    steady, roaming = [Follower() for _ in range(2)], [Follower() for _ in range(3)]
    async with AsyncExitStack() as stack:
        for number, each in enumerate(steady):
            await stack.enter_async_context(watched.following(each, number, asked=watched.window))
        for turn in range(3):
            async with AsyncExitStack() as here:
                for number, each in enumerate(roaming):
                    await here.enter_async_context(watched.following(each, number + turn, asked=watched.window))
                await write(watched, seed=turn * 2)
            await write(watched, seed=turn * 2 + 1)
        for number, each in enumerate(roaming):
            await stack.enter_async_context(watched.following(each, number, asked=watched.window))
        await watched.agrees_with(*steady, *roaming)
    assert [each.names().count("snapshot") for each in (*steady, *roaming)] == [1] * 5
    assert all({"taken", "released"} <= set(each.names()) for each in (*steady, *roaming))


async def test_a_change_is_told_as_it_happens_with_its_wall_time_and_nobodys_name(watched: Watched) -> None:
    client, other = Follower(), Follower()
    async with watched.following(client, asked=watched.window), watched.following(other, 1, {"resource": "room-b"}):
        placed = await watched.book(3, "room-ab", purpose="Hanako's talk")
        await until(lambda: client.names() == ["snapshot", "taken", "taken"])
        await until(lambda: other.names() == ["snapshot", "taken"])
        await watched.cancel(placed)
        await until(lambda: client.names()[3:] == ["released", "released"])
        await until(lambda: other.names() == ["snapshot", "taken", "released"])
    end = datetime.fromisoformat(placed["ends_at"]) + timedelta(minutes=15)
    local = {**placed["local"], "end": f"{end:%H:%M}"}
    taken = {"resource": "room-a", "starts_at": placed["starts_at"], "ends_at": end.isoformat(), "local": local}
    assert client.told[1][2] == taken
    assert [data["resource"] for _, _, data in client.told[1:]] == ["room-a", "room-b"] * 2
    assert {data.get("resource", "room-b") for _, _, data in other.told} == {"room-b"}
    ids = [event_id for _, event_id, _ in client.told]
    assert ids[0] == ids[1] != ids[2] == ids[3] != ids[4], "who is cut off within a change hears it again"
    assert all(set(data) == set(taken) for _, _, data in client.told[1:])


async def test_what_was_missed_is_told_for_the_range_the_stream_began_with(watched: Watched) -> None:
    """Also where no request names one."""
    client = Follower()
    async with watched.following(client):
        pass
    for hour in (1, 24 * 10):
        await watched.book(hour)
    async with watched.following(client, 1):
        await until(lambda: client.names() == ["snapshot", "taken"])
    async with watched.following(client, 2):
        await watched.book(4)
        await until(lambda: client.names()[2:] == ["taken"])
    assert len({event_id.split("-", 1)[1] for _, event_id, _ in client.told}) == 1


async def test_a_series_and_who_waits_for_it_are_told_by_what_changes_and_by_no_new_picture(watched: Watched) -> None:
    client = Follower()
    async with watched.following(client, asked=watched.window), watched.asking() as http:
        wish = watched.wish(3)
        placed = await http.post("/v1/booking-series", json={**wish, "recurrence": "FREQ=DAILY;COUNT=2"}, headers=key())
        assert placed.status_code == 201, placed.text
        await until(lambda: client.names() == ["snapshot", "taken", "taken"])
        waits = await http.post("/v1/booking-waitlist", json=wish, headers=key())
        assert (waits.status_code, waits.json()["status"]) == (201, "waiting"), waits.text
        gone = await http.post(f"/v1/booking-series/{placed.json()['id']}/cancel", json={"scope": "all"})
        assert gone.status_code == 200, gone.text

        async def offered() -> bool:
            entry = await http.get(f"/v1/booking-waitlist/{waits.json()['id']}")
            return bool(entry.json()["status"] == "offered")

        await until(offered)
        await watched.agrees_with(client)
    assert client.names().count("snapshot") == 1
    assert "released" in client.names()


async def test_a_changed_resource_gives_the_whole_picture_anew(watched: Watched, client: Client) -> None:
    follower, operator = Follower(), client("operator@linkj.example")
    async with watched.following(follower, asked=watched.window):
        days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        hours = {"opening_hours": [{"days": days, "opens": "09:00", "closes": "17:00"}]}
        body = {"kind": "room", "name": {"en": "A"}, **hours}
        await asyncio.to_thread(lambda: operator.put(watched.path("resources/room-a"), json=body).raise_for_status())
        await until(lambda: follower.names() == ["snapshot", "snapshot"])
        await watched.agrees_with(follower)
