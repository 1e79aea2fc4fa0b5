"""The authorization matrix, generated from the doors the gateway has, each asked by everyone on the running system.

What a cell must give follows from the door's own policy: 401 for nobody, 403 for who may not use it; and for who may,
what an empty request about a thing that is not there deserves (`let_in`). Where the path names a thing of one
organization, who is of another one gets 404, with a body that would be good. A door without a policy cannot be made; a
path that names a thing and is in neither table below fails.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.app import _CALLS, build
from services.gateway.calls import Call
from services.gateway.doors import Door
from services.gateway.refusals import NotForThisPrincipal, Unauthenticated
from services.gateway.settings import GatewaySettings
from shared.contracts.message import Principal
from tests.journeys.conftest import Client, FreeHour, Newcomer, key, wish
from tests.support.eventually import eventually
from tests.support.system import System
from tools.contracts.published import contracts
from tools.contracts.samples import sample

PAGE = Path(__file__).parents[2] / "docs" / "sign-in.md"
DOORS: list[Door] = [
    door for door in build(GatewaySettings(nats_url="nats://localhost")).house.doors() if door.path.startswith("/v1/")
]
CALLS: dict[tuple[str, str], Call] = {(call.method, call.path): call for group in _CALLS.values() for call in group}
OWNED = (
    "/v1/organizations/{id}",
    "/v1/members/{id}",
    "/v1/bookings/{id}",
    "/v1/booking-series/{id}",
    "/v1/api-keys/{id}",
    "/v1/booking-waitlist/{id}",
)
"""Paths of what is one organization's, or one person's in it: to everyone of another one it is not there."""
OF_ONE_PERSON = OWNED[2:]
"""Of these also a colleague without any charge, and staff of another site, are outside."""
STRANGERS, ALSO_OUTSIDE = ("stranger", "strange admin"), ("other member", "staff elsewhere")
COMMON = ("/v1/sites/", "/v1/seminars/", "/v1/auth/", "/v1/notifications/", "/v1/bulletins/")
"""Paths of what is everyone's, or found by who asks alone."""
ODD: dict[tuple[str, str], dict[str, int]] = {
    ("POST", "/v1/sites/{site}/events"): {"": 415},
    ("GET", "/v1/auth/oidc/callback"): {"": 400},
    ("GET", "/v1/members/{id}/strikes"): {"staff here": 200, "staff elsewhere": 200, "operator": 200},
    ("GET", "/v1/sites/{site}/quarantine"): {"staff elsewhere": 404},
}
"""Doors that give who is let in something else than `let_in` says by itself: to these askers, or "" to all."""
STREAM, ENDS = "/stream", "/v1/auth/sessions/current"


@dataclass(frozen=True)
class Asker:
    """`principal` is whom the gateway takes them for; None is nobody."""

    name: str
    headers: dict[str, str]
    principal: Principal | None


@dataclass
class World:
    """Who asks, and what is whose: `theirs` gives the id of a thing of the first organization by its path."""

    askers: list[Asker] = field(default_factory=list)
    theirs: dict[str, str] = field(default_factory=dict)


def expected(door: Door, asker: Asker) -> int | None:
    """The status the door's policy alone gives, or None where it lets them in."""
    try:
        door.policy.admit(asker.principal)
    except Unauthenticated:
        return 401
    except NotForThisPrincipal:
        return 403
    return None


def let_in(door: Door, asker: Asker) -> int:
    """The status of an empty request about a thing that is not there: fields are missed first, then the thing."""
    odd, call = ODD.get((door.method, door.path), {}), CALLS.get((door.method, door.path))
    if (status := odd.get(asker.name, odd.get(""))) is not None:
        return status
    if call is not None and any(info.is_required() for _, info in call.rest().values()):
        return 422
    return 404 if "{" in door.path.replace("{site}", "") else 200


