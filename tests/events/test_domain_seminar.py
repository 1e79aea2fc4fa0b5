"""A seminar is what the highest sequence of its site said, in whatever order it was heard."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.events.domain.seminar import (
    CancelledUnseen,
    Content,
    ModeNotOffered,
    Publish,
    Seminar,
    SeminarAnnounced,
    SeminarCalledOff,
    SeminarCancelled,
    SeminarChanged,
    SeminarOver,
    SeminarRevised,
    Stated,
    Withdraw,
    first_heard,
    heard_again,
    seminar_id,
)
from services.events.domain.when import Announced, When
from shared.kernel.text import Text

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHEN = When("day", "Asia/Tokyo", "tentative", announced=(Announced("Asia/Tokyo", date(2026, 12, 16)),))
CONTENT = Content(Text(ja="題"), "tentative", WHEN, {"onsite": 25, "online": None}, {"venue": None, "topics": []})
PUBLISH = Publish("s-1", CONTENT)


def announced(sequence: int = 1) -> Seminar:
    return first_heard("osaka", PUBLISH, sequence).state


def test_arrival_announces() -> None:
    decision = first_heard("osaka", PUBLISH, 3)
    seminar = decision.state
    assert (seminar.id, seminar.status, seminar.sequence) == (seminar_id("osaka", "s-1"), "announced", 3)
    assert decision.events == [SeminarAnnounced(seminar)]


def test_two_sites_may_use_the_same_external_id() -> None:
    assert seminar_id("osaka", "s-1") != seminar_id("nyc", "s-1")


@pytest.mark.parametrize("sequence", [0, 1])
def test_an_equal_or_lower_sequence_changes_nothing(sequence: int) -> None:
    seminar = announced()
    decision = heard_again(seminar, Publish("s-1", replace(CONTENT, title=Text(ja="別"))), sequence)
    assert (decision.state, decision.events) == (seminar, ())


def test_what_people_were_told_and_is_different_now_is_news() -> None:
    before = announced()
    final = replace(CONTENT, title_certainty="final", modes={"onsite": 30})
    decision = heard_again(before, Publish("s-1", final), 2)
    assert decision.events == [SeminarChanged(decision.state, before, ("title_certainty", "modes"))]


def test_a_detail_nobody_was_told_is_no_news() -> None:
    topics = replace(CONTENT, details={"venue": None, "topics": ["創薬"]})
    decision = heard_again(announced(), Publish("s-1", topics), 2)
    assert decision.events == [SeminarRevised(decision.state, ("topics",))]


def test_another_venue_is_news() -> None:
    moved = replace(CONTENT, details={"venue": {"resource": "room-a"}, "topics": []})
    assert isinstance(heard_again(announced(), Publish("s-1", moved), 2).events[0], SeminarChanged)


def test_a_cancelled_one_takes_nobody_and_may_be_announced_again() -> None:
    gone = heard_again(announced(), Withdraw("s-1", "台風"), 2)
    assert gone.events == [SeminarCancelled(gone.state)]
    with pytest.raises(SeminarCalledOff):
        gone.state.capacity("onsite", NOW)
    back = heard_again(gone.state, PUBLISH, 3)
    assert back.state.status == "announced"
    assert back.events == [SeminarChanged(back.state, gone.state, ("status",))]


def test_a_cancellation_heard_before_the_seminar_keeps_it_from_being_announced() -> None:
    gone = first_heard("osaka", Withdraw("s-1"), 2)
    assert gone.events == [CancelledUnseen(gone.state.id, 2)]
    assert not gone.state.public
    assert heard_again(gone.state, PUBLISH, 1).state == gone.state
    assert heard_again(gone.state, PUBLISH, 3).events == [SeminarAnnounced(heard_again(gone.state, PUBLISH, 3).state)]


def test_a_cancellation_said_again_with_another_reason_is_no_news() -> None:
    gone = heard_again(announced(), Withdraw("s-1", "台風"), 2).state
    again = heard_again(gone, Withdraw("s-1", "大雪"), 3)
    assert again.events == [SeminarRevised(again.state, ("reason",))]
    unseen = heard_again(first_heard("osaka", Withdraw("s-1"), 2).state, Withdraw("s-1"), 3)
    assert unseen.events == [CancelledUnseen(unseen.state.id, 3)]


def test_a_mode_that_is_not_offered_or_a_seminar_that_is_over_takes_nobody() -> None:
    onsite = heard_again(announced(), Publish("s-1", replace(CONTENT, modes={"onsite": 25})), 2).state
    with pytest.raises(ModeNotOffered):
        onsite.capacity("online", NOW)
    with pytest.raises(SeminarOver):
        onsite.capacity("onsite", datetime(2026, 12, 16, 15, 0, tzinfo=UTC))
    assert onsite.capacity("onsite", datetime(2026, 12, 16, 14, 59, tzinfo=UTC)) == 25


def said(sequence: int) -> Stated:
    """What the site says under this sequence: each its own title, every third a cancellation."""
    if sequence % 3 == 0:
        return Withdraw("s-1", f"reason {sequence}")
    return Publish("s-1", replace(CONTENT, title=Text(ja=f"題{sequence}")))


def test_only_another_capacity_or_a_seminar_that_is_on_again_asks_for_another_look_at_the_seats() -> None:
    seminar = announced()
    retitled = heard_again(seminar, Publish("s-1", replace(CONTENT, title=Text(ja="別"))), 2).state
    larger = heard_again(seminar, Publish("s-1", replace(CONTENT, modes={"onsite": 30})), 2).state
    gone = heard_again(seminar, Withdraw("s-1"), 2).state
    assert not retitled.seats_differ(seminar)
    assert larger.seats_differ(seminar)
    assert heard_again(gone, PUBLISH, 3).state.seats_differ(gone)
    later = replace(CONTENT.when, certainty="tentative" if CONTENT.when.certainty == "final" else "final")
    assert heard_again(seminar, Publish("s-1", replace(CONTENT, when=later)), 2).state.seats_differ(seminar)
    assert not seminar.seats_differ(first_heard("osaka", Withdraw("s-1"), 0).state)


def test_those_who_wait_look_again_until_it_is_over_and_rarely_while_it_is_called_off() -> None:
    soon = NOW + timedelta(seconds=15)
    assert announced().promotes(NOW)
    assert announced().waits_until(soon, NOW) == soon
    gone = heard_again(announced(), Withdraw("s-1"), 2).state
    assert not gone.promotes(NOW)
    assert gone.waits_until(soon, NOW) == NOW + timedelta(days=1)
    assert announced().waits_until(soon, datetime(2026, 12, 17, tzinfo=UTC)) is None
    begun = When("instant", "Asia/Tokyo", "final", starts_at=NOW, ends_at=NOW + timedelta(hours=1))
    assert not first_heard("osaka", Publish("s-1", replace(CONTENT, when=begun)), 1).state.promotes(NOW)
    assert not first_heard("osaka", Withdraw("s-1"), 1).state.promotes(NOW)


@given(order=st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_any_order_and_any_repetition_ends_at_what_the_highest_sequence_said(order: list[int]) -> None:
    first, *rest = order
    seminar = first_heard("osaka", said(first), first).state
    for sequence in rest:
        seminar = heard_again(seminar, said(sequence), sequence).state
    last = said(max(order))
    assert seminar.sequence == max(order)
    if isinstance(last, Publish):
        assert (seminar.status, seminar.content) == ("announced", last.content)
    else:
        assert (seminar.status, seminar.reason) == ("cancelled", last.reason)
