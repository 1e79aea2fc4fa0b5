"""Refresh tokens: each used once; used again, the session is over."""

from datetime import UTC, datetime, timedelta

import pytest

from services.members.domain.session import GRACE, IDLE, LONGEST, RefreshToken, Session, SessionEnded, SessionReused

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
PEPPER = b"p" * 32
FIRST = RefreshToken("s1", 0, "0f" * 32)
SECOND = timedelta(seconds=1)


def opened() -> Session:
    return Session.open(FIRST, "m1", NOON)


def rotated(session: Session, token: RefreshToken, at: datetime) -> tuple[Session, RefreshToken]:
    refreshed = session.refresh(token, PEPPER, at)
    assert refreshed.give is not None
    return refreshed.after, refreshed.give


def test_a_token_gives_its_successor_and_only_the_successors_hash_is_kept() -> None:
    session, second = rotated(opened(), FIRST, NOON + SECOND)
    assert (second.session, second.generation) == ("s1", 1)
    assert second.secret != FIRST.secret
    assert session.digest == second.digest
    assert second.secret not in repr(session)
    third = rotated(session, second, NOON + 2 * SECOND)[1]
    assert third.generation == 2


def test_a_lost_answer_may_be_asked_for_again_within_ten_seconds() -> None:
    session, second = rotated(opened(), FIRST, NOON)
    again = session.refresh(FIRST, PEPPER, NOON + GRACE)
    assert (again.after, again.give, again.events) == (session, second, ())


def test_within_ten_seconds_the_same_successor_comes_even_if_that_was_used_too() -> None:
    session, second = rotated(opened(), FIRST, NOON)
    session, _ = rotated(session, second, NOON + SECOND)
    assert session.refresh(FIRST, PEPPER, NOON + 2 * SECOND).give == second


def test_a_token_used_again_later_revokes_the_session_for_all_its_tokens() -> None:
    session, second = rotated(opened(), FIRST, NOON)
    reused = session.refresh(FIRST, PEPPER, NOON + GRACE + SECOND)
    assert reused.give is None
    assert reused.after.revoked_at == NOON + GRACE + SECOND
    assert reused.events == (SessionReused("s1", "m1", NOON + GRACE + SECOND),)
    for token in (FIRST, second):
        with pytest.raises(SessionEnded):
            reused.after.refresh(token, PEPPER, NOON + GRACE + 2 * SECOND)


def test_the_oldest_token_of_many_still_revokes() -> None:
    session, token = opened(), FIRST
    for n in range(50):
        session, token = rotated(session, token, NOON + n * timedelta(minutes=9))
    assert session.refresh(FIRST, PEPPER, NOON + timedelta(hours=8)).give is None
    assert len(session.rotations) == 1


@pytest.mark.parametrize(
    "token",
    [
        RefreshToken("s1", 0, "00" * 32),
        RefreshToken("s1", 1, FIRST.secret),
        RefreshToken("s1", 7, FIRST.secret),
    ],
)
def test_a_token_that_never_was_of_it_is_refused_and_revokes_nothing(token: RefreshToken) -> None:
    session = rotated(opened(), FIRST, NOON)[0]
    with pytest.raises(SessionEnded):
        session.refresh(token, PEPPER, NOON)
    with pytest.raises(SessionEnded):
        session.refresh(FIRST, b"other" * 8, NOON)


def test_a_session_ends_when_idle_or_old() -> None:
    with pytest.raises(SessionEnded):
        opened().refresh(FIRST, PEPPER, NOON + IDLE)
    session, token, at = opened(), FIRST, NOON
    while at + timedelta(days=13) < NOON + LONGEST:
        at += timedelta(days=13)
        session, token = rotated(session, token, at)
    with pytest.raises(SessionEnded):
        session.refresh(token, PEPPER, NOON + LONGEST)


def test_ending_twice_is_ending() -> None:
    ended = opened().revoke(NOON)
    assert ended.revoke(NOON + SECOND) == ended
    with pytest.raises(SessionEnded):
        ended.refresh(FIRST, PEPPER, NOON)


@pytest.mark.parametrize(
    "text", ["", "s1", "s1.0", "s1.0.zz", "s1.-1." + "0" * 64, "s 1.0." + "0" * 64, "s1.0." + "0" * 65]
)
def test_what_is_no_token_of_ours_is_refused(text: str) -> None:
    with pytest.raises(SessionEnded):
        RefreshToken.parse(text)


def test_a_token_reads_back_as_it_was_told() -> None:
    assert RefreshToken.parse(FIRST.text) == FIRST
