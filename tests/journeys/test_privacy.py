"""Take one's data out, be forgotten, and be nowhere: story S10 on the running system."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from shared.contracts.topology import SERVICES
from shared.kit.documents.chain import checked
from tests.journeys.conftest import Client, Newcomer
from tests.journeys.test_sign_in import signed_in
from tests.journeys.test_told import idle, mails
from tests.journeys.traces import (
    BESIDE,
    LINE,
    NAME,
    SEAT,
    WHY,
    Somebody,
    booked,
    cut_off,
    keyed,
    keys_of,
    letters,
    read_one,
    registered,
    repeated,
    standing,
)
from tests.support.eventually import eventually
from tests.support.site import Site
from tests.support.system import System


@pytest.fixture(scope="module")
def databases(lounge: System) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](lounge.run["mongo"]) as client:
        yield client


def documents(client: MongoClient[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for service in SERVICES:
        for name in sorted(client[service].list_collection_names()):
            if not name.startswith("system."):
                yield from ((f"{service}.{name}", doc) for doc in client[service][name].find())


def rows(export: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What an export shows, by section."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for section in (each for service in export["services"] for each in service["sections"]):
        shown.setdefault(section["key"], []).extend(section["rows"])
    return shown


def holding(canaries: list[str], files: list[Path]) -> dict[str, list[str]]:
    """Which of these files holds which of these texts, byte for byte, as UTF-8 or as JSON may write it."""
    wanted = {each: {each.encode(), json.dumps(each)[1:-1].encode()} for each in canaries}
    found: dict[str, list[str]] = {}
    for path in files:
        content = path.read_bytes() if path.exists() else b""
        if held := [name for name, texts in wanted.items() if any(text in content for text in texts)]:
            found[path.name] = held
    return found


def files_of(folder: Path, stream: str | None = None) -> list[Path]:
    """All that is kept and logged but MongoDB's own files, which docs/privacy.md tells of; or what a stream keeps."""
    if stream is not None:
        return [path for path in (folder / "jetstream").rglob("*.blk") if stream in path.parts]
    kept = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != "mongo"]
    return [*kept, folder.with_suffix(".out")]


@pytest.fixture(scope="module")
def somebody(lounge: System, client: Client, newcomer: Newcomer, free_hour: Callable[..., Any]) -> Iterator[Somebody]:
    """With bookings, a series, places in lines, a seat, a key, and mails; nothing of it is under way any more."""
    _, member = newcomer("special_member_a", name=NAME)
    tokens, keys = signed_in(lounge, member["email"]), keys_of(member["email"])
    site = Site.added(lounge, "privacy-journey", "--zone", "Asia/Tokyo", "--name-en", "Kyoto")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    with httpx.Client(base_url=lounge.url, headers=bearer, timeout=10) as me:
        kept, dropped = booked(me, client(BESIDE[1]), free_hour, keys)
        series, seminars = repeated(me, free_hour, keys), registered(me, client, site, keys)
        keyed(me, keys)
        eventually(lambda: len(mails(lounge, member["email"])) >= 9, what="a code and the mails about all that")
        read_one(me)
        eventually(lambda: idle(lounge), what="every durable to have handled everything")
        times = tuple(each["id"] for each in series["occurrences"])
        yield Somebody(member["id"], member["email"], tokens, me, kept, dropped, series["id"], times, seminars)


@pytest.fixture(scope="module")
def unhandled(lounge: System, somebody: Somebody) -> list[dict[str, Any]]:
    """The dead letters of messages that bear her name and what she wrote."""
    return cut_off(lounge, somebody)


