"""Who is let in: tokens, keys, policies. Everyone who is not gets the same 401."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from services.gateway.doors import Door as Route
from shared.contracts.booking import ListBookings
from shared.contracts.events import Ingest
from shared.contracts.members import SCOPES, EndSession, ResolveApiKey
from shared.kit.clock import SystemClock
from tests.gateway.conftest import Door, bearer, key
from tests.gateway.fakes import KEY, KID, FakeServices, ok
from tests.gateway.test_bad_input import OPERATOR, ROUTES, SECRET, named, url
from tests.support.eventually import eventually

_sessions = count(1)
OTHER = OKPKey.generate_key("Ed25519")
SITES_OWN = "events"
"""What a site's key says it is for; a site's key is bound to its site, not by scopes."""


def test_another_scheme_is_no_credential(door: Door) -> None:
    assert door.client.get("/v1/bookings", headers={"Authorization": "Basic bTE6cHc="}).status_code == 401


def test_a_token_just_expired_or_just_ahead_is_good_within_the_leeway(door: Door) -> None:
    at = int(SystemClock().now().timestamp())
    for claims in (
        {"iat": at - 610, "nbf": at - 610, "exp": at - 10},
        {"iat": at + 10, "nbf": at + 10, "exp": at + 600},
    ):
        assert door.client.get("/v1/bookings", headers=bearer(**claims)).status_code == 200


def test_a_key_that_members_published_since_is_fetched_once_and_used(
    another_door: Callable[..., Door], door: Door, services: FakeServices
) -> None:
    fresh = another_door()
    new = OKPKey.generate_key("Ed25519")
    keys = [{**k.as_dict(private=False), "alg": "EdDSA", "use": "sig", "kid": i} for k, i in ((KEY, KID), (new, "new"))]
    services.answers["qry.members.jwks.v1"] = lambda _: ok({"keys": keys})
    rotated = bearer(key=new, header={"kid": "new"})
    eventually(
        lambda: fresh.client.get("/v1/bookings", headers=rotated).status_code == 200, what="the refetch of the key set"
    )
    asked = len(services.asked("qry.members.jwks.v1"))
    for _ in range(20):
        fresh.client.get("/v1/bookings", headers=bearer(key=OTHER, header={"kid": "nobody's"}))
    assert len(services.asked("qry.members.jwks.v1")) <= asked + 1


def test_a_session_ended_here_is_over_at_once_and_one_ended_elsewhere_soon(door: Door, services: FakeServices) -> None:
    here, elsewhere = bearer(sid="here"), bearer(sid="elsewhere")
    assert door.client.get("/v1/me", headers=here).status_code == 200
    services.revoked.append("here")
    assert door.client.delete("/v1/auth/sessions/current", headers=here).status_code == 204
    assert services.asked(EndSession.wire)[0]["data"] == {"session": "here"}
    assert door.client.get("/v1/me", headers=here).status_code == 401
    services.revoked.append("elsewhere")
    eventually(
        lambda: door.client.get("/v1/me", headers=elsewhere).status_code == 401, what="the revocation", seconds=5
    )
    services.revoked.clear()


@pytest.mark.parametrize(
    ("own", "accepted", "read"),
    [
        ("ja", None, "ja"),
        ("ja", "en-US,en;q=0.9,ja;q=0.5", "en"),
        ("en", "ja", "ja"),
        ("ja", "fr, *;q=0.1", "ja"),
        ("ja", "xx;q=abc", "ja"),
    ],
)
def test_a_reader_is_answered_in_the_language_accepted_else_their_own(
    own: str, accepted: str | None, read: str, door: Door, services: FakeServices
) -> None:
    headers = bearer(lang=own) | ({"Accept-Language": accepted} if accepted else {})
    for acting in ({}, {"Acting-Organization": "o2"}):
        assert door.client.get("/v1/bookings", headers=headers | acting).status_code == 200
    principals = [asked["principal"] for asked in services.asked(ListBookings.wire)]
    assert [(p["language"], p["organization"]) for p in principals] == [(read, "o1"), (read, "o2")]


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_programs_key_acts_as_its_maker_within_its_scopes(header: str, door: Door, services: FakeServices) -> None:
    secret = f"lk_{header.lower().replace('-', '_')}_{'p' * 30}"
    maker = {"id": "m9", "organization": "o1", "organizations": ["o1"], "roles": ["member"]}
    services.add_key(secret, kind="program", scopes=["bookings:read"], **maker)
    headers = {header: f"Bearer {secret}" if header == "Authorization" else secret}
    assert door.client.get("/v1/bookings", headers=headers).status_code == 200
    principal = services.asked(ListBookings.wire)[0]["principal"]
    assert (principal["kind"], principal["id"]) == ("program", "m9")
    assert door.client.post("/v1/bookings", json={}, headers=headers | key()).status_code == 403
    assert door.client.get("/v1/notifications", headers=headers).status_code == 403
    assert door.client.get("/v1/api-keys", headers=headers).status_code == 403


def test_a_programs_key_acts_for_the_organization_it_was_made_for_alone(door: Door, services: FakeServices) -> None:
    secret = "lk_" + "o" * 40
    maker = {"id": "m9", "organization": "o2", "organizations": ["o1", "o2"], "roles": ["organization_admin"]}
    services.add_key(secret, kind="program", scopes=["bookings:read"], **maker)
    headers = {"X-API-Key": secret}
    for acting in ({}, {"Acting-Organization": "o2"}):
        assert door.client.get("/v1/bookings", headers=headers | acting).status_code == 200
    for organization in ("o1", "o3"):
        refused = door.client.get("/v1/bookings", headers=headers | {"Acting-Organization": organization})
        assert (refused.status_code, refused.json()["code"]) == (403, "key-for-one-organization")
    asked = [each["principal"] for each in services.asked(ListBookings.wire)]
    assert [(each["organization"], each["organizations"]) for each in asked] == [("o2", ["o1", "o2"])] * 2


def test_a_revoked_key_lets_nobody_in_two_seconds_later(door: Door, services: FakeServices) -> None:
    secret = "lk_" + "r" * 40
    services.add_key(secret, kind="site", id="nyc", site="nyc")
    assert door.client.get("/v1/sites", headers={"X-API-Key": secret}).status_code == 200
    assert door.client.get("/v1/sites", headers={"X-API-Key": secret}).status_code == 200
    assert len(services.asked(ResolveApiKey.wire)) == 1
    services.api_keys.clear()
    began = SystemClock().now()
    eventually(
        lambda: door.client.get("/v1/sites", headers={"X-API-Key": secret}).status_code == 401, what="401", seconds=4
    )
    assert (SystemClock().now() - began).total_seconds() < 3


def test_every_scope_a_key_may_have_opens_a_door_and_every_door_for_programs_has_one() -> None:
    """A new door takes a scope of `SCOPES`; a new thing is added to `THINGS` of shared/contracts/members/asked.py."""
    doors = {named(route): route.policy for route in ROUTES if "program" in route.policy.kinds}
    without = [name for name, policy in doors.items() if policy.scope not in SCOPES]
    assert without == [], f"doors a program may use, without a scope that exists: {without}"
    things = {policy.scope.partition(":")[0] for policy in doors.values()} | {SITES_OWN}
    assert things == {scope.partition(":")[0] for scope in SCOPES}


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.policy.anonymous], ids=named)
def test_every_door_that_is_not_for_anyone_asks_who(route: Route, door: Door) -> None:
    assert door.client.request(route.method, url(route)).status_code == 401


def people(**claims: Any) -> dict[str, str]:
    """In a session of their own: one of the doors ends it."""
    return bearer(sid=f"s-{next(_sessions)}", **claims)


ANSWERED = [route for route in ROUTES if not route.policy.anonymous and not route.path.endswith("/stream")]


@pytest.mark.parametrize("route", ANSWERED, ids=named)
def test_every_door_admits_exactly_whom_its_policy_names(route: Route, door: Door, services: FakeServices) -> None:
    """Behind the door the stand-ins let everyone do everything, so 401 and 403 are the gateway's own."""
    services.add_key(SECRET, kind="site", id="nyc", site="nyc")
    policy, key_header = route.policy, {"X-API-Key": SECRET}
    asked = {
        "a member": (people(), "member" in policy.kinds and (not policy.roles or "member" in policy.roles)),
        "all roles": (people(roles=OPERATOR), "member" in policy.kinds),
        "a site": (key_header, "site" in policy.kinds),
    }
    for who, (headers, admitted) in asked.items():
        answer = door.client.request(route.method, url(route), headers=headers)
        assert (answer.status_code not in (401, 403)) is admitted, (who, answer.text)


