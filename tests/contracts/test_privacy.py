"""Where a person's data may travel, by the marks in the contracts."""

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest

from services.booking.handlers.forgetting import TEXT_KEPT
from services.booking.queries import personal as booking
from services.members.handlers.erasing import DEPARTED_KEPT
from services.members.queries import personal as members
from services.notify.handlers.forgetting import NOTICE_KEPT
from shared.contracts.booking import BookingCancelled, BookingConfirmed, SeriesCancelled, SeriesConfirmed
from shared.contracts.members import ContactState, MemberState, MembersView, MemberView
from shared.contracts.message import Event, Message
from shared.contracts.notify import NoticeCreated
from shared.contracts.privacy import is_personal, personal_fields
from shared.contracts.topology import DURABLES, PERSONAL, SERVICES, STREAMS, ingest_stream
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
    "why an organization's way went so, and why it, its provider or the table of rights was changed": "about no person",
    "why a resource was defined so": "about no person",
    "why somebody is erased": "shown by no door, and gone when they are",
}


def test_what_booking_and_members_keep_of_a_person_is_a_column_of_their_export_or_left_out_for_a_reason() -> None:
    person = {"name": {}, "created_at": datetime(2026, 12, 1, tzinfo=UTC), "time_zone": "UTC"}
    sections = {
        "members": [members.person_section(person), members.sessions_section([]), members.history_section([])],
        "booking": [
            booking.personal_section([], ""),
            booking.written_section([], {}, ""),
            booking.waiting_section([], {}, ""),
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


UNITS = {"minute": 60, "hour": 3_600, "day": 86_400, "year": 365 * 86_400}
LOOKS = {"outlived-texts": TEXT_KEPT, "outlived-notices": NOTICE_KEPT, "departed-outlived": DEPARTED_KEPT}
"""What services look for in the background, by the term's name."""


def test_the_terms_are_those_of_every_index_stream_and_look_that_forgets() -> None:
    found = {f"`{name}`": int(term.total_seconds()) for name, term in LOOKS.items()}
    found |= {f"`{stream.name}`": stream.max_age for stream in STREAMS} | {"`max_age`;": ingest_stream("osaka").max_age}
    expiring = {name: after for service in SERVICES for name, after in _expiring(service).items()}
    named = dict[str, int]()
    for _, term, remover in _rows("## How long"):
        what = re.findall(r"`\w+\.\w+`|(?<=`max_age` of )`\w+`|`max_age`;|(?<=background )`[\w-]+`", remover)
        terms = _seconds(term)
        named |= {each: terms[min(n, len(terms) - 1)] for n, each in enumerate(what)}
    said = {name: seconds for name, seconds in (found | expiring).items() if name in named}
    assert named == said
    assert expiring.keys() | {f"`{name}`" for name in (*LOOKS, "EVENTS", "DLQ")} <= named.keys()


def _seconds(term: str) -> list[int]:
    """Every term in it; a number alone counts what the one before it counts."""
    unit, found = "", list[int]()
    for number, named in re.findall(r"(?<!`)\b(\d+)\b(?: (minute|hour|day|year))?", term):
        unit = named or unit
        found.append(int(number) * UNITS[unit])
    return found


def _expiring(service: str) -> dict[str, int]:
    """`collection.field` of each index that forgets, and after how many seconds."""
    indexes = import_module(f"services.{service}.store").INDEXES
    documents = [(collection, each.document) for collection, own in indexes.items() for each in own]
    return {
        f"`{collection}.{next(iter(each['key']))}`": each["expireAfterSeconds"]
        for collection, each in documents
        if "expireAfterSeconds" in each
    }
