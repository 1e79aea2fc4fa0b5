"""`make bench`: measures, prints a table, writes build/bench.json. What the goals mean: docs/performance.md."""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx

from shared.kit.clock import SystemClock
from tests.bench.beside import floor
from tests.bench.growth import LARGE, SMALL, full_day, grown, replicas
from tests.bench.listener import Listener
from tests.support.system import System, system

ROUNDS = 5
SITE = "bench"
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: the median of the rounds, the least, the most, and what was aimed at."""

    name: str
    what: str
    median: float
    least: float
    most: float
    goal: str
    detail: dict[str, Any]


def figure(name: str, what: str, values: list[float], goal: str, **detail: Any) -> Figure:
    return Figure(
        name, what, round(statistics.median(values), 3), round(min(values), 3), round(max(values), 3), goal, detail
    )


def load(port: int, requests: list[dict[str, Any]], connections: int, *, keep: bool = False) -> dict[str, Any]:
    """Runs the load as a process of its own; what it saw, `rate` (answers per second) and `p50` (ms) among it."""
    job = {"port": port, "connections": connections, "requests": requests, "keep": keep}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"], input=json.dumps(job).encode(), capture_output=True, check=True
    )
    seen: dict[str, Any] = json.loads(done.stdout)
    seen["rate"] = len(requests) / seen["seconds"]
    seen["p50"] = statistics.median(seen["latencies"]) * 1000
    return seen


class Bench:
    """The stage: a site that never closes, eight rooms, a company with a member for each; a slot is given once."""

    def __init__(self, on: System, floor_port: int) -> None:
        self.on = on
        self.floor_port = floor_port
        self._count, self.filled = 0, False
        self._furnish()
        self._slots = self._free_slots()

    def _furnish(self) -> None:
        self.on.lounge("site", "add", SITE)
        with self.on.api("operator@linkj.example") as operator:
            for n in range(8):
                room = {
                    "kind": "room",
                    "name": {"en": f"Bench room {n}"},
                    "capacity": 4,
                    "granule_minutes": 15,
                    "buffer_minutes": 15,
                    "opening_hours": None,
                    "rules": {"shortest_minutes": 15, "longest_minutes": 480},
                }
                operator.put(f"/v1/sites/{SITE}/resources/bench-{n}", json=room).raise_for_status()
            for n in range(8):
                self._company(operator, n)
        self.tokens = [self.on.token(f"bench-{n}@company.example") for n in range(8)]
        self._seen(self.tokens)

    def _company(self, operator: httpx.Client, n: int) -> None:
        today = SystemClock().now().date()
        organization = {
            "name": {"en": f"Bench company {n}"},
            "kind": "yokohama_company",
            "membership": {"starts_on": str(today), "ends_on": str(today + timedelta(days=700))},
        }
        made = operator.post("/v1/organizations", json=organization, headers={"Idempotency-Key": f"org-{n}"})
        made.raise_for_status()
        member = {
            "organization": made.json()["id"],
            "email": f"bench-{n}@company.example",
            "name": {"family": "Bench", "given": str(n)},
            "language": "en",
            "time_zone": "America/New_York",
            "roles": ["member"],
        }
        operator.post("/v1/members", json=member, headers={"Idempotency-Key": f"m-{n}"}).raise_for_status()

    def _seen(self, tokens: list[str]) -> None:
        """Until booking's copy knows every member: a first booking is refused by a rule, no longer as unknown."""
        deadline = time.monotonic() + 15
        for n, token in enumerate(tokens):
            while True:
                request = self._request("2020-01-06T15:00:00Z", "2020-01-06T15:15:00Z", room="bench-0", token=token)
                answer = httpx.post(f"{self.on.url}/v1/bookings", headers=request["headers"], json=request["body"])
                if answer.status_code != 503:
                    break
                assert time.monotonic() < deadline, f"bench-{n} never became known to booking"

    def _free_slots(self) -> Iterator[tuple[str, str, int]]:
        """(start, end, room number), a quarter of an hour each with its clean-up gap, each handed out once.

        22 a day for each room: a room belongs to one company, which may have 160 quarters a week.
        """
        day = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
        while True:
            for step in range(22):
                start = day + timedelta(minutes=30 * step)
                for room in range(8):
                    yield start.isoformat(), (start + timedelta(minutes=15)).isoformat(), room
            day += timedelta(days=1)

    def _request(self, start: str, end: str, *, room: str, token: str) -> dict[str, Any]:
        self._count += 1
        headers = {**_HEADERS, "Authorization": f"Bearer {token}", "Idempotency-Key": f"bench-{self._count}"}
        body = {"site": SITE, "resource": room, "starts_at": start, "ends_at": end, "mode": "confirm"}
        return {"method": "POST", "path": "/v1/bookings", "headers": headers, "body": body}

    def bookings(self, count: int) -> list[dict[str, Any]]:
        """Requests that all succeed: a week's slots of a room belong to one company, within its 40 hours."""
        slots = [next(self._slots) for _ in range(count)]
        return [self._request(s, e, room=f"bench-{n}", token=self.tokens[n]) for s, e, n in slots]

    def both(self, count: int, connections: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """(floor, ours), one after the other; every answer a 201."""
        self.on.quiet()
        least = load(self.floor_port, self.bookings_for_floor(count), connections)
        before = self.on.cpu_seconds()
        ours = load(self.on.port, self.bookings(count), connections)
        ours["cpu_ms"] = {n: round((s - before[n]) * 1000 / count, 2) for n, s in self.on.cpu_seconds().items()}
        for seen in (least, ours):
            assert seen["statuses"] == {"201": count}, (seen["statuses"], seen["bodies"][:2])
        return least, ours

    def bookings_for_floor(self, count: int) -> list[dict[str, Any]]:
        request = self._request("2026-12-15T19:00:00Z", "2026-12-15T19:15:00Z", room="floor", token="-")
        return [request] * count

    def place(self, rounds: int = ROUNDS, count: int = 1_000) -> list[Figure]:
        """P1 and, from the same rounds, the rate P3 is compared with."""
        self.both(300, 32)
        pairs = [self.both(count, 32) for _ in range(rounds)]
        ratios = [ours["rate"] / least["rate"] for least, ours in pairs]
        self.placed_per_second = statistics.median(ours["rate"] for _, ours in pairs)
        detail = {
            "floor_per_s": [round(f["rate"]) for f, _ in pairs],
            "ours_per_s": [round(o["rate"]) for _, o in pairs],
            "cpu_ms_per_booking": pairs[-1][1]["cpu_ms"],
        }
        return [figure("P1", "place a booking, 32 connections: ours / floor", ratios, "≥ 1.0", **detail)]

    def place_alone(self) -> list[Figure]:
        """P2."""
        pairs = [self.both(100, 1) for _ in range(ROUNDS)]
        ratios = [ours["p50"] / least["p50"] for least, ours in pairs]
        detail = {"floor_ms": [round(f["p50"], 2) for f, _ in pairs], "ours_ms": [round(o["p50"], 2) for _, o in pairs]}
        return [figure("P2", "the same, one connection, p50: ours / floor", ratios, "≤ 1.5", **detail)]

    def place_cpu(self, count: int, connections: int) -> float:
        """CPU milliseconds per booking over all our processes, once everything they caused is done."""
        self.on.quiet()
        before = sum(self.on.cpu_seconds().values())
        seen = load(self.on.port, self.bookings(count), connections)
        assert seen["statuses"] == {"201": count}, seen["statuses"]
        self.on.quiet()
        return (sum(self.on.cpu_seconds().values()) - before) * 1000 / count

    def growth(self, large: int) -> list[Figure]:
        """P9, each of its three."""
        ratios, detail = grown(self, large=large)
        words = {
            "place": "P1 (as a ratio to the floor)",
            "availability": "a full day's availability",
            "list": "own list",
        }
        what = f"{large:,} bookings stored against {SMALL:,}"
        return [figure("P9", f"{words[name]}: {what}", ratios[name], "≥ 0.8", **detail) for name in words]

    def race(self) -> list[Figure]:
        """P3: who loses is told why and what else would do, so a loser costs more than a winner."""
        rates, winners = [], []
        for _ in range(ROUNDS):
            self.on.quiet()
            start, end, room = next(self._slots)
            requests = [self._request(start, end, room=f"bench-{room}", token=self.tokens[n % 8]) for n in range(200)]
            seen = load(self.on.port, requests, 32)
            winners.append(seen["statuses"].get("201", 0))
            assert set(seen["statuses"]) == {"201", "409"}, seen["statuses"]
            rates.append(seen["rate"] / self.placed_per_second)
        assert winners == [1] * ROUNDS, winners
        return [figure("P3", "200 for one granule, answers per second against P1", rates, "≥ 1.0", winners=winners)]

    def notice(self) -> list[Figure]:
        """P8: from sending the booking to its notice on the open stream, the system idle."""
        listener = Listener(self.on, self.tokens[0])
        listener.start()
        listener.opened.wait(10)
        took = []
        own = (slot for slot in self._slots if slot[2] == 0)
        with httpx.Client(base_url=self.on.url) as client:
            self.on.quiet()
            for _ in range(30):
                start, end, room = next(own)
                request = self._request(start, end, room=f"bench-{room}", token=self.tokens[0])
                heard, began = listener.next_notice(), time.perf_counter()
                client.post("/v1/bookings", headers=request["headers"], json=request["body"]).raise_for_status()
                assert heard.wait(10), "no notice within 10 s"
                took.append((listener.heard_at - began) * 1000)
        return [figure("P8", "booking placed → notice on the inbox stream, idle, ms", took, "≤ 60 (told)")]


def starting() -> list[Figure]:
    """P11: the second start on the same data, and the memory of everything once ready."""
    with system() as on:
        on.stop()
        seconds, memory = [], {}
        for _ in range(3):
            seconds.append(on.start())
            memory = on.memory_mib()
            on.stop()
    rounded = {name: round(mib) for name, mib in memory.items()}
    return [
        figure("P11", "lounge up, warm start to ready, s", seconds, "≤ 6 (told)"),
        figure("P11", "memory (PSS) of everything, MiB", [sum(memory.values())], "≤ 600 (told)", **rounded),
    ]


@contextmanager
def _without_floor(on: System) -> Iterator[Bench]:
    yield Bench(on, 0)


def measured(only: set[str], large: int) -> Iterator[Figure]:
    if "P11" in only:
        yield from starting()
    if "P10" in only:
        ratio, detail = replicas(_without_floor)
        yield figure("P10", "CPU per booking: three booking replicas / one", [ratio], "≤ 1.15", **detail)
    if not only & {"P1", "P2", "P3", "P5", "P8", "P9"}:
        return
    with system() as on, floor(on) as floor_port:
        bench = Bench(on, floor_port)
        parts: dict[str, Callable[[], list[Figure]]] = {
            "P1": bench.place,
            "P2": bench.place_alone,
            "P3": bench.race,
            "P5": lambda: [figure("P5", "a full day's availability against P1's rate", full_day(bench), "≥ 2")],
            "P8": bench.notice,
            "P9": lambda: bench.growth(large),
        }
        if "P3" in only and "P1" not in only:
            bench.place(rounds=1)
        for name, part in parts.items():
            if name in only:
                yield from part()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="P1,P2,P3,P8,P11", help="P5, P9, P10 take longer: name them")
    parser.add_argument("--stored", type=int, default=LARGE, help="bookings stored for P9")
    given, figures = parser.parse_args(), []
    for each in measured(set(given.only.split(",")), given.stored):
        figures.append(each)
        sys.stdout.write(
            f"{each.name:4} {each.what:62} {each.median:8.3f}  [{each.least:.3f} – {each.most:.3f}]  goal {each.goal}\n"
        )
        sys.stdout.write(f"     {each.detail}\n")
        sys.stdout.flush()
    packages = {name: version(name) for name in ("faststream", "nats-py", "motor", "pymongo", "fastapi", "uvicorn")}
    told = {"machine": platform.platform(), "python": platform.python_version(), "packages": packages}
    target = Path("build/bench.json")
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(told | {"figures": [asdict(f) for f in figures]}, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