class Cast:
    """Finds everyone a part, each signed in on the running system."""

    def __init__(self, lounge: System, operator: httpx.Client) -> None:
        self.world = World([Asker("nobody", {}, None)])
        self._lounge = lounge
        self._operator = operator

    def person(self, name: str, organization: str, role: str, site: str | None = None) -> None:
        email = f"{name.replace(' ', '-')}@matrix.example"
        wish = {"organization": organization, "email": email, "name": {"family": "Matrix", "given": "Aoi"}}
        wish |= {"roles": [role]} | ({"site": site} if site else {})
        answer = self._operator.post("/v1/members", json=wish, headers=key())
        assert answer.status_code == 201, answer.text
        headers = {"Authorization": f"Bearer {self._lounge.token(email)}"}
        self._enter(name, headers, "member", answer.json()["id"], [role], site)

    def operator(self) -> None:
        me = self._operator.get("/v1/me").json()
        self._enter("operator", dict(self._operator.headers), "member", me["member"]["id"], me["roles"], None)

    def program(self, name: str, maker: httpx.Client, member: str, scopes: tuple[str, ...]) -> None:
        made = maker.post("/v1/api-keys", json={"name": name, "scopes": scopes}, headers=key())
        self._enter(name, {"X-API-Key": made.json()["secret"]}, "program", member, ["member"], None, scopes)

    def site_key(self, site: str) -> None:
        made = self._operator.post("/v1/api-keys", json={"name": "matrix", "site": site}, headers=key())
        self._enter("site key", {"X-API-Key": made.json()["secret"]}, "site", site, [], site)

    def _enter(self, name: str, headers: dict[str, str], kind: Any, *who: Any) -> None:
        member, roles, site, *scopes = who
        principal = Principal(
            kind=kind, id=member, roles=frozenset(roles), site=site, scopes=frozenset(scopes[0] if scopes else ())
        )
        self.world.askers.append(Asker(name, headers, principal))


@pytest.fixture(scope="module")
def world(
    lounge: System,
    client: Client,
    newcomer: Newcomer,
    free_hour: FreeHour,
) -> World:
    cast = Cast(lounge, client("operator@linkj.example"))
    (first, member), (_, other) = newcomer(), newcomer("special_member_a")
    cast.person("other member", member["organization"], "member")
    cast.person("admin", member["organization"], "organization_admin")
    cast.person("stranger", other["organization"], "member")
    cast.person("strange admin", other["organization"], "organization_admin")
    cast.person("staff here", member["organization"], "site_staff", "nyc")
    cast.person("staff elsewhere", other["organization"], "site_staff", "tokyo")
    cast.operator()
    cast.program("program", first, member["id"], ("bookings:read", "members:read"))
    cast.program("program without scopes", first, member["id"], ())
    cast.site_key("nyc")
    own_key = first.post("/v1/api-keys", json={"name": "mine", "scopes": []}, headers=key())
    taken = wish("room-b", free_hour("room-b"))
    booking = first.post("/v1/bookings", json=taken, headers=key())
    series = first.post(
        "/v1/booking-series", json=wish("room-b", free_hour("room-b"), recurrence="FREQ=DAILY;COUNT=1"), headers=key()
    )
    wait = first.post("/v1/booking-waitlist", json={k: v for k, v in taken.items() if k != "mode"}, headers=key())
    made = (booking, series, own_key, wait)
    assert {each.status_code for each in made} == {201}, [each.text for each in made]
    theirs = (member["organization"], member["id"], *(each.json()["id"] for each in made))
    cast.world.theirs = dict(zip(OWNED, theirs, strict=True))
    return cast.world


def url(door: Door, thing: str = "not-there") -> str:
    path = door.path.replace("{site}", "nyc").replace("{organization}", "not-there").replace("{date}", "2099-12-31")
    for name in door.parameters:
        path = path.replace("{" + name + "}", thing)
    return path


def good(door: Door) -> dict[str, Any]:
    """A good body, or the query parameters that are needed, from the contract's golden sample."""
    call = CALLS.get((door.method, door.path))
    if call is None:
        return {}
    whole = json.loads(json.dumps(sample(contracts()[call.ask.wire])))
    if call.reads:
        return {given: whole[name] for given, (name, info) in call.rest().items() if info.is_required()}
    return {name: value for name, value in whole.items() if name not in call.filled}