def test_a_person_takes_out_all_that_is_kept_about_them(somebody: Somebody, client: Client) -> None:
    export = somebody.me.get(f"{somebody.path}/export")
    for canary in somebody.canaries:
        assert canary in export.text, canary
    services = {each["service"]: each["sections"] for each in export.json()["services"]}
    assert services.keys() == set(SERVICES)
    for service, sections in services.items():
        assert any(section["rows"] for section in sections), service
    shown = rows(export.json())
    assert {row["id"] for row in shown["bookings"]} >= {somebody.kept, somebody.dropped, *somebody.times}
    seats = {(row["title"]["en"], row["status"]) for row in shown["registrations"]}
    assert seats == {(SEAT, "confirmed"), (LINE, "waiting")}
    page = somebody.me.get(f"{somebody.path}/export", headers={"Accept": "text/html", "Accept-Language": "ja"})
    assert page.headers["content-type"].startswith("text/html")
    assert NAME["family"] in page.text
    assert client("member-a@special.example").get(f"{somebody.path}/export").status_code == 404
    assert client("operator@linkj.example").get(f"{somebody.path}/export").json()["member"] == somebody.id


def test_of_a_message_with_a_person_in_it_that_cannot_be_handled_no_dead_letter_keeps_any_of_that(
    lounge: System, somebody: Somebody, unhandled: list[dict[str, Any]]
) -> None:
    assert sorted((each["durable"], each["reason"]) for each in unhandled) == [
        ("booking__contact", "malformed"),
        ("notify__booking_cancelled", "malformed"),
        ("notify__booking_cancelled", "malformed"),
        ("notify__contact", "malformed"),
        ("notify__series_cancelled", "malformed"),
    ]
    for letter in unhandled:
        shown = json.loads(lounge.lounge("dlq", "show", str(letter["id"]), "--json"))
        assert (shown["body"], int(shown["headers"]["Lounge-Withheld"]) > 100) == ("", True)
    own = {stream: holding(somebody.canaries, files_of(lounge.folder, stream)) for stream in ("STATE", "EVENTS", "DLQ")}
    assert (bool(own["STATE"]), bool(own["EVENTS"]), own["DLQ"]) == (True, True, {}), "it stands where it came from"


@pytest.mark.usefixtures("unhandled")
def test_of_who_was_forgotten_nothing_is_found(
    lounge: System, client: Client, somebody: Somebody, databases: MongoClient[dict[str, Any]]
) -> None:
    operator, ops_token = client("operator@linkj.example"), lounge.api(somebody.email)
    canaries = [*somebody.canaries, WHY]
    assert ops_token.post(f"{somebody.path}/erase", json={"reason": WHY}).json()["code"] == "sign-in-again"
    before = {name for found in holding(canaries, files_of(lounge.folder)).values() for name in found}
    assert before, "the search finds what is there"
    asked = somebody.me.post(f"{somebody.path}/erase", json={"reason": WHY})
    assert (asked.status_code, asked.json()["status"]) == (202, "running")
    assert operator.get(somebody.path).status_code == 404
    assert operator.post(f"{somebody.path}/erase", json={"reason": "again"}).status_code == 202
    certificate = eventually(lambda: _complete(operator, somebody), what="every part to have forgotten", seconds=60)
    assert certificate["intact"] is True
    assert all(part["done_at"] for part in certificate["parts"])
    assert found_in(databases, canaries) == set()
    assert holding(canaries, files_of(lounge.folder)) == {}


def test_nor_is_anything_once_every_message_that_could_not_be_handled_is_tried_again(
    lounge: System, client: Client, somebody: Somebody, databases: MongoClient[dict[str, Any]]
) -> None:
    told = [str(each["id"]) for each in letters(lounge, somebody)]
    outcomes = {
        each["subject"].split(".")[2]: each["outcome"]
        for each in json.loads(lounge.lounge("dlq", "replay", *told, "--json"))
    }
    assert outcomes == {"contact": "replayed", "booking_cancelled": "gone", "series_cancelled": "gone"}
    eventually(lambda: idle(lounge), what="every durable to have handled everything")
    left = letters(lounge, somebody)
    assert {each["subject"].split(".")[2] for each in left} == {"booking_cancelled", "series_cancelled"}
    lounge.lounge("dlq", "discard", *(str(each["id"]) for each in left))
    assert found_in(databases, somebody.canaries) == set()
    assert holding(somebody.canaries, files_of(lounge.folder)) == {}
    assert (_complete(client("operator@linkj.example"), somebody) or {})["intact"] is True


