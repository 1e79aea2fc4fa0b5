"""A client of a stream of availability, and what it makes of it: the picture it would show."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson

QUARTER = timedelta(minutes=15)
Cells = set[tuple[str, datetime]]


class Follower:
    """Reads one stream after the other, each going on where the last one ended; knows nothing but what they told.

    `told` are the events of all its streams: (event, id, data).
    """

    def __init__(self) -> None:
        self.told: list[tuple[str, str, Any]] = []
        self.snapshot: dict[str, Any] = {}
        self.taken: Cells = set()
        self.ended = False

    @property
    def last_id(self) -> str:
        return self.told[-1][1] if self.told else ""

    def names(self) -> list[str]:
        return [event for event, _, _ in self.told]

    @asynccontextmanager
    async def following(self, url: str, headers: Mapping[str, str], **parameters: str) -> AsyncIterator[None]:
        """At work while the context lasts; begins once the stream is open, the first one once it has its picture."""
        self.ended = False
        more = {"Last-Event-ID": self.last_id} if self.told else {}
        async with (
            httpx.AsyncClient(timeout=30) as client,
            client.stream("GET", url, headers={**headers, **more}, params=parameters) as answer,
        ):
            assert answer.status_code == 200, await answer.aread()
            opened = asyncio.Event()
            reading = asyncio.create_task(self._read(answer, opened))
            await asyncio.wait_for(opened.wait(), 80)
            try:
                yield
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, answer: httpx.Response, opened: asyncio.Event) -> None:
        fields: dict[str, str] = {}
        try:
            async for line in answer.aiter_lines():
                if line.startswith(": open") and self.told:
                    opened.set()
                name, _, value = line.partition(": ")
                if name in ("event", "id", "data"):
                    fields[name] = value
                elif not line and fields:
                    self._take(fields["event"], fields["id"], orjson.loads(fields["data"]))
                    fields = {}
                    opened.set()
        except httpx.TransportError:
            pass
        self.ended = True

    def _take(self, event: str, event_id: str, data: Any) -> None:
        self.told.append((event, event_id, data))
        if event == "snapshot":
            self.snapshot = data
            self.taken = {cell for each in data["taken"] for cell in cells(each)}
        elif event == "taken":
            self.taken |= cells(data)
        else:
            self.taken -= cells(data)

    def free(self, rules: Mapping[str, Any]) -> dict[str, list[tuple[datetime, datetime]]]:
        """As GET would answer, by what the streams told and `rules`: each resource as GET …/resources shows it."""
        return {item["resource"]: list(self._free(item, rules[item["resource"]])) for item in self.snapshot["items"]}

    def _free(self, item: Mapping[str, Any], rules: Mapping[str, Any]) -> Any:
        buffer = timedelta(minutes=rules["buffer_minutes"])
        shortest = timedelta(minutes=rules["rules"]["shortest_minutes"])
        real = item["parts"] or [item["resource"]]
        for opening in item["open"]:
            begin = at = datetime.fromisoformat(opening["starts_at"])
            closes = datetime.fromisoformat(opening["ends_at"])
            while at <= closes + buffer:
                occupied = any((each, at) in self.taken for each in real)
                if occupied or at == closes + buffer:
                    if at - buffer - begin >= shortest:
                        yield begin, at - buffer
                    begin = at + QUARTER
                at += QUARTER


def cells(told: Mapping[str, Any]) -> Cells:
    """The quarters of an hour of one resource that `told` is about."""
    at, end = (datetime.fromisoformat(told[name]) for name in ("starts_at", "ends_at"))
    count = (end - at) // QUARTER
    return {(told["resource"], at + QUARTER * n) for n in range(count)}


def free_of(view: Mapping[str, Any]) -> dict[str, list[tuple[datetime, datetime]]]:
    """What GET …/availability answered, resource by resource."""
    return {
        item["resource"]: [
            (datetime.fromisoformat(each["starts_at"]), datetime.fromisoformat(each["ends_at"]))
            for each in item["free"]
        ]
        for item in view["items"]
    }
