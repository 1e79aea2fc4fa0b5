"""No read of members grows with the collection: each names its index, none reads twice what it answers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from services.members.domain.finding import beginnings
from services.members.handlers.deadlines import Deadlines
from services.members.queries.directory import Directory
from services.members.queries.policy import PolicyQueries
from services.members.store.keys import FORM
from services.members.store.mapping import SITE
from services.members.store.people import People
from services.members.store.policies import Policies
from services.members.store.rekeying import rekeyed
from services.members.store.sessions import Sessions
from shared.contracts import members as contract
from shared.contracts.message import Asked, Principal, Query
from shared.kernel.folding import search_key
from shared.kit.clock import SystemClock
from shared.kit.documents import Documents
from tests.members.people import OPS
from tests.support.booking import StillClock
from tests.support.documents import FakeDocuments
from tests.support.servers import Servers

ASSISTANT = Principal(kind="member", id="m9", organization="o9", organizations=("o9",))
JAPANESE = OPS.model_copy(update={"language": "ja"})
NOON = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
ADMIN = Principal(
    kind="member", id="m7", organization="o7", organizations=("o7",), roles=frozenset({"organization_admin"})
)


@dataclass
class Recorded:
    """A collection that notes what it is asked and finds nothing."""

    finds: list[dict[str, Any]] = field(default_factory=list)
    name: str = "recorded"
    plans: list[Any] = field(default_factory=list)

    def find(self, where: dict[str, Any], *_: Any) -> "Recorded":
        self.finds.append({"filter": where})
        return self

    def sort(self, keys: Any, way: int = 1) -> "Recorded":
        self.finds[-1]["sort"] = dict(keys) if isinstance(keys, list) else {keys: way}
        return self

    def max_time_ms(self, _: int) -> "Recorded":
        return self

    def hint(self, keys: Any) -> "Recorded":
        self.finds[-1]["hint"] = dict(keys)
        return self

    async def count_documents(self, where: dict[str, Any], *, limit: int, **more: Any) -> int:
        more.pop("maxTimeMS")
        self.finds.append({"filter": where, "limit": limit, **{k: dict(v) for k, v in more.items()}})
        return 0

    def limit(self, count: int) -> "Recorded":
        self.finds[-1]["limit"] = count
        return self

    async def to_list(self, _: int | None) -> list[Any]:
        return []

    async def find_one(self, where: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        self.finds.append({"filter": where, "limit": 1})
        return {"_id": where.get("_id"), "name_key": "な0500", "latin_key": "n0500"}


def member(n: int) -> dict[str, Any]:
    keys = [f"な{n:04d}", f"n{n:04d}", f"somebodys-{n:04d}@bio.example"]
    return {
        "_id": f"m{n}",
        "site": SITE,
        "organizations": [f"o{n % 20}"],
        "name": {"family": f"な{n}", "given": ""},
        "name_key": keys[0],
        "latin_key": keys[1],
        "search_keys": [search_key(key) for key in keys],
        "found_by": list(beginnings(map(search_key, keys))),
        "claims": [f"email|{n}"],
        "roles": ["organization_admin", "member"] if n % 100 == 7 else ["member"],
        "active": True,
        "assistants": [f"m{n % 50}"],
    }


def organization(n: int) -> dict[str, Any]:
    """A third are applicants; of the active, one in fifty has no timer."""
    status = "applied" if n % 3 == 0 else "active"
    timer = {"due_at": NOON} if n % 50 and status == "active" else {}
    return {"_id": f"o{n:03d}", "site": SITE, "kind": f"k{n % 8}", "status": status, "membership": {}, **timer}


@pytest.fixture
def filled(clean: Servers) -> Any:
    with MongoClient[dict[str, Any]](clean.mongo_admin_url, tz_aware=True) as admin:
        database = admin["members"]
        database["members"].insert_many([member(n) for n in range(1_000)])
        database["organizations"].insert_many([organization(n) for n in range(300)])
        database["sessions"].insert_many(
            [
                {"_id": f"s{n}"} | ({"revoked_at": NOON - timedelta(hours=n)} if n % 10 == 0 else {})
                for n in range(1_000)
            ]
        )
        yield database


def ask(asked: Query, by: Principal) -> Asked[Any]:
    return Asked[Any](principal=by, data=asked, correlationid="c", deadline=NOON)


def check(database: Any, name: str, recorded: Recorded) -> None:
    assert recorded.finds
    for found in recorded.finds:
        plan = database.command("explain", {"find": name, **found}, verbosity="executionStats")
        stats = plan["executionStats"]
        recorded.plans.append(plan["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in repr(plan["queryPlanner"]["winningPlan"]), found
        assert stats["totalKeysExamined"] <= 2 * stats["nReturned"] + 2, (found, stats["totalKeysExamined"])
        assert stats["nReturned"] > 0, found


LISTS = (
    (contract.ListMembers(limit=50), OPS),
    (contract.ListMembers(limit=50, after="m500"), OPS),
    (contract.ListMembers(limit=50, after="ja:m500"), OPS),
    (contract.ListMembers(limit=20, organization="o7"), OPS),
    (contract.ListMembers(limit=20, q="n"), OPS),
    (contract.ListMembers(limit=20, q="n"), JAPANESE),
    (contract.ListMembers(limit=20, q="な", after="ja:m500"), JAPANESE),
    (contract.ListMembers(limit=20, q="N07"), OPS),
    (contract.ListMembers(limit=20, q="somebodys-077"), OPS),
    (contract.ListMembers(limit=20, organization="o7", q="な"), OPS),
    (contract.ListMembers(limit=20), ADMIN),
    (contract.ListMembers(limit=20, q="n"), ADMIN),
    (contract.ListMembers(limit=20), ASSISTANT),
    (contract.ListMembers(limit=20, q="n"), ASSISTANT),
)
COUNTS: tuple[tuple[dict[str, Any], Principal], ...] = (
    ({}, OPS),
    ({"q": "n"}, OPS),
    ({"q": "n"}, ADMIN),
    ({"organization": "o7"}, OPS),
)


async def test_people_are_found_in_order_by_an_index(filled: Any) -> None:
    for asked, by in LISTS:
        members = Recorded()
        await Directory(Recorded(), members, SystemClock()).list_members(ask(asked, by))
        check(filled, "members", members)
        assert by is ASSISTANT or "'SORT'" not in repr(members.plans), "the index has them in order"


async def test_people_are_counted_by_an_index(filled: Any) -> None:
    for wish, by in COUNTS:
        members = Recorded()
        await Directory(Recorded(), members, SystemClock()).count_members(
            ask(contract.CountMembers(most=30, **wish), by)
        )
        check(filled, "members", members)


async def test_who_is_keyed_already_is_not_read_again(filled: Any) -> None:
    filled["members"].update_many({"_id": {"$in": ["m1", "m2"]}}, {"$set": {"name_form": 1}})
    filled["members"].update_many({"name_form": None}, {"$set": {"name_form": FORM}})
    members = Recorded()
    await rekeyed(members)
    check(filled, "members", members)


async def test_organizations_are_found_by_their_ids(filled: Any) -> None:
    organizations = Recorded()
    directory = Directory(organizations, Recorded(), SystemClock())
    for after in (None, "o100"):
        await directory.list_organizations(ask(contract.ListOrganizations(limit=50, after=after), OPS))
        await directory.list_organizations(ask(contract.ListOrganizations(limit=5, after=after, status="applied"), OPS))
    check(filled, "organizations", organizations)


async def test_an_active_organization_without_a_timer_is_found_among_many_that_have_one(filled: Any) -> None:
    organizations = Recorded()
    documents = Documents(organizations, None, SystemClock(), lambda _: None)
    assert await Deadlines(documents, People(Recorded()), SystemClock()).arm_some() == 0
    check(filled, "organizations", organizations)


async def test_the_admins_of_an_organization_are_found_among_its_own_people(filled: Any) -> None:
    members = Recorded()
    await People(members).admins_of("o7")
    check(filled, "members", members)


async def test_whom_a_change_of_rights_concerns_is_found_by_kind_and_organization(filled: Any) -> None:
    organizations, members = Recorded(), Recorded()
    ask_for = PolicyQueries(Policies(FakeDocuments(StillClock())), organizations, members, StillClock())
    await ask_for._organizations(["k1", "k2"])
    await ask_for._people(["o7", "o8"])
    check(filled, "organizations", organizations)
    check(filled, "members", members)


async def test_revoked_sessions_are_found_without_the_living(filled: Any) -> None:
    sessions = Recorded()
    for after in (None, "s1"):
        await Sessions(sessions, lambda _: None).revoked_since(NOON - timedelta(days=1), after)
    check(filled, "sessions", sessions)
