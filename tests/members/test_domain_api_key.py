"""API keys: one secret, told once, kept as a hash."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.members.domain.api_key import ApiKey, ApiKeyCreated, ApiKeyRevoked, ExpiresInThePast, Secret, UnknownScope

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
SCOPES = frozenset({"bookings:read", "bookings:write"})
KEY = ApiKey("k1", "feed", "lk_abcdefgh", "d" * 64, "m1")


def test_a_secret_shows_whose_it_is_and_is_kept_as_its_hash() -> None:
    secret = Secret.of("abcdefgh" + "Z" * 56)
    assert secret.text == "lk_abcdefgh_" + "Z" * 56
    assert secret.prefix == "lk_abcdefgh"
    assert secret.digest == hashlib.sha256(secret.text.encode()).hexdigest()


def test_a_secret_is_made_of_enough_chance() -> None:
    with pytest.raises(ValueError, match="too little"):
        Secret.of("a" * 50)


def test_a_key_lets_in_until_it_expires() -> None:
    key = replace(KEY, expires_at=NOON + timedelta(hours=1))
    assert key.create(NOON, known=SCOPES).events == [ApiKeyCreated("k1")]
    assert key.is_valid(NOON)
    assert not key.is_valid(NOON + timedelta(hours=1))
    with pytest.raises(ExpiresInThePast):
        key.create(NOON + timedelta(hours=1), known=SCOPES)


def test_a_revoked_key_lets_nobody_in_and_revoking_again_changes_nothing() -> None:
    revoked = KEY.revoke(NOON)
    assert revoked.events == [ApiKeyRevoked("k1")]
    assert not revoked.state.is_valid(NOON)
    again = revoked.state.revoke(NOON + timedelta(hours=1))
    assert (again.state, list(again.events)) == (revoked.state, [])


def test_a_key_is_made_for_scopes_that_exist_and_the_refusal_lists_them() -> None:
    assert replace(KEY, scopes=("bookings:read",)).create(NOON, known=SCOPES).state.scopes == ("bookings:read",)
    with pytest.raises(UnknownScope) as refused:
        replace(KEY, scopes=("bookings:read", "everything:write")).create(NOON, known=SCOPES)
    assert refused.value.members == {"known": ["bookings:read", "bookings:write"]}
