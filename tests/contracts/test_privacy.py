"""Where a person's data may travel, by the marks in the contracts."""

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from services.booking.queries import personal as booking
from services.members.queries import personal as members
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


NAME = {"family", "given", "family_kana", "given_kana", "latin"}
READ_AS = {"name": NAME, "display": NAME, "addressed": NAME, "email": {"email"}, "purpose": {"purpose"}} | {
    "reason": {"reason"}
}
"""By the last word of a personal field: the columns of its owner's export that show it; a key's `name` is its own."""
LEFT_OUT = {
    "address, to sign in": "a keyed hash, from which nobody tells whose it is",
    "network address": "a keyed hash, from which nobody tells whose it is",
    "what a list is searched for": "kept nowhere",
    "why a day of a site is exceptional, for everyone to read": "about no person",
    "why somebody is erased": "for operators, while there is somebody to erase",
}


def test_what_booking_and_members_keep_of_a_person_is_a_column_of_their_export_or_left_out_for_a_reason() -> None:
    person = {"name": {}, "created_at": datetime(2026, 12, 1, tzinfo=UTC), "time_zone": "UTC"}
    sections = {
        "members": [members.person_section(person), members.sessions_section([]), members.history_section([])],
        "booking": [
            booking.personal_section([], ""),
            booking.written_section([], {}, ""),
            booking.waiting_section([], ""),
        ],
    }
    shown = {service: {c.key for each in own for c in each.columns} for service, own in sections.items()}
    shown["keys"] = {column.key for column in members.keys_section([]).columns}
    missing, left_out = set(), set()
    for what, fields, kept in _rows("## Every personal field"):
        owner = kept.partition(":")[0]
        if what in LEFT_OUT:
            left_out.add(what)
        elif owner in shown:
            is_key, found = what == "name of a key", re.findall(r"`\w+\.(\w+)`", fields)
            columns, read_as = (shown["keys"], {"name": {"name"}}) if is_key else (shown[owner], READ_AS)
            missing |= {f"{what}: {each}" for each in found if not read_as[each] <= columns}
    assert (missing, left_out) == (set(), set(LEFT_OUT))


def _rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading."""
    text = MAP.read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


def test_the_terms_name_every_index_that_forgets_and_no_other() -> None:
    rows = re.findall(r"^\|.*TTL index.*$", MAP.read_text(encoding="utf-8"), re.MULTILINE)
    named = {each for row in rows for each in re.findall(r"`(\w+\.\w+)`", row)}
    assert named == {f"{collection}.{field}" for service in SERVICES for collection, field in _forgetting(service)}


def _forgetting(service: str) -> list[tuple[str, Any]]:
    indexes = import_module(f"services.{service}.store").INDEXES
    documents = [(collection, each.document) for collection, own in indexes.items() for each in own]
    return [(name, next(iter(each["key"]))) for name, each in documents if "expireAfterSeconds" in each]
