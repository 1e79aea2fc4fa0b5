"""Take one's data out, be forgotten, and be nowhere: story S10 on the running system."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from shared.contracts.topology import SERVICES
from shared.kit.documents.chain import checked
from tests.journeys.conftest import Newcomer, key, wish
from tests.journeys.test_sign_in import signed_in
from tests.journeys.test_told import mails
from tests.support.eventually import eventually
from tests.support.system import System

Client = Callable[[str], httpx.Client]
NAME = {
    "family": "金糸雀守",
    "given": "Zyxcanary",
    "family_kana": "カナリアモリ",
    "given_kana": "ジックス",
    "latin": "Zyx Canarymore",
}
PURPOSE, REASON, KEY, WHY = "Zyxpurpose canary", "Zyxreason canary", "Zyxkey canary", "Zyxwhy canary"
CANARIES = [
    NAME["family"],
    "Zyxcanary",
    NAME["family_kana"],
    "Canarymore",
    "Zyxpurpose",
    "Zyxreason",
    "Zyxkey",
    "Zyxwhy",
]


@pytest.fixture(scope="module")
def databases(lounge: System) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](lounge.run["mongo"]) as client:
        yield client


def documents(client: MongoClient[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for service in SERVICES:
        for name in sorted(client[service].list_collection_names()):
            if not name.startswith("system."):
                yield from ((f"{service}.{name}", doc) for doc in client[service][name].find())


def holding(canaries: list[str], files: list[Path]) -> dict[str, list[str]]:
    """Which of these files holds which of these texts, byte for byte, as UTF-8 or as JSON may write it."""
    wanted = {each: {each.encode(), json.dumps(each)[1:-1].encode()} for each in canaries}
    found: dict[str, list[str]] = {}
    for path in files:
        content = path.read_bytes() if path.exists() else b""
        if held := [name for name, texts in wanted.items() if any(text in content for text in texts)]:
            found[path.name] = held
    return found


def files_of(folder: Path) -> list[Path]:
    """All that is kept and logged but MongoDB's own files, which docs/privacy.md tells of."""
    kept = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] != "mongo"]
    return [*kept, folder.with_suffix(".out")]


@dataclass(frozen=True, slots=True)
class Somebody:
    """One who has left something of themselves everywhere."""

    id: str
    email: str
    tokens: dict[str, str]
    me: httpx.Client
    kept: str

    @property
    def path(self) -> str:
        return f"/v1/members/{self.id}"

    @property
    def canaries(self) -> list[str]:
        return [self.email, *CANARIES]


@pytest.fixture(scope="module")
def somebody(lounge: System, client: Client, newcomer: Newcomer, free_hour: Callable[..., Any]) -> Iterator[Somebody]:
    """With three bookings, one cancelled for a reason, a place in a line, a key, and mails."""
    _, member = newcomer("special_member_a", name=NAME)
    tokens = signed_in(lounge, member["email"])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    with httpx.Client(base_url=lounge.url, headers=bearer, timeout=10) as me:
        kept, dropped = (
            me.post("/v1/bookings", json=wish("room-a", free_hour("room-a"), purpose=PURPOSE), headers=key()).json()
            for _ in range(2)
        )
        held = wish("room-b", free_hour("room-b"), mode="hold", purpose=PURPOSE)
        settled = me.post("/v1/bookings", json=held, headers=key()).json()
        me.post(f"/v1/bookings/{settled['id']}/confirm").raise_for_status()
        me.post(f"/v1/bookings/{dropped['id']}/cancel", json={"reason": REASON}).raise_for_status()
        taken = wish("room-b", free_hour("room-b"), purpose="theirs")
        client("member-a@special.example").post("/v1/bookings", json=taken, headers=key()).raise_for_status()
        waits = {name: taken[name] for name in ("site", "resource", "starts_at", "ends_at")} | {"purpose": PURPOSE}
        me.post("/v1/booking-waitlist", json=waits, headers=key()).raise_for_status()
        made = me.post("/v1/api-keys", json={"name": KEY, "scopes": ["bookings:read"]}, headers=key())
        made.raise_for_status()
        eventually(lambda: len(mails(lounge, member["email"])) >= 4, what="a code and three mails about bookings")
        yield Somebody(member["id"], member["email"], tokens, me, kept["id"])


def test_a_person_takes_out_all_that_is_kept_about_them(somebody: Somebody, client: Client) -> None:
    export = somebody.me.get(f"{somebody.path}/export")
    for canary in somebody.canaries[:-1]:
        assert canary in export.text, canary
    page = somebody.me.get(f"{somebody.path}/export", headers={"Accept": "text/html", "Accept-Language": "ja"})
    assert page.headers["content-type"].startswith("text/html")
    assert NAME["family"] in page.text
    assert client("member-a@special.example").get(f"{somebody.path}/export").status_code == 404
    assert client("operator@linkj.example").get(f"{somebody.path}/export").json()["member"] == somebody.id


@pytest.mark.timeout(120)
def test_of_who_was_forgotten_nothing_is_found(
    lounge: System, client: Client, somebody: Somebody, databases: MongoClient[dict[str, Any]]
) -> None:
    operator, ops_token = client("operator@linkj.example"), lounge.api(somebody.email)
    assert ops_token.post(f"{somebody.path}/erase", json={"reason": WHY}).json()["code"] == "sign-in-again"
    assert holding(somebody.canaries, files_of(lounge.folder)), "the search finds what is there"
    asked = somebody.me.post(f"{somebody.path}/erase", json={"reason": WHY})
    assert (asked.status_code, asked.json()["status"]) == (202, "running")
    assert operator.get(somebody.path).status_code == 404
    assert operator.post(f"{somebody.path}/erase", json={"reason": "again"}).status_code == 202
    certificate = eventually(lambda: _complete(operator, somebody), what="every part to have forgotten", seconds=60)
    assert certificate["intact"] is True
    assert all(part["done_at"] for part in certificate["parts"])
    texts = {where for where, doc in documents(databases) if any(each in repr(doc) for each in somebody.canaries)}
    assert texts == set()
    assert holding(somebody.canaries, files_of(lounge.folder)) == {}


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
