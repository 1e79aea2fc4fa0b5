"""What a system holds of a ledger's commands, read from outside, and where it differs from the books."""

import asyncio
import itertools
import random
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx

from tests.support.patience import deadline

if TYPE_CHECKING:
    from tests.support.ledger import Ledger, Line

_PATIENCE = 60.0
_REST = 0.1
_HISTORIES = 200
"""So many histories are read, drawn at random: a principal may ask a hundred times a second."""


class Found:
    """What the system holds of a ledger's commands, read through its own API."""

    def __init__(self, ledger: "Ledger") -> None:
        self.ledger = ledger
        self.bookings: dict[str, dict[str, Any]] = {}
        self.histories: dict[str, list[dict[str, Any]]] = {}
        self.notices: Counter[str] = Counter()

    @property
    def placed(self) -> dict[str, "Line"]:
        """The ledger's successes that made a booking, by the booking's id."""
        return {line.id or "": line for line in self.ledger.lines if line.kind != "cancel" and line.status == 201}

    @property
    def cancelled(self) -> set[str]:
        return {line.id or "" for line in self.ledger.lines if line.kind == "cancel" and line.status == 200}

    async def read(self, client: httpx.AsyncClient, seconds: float) -> None:
        """Wait until everybody has been told, then read it all; at most `seconds` without any progress."""
        standing = set(self.placed) - self.cancelled  # what was cancelled first need not be told as placed any more
        expected = {("placed", each) for each in standing} | {("cancelled", each) for each in self.cancelled}
        end, before = deadline(seconds), len(expected)
        while True:
            told = [_told(notice) async for notice in _pages(client, "/v1/notifications")]
            self.notices = Counter(f"{what} {which}" for what, which in told)
            if expected <= set(told):
                break
            missing = expected - set(told)
            if len(missing) < before:  # patience is for a system that stands still, not for a slow machine
                end, before = deadline(seconds), len(missing)
            assert time.monotonic() < end, f"{len(missing)} notices are missing, as {sorted(missing)[:3]}"
            await asyncio.sleep(_REST)
        self.bookings = {each["id"]: each async for each in _pages(client, "/v1/bookings", site="nyc")}
        few = list(self.placed)
        random.Random(self.ledger.name).shuffle(few)
        for booking in few[:_HISTORIES]:
            self.histories[booking] = (await _got(client, f"/v1/bookings/{booking}/history"))["items"]

    def compare(self) -> None:
        """Sent = answered = found. Raises AssertionError naming the first difference."""
        lines = self.ledger.lines
        assert all(line.status for line in lines), "a command was never answered"
        faults = [line.key for line in lines if "500" in line.unknown]
        assert not faults, f"answered 500: {faults[:3]}"
        strange = {line.status for line in lines} - {200, 201, 409}
        assert not strange, f"answered with {strange}"
        freely = [line for line in lines if line.kind == "place"]
        denied = [(line.key, line.code) for line in freely if line.status != 201]
        assert not denied, f"free, but refused: {denied[:3]}"
        assert freely, "nothing was booked: this proves nothing"
        made = [line.id for line in lines if line.kind != "cancel" and line.status == 201]
        assert len(made) == len(set(made)), "two commands were answered with one booking"
        lost = set(self.placed) - set(self.bookings)
        assert not lost, f"answered, but not found: {sorted(lost)[:3]}"
        for booking in self.placed:
            self._compare_one(booking)
        known = {line.id for ledger in self.ledger.slots.ledgers for line in ledger.lines}
        unasked = set(self.bookings) - known
        assert not unasked, f"found, but answered to nobody: {sorted(unasked)[:3]}"
        self._nothing_overlaps()
        prefix = ("placed ", "cancelled ")
        twice = [what for what, times in self.notices.items() if what.startswith(prefix) and times > 1]
        assert not twice, f"told more than once: {twice[:3]}"

    def _compare_one(self, booking: str) -> None:
        wanted = "cancelled" if booking in self.cancelled else "confirmed"
        assert self.bookings[booking]["status"] == wanted, f"{booking} is not {wanted}"
        if (entries := self.histories.get(booking)) is None:
            return
        assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1)), f"{booking}: gap in its history"
        kinds = [entry["type"].rsplit(".", 2)[-2] for entry in entries]
        assert kinds == ["booking_placed", *(["booking_cancelled"] if wanted == "cancelled" else [])], kinds

    def _nothing_overlaps(self) -> None:
        live: dict[str, list[tuple[datetime, datetime, str]]] = {}
        for each in self.bookings.values():
            if each["status"] != "cancelled":
                span = (datetime.fromisoformat(each["starts_at"]), datetime.fromisoformat(each["ends_at"]), each["id"])
                live.setdefault(each["resource"], []).append(span)
        for spans in live.values():
            for earlier, later in itertools.pairwise(sorted(spans)):
                assert earlier[1] <= later[0], f"{earlier[2]} and {later[2]} overlap"

    def figures(self) -> dict[str, int]:
        return {
            "bookings_answered": len(self.placed),
            "bookings_found": len(self.placed.keys() & self.bookings.keys()),
            "cancelled": len(self.cancelled),
            "notices": sum(self.notices[f"placed {each}"] for each in self.placed),
        }


async def _pages(client: httpx.AsyncClient, path: str, **query: str) -> Any:
    after: str | None = None
    while True:
        asked = {"limit": "100", **query} | ({"cursor": after} if after else {})
        page = await _got(client, path, asked)
        for item in page["items"]:
            yield item
        after = page["next"]
        if after is None:
            return


async def _got(client: httpx.AsyncClient, path: str, query: dict[str, str] | None = None) -> Any:
    end = deadline(_PATIENCE)
    while (answer := await client.get(path, params=query)).status_code in (429, 503, 504):
        assert time.monotonic() < end, answer.text
        await asyncio.sleep(float(answer.headers.get("Retry-After", _REST)))
    assert answer.status_code == 200, answer.text
    return answer.json()


def _told(notice: dict[str, Any]) -> tuple[str, str]:
    """What a notice says of which booking: (`placed`, id)."""
    return notice["topic"].rsplit(".", 1)[-1], (notice["link"] or "").rsplit("/", 1)[-1]
