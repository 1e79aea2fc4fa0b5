"""The judge of what sites send, row by row of the input table."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.domain.incoming import Accepted, Judged, Quarantined, judge, subject_of
from services.events.domain.parsing import BadText, canonical
from services.events.domain.seminar import Publish, Withdraw
from services.events.handlers.reading import READERS
from tests.events.words import DAY_PART, INSTANT, event, seminar

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PUBLISHED = "org.link-j.seminar.published.v1"


def sent(**more: Any) -> dict[str, Any]:
    return event("osaka", seminar(), at=NOW, id="e-1") | more


def judged(message: Any, subject: str | None = None) -> Judged:
    raw = message if isinstance(message, bytes) else orjson.dumps(message)
    kind = message.get("type") if isinstance(message, dict) else None
    return judge(raw, "osaka", subject=subject or subject_of(kind or PUBLISHED), readers=READERS, at=NOW)


def without(name: str) -> dict[str, Any]:
    return {k: v for k, v in sent().items() if k != name}


def about(**more: Any) -> dict[str, Any]:
    return sent(data=seminar(**more))


NESTED = b'{"a":' * 400 + b"1" + b"}" * 400
MALFORMED: dict[str, bytes] = {
    "N1 empty": b"",
    "N1 not JSON": b"hello",
    "N1 cut": b'{"id": "e-1", ',
    "N1 invalid UTF-8": b'{"id": "\xff\xfe"}',
    "N1 Shift_JIS": '{"id": "中止"}'.encode("shift_jis"),
    "N2 array": b"[1, 2]",
    "N2 scalar": b"5",
    "NaN": b'{"id": NaN}',
    "1e999": b'{"id": 1e999}',
    "2^70": b'{"sequence": 1180591620717411303424}',
    "5,000 digits": b'{"sequence": ' + b"9" * 5_000 + b"}",
    "duplicate key": b'{"id": "a", "id": "b"}',
    "too deep": NESTED,
    "50,000 brackets": b'{"a":' + b"[" * 50_000,
    "3,000 members": orjson.dumps({f"k{n}": n for n in range(3_000)}),
}
WRONG: dict[str, tuple[str, dict[str, Any]]] = {
    "N3 no id": ("envelope", without("id")),
    "N3 no type": ("envelope", without("type")),
    "N3 no source": ("envelope", without("source")),
    "N3 no time": ("envelope", without("time")),
    "id of a number": ("envelope", sent(id=5)),
    "N15 id of 129 characters": ("envelope", sent(id="x" * 129)),
    "id with a line break": ("envelope", sent(id="a\nb")),
    "sequence as text": ("envelope", sent(sequence="5")),
    "sequence true": ("envelope", sent(sequence=True)),
    "sequence below zero": ("envelope", sent(sequence=-1)),
    "another CloudEvents": ("envelope", sent(specversion="0.3")),
    "XML inside": ("envelope", sent(datacontenttype="application/xml")),
    "time without meaning": ("envelope", sent(time="2026-13-45T99:00:00Z")),
    "time in words": ("envelope", sent(time="令和8年12月15日")),
    "leap second": ("envelope", sent(time="2026-11-23T23:59:60Z")),
    "N4 forged source": ("identity", sent(source="/sites/nyc")),
    "N4 no source of a site": ("identity", sent(source="osaka")),
    "N4 another thing than it says": ("identity", sent(subject="s-2")),
    "N5 unknown type": ("unknown-type", sent(type="org.link-j.party.published.v1")),
    "N5 a bulletin, read later": ("unknown-type", sent(type="org.link-j.bulletin.published.v1")),
    "N6 newer major": ("version", sent(type="org.link-j.seminar.published.v2")),
    "N6 retired": ("version", sent(type="org.link-j.seminar.published.v0")),
    "N7 title of a number": ("schema", about(title=5)),
    "N7 capacity as text": ("schema", about(modes={"onsite": {"capacity": "25"}})),
    "N7 capacity true": ("schema", about(modes={"onsite": {"capacity": True}})),
    "N7 capacity 0": ("schema", about(modes={"onsite": {"capacity": 0}})),
    "N7 unknown certainty": ("schema", about(title_certainty="maybe")),
    "N7 unknown region": ("schema", about(regions=["mars"])),
    "no data": ("schema", sent(data=None)),
    "data of a list": ("schema", sent(data=[1])),
    "title without text": ("schema", about(title={})),
    "blank title": ("schema", about(title={"ja": "\u3000"})),
    "U5 disguised title": ("schema", about(title={"en": "a\u202eb"})),
    "U9 header in the title": ("schema", about(title={"en": "Hi\r\nBcc: x"})),
    "an instant without a start": ("schema", about(when={**INSTANT, "starts_at": None})),
    "a clock time that nobody decided": ("schema", about(when={**DAY_PART, "starts_at": "2099-12-15T19:00:00-05:00"})),
    "an end before its start": ("schema", about(when={**INSTANT, "ends_at": "2099-12-15T18:00:00-05:00"})),
    "N19 $where": ("schema", about(**{"$where": "1"})),
    "N19 __proto__": ("schema", about(__proto__={"x": 1})),
    "N19 $set inside": ("schema", about(title={"ja": "x", "$set": 1})),
    "NUL in text": ("schema", about(title={"en": "a\0b"})),
    "N16, N28 last year's": ("stale", sent(time=(NOW - timedelta(days=31)).isoformat())),
    "N28 25 hours ahead": ("clock", sent(time=(NOW + timedelta(hours=25)).isoformat())),
    "N28 time without offset": ("time", sent(time="2026-11-23T06:00:00")),
    "N28 start without offset": ("time", about(when={**INSTANT, "starts_at": "2099-12-15T19:00:00"})),
    "S8 bad zone": ("time", about(when={**INSTANT, "zone": "Mars/Base"})),
    "T6 abbreviation": ("time", about(when={**INSTANT, "zone": "JST"})),
    "S8 25 o'clock": ("time", about(when={**INSTANT, "starts_at": "2099-12-15T25:00:00-05:00"})),
}
TAKEN: dict[str, dict[str, Any]] = {
    "as announced": sent(),
    "an exact time": about(when=INSTANT),
    "T11 an hour ahead": sent(time=(NOW + timedelta(hours=1)).isoformat()),
    "29 days old": sent(time=(NOW - timedelta(days=29)).isoformat()),
    "nanoseconds, lower case": sent(time="2026-11-23t06:00:00.123456789z"),
    "no sequence": without("sequence"),
    "no subject": without("subject"),
    "N6 newer minor": sent(dataschema="https://link-j.example/schemas/seminar/1.7"),
    "unlimited online": about(modes={"online": {}}),
    "emoji and rare characters": about(title={"ja": "髙﨑 葛󠄀子 👩‍🔬"}),
}


@pytest.mark.parametrize("raw", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_json_object_is_malformed(raw: bytes) -> None:
    found = judged(raw)
    assert isinstance(found, Quarantined)
    assert found.reason == "malformed"


@pytest.mark.parametrize(("reason", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_used_is_quarantined_with_its_reason(reason: str, message: dict[str, Any]) -> None:
    found = judged(message)
    assert isinstance(found, Quarantined)
    assert (found.reason, bool(found.details)) == (reason, True)


@pytest.mark.parametrize("message", TAKEN.values(), ids=TAKEN.keys())
def test_what_keeps_the_contract_is_taken(message: dict[str, Any]) -> None:
    assert isinstance(judged(message), Accepted)


def test_a_message_under_another_types_subject_is_no_message_of_that_site() -> None:
    found = judged(sent(), subject="org.link-j.seminar.cancelled.v1")
    assert isinstance(found, Quarantined)
    assert found.reason == "identity"


def test_half_a_surrogate_pair_is_told_not_stored() -> None:
    raw = orjson.dumps(sent()).replace(b'"ja":"', b'"ja":"\\ud800')
    found = judged(raw)
    assert isinstance(found, Quarantined)
    assert found.reason == "schema"


def test_fields_beyond_the_contract_are_dropped_and_named() -> None:
    title = {"ja": "x", "zh": "y"}
    found = judged(about(organizer_email="a@special.example", title=title))
    assert isinstance(found, Accepted)
    assert found.read.dropped == ("organizer_email", "title.zh")
    assert isinstance(found.read.stated, Publish)
    assert "organizer_email" not in str(found.read.stated)


def test_a_cancellation_is_read() -> None:
    found = judged(event("osaka", {"external_id": "s-1", "reason": "台風"}, kind="seminar.cancelled", at=NOW))
    assert isinstance(found, Accepted)
    assert found.read.stated == Withdraw("s-1", "台風")


def test_the_same_said_with_other_white_space_has_the_same_digest() -> None:
    one = judged(sent())
    other = judged(orjson.dumps(sent(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    assert isinstance(one, Accepted)
    assert isinstance(other, Accepted)
    assert one.digest == other.digest
    changed = judged(about(title={"ja": "別"}))
    assert isinstance(changed, Accepted)
    assert changed.digest != one.digest


def test_what_was_parsed_elsewhere_and_cannot_be_written_is_told() -> None:
    for value in ({"id": "\ud800"}, {"id": float("nan")}):
        with pytest.raises(BadText):
            canonical(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("id", "type", "source", "time", "sequence", "subject", "data", "specversion", "datacontenttype")


@given(raw=st.binary(max_size=200))
def test_no_bytes_break_the_judge(raw: bytes) -> None:
    assert isinstance(judged(raw), Quarantined)


@given(name=st.sampled_from(FIELDS), value=JSON)
def test_no_value_of_any_attribute_breaks_the_judge(name: str, value: Any) -> None:
    assert isinstance(judged(json.dumps(sent(**{name: value})).encode()), Accepted | Quarantined)


@given(name=st.sampled_from(sorted(seminar())), value=JSON)
def test_no_value_of_any_field_breaks_the_judge(name: str, value: Any) -> None:
    assert isinstance(judged(json.dumps(sent(data={**seminar(), name: value})).encode()), Accepted | Quarantined)
