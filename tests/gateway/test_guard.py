"""The JSON guard by itself: what it lets pass is what the strict pass lets pass, whichever way it came."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.gateway import guard
from services.gateway.refusals import DuplicateKey, InvalidKey, MalformedJson, TooDeep, TooLong, TooManyKeys
from shared.kernel.refusal import Refusal

keys = st.text(max_size=8) | st.sampled_from(["meta", "a", "$set", "a.b", "Key", "x" * 41])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.text('あ:"\\,{}[]$. ', max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)


def outcome(raw: bytes, *, strictly: bool) -> Any:
    """The value, or the code of the refusal."""
    try:
        return guard._strict(raw, free_keys=False) if strictly else guard.check(raw).value
    except Refusal as refusal:
        return refusal.code


@given(values, st.booleans())
@example({"a": ":"}, True)
@example({'a":"b': 1}, True)
def test_the_fast_way_never_lets_pass_what_the_strict_one_refuses(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert outcome(raw, strictly=False) == outcome(raw, strictly=True)


@given(st.binary(max_size=60) | st.text('{}[]":,0123456789.eE+-$metaNa \\u0d8', max_size=60).map(str.encode))
def test_no_bytes_do_more_than_be_refused(raw: bytes) -> None:
    with suppress(Refusal):
        guard.check(raw)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b'{"a":1,"a":2}', DuplicateKey),
        (b'{"a":{"b":1,"b":1}}', DuplicateKey),
        (b'{"a":1,"\\u0061":2}', DuplicateKey),
        (b"[" * 17 + b"]" * 17, TooDeep),
        (b'{"a":1e400}', MalformedJson),
        (b'{"a":01}', MalformedJson),
        (b"{'a':1}", MalformedJson),
        (b'{"a":1,}', MalformedJson),
        (b'{"a":"\x01"}', MalformedJson),
        (b'{"meta":{"A":1}}', InvalidKey),
        (b'{"meta":{"a":{"b-c":1}}}', InvalidKey),
        (b'{"$a":1}', InvalidKey),
        (json.dumps({str(n): n for n in range(201)}).encode(), TooManyKeys),
        (b'"' + "会".encode() * 3_500 + b'"', TooLong),
    ],
)
def test_each_fault_has_its_refusal(raw: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        guard.check(raw)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        "",
        0,
        None,
        {"a": {"a": {"a": 1}}},
        {"a": ":", "b": '"x":'},
        {"name": "髙﨑 葛󠄀子"},
        {"n": 2**63 - 1, "m": -(2**63) + 1, "f": 1.5e300},
        {"meta": {"a_1": {"b": 1}}},
        [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],
    ],
)
def test_honest_json_passes_as_it_is(value: Any) -> None:
    raw = json.dumps(value).encode()
    assert guard.check(raw).value == value
    assert guard.check(raw).raw == raw


def test_a_cut_body_names_the_offset() -> None:
    with pytest.raises(MalformedJson) as refused:
        guard.check(b'{"title":')
    assert refused.value.members == {"offset": 9}


def test_a_sites_keys_are_free_but_for_nul() -> None:
    assert guard.check(b'{"$where":1,"a.b":2}', free_keys=True).value == {"$where": 1, "a.b": 2}
    with pytest.raises(InvalidKey):
        guard.check(b'{"a\\u0000":1}', free_keys=True)


def closing_never(size: int) -> bytes:
    """A string of `size` bytes in which each quotation mark looks like its end, and none is."""
    return b'"' + b'\\"' * (size // 2)


def closing_never_and_cut(size: int) -> bytes:
    return closing_never(size) + b"\\"


def many_dots(size: int) -> bytes:
    """A text that could be a key of nothing but dots, as far as the quotation marks tell."""
    return b'{"a":"' + b"." * size + b'"}'


@pytest.mark.parametrize(
    ("body", "size", "refusal"),
    [
        (closing_never, guard.LARGEST_BODY - 2, MalformedJson),
        (closing_never_and_cut, guard.LARGEST_BODY - 2, MalformedJson),
        (many_dots, guard.LONGEST_STRING - 8, None),
        (lambda size: b'{"' + b"." * size + b'":1}', guard.LONGEST_STRING - 8, InvalidKey),
    ],
    ids=["closing never", "closing never and cut", "many dots", "a key of dots"],
)
def test_what_a_body_costs_grows_as_it_does(
    body: Callable[[int], bytes], size: int, refusal: type[Refusal] | None
) -> None:
    """Eight times the size is eight times the work, or sixty-four where a scan starts over and over."""

    def cost(raw: bytes) -> float:
        began = time.thread_time()
        for _ in range(3):
            with suppress(Refusal):
                guard.check(raw)
        return time.thread_time() - began

    small, large = body(size // 8), body(size)
    with pytest.raises(refusal) if refusal else nullcontext():
        guard.check(large)
    fixed = min(cost(b'{"a":"\\n"}') for _ in range(5))
    once, eightfold = (min(cost(raw) for _ in range(5)) for raw in (small, large))
    assert eightfold < 24 * max(once, fixed)


def test_every_mark_of_the_text_is_looked_at_once() -> None:
    for body in (closing_never(1_000), closing_never_and_cut(1_000)):
        assert [token.start() for token in guard._TOKEN.finditer(body.decode())] == [0]
    assert [token[0] for token in guard._TOKEN.finditer('{"a[":[1,"}"],"')] == ["{", '"a["', "[", '"}"', "]", '"']


def test_a_key_that_only_looks_like_being_below_meta_is_none() -> None:
    for raw in (b'{"a/meta":{"A":1}}', b'{"a/meta":{"A":"\\n"}}'):
        assert guard.check(raw).value["a/meta"].keys() == {"A"}