def asked(
    http: httpx.Client, door: Door, asker: Asker, *, thing: str = "not-there", given: dict[str, Any]
) -> httpx.Response:
    headers = asker.headers | key() | {"If-Match": '"1"'}
    sent: dict[str, Any] = {"params": given} if door.method == "GET" and given else {}
    sent |= {"json": given} if door.paper.body is not None else {}
    with http.stream(door.method, url(door, thing), headers=headers, **sent) as answer:
        if not (door.path.endswith(STREAM) and answer.status_code == 200):
            answer.read()
    return answer


@pytest.fixture(scope="module")
def http(lounge: System) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=lounge.url, timeout=20) as opened:
        yield opened


def test_every_door_is_for_whom_its_policy_says_and_nobody_else(http: httpx.Client, world: World) -> None:
    cells, wrong = Counter[str](), []
    for door in sorted(DOORS, key=lambda each: each.path == ENDS):
        for asker in world.askers:
            refused = expected(door, asker)
            if refused is None and door.path == ENDS:
                continue  # it would end the session the other cells are asked in
            answer = asked(http, door, asker, given={})
            cells[str(refused or "let in")] += 1
            code = answer.json().get("code") if refused is not None else None
            want = (refused or let_in(door, asker), {401: "unauthenticated", 403: "forbidden"}.get(refused or 0))
            if (answer.status_code, code) != want:
                wrong.append(f"{door.method} {door.path} by {asker.name}: {answer.status_code} {code}, not {want}")
    sys.stdout.write(f"authorization matrix: {len(DOORS)} doors, {len(world.askers)} askers, {dict(cells)}\n")
    assert wrong == []
    size = f"{len(DOORS)} doors by {len(world.askers)} askers: {cells['401']} cells of 401, {cells['403']} of 403"
    assert size in " ".join(PAGE.read_text().split()), f"docs/sign-in.md says otherwise than: {size}"


def test_a_thing_of_another_organization_is_not_there_and_who_asks_is_written_down(
    lounge: System, http: httpx.Client, world: World
) -> None:
    strangers = [asker for asker in world.askers if asker.name in STRANGERS]
    outside = [*strangers, *(asker for asker in world.askers if asker.name in ALSO_OUTSIDE)]
    cells, wrong = 0, []
    for door in DOORS:
        owned = next((prefix for prefix in OWNED if door.path.startswith(prefix)), None)
        if owned is None:
            assert "{" not in door.path or door.path.startswith(COMMON), (
                f"{door.path} names a thing: add its beginning to OWNED (one organization's) or COMMON (everyone's)"
            )
            continue
        for asker in outside if owned in OF_ONE_PERSON else strangers:
            if expected(door, asker) is not None:
                continue
            answer = asked(http, door, asker, thing=world.theirs[owned], given=good(door))
            cells += 1
            if answer.status_code != 404:
                wrong.append(f"{door.method} {door.path} by {asker.name}: {answer.status_code} {answer.text[:200]}")
    sys.stdout.write(f"foreign things: {cells} cells\n")
    assert wrong == []
    who = [asker.principal.id for asker in strangers if asker.principal]

    def written_down() -> bool:
        logs = "".join(path.read_text(errors="replace") for path in (lounge.folder / "logs").glob("members*"))
        return all(f'"principal":"{each}"' in logs for each in who)

    eventually(written_down, what="the audit of the strangers")


def test_staff_of_another_site_change_nothing_here_however_good_the_request(http: httpx.Client, world: World) -> None:
    (elsewhere,) = [asker for asker in world.askers if asker.name == "staff elsewhere"]
    doors = [door for door in DOORS if "{site}" in door.path and door.method != "GET"]
    let = [door for door in doors if expected(door, elsewhere) is None]
    answers = {f"{door.method} {door.path}": asked(http, door, elsewhere, given=good(door)) for door in let}
    wanted = {door: 404 if "/quarantine/" in door else 403 for door in answers}  # not even there for them
    assert {door: answer.status_code for door, answer in answers.items()} == wanted
    assert set(wanted.values()) == {403, 404}
