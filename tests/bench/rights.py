"""How soon a change of rights holds: `python -m tests.bench.rights`, about a minute; prints a table.

A change is answered; from then on three replicas of booking are asked, by many bookings that no rule would ever let
pass, until a hundred answers in a row go by the change. The last answer that did not tells how long it took.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from shared.kit.clock import SystemClock
from tests.support.eventually import eventually
from tests.support.system import System, system

REPLICAS = 3
ROUNDS = 20
ASKERS = 4
PAUSE = 0.05
"""Between rounds of the askers, who stay below what one principal may ask in a second."""
ENOUGH = 100
"""Of three replicas that share so many answers by chance none is left out."""
Broken = frozenset[str]


class Stage:
    """A partner, one member of it, and the operator who changes what they may."""

    def __init__(self, on: System) -> None:
        self.operator = on.api("operator@linkj.example")
        today = SystemClock().now().date()
        self.period = {"starts_on": f"{today - timedelta(days=30)}", "ends_on": f"{today + timedelta(days=400)}"}
        self.past = self.period | {"ends_on": f"{today - timedelta(days=1)}"}
        wanted = {"name": {"en": "Bench partner"}, "kind": "partner", "membership": self.period}
        self.organization = self._posted("/v1/organizations", wanted)
        name = {"family": "Bench", "given": "Partner"}
        person = {"organization": self.organization["id"], "email": "partner@bench.example", "name": name}
        self.member = self._posted("/v1/members", person)
        self.asker = on.api("partner@bench.example")
        eventually(lambda: "not-yet-known" not in self.broken(), what="booking to know the partner")

    def broken(self) -> Broken:
        """The rules that a booking of an hour of the night breaks, as one of the replicas sees it."""
        zone = ZoneInfo("America/New_York")
        night = (SystemClock().now() + timedelta(days=7)).astimezone(zone).replace(hour=3, minute=0, second=0)
        start = night.replace(microsecond=0)
        times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
        wish = {"site": "nyc", "resource": "room-a", "mode": "confirm", **times}
        problem = self.asker.post("/v1/bookings", json=wish, headers={"Idempotency-Key": "never"}).json()
        if problem["code"] not in ("booking-refused", "member-not-active", "not-yet-known"):
            raise RuntimeError(problem)
        return frozenset([problem["code"], *(no["code"] for no in problem.get("violations", ()))])

    def table(self, *, allowed: bool) -> None:
        """Rooms for partners, or none."""
        table = self.operator.get("/v1/policy").json()
        rows = [row for row in table["rows"] if row["kind"] != "partner"]
        rights = {"allowed": True, "months_ahead": 6} if allowed else {"allowed": False}
        body = {"rows": [*rows, {"kind": "partner", "site": "*", "resource": "*", **rights}], "reason": "bench"}
        _done(self.operator.put("/v1/policy", json=body, headers={"If-Match": f'"{table["version"]}"'}))

    def membership(self, *, allowed: bool) -> None:
        """Running, or ended yesterday."""
        self._patch(
            f"/v1/organizations/{self.organization['id']}", {"membership": self.period if allowed else self.past}
        )

    def registration(self, *, allowed: bool) -> None:
        self._patch(f"/v1/members/{self.member['id']}", {"active": allowed})

    def _posted(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = _done(self.operator.post(path, json=body, headers={"Idempotency-Key": path})).json()
        return made

    def _patch(self, path: str, change: dict[str, Any]) -> None:
        seen = self.operator.get(path).headers["etag"]
        _done(self.operator.patch(path, json=change, headers={"If-Match": seen}))


def _done(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise RuntimeError(answer.text)
    return answer


def until_all(ask: Callable[[], Broken], holds: Callable[[Broken], bool]) -> float:
    """Seconds from now to the last answer that did not go by the change."""
    began = time.monotonic()
    with ThreadPoolExecutor(ASKERS) as pool:
        last, in_a_row = 0.0, 0
        while in_a_row < ENOUGH:
            for answer in pool.map(lambda _: (ask(), time.monotonic()), range(ASKERS)):
                broken, at = answer
                in_a_row = in_a_row + 1 if holds(broken) else 0
                last = last if holds(broken) else at - began
            time.sleep(PAUSE)
    return last


def measured(stage: Stage) -> Iterator[tuple[str, list[float]]]:
    """What was changed, and the seconds of each round."""
    kinds: dict[str, tuple[Callable[..., None], str]] = {
        "the table of rights": (stage.table, "kind-not-allowed"),
        "an organization's membership": (stage.membership, "membership-ends-before-use"),
        "a person's registration": (stage.registration, "member-not-active"),
    }
    stage.table(allowed=True)
    for name, (change, no) in kinds.items():
        taken = []
        for _, allowed in zip(range(ROUNDS), cycle([False, True]), strict=False):
            change(allowed=allowed)
            taken.append(until_all(stage.broken, lambda broken, no=no, allowed=allowed: (no in broken) is not allowed))  # type: ignore[misc]  # bound at once
        yield name, taken


if __name__ == "__main__":
    with system("--scale", f"booking={REPLICAS}") as lounge:
        for what, seconds in measured(Stage(lounge)):
            told = f"median {statistics.median(seconds):.2f} s, {min(seconds):.2f}-{max(seconds):.2f}"
            print(f"{what}: {told} ({len(seconds)} rounds, {REPLICAS} replicas)")  # noqa: T201 — what it is for
