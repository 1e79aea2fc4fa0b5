"""Rotation of signing keys: no token is ever signed by a key a verifier cannot know, or outlives its key's showing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.members.domain.key_set import PUBLISHED_BEFORE_USE, ROTATED_EVERY, SHOWN_AFTER_USE, KeySet, SigningKey
from shared.contracts.members import KEY_SET_CACHE, TOKEN_LIFETIME

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


def key(kid: str, signs_from: datetime) -> SigningKey:
    return SigningKey(kid, "x", "sealed", signs_from)


def rotated(keys: KeySet, kid: str, at: datetime) -> KeySet:
    return keys.rotate(key(kid, at + PUBLISHED_BEFORE_USE), at)


FIRST = KeySet((key("a", NOON),))


def kids(keys: KeySet, at: datetime) -> list[str]:
    return [k.kid for k in keys.shown(at)]


def test_a_new_key_is_shown_before_it_signs() -> None:
    at = NOON + ROTATED_EVERY
    keys = rotated(FIRST, "b", at)
    assert kids(keys, at) == ["a", "b"]
    assert keys.signing(at).kid == "a"
    assert keys.signing(at + PUBLISHED_BEFORE_USE).kid == "b"


def test_the_old_key_is_shown_until_its_last_token_has_expired() -> None:
    keys = rotated(FIRST, "b", NOON)
    last = NOON + PUBLISHED_BEFORE_USE + SHOWN_AFTER_USE
    assert kids(keys, last - timedelta(seconds=1)) == ["a", "b"]
    assert kids(keys, last) == ["b"]
    assert [k.kid for k in rotated(keys, "c", last).keys] == ["b", "c"]


def test_while_a_new_key_waits_there_is_no_other() -> None:
    keys = rotated(FIRST, "b", NOON)
    assert rotated(keys, "c", NOON + timedelta(minutes=1)) == keys


def test_a_key_is_due_a_month_after_it_began_to_sign() -> None:
    assert not FIRST.is_due(NOON + ROTATED_EVERY - timedelta(seconds=1))
    assert FIRST.is_due(NOON + ROTATED_EVERY)
    assert not rotated(FIRST, "b", NOON + ROTATED_EVERY).is_due(NOON + ROTATED_EVERY)


def test_a_clock_set_back_still_signs() -> None:
    assert FIRST.signing(NOON - timedelta(hours=1)).kid == "a"


@given(st.lists(st.integers(0, 4_000), max_size=12), st.integers(0, 40_000))
def test_every_living_token_verifies_with_a_cached_set(gaps: list[int], later: int) -> None:
    keys, at = FIRST, NOON
    for n, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        keys = rotated(keys, f"k{n}", at)
    used = at + timedelta(seconds=later)
    signer = keys.signing(used).kid
    for expires_in in (0, TOKEN_LIFETIME):
        assert signer in kids(keys, used + timedelta(seconds=expires_in))
    seen = at + timedelta(seconds=max(0, later - KEY_SET_CACHE))
    assert signer in kids(keys, seen)
