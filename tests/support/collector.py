"""A receiver of OTLP over HTTP: what a process exports, decoded; and one booking to be traced or counted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.kit.clock import SystemClock

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Seen:
    """One span as it was exported; ids are hexadecimal, `parent` empty for none."""

    service: str
    name: str
    trace: str
    span: str
    parent: str
    attributes: dict[str, str]
    failed: bool


@dataclass
class Collector:
    """`spans` grows as processes export."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)

    def of(self, trace: str) -> list[Seen]:
        return [span for span in self.spans if span.trace == trace]

    def take(self, body: bytes) -> None:
        """One export."""
        asked = ExportTraceServiceRequest.FromString(body)
        for each in asked.resource_spans:
            service = next(a.value.string_value for a in each.resource.attributes if a.key == "service.name")
            for span in (span for scope in each.scope_spans for span in scope.spans):
                attributes = {a.key: a.value.string_value or str(a.value.int_value) for a in span.attributes}
                ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                self.spans.append(Seen(service, span.name, *ids, attributes, span.status.code == 2))


@contextmanager
def collector() -> Iterator[Collector]:
    """Listening on loopback while the context lasts."""
    seen = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            known = self.path == "/v1/traces" and self.headers["content-type"] == "application/x-protobuf"
            if known:
                seen.take(body)
            self.send_response(200 if known else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    seen.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def placed(api: httpx.Client, **headers: str) -> httpx.Response:
    """A booking of the first free hour of room A."""
    at = SystemClock().now() + timedelta(weeks=1)
    span = {"from": at.isoformat(), "to": (at + timedelta(days=30)).isoformat()}
    found = api.get("/v1/sites/nyc/availability", params={**span, "resource": "room-a", "minutes": "60"})
    found.raise_for_status()
    start = datetime.fromisoformat(found.json()["items"][0]["free"][0]["starts_at"])
    wanted = {"site": "nyc", "resource": "room-a", "mode": "confirm", "starts_at": start.isoformat()}
    wanted["ends_at"] = (start + timedelta(hours=1)).isoformat()
    key = {"Idempotency-Key": f"traced-{next(_numbers)}"}
    return api.post("/v1/bookings", json=wanted, headers=headers | key)
