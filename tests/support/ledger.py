"""A load that keeps books: what was sent, what was answered, and afterwards what is found.

Each command has an idempotency key of its own. A command whose outcome is unknown (cut, timeout, 429, 5xx) is asked
again with the same key until it is known. `audit` then reads the system from outside: every success is there once,
every refusal left nothing, nothing overlaps, every history is whole, and every booking was told exactly once.
"""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from services.booking.app import load_holidays
from shared.kit.clock import SystemClock
from tests.support.audit import Found
from tests.support.patience import deadline

PERSON = "staff@linkj.example"
"""Has no quota and may book eighteen months ahead, so that only the slots limit the load."""
PURPOSE, REASON = "Canary of the load", "Canary that does not come"
"""Written into every booking and cancellation, so that whoever logs what people write is found out."""
BUILD = Path(__file__).resolve().parent.parent.parent / "build"
_NEW_YORK = ZoneInfo("America/New_York")
_CLOSES = "us-federal"
"""The calendar whose holidays close the demonstration's lounge."""
_ANSWERED_WITHIN = 60.0
_REST = 0.1


@dataclass(slots=True)
class Line:
    """One command. `status` is the final answer's; times are seconds since the ledger began."""

    key: str
    kind: str
    sent: float
    answered: float = 0.0
    status: int = 0
    id: str | None = None
    unknown: list[str] = field(default_factory=list)
    """Each try that did not tell: a status, or the class of the error."""
    why: list[str] = field(default_factory=list)
    """When that was and what was said: for whoever reads why a test failed."""
    replayed: bool = False
    code: str | None = None
    """Of a refusal."""


def open_days() -> Iterator[date]:
    """The days on which the demonstration's lounge is open, from two weeks on, for more than a year."""
    first = SystemClock().now().astimezone(_NEW_YORK).date() + timedelta(days=14)
    closed = load_holidays().calendars[_CLOSES]
    days = (first + timedelta(days=n) for n in range(500))
    yield from (day for day in days if day.weekday() < 5 and day not in closed)


def on_an_open_day(which: int) -> datetime:
    """Ten in the morning, or at latest eleven, in New York."""
    day = next(itertools.islice(open_days(), which, None))
    return datetime(day.year, day.month, day.day, 15, tzinfo=UTC)


