"""Where a person's data may travel, by the marks in the contracts."""

import pytest

from services.booking.handlers.forgetting import TELL_WORDS
from shared.contracts.members import ContactState, MemberState, MembersView, MemberView
from shared.contracts.message import Event, Message
from shared.contracts.privacy import is_personal, personal_fields
from shared.contracts.topology import DURABLES, PERSONAL
from tools.contracts.published import contracts

MODELS = [each.model for each in contracts().values()]


def test_marks_are_found_at_any_depth() -> None:
    assert personal_fields(ContactState) == {"ContactState.email", "ContactState.name"}
    shown = {f"MemberView.{field}" for field in ("email", "name", "display", "addressed")}
    assert personal_fields(MembersView) == personal_fields(MemberView) == shown
    assert not is_personal(MemberState)


@pytest.mark.parametrize("model", [m for m in MODELS if issubclass(m, Event)], ids=lambda m: str(m.wire))
def test_no_event_carries_anything_of_a_person_but_ids_and_why_a_booking_was_decided(model: type[Event]) -> None:
    """What is told with a reason is taken back from the stream when it has to be forgotten."""
    told = {f"{model.__name__}.reason"} if model in TELL_WORDS else set()
    assert personal_fields(model) == told


def test_the_durables_that_deliver_a_person_s_data_are_marked() -> None:
    delivering = set()
    for durable in DURABLES:
        wire = durable.filter.removesuffix(".>").removeprefix("state.").removeprefix("evt.")
        if is_personal(Message.registry[wire]):
            delivering.add(durable.name)
    assert delivering == PERSONAL
