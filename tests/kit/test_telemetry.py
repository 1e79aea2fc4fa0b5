"""One trace from the request to the mail, over processes; and nothing where it is not sampled."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.kernel.refusal import NotFound
from shared.kit import telemetry
from shared.kit.settings import KitSettings
from tests.support.collector import Collector, Seen, collector, placed
from tests.support.eventually import eventually
from tests.support.system import System, system

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ASKED = f"00-{TRACE}-{PARENT}-01"
INBOX = "_INBOX"
_asked: set[str] = set()


@pytest.fixture(scope="module")
def seen() -> Iterator[Collector]:
    with collector() as running:
        yield running


@pytest.fixture(scope="module")
def traced(seen: Collector) -> Iterator[System]:
    """A whole system that traces only who asks for it."""
    os.environ |= {"LOUNGE_OTLP_ENDPOINT": seen.url, "LOUNGE_TRACE_SAMPLE": "0"}
    try:
        with system() as running:
            yield running
    finally:
        del os.environ["LOUNGE_OTLP_ENDPOINT"], os.environ["LOUNGE_TRACE_SAMPLE"]


@pytest.fixture
async def here(seen: Collector) -> None:
    telemetry.configure(KitSettings(nats_url="nats://x", otlp_endpoint=seen.url, trace_sample=0), "here")


def _mail(spans: list[Seen]) -> Seen | None:
    return next((span for span in spans if span.name == "mail"), None)


def _line(spans: list[Seen], last: Seen) -> list[Seen]:
    """From `last` up to the span whose parent is nobody's here."""
    by_id, line = {span.span: span for span in spans}, [last]
    while line[-1].parent in by_id:
        line.append(by_id[line[-1].parent])
    return line[::-1]


def _whole(spans: list[Seen]) -> list[Seen] | None:
    """The mail's line once it reaches the asker; each process exports in its own time."""
    mail = _mail(spans)
    line = _line(spans, mail) if mail is not None else []
    return line if line and line[0].parent == PARENT else None


def test_a_booking_is_one_trace_from_the_request_to_the_mail(traced: System, seen: Collector) -> None:
    with traced.api("member-a@special.example") as api:
        assert placed(api, traceparent=ASKED).status_code == 201
        line = eventually(lambda: _whole(seen.of(TRACE)), what="spans from the mail up to the asker's", seconds=30)
    assert [(span.service, span.name) for span in line] == [
        ("lounge-gateway", "POST /v1/bookings"),
        ("lounge-gateway", "ask cmd.booking.place_booking.v1"),
        ("lounge-booking", "cmd.booking.place_booking.v1"),
        ("lounge-booking", "store insert"),
        ("lounge-booking", "publish booking.booking_placed.v1"),
        ("lounge-notify", "notify__booking_placed"),
        ("lounge-notify", "mail"),
    ]
    assert line[0].attributes["status"] == "201"
    assert not any(span.failed for span in seen.of(TRACE))


def test_logs_of_a_sampled_request_carry_its_trace(traced: System) -> None:
    trace = "1" * 32
    httpx.get(f"{traced.url}/v1/me", headers={"traceparent": f"00-{trace}-{PARENT}-01"})
    log = traced.folder / "logs" / "gateway-1.jsonl"
    line = eventually(lambda: _lines(log, trace), what="the line")[0]
    assert (line["event"], line["door"]) == ("http.answered", "GET /v1/me")


def _lines(log: Path, trace: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.read_text().splitlines() if f'"trace_id":"{trace}"' in line]


def test_no_attribute_holds_who_it_was_and_no_figure_a_reply_subject(traced: System, seen: Collector) -> None:
    told = " ".join(f"{span.name} {span.attributes}" for span in seen.spans)
    assert told
    assert "special.example" not in told
    assert INBOX not in told
    ports = {p["name"]: p["port"] for p in traced.run["processes"]}
    shown = {
        name: httpx.get(f"http://127.0.0.1:{port}/metrics").text
        for name, port in ports.items()
        if name.startswith(("booking", "members", "events", "notify", "gateway"))
    }
    assert len(shown) == 5
    assert [name for name, text in shown.items() if INBOX in text] == []


@pytest.mark.parametrize("sent", ["", f"00-{TRACE}-{PARENT}-00", "00-nonsense-01", f"00-{'0' * 32}-{PARENT}-01"])
def test_a_request_that_is_not_sampled_leaves_nothing(traced: System, seen: Collector, sent: str) -> None:
    later = secrets.token_hex(16)
    httpx.get(f"{traced.url}/health/live", headers={"traceparent": sent} if sent else {})
    httpx.get(f"{traced.url}/health/live", headers={"traceparent": f"00-{later}-{PARENT}-01"})
    eventually(lambda: seen.of(later), what="a later one's span")
    _asked.add(later)
    assert {span.trace for span in seen.spans if span.name == "GET /health/live"} == _asked


@pytest.mark.usefixtures("here")
async def test_within_no_trace_there_is_no_span() -> None:
    with telemetry.here("store insert") as span:
        assert span is None
    with telemetry.resumed("mail", "client", f"00-{TRACE}-{PARENT}-00") as span:
        assert span is None
    assert telemetry.current() is None
    await telemetry.ended()


@pytest.mark.usefixtures("here")
async def test_what_failed_says_its_kind_only_and_a_refusal_is_no_failure(seen: Collector) -> None:
    trace = "3" * 32
    with pytest.raises(ValueError, match="secret"), telemetry.entry(f"00-{trace}-{PARENT}-01"):
        raise ValueError("secret")
    with pytest.raises(NotFound), telemetry.entry(f"00-{trace}-{PARENT}-01"):
        raise NotFound
    await telemetry.ended()
    failed, refused = seen.of(trace)
    assert (failed.failed, failed.attributes) == (True, {"error.type": "ValueError"})
    assert (refused.failed, refused.attributes) == (False, {"refusal": "not-found"})


@pytest.mark.usefixtures("here")
async def test_callers_may_ask_for_ten_traces_a_second_and_no_more() -> None:
    made = 0
    for _ in range(200):
        with telemetry.entry(ASKED) as span:
            made += span is not None
    assert 10 <= made <= 20, "two seconds at most go by"
    await telemetry.ended()


def test_without_an_endpoint_nothing_of_opentelemetry_is_imported() -> None:
    code = (
        "import sys; from services.notify.app import build; from services.notify.settings import Settings;"
        "build(Settings(nats_url='nats://x', mongo_url='mongodb://x', smtp_url='smtp://x'));"
        "heavy = tuple('opentelemetry.' + part for part in ('sdk', 'trace', 'exporter'));"
        "print([m for m in sys.modules if m.startswith(heavy)])"
    )
    env = {name: value for name, value in os.environ.items() if not name.startswith("LOUNGE_")}
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
    assert said.stdout.strip().splitlines()[-1] == "[]"


def test_an_endpoint_that_is_no_address_is_named() -> None:
    with pytest.raises(ValueError, match="LOUNGE_OTLP_ENDPOINT"):
        telemetry.configure(KitSettings(nats_url="nats://x", otlp_endpoint="collector:4318"), "here")