class Slots:
    """Quarter hours of the demonstration's rooms in which the lounge is open, each given once per installation.

    None is on a holiday: a load that walks into one is refused all day, and proves nothing.
    """

    def __init__(self) -> None:
        self._rest = self._all()
        self.ledgers: list[Ledger] = []
        """All that load this installation: a booking none of them was told of is an effect nobody asked for."""

    def _all(self) -> Iterator[tuple[str, datetime]]:
        for day in open_days():
            for half, room in itertools.product(range(18, 43), ("room-a", "room-b")):
                yield room, datetime(day.year, day.month, day.day, half // 2, half % 2 * 30, tzinfo=_NEW_YORK)

    def next(self) -> tuple[str, datetime]:
        return next(self._rest)


class Ledger:
    """Bookings, contended bookings and cancellations through the gateway at `url`, signed in by `token`."""

    def __init__(self, name: str, url: Callable[[], str], token: str, slots: Slots) -> None:
        self.name = name
        self.lines: list[Line] = []
        self.moments: list[tuple[float, str]] = []
        """What was done to the system meanwhile, for the picture."""
        self._url, self.slots = url, slots
        slots.ledgers.append(self)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._began = time.monotonic()
        self._numbers = itertools.count(1)
        self._taken: list[tuple[str, datetime]] = []
        self._open: list[str] = []
        self._chance = random.Random(name)

    def mark(self, what: str) -> None:
        """Note a moment: something is done to the system now."""
        self.moments.append((self._now(), what))

    def _now(self) -> float:
        return round(time.monotonic() - self._began, 3)

    @asynccontextmanager
    async def running(self, *, clients: int = 8, per_second: float = 40.0) -> Any:
        """Load while the context lasts; at its end every command sent has its answer."""
        stop = asyncio.Event()
        pause = clients / per_second
        tasks = [asyncio.create_task(self._client(stop, pause)) for _ in range(clients)]
        try:
            yield self
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    def succeeded(self) -> list[Line]:
        return [line for line in self.lines if line.status in (200, 201)]

    async def succeeds(self, more: int, *, seconds: float = 40) -> None:
        """Returns once so many more commands have succeeded: what a fault strikes is at work, and works again after."""
        wanted, end = len(self.succeeded()) + more, deadline(seconds)
        while len(self.succeeded()) < wanted:
            assert time.monotonic() < end, f"{self.name}: too few successes within {seconds:g} s: {self.summary()}"
            await asyncio.sleep(0.05)

    async def _client(self, stop: asyncio.Event, pause: float) -> None:
        async with httpx.AsyncClient(headers=self._headers, timeout=10) as client:
            while not stop.is_set():
                began = time.monotonic()
                await self._one(client)
                await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))

    async def _one(self, client: httpx.AsyncClient) -> None:
        chance = self._chance.random()
        if chance < 0.15 and self._open:
            await self._cancel(client, self._open.pop(0))
        elif chance < 0.30 and self._taken:
            await self._book(client, "contended", self._chance.choice(self._taken))
        else:
            slot = self.slots.next()
            line = await self._book(client, "place", slot)
            if line.status == 201:
                self._taken.append(slot)
                self._open.append(line.id or "")

    async def _book(self, client: httpx.AsyncClient, kind: str, slot: tuple[str, datetime]) -> Line:
        room, start = slot
        end = (start + timedelta(minutes=15)).isoformat()
        body = {"site": "nyc", "resource": room, "starts_at": start.isoformat(), "ends_at": end}
        body |= {"mode": "confirm", "purpose": PURPOSE}
        line = self._line(kind)
        await self._until_known(client, line, "/v1/bookings", body)
        return line

    async def _cancel(self, client: httpx.AsyncClient, booking: str) -> None:
        line = self._line("cancel")
        line.id = booking
        await self._until_known(client, line, f"/v1/bookings/{booking}/cancel", {"reason": REASON})

    def _line(self, kind: str) -> Line:
        line = Line(f"{self.name}-{next(self._numbers)}", kind, self._now())
        self.lines.append(line)
        return line

    async def _until_known(self, client: httpx.AsyncClient, line: Line, path: str, body: Any) -> None:
        end = deadline(_ANSWERED_WITHIN)
        while True:
            try:
                headers = {"Idempotency-Key": line.key}
                answer = await client.post(f"{self._url()}{path}", json=body, headers=headers)
            except httpx.HTTPError as error:
                line.unknown.append(type(error).__name__)
            else:
                if answer.status_code < 500 and answer.status_code != 429:
                    line.answered, line.status = self._now(), answer.status_code
                    line.replayed = answer.headers.get("Idempotent-Replay") == "true"
                    told = answer.json()
                    line.code = told.get("code")
                    line.id = line.id or (told["id"] if answer.status_code == 201 else None)
                    return
                line.unknown.append(str(answer.status_code))
                line.why.append(f"{self._now()} s: {answer.text[:300]}")
            assert time.monotonic() < end, f"{line.key} is unknown after {_ANSWERED_WITHIN:g} s: {line.unknown}"
            await asyncio.sleep(_REST)

    async def audit(self, *, seconds: float = 30.0) -> Found:
        """What is found, once the system has worked off what it was given; raises AssertionError where it differs."""
        found = Found(self)
        async with httpx.AsyncClient(base_url=self._url(), headers=self._headers, timeout=10) as client:
            await found.read(client, seconds)
        found.compare()
        return found

    def summary(self) -> dict[str, Any]:
        """The ledger in figures; seconds and milliseconds."""
        ok = sorted(line.answered for line in self.succeeded())
        waits = sorted(1000 * (line.answered - line.sent) for line in self.lines)
        gaps = [later - earlier for earlier, later in itertools.pairwise(ok)]
        tries = Counter(each for line in self.lines for each in line.unknown)
        return {
            "sent": len(self.lines),
            "answered": sum(line.status > 0 for line in self.lines),
            "succeeded": len(ok),
            "refused": sum(line.status >= 400 for line in self.lines),
            "unknown_at_first": dict(tries),
            "commands_asked_again": sum(bool(line.unknown) for line in self.lines),
            "replays": sum(line.replayed for line in self.lines),
            "seconds": round(self._now(), 1),
            "longest_gap_s": round(max(gaps, default=0.0), 2),
            "p50_ms": round(waits[len(waits) // 2], 1) if waits else None,
            "p99_ms": round(waits[len(waits) * 99 // 100], 1) if waits else None,
        }

    def noticed(self) -> list[str]:
        """What a client noticed: the answers that told nothing, each after what was done to the system last."""
        last = [[what for at, what in self.moments if at <= line.answered][-1:] for line in self.lines]
        return [
            f"{line.kind} {line.key} after {before}: {line.unknown} {line.why}"
            for line, before in zip(self.lines, last, strict=True)
            if line.unknown
        ]

    def write(self, found: Found | None = None, **more: Any) -> Path:
        """Put the ledger at build/ledger-<name>.json, for the tables and pictures; gives the path."""
        BUILD.mkdir(exist_ok=True)
        path = BUILD / f"ledger-{self.name}.json"
        facts = {"name": self.name, "summary": self.summary() | (found.figures() if found else {}), **more}
        lines = [asdict(line) for line in self.lines]
        path.write_text(json.dumps(facts | {"moments": self.moments, "lines": lines}))
        return path
