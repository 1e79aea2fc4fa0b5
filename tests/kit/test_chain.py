"""The chain over a log: its exact form, what it covers, and what it says of logs that were touched or are older."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions
from bson.errors import InvalidBSON

from shared.kit.documents.chain import Checked, canonical, checked, erasing, extended, linked

AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
AT = datetime(2026, 12, 15, 0, 0, 0, 7_000, UTC)
ENTRY: dict[str, Any] = {
    "seq": 1,
    "id": "doc-1",
    "type": "booking.booking_placed.v1",
    "time": AT,
    "actor": "ana",
    "kind": "member",
    "organization": "org-a",
    "reason": "商談",
    "data": {"id": "doc", "resource_name": {"ja": "会議室", "en": None}, "attendees": 3},
    "operation": "cmd.booking.place_booking.v1",
    "salts": {"data": b"\x00" * 16, "reason": b"\x01" * 16},
}
CANONICAL = (
    '{"actor":"ana","data":"%s","id":"doc-1","kind":"member","operation":"cmd.booking.place_booking.v1",'
    '"organization":"org-a","reason":"%s","seq":1,"time":"2026-12-15T00:00:00.007Z","type":"booking.booking_placed.v1"}'
)


def log_of(count: int, *, known: int = 0) -> list[dict[str, Any]]:
    """A log of which the first `known` entries were written by a version that chained nothing."""
    log: list[dict[str, Any]] = []
    for seq in range(1, count + 1):
        made = {**ENTRY, "seq": seq, "id": f"doc-{seq}", "time": AT + timedelta(minutes=seq)}
        del made["salts"]
        log += [made] if seq <= known else extended(log, [made])
    return log


def test_the_canonical_form_is_the_one_the_page_describes() -> None:
    """Written out by hand and with the standard library alone, so that another program can do it too."""
    data = '{"attendees":3,"id":"doc","resource_name":{"en":null,"ja":"会議室"}}'
    digest = hashlib.sha256(b"\x00" * 16 + b"data\x00" + data.encode()).hexdigest()
    why = hashlib.sha256(b"\x01" * 16 + b"reason\x00" + '"商談"'.encode()).hexdigest()
    assert canonical(ENTRY).decode() == CANONICAL % (digest, why)
    assert linked(bytes(32), ENTRY) == hashlib.sha256(bytes(32) + canonical(ENTRY)).digest()
    assert linked(bytes(32), ENTRY).hex() == "8101ffcfeb21a5b5cd10af6fcd09b76e7d80f09b5f49626444c08e976bdd92d4"


def test_the_order_of_members_means_nothing() -> None:
    turned = dict(reversed({**ENTRY, "data": dict(reversed(ENTRY["data"].items()))}.items()))
    assert canonical(turned) == canonical(ENTRY)


def test_python_s_own_json_says_the_same() -> None:
    data = {"a": [1, True, None, 2**53 + 1, -7], "ü": '\u2028"\\\n\x7f😀', "b": {"z": 1, "a": 2}}
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    salt = ENTRY["salts"]["data"]
    digest = hashlib.sha256(salt + b"data\0" + text.encode()).hexdigest()
    assert json.loads(canonical({**ENTRY, "data": data}))["data"] == digest


def test_a_time_is_the_same_in_every_zone_it_may_come_back_in() -> None:
    elsewhere = {**ENTRY, "time": AT.astimezone(timezone(timedelta(hours=9))), "_id": "doc|1", "aggregate": "doc"}
    assert canonical(elsewhere) == canonical(ENTRY)


def test_a_whole_log_verifies() -> None:
    assert checked("doc", log_of(5)) == Checked(entries=5, chained=5)
    assert checked("doc", []) == Checked()


FLIPPED: tuple[Mapping[str, Any], ...] = (
    {"actor": "bob"},
    {"kind": "program"},
    {"organization": "org-b"},
    {"operation": "cmd.booking.cancel_booking.v1"},
    {"time": AT + timedelta(milliseconds=1)},
    {"data": {**ENTRY["data"], "attendees": 4}},
    {"reason": "商会"},
    {"type": "booking.booking_placed.v2"},
    {"more": 1},
    {"h": bytes(32)},
    {"salts": {"data": b"\x02" * 16, "reason": b"\x01" * 16}},
)


@pytest.mark.parametrize("change", FLIPPED)
def test_whatever_is_changed_is_found_in_the_entry_it_was_changed_in_and_no_other(change: Mapping[str, Any]) -> None:
    log = log_of(5)
    log[2] = {**log[2], **change}
    assert [seq for seq, _ in checked("doc", log).faults] == [3]


def test_each_flipped_bit_of_a_stored_entry_is_found() -> None:
    """Whatever MongoDB would still read: a bit turns text into other text, a name into another, a type into another."""
    log, read, unread = log_of(3), 0, 0
    for number, entry in enumerate(log):
        raw = bson.encode(entry)
        for place, bit in itertools.product(range(len(raw)), range(8)):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            try:
                other = bson.decode(bytes(flipped), AWARE)
            except InvalidBSON:
                unread += 1
                continue
            read += 1
            assert checked("doc", [*log[:number], other, *log[number + 1 :]]).faults, (number, place, bit)
    assert read > 4_000
    assert unread > 2_000


def test_an_entry_that_is_gone_added_swapped_or_another_document_s_is_found() -> None:
    log = log_of(5)
    assert checked("doc", [*log[:2], *log[3:]]).faults
    assert checked("doc", [*log[:2], log[3], log[2], log[4]]).faults
    assert checked("doc", log[1:]).faults
    assert checked("other", log).faults
    forged = {**log[4], "seq": 6, "id": "doc-6"}
    assert [seq for seq, _ in checked("doc", [*log, forged]).faults] == [6]


def test_an_entry_whose_fields_cannot_be_ours_is_a_fault_and_stops_nothing() -> None:
    log = log_of(3)
    for broken in ({**log[1], "note": b"bytes"}, {**log[1], "time": "noon"}, {**log[1], "salts": 7}):
        assert 2 in [seq for seq, _ in checked("doc", [log[0], broken, log[2]]).faults]


def test_what_was_written_before_there_was_a_chain_is_covered_by_the_next_hash_and_said_so() -> None:
    log = log_of(4, known=3)
    assert log[3]["since"] == 1
    assert checked("doc", log) == Checked(entries=4, chained=1, sealed=3)
    log[1] = {**log[1], "actor": "bob"}
    assert [seq for seq, _ in checked("doc", log).faults] == [4]


def test_what_no_hash_covers_is_said_to_be_unchained() -> None:
    assert checked("doc", log_of(3, known=3)) == Checked(entries=3, unchained=3)
    moved, standing = log_of(6, known=4)[:2], log_of(6, known=4)[2:4]
    log = [*moved, *standing]
    log += extended(standing, [{k: v for k, v in ENTRY.items() if k != "salts"} | {"seq": 5, "id": "doc-5"}])
    assert log[4]["since"] == 3, "the two before had moved to the history already"
    assert checked("doc", log) == Checked(entries=5, chained=1, sealed=2, unchained=2)


def test_an_entry_of_a_replica_that_does_not_chain_yet_is_covered_by_the_next_one_that_does() -> None:
    """A rolling update: old and new replicas change the same document in turn."""
    log = log_of(2)
    log.append({k: v for k, v in ENTRY.items() if k != "salts"} | {"seq": 3, "id": "doc-3"})
    assert checked("doc", log) == Checked(entries=3, chained=2, unchained=1)
    log += extended(log, [{k: v for k, v in ENTRY.items() if k != "salts"} | {"seq": 4, "id": "doc-4"}])
    assert "since" not in log[3]
    assert checked("doc", log) == Checked(entries=4, chained=3, sealed=1)
    log[2]["actor"] = "bob"
    assert [seq for seq, _ in checked("doc", log).faults] == [4]


@pytest.mark.parametrize("names", [("reason",), ("data",), ("data", "reason")])
def test_what_a_person_wrote_can_be_erased_and_the_chain_still_verifies(names: tuple[str, ...]) -> None:
    log = log_of(3)
    update = erasing(log[1], names, "log.$[e].")
    assert set(update["$unset"]) == {f"log.$[e].{part}" for n in names for part in (n, f"salts.{n}")}
    kept = {k: v for k, v in log[1].items() if k not in names}
    salts = {k: v for k, v in log[1]["salts"].items() if k not in names}
    digests = {k.removeprefix("log.$[e].erased."): v for k, v in update["$set"].items()}
    log[1] = kept | {"salts": salts, "erased": digests}
    assert checked("doc", log) == Checked(entries=3, chained=3, erased=1)
    log[1]["erased"][names[0]] = "0" * 64
    assert [seq for seq, _ in checked("doc", log).faults] == [2]
    assert erasing(log[1], names) == {"$set": {}, "$unset": {}}, "nothing is left to erase"


def test_an_erased_reason_cannot_be_guessed_from_its_digest() -> None:
    """The salt is gone with it: the same reason has another digest wherever it stands."""
    first, second = (erasing(entry, ["reason"])["$set"]["erased.reason"] for entry in log_of(2))
    assert first != second
