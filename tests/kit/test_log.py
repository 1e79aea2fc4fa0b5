"""Logs are one JSON object a line, carry the correlation id, and never what is private."""

import io
import sys
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog
from pymongo.errors import BulkWriteError

from shared.kit import log as logging
from shared.kit.log import correlate, correlated

CANARIES = ("ana.canary@example.jp", "eyJhbGciOi.eyJzdWIiOiJh.c2ln-canary", "lk_canary-x_0123456789-canary_tail")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    before = structlog.get_config()
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logging.configure(service="booking", replica=2, level="info")
    yield out
    structlog.configure(**before)


def last(lines: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(lines.getvalue().splitlines()[-1])
    return found


def test_a_line_says_what_when_where_and_for_whom(lines: io.StringIO) -> None:
    with correlated("corr-1"):
        logging.get_logger().info("booking.placed", booking="b1", seats=3, held=True, gap=None)
    found = last(lines)
    assert found.pop("at").endswith("Z")
    assert found == {
        "event": "booking.placed",
        "level": "info",
        "service": "booking",
        "replica": 2,
        "correlationid": "corr-1",
        "booking": "b1",
        "seats": 3,
        "held": True,
        "gap": None,
    }


def test_the_id_learned_within_holds_to_the_end_of_what_is_handled(lines: io.StringIO) -> None:
    log = logging.get_logger()
    with correlated(None):
        correlate("corr-2")
        log.info("a.b")
        assert last(lines)["correlationid"] == "corr-2"
    log.info("a.c")
    assert "correlationid" not in last(lines)


def test_what_is_below_the_level_is_not_written(lines: io.StringIO) -> None:
    logging.get_logger().debug("relay.looked")
    assert lines.getvalue() == ""


@pytest.mark.parametrize("canary", CANARIES)
def test_private_text_never_reaches_a_line_wherever_it_stands(lines: io.StringIO, canary: str) -> None:
    log = logging.get_logger()
    log.info("mail.sent", detail=f"to <{canary}> and on")
    log.info("mail.sent", nested={"deep": [canary]}, raw=canary.encode())
    log.info("mail.sent", email=canary, access_token=canary, family_name=canary, body=canary, code=canary, data=canary)
    try:
        raise ValueError(f"cannot write to {canary}")
    except ValueError:
        log.exception("mail.failed")
    written = lines.getvalue()
    assert canary not in written
    assert "cannot write to [redacted]" in written
    assert len(written.splitlines()) == 4, "a trace stays one line"


def test_what_the_driver_says_of_a_refused_write_does_not_bring_the_document_along(lines: io.StringIO) -> None:
    refused = {"code": 121, "op": {"_id": "a", "family": "カナリア\n花"}}
    try:
        raise BulkWriteError({"writeErrors": [refused]})
    except BulkWriteError:
        logging.get_logger().exception("mail.failed")
    assert "カナリア" not in lines.getvalue()
    assert "BulkWriteError" in last(lines)["exception"]


def test_a_private_field_is_redacted_whatever_it_holds(lines: io.StringIO) -> None:
    private = {"name": "Canary", "phone": "03-1234", "nats_seed": "SU", "password": "p", "secret_word": "s"}
    logging.get_logger().info("member.seen", **private)
    assert {last(lines)[field] for field in private} == {"[redacted]"}


def test_controls_that_turn_text_around_are_stripped_and_newlines_escaped(lines: io.StringIO) -> None:
    logging.get_logger().info("x.y", note="a\u202e\u200bb\u2066\ufeffc\u200f\U000e0041d\nlevel: error")
    assert last(lines)["note"] == "abcd\nlevel: error"
    assert len(lines.getvalue().splitlines()) == 1


def test_a_field_is_cut_at_two_kilobytes(lines: io.StringIO) -> None:
    logging.get_logger().info("x.y", note="漢" * 5_000)
    assert last(lines)["note"] == "漢" * 682


@pytest.mark.parametrize("odd", ["\ud800", 2**70, -(2**70), float("nan"), object(), b"\xff", {"a": {1, 2}}])
def test_no_value_breaks_the_line(lines: io.StringIO, odd: object) -> None:
    logging.get_logger().info("x.y", note=odd)
    assert last(lines)["event"] == "x.y"
