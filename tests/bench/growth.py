"""P5, P9 and P10: what it costs to read a full day, to have a million bookings stored, and to run three replicas."""

import statistics
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from shared.kit.clock import SystemClock
from tests.bench.seed import SITE, seed
from tests.support.system import system

if TYPE_CHECKING:
    from tests.bench.__main__ import Bench

SMALL, LARGE = 1_000, 1_000_000
_FULL_DAY = 300
"""Days ahead: a day of the bench's rooms that the seed fills, far from where bookings are placed."""
_ROUNDS = 5


def reads(bench: "Bench", path: str, count: int = 400) -> float:
    """Answers a second to `count` equal questions of eight members, eight at a time; all of them 200."""
    from tests.bench.__main__ import load  # noqa: PLC0415 — the bench's own, which runs this

    bench.on.quiet()
    headers = [{"Authorization": f"Bearer {token}"} for token in bench.tokens]
    requests = [
        {"method": "GET", "path": path, "headers": headers[n % len(headers)], "body": None} for n in range(count)
    ]
    seen = load(bench.on.port, requests, 8)
    assert seen["statuses"] == {"200": count}, seen["statuses"]
    return float(seen["rate"])


def _fill(bench: "Bench") -> None:
    """The day that P5 and P9 both ask for."""
    if not bench.filled:
        seed(bench.on.folder, SMALL, from_day=_FULL_DAY)
        bench.filled = True


def full_day(bench: "Bench") -> list[float]:
    """Answers a second to what is free on a day the seed filled, over bookings a second, the two in turn."""
    _fill(bench)
    bench.both(200, 32)
    return [reads(bench, _free()) / bench.both(500, 32)[1]["rate"] for _ in range(_ROUNDS)]


def _free() -> str:
    day = (SystemClock().now() + timedelta(days=_FULL_DAY - 1)).date()
    return f"/v1/sites/{SITE}/availability?from={day}T00:00:00Z&to={day + timedelta(days=1)}T00:00:00Z"


def grown(bench: "Bench", *, large: int = LARGE) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Each figure's ratio large / small per round, and the details; placing is taken as a ratio to the floor."""
    _fill(bench)
    few = _taken(bench)
    rate = seed(bench.on.folder, large - SMALL)
    many = _taken(bench)
    ratios = {name: [after / statistics.median(few[name]) for after in many[name]] for name in few}
    detail = {"seeded_per_s": round(rate), "small": _rounded(few), "large": _rounded(many)}
    return ratios, detail


def _taken(bench: "Bench") -> dict[str, list[float]]:
    free, own = _free(), f"/v1/bookings?site={SITE}&limit=50"
    taken: dict[str, list[float]] = {"place": [], "availability": [], "list": []}
    bench.both(200, 32)
    for _ in range(_ROUNDS):
        least, ours = bench.both(500, 32)
        taken["place"].append(ours["rate"] / least["rate"])
        taken["availability"].append(reads(bench, free))
        taken["list"].append(reads(bench, own))
    return taken


def _rounded(taken: dict[str, list[float]]) -> dict[str, list[float]]:
    return {name: [round(value, 2) for value in values] for name, values in taken.items()}


def replicas(bench_on: "Callable[..., Any]") -> tuple[float, dict[str, Any]]:
    """CPU per booking with three booking replicas over one, each replica under the same load."""
    cost = {}
    for number in (1, 3):
        with system("--scale", f"booking={number}") as on, bench_on(on) as bench:
            bench.place_cpu(200 * number, 10 * number)
            cost[number] = [bench.place_cpu(400 * number, 10 * number) for _ in range(_ROUNDS)]
    rounded = {f"{number}_replicas_ms": [round(each, 2) for each in values] for number, values in cost.items()}
    return statistics.median(cost[3]) / statistics.median(cost[1]), rounded