def test_the_seat_of_who_was_forgotten_goes_to_the_next_and_nobody_stands_behind_them(
    client: Client, somebody: Somebody, databases: MongoClient[dict[str, Any]]
) -> None:
    one, other = (client(email) for email in BESIDE)
    seat, line = (f"/v1/seminars/{somebody.seminars[title]}/registrations/mine" for title in (SEAT, LINE))
    eventually(lambda: standing(one.get(seat))["status"] == "confirmed", what="the next to have the seat")
    assert [standing(each.get(line))["position"] for each in (one, other)] == [None, 1]
    kept = list(databases["events"]["registrations"].find({"member": somebody.id}))
    assert [(each["status"], each["seat"], each["ticket"]) for each in kept] == [("cancelled", None, None)] * 2


def test_who_was_forgotten_does_not_come_in_any_more(lounge: System, somebody: Somebody) -> None:
    refresh = {"refresh_token": somebody.tokens["refresh_token"]}
    assert httpx.post(f"{lounge.url}/v1/auth/sessions/refresh", json=refresh).status_code == 401
    eventually(lambda: somebody.me.get("/v1/me").status_code == 401, what="the token to be worth nothing", seconds=20)
    assert httpx.post(f"{lounge.url}/v1/auth/codes", json={"email": somebody.email}).status_code == 202
    assert mails(lounge, somebody.email) == []


def test_the_histories_still_verify(
    lounge: System, client: Client, somebody: Somebody, databases: MongoClient[dict[str, Any]]
) -> None:
    logs = 0
    for where, doc in documents(databases):
        if doc.get("log"):
            database, _, collection = where.partition(".")
            moved = databases[database][f"{collection}_history"].find({"aggregate": doc["_id"]}).sort("_id", 1)
            assert checked(doc["_id"], [*moved, *doc["log"]]).faults == (), where
            logs += 1
    assert logs
    told = json.loads(lounge.lounge("verify", "--json"))
    assert told["ok"], "the record and the streams agree"
    history = client("operator@linkj.example").get(f"/v1/bookings/{somebody.kept}/history")
    assert "booking_redacted" in history.text


def found_in(databases: MongoClient[dict[str, Any]], canaries: list[str]) -> set[str]:
    """The collections in which one of these texts stands."""
    return {where for where, doc in documents(databases) if any(each in repr(doc) for each in canaries)}


def _complete(operator: httpx.Client, somebody: Somebody) -> dict[str, Any] | None:
    view: dict[str, Any] = operator.get(f"{somebody.path}/erasure").json()
    return view if view["status"] == "complete" else None


def test_the_list_of_erasures_names_ids_alone_and_is_replayed_where_somebody_is_back(
    lounge: System, client: Client, newcomer: Newcomer, tmp_path: Path
) -> None:
    _, member = newcomer()
    listed = tmp_path / "erasures.json"
    listed.write_text(json.dumps([{"member": member["id"]}, {"member": "nobody-of-ours"}]))
    outcomes = json.loads(lounge.lounge("erasures", "replay", "--from", str(listed), "--json"))
    assert [each["outcome"] for each in outcomes] == ["asked", "not there"]
    assert client("operator@linkj.example").get(f"/v1/members/{member['id']}").status_code == 404
    known = lounge.lounge("erasures", "list", "--json")
    assert member["id"] in known
    assert member["email"] not in known
    listed.write_text(known)
    again = json.loads(lounge.lounge("erasures", "replay", "--from", str(listed), "--json"))
    assert {each["outcome"] for each in again} == {"known"}
    assert "waits_for" in lounge.lounge("erasures", "list")
