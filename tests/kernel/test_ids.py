"""Identifiers that repeat, sort, and fit a subject and a URL."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.ids import ID_PATTERN, derived_id, new_id
from shared.kernel.refusal import NotFound, Refusal, VersionStale
from shared.kernel.text import Text

parts = st.lists(st.text(max_size=12), min_size=1, max_size=4)


@given(parts)
def test_the_same_parts_give_the_same_id(words: list[str]) -> None:
    assert derived_id(*words) == derived_id(*words)
    assert ID_PATTERN.match(derived_id(*words))


@given(parts, parts)
def test_other_parts_give_another_id(one: list[str], other: list[str]) -> None:
    assert (derived_id(*one) == derived_id(*other)) is (one == other)


def test_parts_do_not_run_into_each_other() -> None:
    assert derived_id("a", "bc") != derived_id("ab", "c") != derived_id("abc")


@given(st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 — hypothesis wants naive bounds
def test_new_ids_sort_by_the_millisecond_they_were_made(at: datetime) -> None:
    later = new_id(at + timedelta(milliseconds=1))
    assert new_id(at) < later
    assert ID_PATTERN.match(later)
    assert len(later) == 26


def test_two_ids_of_the_same_millisecond_differ() -> None:
    at = datetime(2026, 12, 15, tzinfo=UTC)
    assert len({new_id(at) for _ in range(1_000)}) == 1_000


def test_a_refusal_carries_its_code_its_words_and_what_it_was_given() -> None:
    refusal = VersionStale(version=3)
    assert (refusal.code, refusal.status, refusal.members) == ("version-stale", 412, {"version": 3})
    assert refusal.text.ja
    assert refusal.text.en
    assert NotFound(message=Text(en="Gone.")).text == Text(en="Gone.")


def test_every_refusal_of_the_kernel_speaks_both_languages_and_is_no_fault_of_ours() -> None:
    for kind in Refusal.__subclasses__():
        if kind.__module__ == "shared.kernel.refusal":
            assert kind.message.ja, kind
            assert kind.message.en, kind
            assert 400 <= kind.status < 500 or kind.status in (503, 504), kind
