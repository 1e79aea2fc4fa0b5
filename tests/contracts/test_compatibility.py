"""A change that breaks somebody is caught, one that breaks nobody passes."""

import json
import subprocess
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from tools.contracts import files as files_module
from tools.contracts.__main__ import check, write
from tools.contracts.compatibility import broken
from tools.contracts.files import OPENAPI, SCHEMAS, Promise, incompatible, on_disk, released
from tools.contracts.published import contracts

PLACE = "cmd.booking.place_booking.v1"


def schema(*, forbid: bool, **fields: Any) -> dict[str, Any]:
    config = ConfigDict(extra="forbid" if forbid else "ignore")
    model: type[BaseModel] = create_model("Thing", __config__=config, **fields)
    return model.model_json_schema()


BEFORE = {
    "site": (str, ...),
    "count": (int, 1),
    "mode": (Literal["confirm", "hold"], "confirm"),
    "note": (str | None, None),
    "tags": (tuple[str, ...], ()),
    "place": (create_model("Place", street=(str, ...), floor=(int | None, None)), ...),
}
WITHOUT_NOTE = {name: field for name, field in BEFORE.items() if name != "note"}
PLACE_WITHOUT_FLOOR = {**BEFORE, "place": (create_model("Place", street=(str, ...)), ...)}

BREAKS = [
    ("command", "a field is removed", WITHOUT_NOTE),
    ("event", "a field is removed", WITHOUT_NOTE),
    ("reply", "a field is removed", WITHOUT_NOTE),
    ("reply", "a field within a field is removed", PLACE_WITHOUT_FLOOR),
    ("command", "a field becomes required", {**BEFORE, "count": (int, ...)}),
    ("command", "a new field is required", {**BEFORE, "purpose": (str, ...)}),
    ("event", "a new field has no default, so what is on the stream cannot be read", {**BEFORE, "purpose": (str, ...)}),
    ("command", "a type changes", {**BEFORE, "count": (str, "1")}),
    ("reply", "a type changes", {**BEFORE, "count": (str, "1")}),
    ("event", "an item's type changes", {**BEFORE, "tags": (tuple[int, ...], ())}),
    ("command", "an allowed value is removed", {**BEFORE, "mode": (Literal["confirm"], "confirm")}),
    ("reply", "a value appears that readers do not know", {**BEFORE, "mode": (Literal["confirm", "hold", "x"], "x")}),
    ("event", "a value appears that readers do not know", {**BEFORE, "mode": (Literal["confirm", "hold", "x"], "x")}),
    ("command", "null is no longer accepted", {**BEFORE, "note": (str, "")}),
    ("reply", "null may appear where none was", {**BEFORE, "site": (str | None, ...)}),
    ("reply", "what was always there may be missing", {**BEFORE, "site": (str, "nyc")}),
    ("command", "a text must be shorter", {**BEFORE, "site": (Annotated[str, Field(max_length=3)], ...)}),
    ("command", "a text must match a pattern", {**BEFORE, "site": (Annotated[str, Field(pattern="^[a-z]+$")], ...)}),
    ("command", "a number must be larger", {**BEFORE, "count": (Annotated[int, Field(ge=1)], 1)}),
]
PASSES = [
    ("command", "nothing changes", BEFORE),
    ("event", "nothing changes", BEFORE),
    ("command", "an optional field is added", {**BEFORE, "purpose": (str | None, None)}),
    ("event", "an optional field is added", {**BEFORE, "purpose": (str | None, None)}),
    ("reply", "a field is added", {**BEFORE, "purpose": (str, ...)}),
    ("command", "a value is added", {**BEFORE, "mode": (Literal["confirm", "hold", "provisional"], "confirm")}),
    ("command", "a field becomes optional", {**BEFORE, "site": (str, "nyc")}),
    ("command", "a type is widened", {**BEFORE, "count": (int | str, 1)}),
    ("reply", "a type is narrowed", {**BEFORE, "note": (str, "")}),
]


@pytest.mark.parametrize(("kind", "what", "after"), BREAKS)
def test_a_breaking_change_is_caught(kind: str, what: str, after: dict[str, Any]) -> None:
    forbid = kind == "command"
    assert broken(kind, schema(forbid=forbid, **BEFORE), schema(forbid=forbid, **after)), what


