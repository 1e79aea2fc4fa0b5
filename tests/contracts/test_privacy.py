"""Where a person's data may travel, by the marks in the contracts."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.booking import BookingCancelled, BookingConfirmed, SeriesCancelled, SeriesConfirmed
from shared.contracts.members import ContactState, MemberState, MembersView, MemberView
from shared.contracts.message import Event, Message
from shared.contracts.notify import NoticeCreated
from shared.contracts.privacy import is_personal, personal_fields
from shared.contracts.topology import DURABLES, PERSONAL, SERVICES
from tools.contracts.published import contracts

MODELS = [each.model for each in contracts().values()]
MAP = Path(__file__).parents[2] / "docs" / "privacy.md"
TOLD: dict[type[Event], set[str]] = {
    BookingConfirmed: {"BookingConfirmed.reason"},
    BookingCancelled: {"BookingCancelled.reason"},
    SeriesConfirmed: {"SeriesConfirmed.reason"},
    SeriesCancelled: {"SeriesCancelled.reason"},
    NoticeCreated: {"NoticeView.title", "NoticeView.body"},
}
"""What booking and notify take back from the stream when it has to be forgotten."""


def test_marks_are_found_at_any_depth() -> None:
    assert personal_fields(ContactState) == {"ContactState.email", "ContactState.name"}
    shown = {f"MemberView.{field}" for field in ("email", "name", "display", "addressed")}
    assert personal_fields(MembersView) == personal_fields(MemberView) == shown
    assert not is_personal(MemberState)


@pytest.mark.parametrize("model", [m for m in MODELS if issubclass(m, Event)], ids=lambda m: str(m.wire))
def test_no_event_carries_anything_of_a_person_but_ids_and_what_is_taken_back(model: type[Event]) -> None:
    assert personal_fields(model) == TOLD.get(model, set())


def test_the_durables_that_deliver_a_person_s_data_are_marked() -> None:
    delivering = set()
    for durable in DURABLES:
        wire = durable.filter.removesuffix(".>").removeprefix("state.").removeprefix("evt.")
        if is_personal(Message.registry[wire]):
            delivering.add(durable.name)
    assert delivering == PERSONAL


def test_the_data_map_names_every_personal_field_and_no_other() -> None:
    named = set(
        re.findall(r"`([A-Z]\w+\.\w+)`", MAP.read_text(encoding="utf-8").partition("## Every personal field")[2])
    )
    assert named == {field for model in MODELS for field in personal_fields(model)}


def test_the_terms_name_every_index_that_forgets_and_no_other() -> None:
    rows = re.findall(r"^\|.*TTL index.*$", MAP.read_text(encoding="utf-8"), re.MULTILINE)
    named = {each for row in rows for each in re.findall(r"`(\w+\.\w+)`", row)}
    assert named == {f"{collection}.{field}" for service in SERVICES for collection, field in _forgetting(service)}


def _forgetting(service: str) -> list[tuple[str, Any]]:
    indexes = import_module(f"services.{service}.store").INDEXES
    documents = [(collection, each.document) for collection, own in indexes.items() for each in own]
    return [(name, next(iter(each["key"]))) for name, each in documents if "expireAfterSeconds" in each]
