"""Codes: how often, how long, how many tries."""

from datetime import UTC, datetime, timedelta

import pytest

from services.members.domain.sign_in import Client, SignIn, TooManyAttempts, WrongCode

NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def asked(digest: str = "right", at: datetime = NOON) -> SignIn:
    return SignIn().request(digest, at)


def guessed(state: SignIn, times: int, at: datetime = NOON) -> SignIn:
    for _ in range(times):
        state = state.attempt({"wrong"}, at).after
    return state


def test_the_right_code_is_right_once() -> None:
    attempt = asked().attempt({"right"}, NOON + 9 * MINUTE)
    assert attempt.right
    with pytest.raises(WrongCode):
        attempt.after.attempt({"right"}, NOON + 9 * MINUTE)


def test_a_code_lives_ten_minutes() -> None:
    with pytest.raises(WrongCode):
        asked().attempt({"right"}, NOON + 10 * MINUTE)


def test_nothing_can_be_guessed_where_nothing_was_sent() -> None:
    with pytest.raises(WrongCode):
        SignIn().attempt({"right"}, NOON)


def test_only_the_newest_code_counts() -> None:
    state = asked("first").request("second", NOON + MINUTE)
    assert not state.attempt({"first"}, NOON + MINUTE).right
    assert state.attempt({"second"}, NOON + MINUTE).right


def test_the_fifth_wrong_guess_is_the_last_also_for_the_right_code() -> None:
    four = guessed(asked(), 4)
    assert four.attempt({"right"}, NOON).right
    five = guessed(four, 1)
    with pytest.raises(TooManyAttempts) as refused:
        five.attempt({"right"}, NOON + 4 * MINUTE)
    assert refused.value.members == {"retry_after": 360}


def test_a_new_code_gives_new_tries() -> None:
    state = guessed(asked(), 5).request("next", NOON + MINUTE)
    assert state.attempt({"next"}, NOON + MINUTE).right


def test_three_codes_in_a_quarter_of_an_hour_are_enough() -> None:
    state = asked()
    for minute in (1, 2):
        state = state.request("x", NOON + minute * MINUTE)
    with pytest.raises(TooManyAttempts) as refused:
        state.request("x", NOON + 3 * MINUTE)
    assert refused.value.members == {"retry_after": 720}
    assert state.request("x", NOON + 15 * MINUTE).sends == (NOON + MINUTE, NOON + 2 * MINUTE, NOON + 15 * MINUTE)


def test_a_code_may_be_right_in_more_than_one_way() -> None:
    assert asked().attempt({"by a program", "right"}, NOON).right
    assert not asked().attempt({"by a program", "in this browser"}, NOON).right


def test_a_code_that_cannot_have_left_costs_no_send() -> None:
    state = asked(at=NOON - MINUTE).request("x", NOON).not_sent(NOON)
    assert state.sends == (NOON - MINUTE,)


def test_twenty_wrong_guesses_in_a_day_end_guessing_and_asking_until_the_first_is_a_day_old() -> None:
    state, at = SignIn(), NOON
    for _ in range(4):
        state, at = guessed(state.request("right", at), 5, at), at + 10 * MINUTE
    with pytest.raises(TooManyAttempts):
        state.request("right", at)
    with pytest.raises(TooManyAttempts) as refused:
        state.attempt({"right"}, at)
    assert refused.value.members == {"retry_after": int(timedelta(hours=23, minutes=20).total_seconds())}
    day_later = NOON + timedelta(days=1)
    assert state.request("right", day_later).attempt({"right"}, day_later).right


def test_twenty_codes_an_hour_leave_for_one_network_whatever_the_addresses() -> None:
    client = Client()
    for minute in range(20):
        client = client.request(NOON + minute * MINUTE, most=20)
    with pytest.raises(TooManyAttempts) as refused:
        client.request(NOON + 20 * MINUTE, most=20)
    assert refused.value.members == {"retry_after": 2_400}
    assert client.request(NOON + 60 * MINUTE, most=20).sends[-2:] == (NOON + 19 * MINUTE, NOON + 60 * MINUTE)


def test_a_code_that_was_not_sent_is_given_back_alone_among_those_of_the_same_moment() -> None:
    client = Client().request(NOON, most=20).request(NOON, most=20).request(NOON + MINUTE, most=20)
    assert client.not_sent(NOON) == Client((NOON, NOON + MINUTE))
    assert client.not_sent(NOON - MINUTE) == client