@pytest.mark.parametrize(("kind", "what", "after"), PASSES)
def test_a_compatible_change_passes(kind: str, what: str, after: dict[str, Any]) -> None:
    forbid = kind == "command"
    assert broken(kind, schema(forbid=forbid, **BEFORE), schema(forbid=forbid, **after)) == [], what


def test_a_field_added_to_a_part_that_refuses_unknown_fields_breaks_readers_of_events() -> None:
    strict = ConfigDict(extra="forbid")
    part = create_model("Part", __config__=strict, street=(str, ...))
    wider = create_model("Part", __config__=strict, street=(str, ...), floor=(int | None, None))
    reasons = broken("event", schema(forbid=False, place=(part, ...)), schema(forbid=False, place=(wider, ...)))
    assert reasons == ["/place/floor: written, and refused by the reader as unknown"]


def test_a_type_that_refers_to_itself_is_compared_once() -> None:
    tree = {"$defs": {"T": {"type": "object", "properties": {"sub": {"$ref": "#/$defs/T"}}}}, "$ref": "#/$defs/T"}
    assert broken("event", tree, tree) == []


def test_every_contract_of_today_is_compatible_with_itself() -> None:
    for contract in contracts().values():
        assert broken(contract.kind, contract.schema(), contract.schema()) == []


def test_a_contract_that_vanishes_is_incompatible() -> None:
    before = Promise({"booking.gone.v1": {"x-kind": "event"}})
    assert incompatible(before, {}) == ["booking.gone.v1: removed as a whole"]


def test_a_call_that_vanishes_is_incompatible() -> None:
    now = {OPENAPI: json.dumps({"paths": {"/v1/bookings": {"get": {}}}})}
    before = Promise({}, frozenset({"GET /v1/bookings", "POST /v1/bookings"}))
    assert incompatible(before, now) == ["POST /v1/bookings: removed"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git checkout holding one command's schema, in which the house's contracts are that command alone."""
    text = files_module.text(contracts()[PLACE].schema())
    monkeypatch.setattr("tools.contracts.__main__.generated", lambda: {SCHEMAS / f"{PLACE}.json": text})
    assert write(tmp_path, may_break=False) == 0
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Release the contract")
    return tmp_path


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Hanako Sato", "-c", "user.email=hanako.sato@special.example", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def put(root: Path, change: dict[str, Any]) -> None:
    """The schema on disk gets further properties, as if it had promised them."""
    path = root / SCHEMAS / f"{PLACE}.json"
    promised = json.loads(path.read_text(encoding="utf-8"))
    promised["properties"].update(change)
    path.write_text(files_module.text(promised), encoding="utf-8")


def test_the_check_passes_where_nothing_changed(checkout: Path) -> None:
    assert check(checkout) == 0


def test_the_check_fails_on_a_stale_file(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = checkout / SCHEMAS / f"{PLACE}.json"
    path.write_text(path.read_text(encoding="utf-8").replace("  ", " "), encoding="utf-8")
    assert check(checkout) == 1
    assert "differs" in capsys.readouterr().err


def test_the_check_fails_on_a_file_of_no_contract(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "shared/contracts/samples").mkdir()
    (checkout / "shared/contracts/samples/gone.v1.json").write_text("{}", encoding="utf-8")
    assert check(checkout) == 1
    assert "belongs to no contract" in capsys.readouterr().err


def test_a_promised_field_that_the_code_lost_is_neither_checked_nor_overwritten(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(checkout, {"colour": {"type": "string"}})
    before = on_disk(checkout)
    assert write(checkout, may_break=False) == 1
    assert check(checkout) == 1
    assert f"{PLACE}: /colour: removed" in capsys.readouterr().err
    assert on_disk(checkout) == before


def test_before_anybody_relies_on_it_a_contract_may_be_broken_in_so_many_words(checkout: Path) -> None:
    put(checkout, {"colour": {"type": "string"}})
    assert write(checkout, may_break=True) == 0
    assert check(checkout) == 0


def test_what_the_newest_release_promised_counts_even_if_the_checkout_forgot_it(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(checkout, {"colour": {"type": "string"}})
    git(checkout, "commit", "-q", "-a", "-m", "Promise a colour")
    git(checkout, "tag", "v1.0.0")
    assert write(checkout, may_break=True) == 0
    git(checkout, "commit", "-q", "-a", "-m", "Forget the colour")
    assert "colour" in released(checkout).schemas[PLACE]["properties"]
    assert check(checkout) == 1
    assert f"{PLACE}: /colour: removed" in capsys.readouterr().err
