"""Who is told what."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.audience import Registration, Said, contradicted, hears
from services.notify.domain.delivery import LONGEST_DELAY, MOST_TRIES, Trouble, delay_after, is_final
from services.notify.domain.plan import Channel, Contact, Happening, Topic, overtaken, plan
from tests.notify.builders import NOON

PLACED = Happening("e1", Topic.BOOKING_PLACED, "booking|b1", 1)
HANAKO = Contact("hanako", "ja", "Asia/Tokyo")
JOHN = Contact("john", "en", "America/New_York")


def test_each_person_gets_one_mail_and_one_notice() -> None:
    rows = plan(PLACED, [HANAKO, JOHN])
    assert [(row.recipient, row.channel) for row in rows] == [
        ("hanako", Channel.EMAIL),
        ("hanako", Channel.IN_APP),
        ("john", Channel.EMAIL),
        ("john", Channel.IN_APP),
    ]


def test_a_person_in_two_roles_is_told_once() -> None:
    assert len(plan(PLACED, [HANAKO, HANAKO])) == 2


def test_nobody_erased_is_told() -> None:
    assert plan(PLACED, [Contact("gone", "en", "", reachable=False, erased=True)]) == []


def test_without_an_address_only_the_notice_is_planned() -> None:
    rows = plan(PLACED, [Contact("quiet", "en", "UTC", reachable=False)])
    assert [row.channel for row in rows] == [Channel.IN_APP]


@given(st.lists(st.sampled_from(["a", "b", "c", "ab", "bc"]), max_size=6))
def test_planning_again_gives_the_same_ids_and_no_two_rows_share_one(members: list[str]) -> None:
    people = [Contact(member, "en", "UTC") for member in members]
    ids = [row.id for row in plan(PLACED, people)]
    assert ids == [row.id for row in plan(PLACED, people)]
    assert len(set(ids)) == len(ids) == 2 * len(set(members))


def test_another_event_gives_other_ids() -> None:
    other = Happening("e2", Topic.BOOKING_PLACED, "booking|b1", 1)
    assert not {row.id for row in plan(PLACED, [HANAKO])} & {row.id for row in plan(other, [HANAKO])}


@pytest.mark.parametrize("topic", [t for t in Topic if not t.startswith(("seminar.", "membership."))])
def test_results_of_own_actions_and_codes_are_transactional(topic: Topic) -> None:
    assert all(row.transactional for row in plan(Happening("e", topic, "x", 1), [HANAKO]))


@pytest.mark.parametrize("topic", [Topic.SEMINAR_CHANGED, Topic.SEMINAR_CANCELLED])
def test_announcements_to_all_are_not_transactional(topic: Topic) -> None:
    assert not any(row.transactional for row in plan(Happening("e", topic, "x", 1), [HANAKO]))


@pytest.mark.parametrize(("ended", "over"), [(None, False), (1, False), (2, True)])
def test_what_ended_at_a_later_version_is_not_told_as_alive(ended: int | None, over: bool) -> None:
    assert overtaken(PLACED, ended) is over


SAID = Said("e1", "s1", 2, NOON)


def there(**more: Any) -> Registration:
    fields: dict[str, Any] = {
        "member": "m",
        "seminar": "s1",
        "status": "confirmed",
        "since": NOON - timedelta(hours=1),
        "sequence": 1,
    }
    return Registration(**(fields | more))


@pytest.mark.parametrize(
    ("registration", "heard"),
    [
        (there(), True),
        (there(status="waiting"), True),
        (there(since=NOON), True),
        (there(since=NOON + timedelta(milliseconds=1)), False),
        (there(status="cancelled"), False),
        (there(seminar="s2"), False),
        (there(seminar_version=1, since=NOON + timedelta(minutes=1)), True),
        (there(seminar_version=2), False),
    ],
)
def test_who_was_there_and_still_is_hears_what_was_said(registration: Registration, heard: bool) -> None:
    assert hears(registration, SAID) is heard


@pytest.mark.parametrize(
    ("known", "stale"),
    [
        (None, False),
        (there(status="waiting", sequence=1), False),
        (there(status="waiting", sequence=5), False),
        (there(status="confirmed", sequence=2), True),
        (there(status="cancelled", sequence=2), True),
        (there(status="cancelled", sequence=1), False),
    ],
)
def test_a_place_in_the_queue_is_stale_once_a_later_word_says_otherwise(
    known: Registration | None, stale: bool
) -> None:
    assert contradicted("waiting", 1, known) is stale


@given(st.integers(1, MOST_TRIES - 1), st.floats(0, 1, exclude_max=True))
def test_the_wait_grows_is_jittered_and_bounded(tries: int, chance: float) -> None:
    delay = delay_after(tries, chance=chance)
    full = min(timedelta(seconds=2) * 2 ** min(tries - 1, 30), LONGEST_DELAY)
    assert delay is not None
    assert full / 2 <= delay <= full


def test_an_outage_of_a_day_and_a_half_is_sat_out() -> None:
    delays = [delay_after(tries, chance=0.5) or timedelta() for tries in range(1, MOST_TRIES)]
    assert timedelta(hours=36) < sum(delays, timedelta()) < timedelta(days=3)


def test_after_the_last_try_it_is_given_up() -> None:
    assert delay_after(MOST_TRIES, chance=0.5) is None


@pytest.mark.parametrize(
    ("trouble", "final"),
    [
        (Trouble("recipient", 550, ""), True),
        (Trouble("recipient", 553, ""), True),
        (Trouble("address", None, ""), True),
        (Trouble("recipient", 500, ""), False),
        (Trouble("recipient", 451, ""), False),
        (Trouble("recipient", None, ""), False),
        (Trouble("sender", 550, ""), False),
        (Trouble("content", 554, ""), False),
        (Trouble("connect", None, ""), False),
        (Trouble("contact", None, ""), False),
    ],
)
def test_only_a_recipient_that_cannot_be_is_given_up_at_once(trouble: Trouble, final: bool) -> None:
    assert is_final(trouble) is final
