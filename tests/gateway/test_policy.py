"""The table of rights by HTTP: a change names the version it saw, a dry run need not."""

from typing import Any

import httpx
import pytest

from shared.contracts.members import PutPolicy
from tests.gateway.conftest import Door, bearer
from tests.gateway.fakes import FakeServices, ok

BODY: dict[str, Any] = {"rows": [{"kind": "guest", "site": "*", "resource": "*", "allowed": False}], "reason": "x"}


def put(door: Door, query: str = "", *, body: dict[str, Any] = BODY, seen: int | None = None) -> httpx.Response:
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    staff = bearer(roles=["site_staff"], site="nyc")  # made now: it lives ten minutes, the suite may take longer
    return door.client.put(f"/v1/policy{query}", json=body, headers=staff | headers)


def test_a_change_needs_the_version_it_saw_and_a_dry_run_does_not(door: Door, services: FakeServices) -> None:
    services.answers[PutPolicy.wire] = lambda ask: ok({"version": 4, "rows": [], "dry_run": ask["data"]["dry_run"]})
    for query in ("", "?dry_run=false"):
        refused = put(door, query)
        assert (refused.status_code, refused.json()["code"]) == (428, "if-match-required")
    assert services.asked(PutPolicy.wire) == []
    changed = put(door, seen=3)
    assert (changed.status_code, changed.headers["etag"], changed.json()["dry_run"]) == (200, '"4"', False)
    assert put(door, "?dry_run=true").json()["dry_run"]
    assert put(door, "?dry_run=true", seen=3).status_code == 200
    heard = [(ask["data"]["dry_run"], ask.get("if_match")) for ask in services.asked(PutPolicy.wire)]
    assert heard == [(False, 3), (True, None), (True, 3)]


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("?dry_run=yes", BODY, "wrong-type"),
        ("?dry_run=true&dry_run=true", BODY, "unknown-parameter"),
        ("?dryrun=true", BODY, "unknown-parameter"),
        ("?dry_run=true", BODY | {"dry_run": False}, "unknown-field"),
        ("?dry_run=true", BODY | {"rows": [BODY["rows"][0] | {"months": 3}]}, "unknown-field"),
        ("?dry_run=true", BODY | {"rows": [BODY["rows"][0] | {"months_ahead": 19}]}, "out-of-range"),
        ("?dry_run=true", BODY | {"rows": [BODY["rows"][0] | {"kind": "everybody"}]}, "unknown-value"),
        ("?dry_run=true", BODY | {"rows": [BODY["rows"][0] | {"site": "No Site"}]}, "wrong-form"),
    ],
)
def test_what_is_no_table_is_refused_before_members_is_asked(
    query: str, body: dict[str, Any], code: str, door: Door, services: FakeServices
) -> None:
    refused = put(door, query, body=body, seen=3)
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert services.asked(PutPolicy.wire) == []