def test_a_door_without_a_policy_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="policy"):
        Route(method="GET", path="/v1/x", answer=None, paper=None)  # type: ignore[call-arg,arg-type]  # just that is refused


EVENT = {"specversion": "1.0", "id": "e1", "type": "org.link-j.seminar.published.v1", "source": "/sites/nyc"}


def test_a_site_hands_one_event_or_a_batch_in(door: Door, services: FakeServices) -> None:
    services.add_key(SECRET, kind="site", id="nyc", site="nyc")
    services.answers[Ingest.wire] = lambda ask: ok(
        {"accepted": len(ask["data"]["events"]), "quarantined": 0}, status=202
    )
    for content, kind, accepted in ((EVENT, "", 1), ([EVENT, EVENT], "-batch", 2)):
        headers = {"X-API-Key": SECRET, "Content-Type": f"application/cloudevents{kind}+json; charset=UTF-8"}
        answer = door.client.post("/v1/sites/nyc/events", json=content, headers=headers)
        assert (answer.status_code, answer.json()) == (202, {"accepted": accepted, "quarantined": 0})
    assert [ask["data"]["site"] for ask in services.asked(Ingest.wire)] == ["nyc", "nyc"]
    refused: list[tuple[Any, str]] = [
        ([EVENT], ""),
        (EVENT, "-batch"),
        ([], "-batch"),
        ([1], "-batch"),
        ([EVENT] * 501, "-batch"),
    ]
    for content, kind in refused:
        headers = {"X-API-Key": SECRET, "Content-Type": f"application/cloudevents{kind}+json"}
        answer = door.client.post("/v1/sites/nyc/events", json=content, headers=headers)
        assert answer.status_code in (413, 422), answer.text


def test_h28_a_forwarded_address_is_not_believed(another_door: Callable[..., Door]) -> None:
    door = another_door(rate_anonymous_burst=3, rate_anonymous_refill=0.01)
    spoofed = [{"X-Forwarded-For": f"203.0.113.{n}", "Forwarded": f"for=203.0.113.{n}"} for n in range(4)]
    assert [door.client.get("/v1/me", headers=each).status_code for each in spoofed] == [401] * 3 + [429]
