"""Row A3: another organization's id in the path, the body or a filter is not there, and who asked is written down."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import Client, FreeHour, Newcomer, key, waited_for, wish
from tests.support.eventually import eventually
from tests.support.system import System

NOWHERE = "no-such-thing"
_numbers = count(1)


class Strangers:
    """A member and the admin of one organization, and what is another's: its id, a person's, a booking's."""

    def __init__(self, client: Client, newcomer: Newcomer, start: datetime) -> None:
        self.start, (owner, self.theirs) = start, newcomer()
        placed = owner.post("/v1/bookings", json=wish("room-b", start, minutes=30), headers=key())
        assert placed.status_code == 201, placed.text
        self.booking = str(placed.json()["id"])
        self.member, self.me = newcomer()
        operator, email = client("operator@linkj.example"), f"strange-admin-{next(_numbers)}@journey.example"
        person: dict[str, Any] = {"organization": self.me["organization"], "email": email}
        person |= {"name": {"family": "Mori", "given": "Yu"}, "roles": ["organization_admin"]}
        operator.post("/v1/members", json=person, headers=key()).raise_for_status()
        self.admin = client(email)

    def asking(self, organization: str, member: str, booking: str) -> Iterator[tuple[str, httpx.Request, str]]:
        """Who asks, what, and the id that is written down of it."""
        own = {"organization": f"/v1/organizations/{self.me['organization']}", "me": f"/v1/members/{self.me['id']}"}
        new = {"name": {"family": "Mori", "given": "Yu"}, "email": "new@journey.example", "roles": ["member"]}
        hour = wish("room-b", self.start, minutes=30)
        bodies = {
            "/v1/bookings": hour,
            "/v1/booking-waitlist": waited_for("room-b", self.start, minutes=30),
            "/v1/booking-series": hour | {"recurrence": "FREQ=DAILY;COUNT=1"},
        }
        changes, assist = {"If-Match": "*"}, {"assistants": [member]}
        for who, api in (("member", self.member), ("admin", self.admin)):
            for path, named in (
                (f"/v1/organizations/{organization}", organization),
                (f"/v1/members/{member}", member),
                (f"/v1/members/{member}/entitlements?site=nyc&on=2026-12-15", member),
                (f"/v1/members/{member}/export", member),
                (f"/v1/members?organization={organization}", organization),
                (f"/v1/bookings/{booking}", booking),
                (f"/v1/bookings/{booking}/history", booking),
            ):
                yield who, api.build_request("GET", path), named
            for path, body in bodies.items():
                yield who, api.build_request("POST", path, json=body | {"for_member": member}, headers=key()), member
            yield who, api.build_request("PATCH", own["me"], json=assist, headers=changes), member
            yield who, api.build_request("POST", f"/v1/bookings/{booking}/cancel"), booking
        admin = self.admin
        yield (
            "admin",
            admin.build_request("POST", "/v1/members", json=new | {"organization": organization}),
            organization,
        )
        yield "admin", admin.build_request("PATCH", f"/v1/members/{member}", json=assist, headers=changes), member
        heir = {"on_leave": {"bookings": "hand_over", "to": member}}
        yield "admin", admin.build_request("PATCH", own["organization"], json=heir, headers=changes), member


@pytest.fixture(scope="module")
def strangers(client: Client, newcomer: Newcomer, free_hour: FreeHour) -> Strangers:
    return Strangers(client, newcomer, free_hour("room-b", weeks=2))


def lines(lounge: System) -> dict[str, dict[str, Any]]:
    """What every process has written down of who was refused, by the request."""
    logs = [path.read_text(errors="replace") for path in (lounge.folder / "logs").iterdir()]
    told = [json.loads(line) for log in logs for line in log.splitlines() if '"access.refused"' in line]
    return {line["correlationid"]: line for line in told if "correlationid" in line}


def test_a3_what_is_anothers_is_as_what_is_not_there_in_path_body_and_filter_and_is_written_down(
    lounge: System, strangers: Strangers
) -> None:
    asked = list(strangers.asking(strangers.theirs["organization"], strangers.theirs["id"], strangers.booking))
    absent = list(strangers.asking(NOWHERE, NOWHERE, NOWHERE))
    wanted = dict[str, tuple[str, str]]()
    with httpx.Client(timeout=20) as http:
        for n, ((who, request, named), (_, nowhere, _)) in enumerate(zip(asked, absent, strict=True)):
            what, answers = f"{request.method} {request.url.path} by {who}", []
            for each, name in ((request, f"stranger-{n}"), (nowhere, f"nobody-{n}")):
                each.headers.update({"X-Request-Id": name} | key())
                answers.append(http.send(each))
            theirs, nobodys = answers
            assert theirs.status_code == 404, (what, theirs.text)
            assert _said(theirs) == _said(nobodys), what
            wanted[f"stranger-{n}"] = (who, named)
    people = {"member": strangers.me["id"], "admin": strangers.admin.get("/v1/me").json()["member"]["id"]}

    def written_down() -> bool:
        return lines(lounge).keys() >= wanted.keys()

    eventually(written_down, what="the line of each refusal")
    found = lines(lounge)
    for request_id, (who, named) in wanted.items():
        line = found[request_id]
        assert (line["principal"], line["refusal"]) == (people[who], "not-found"), line
        assert named in line["ids"], line


def _said(answer: httpx.Response) -> dict[str, Any]:
    return {name: text for name, text in answer.json().items() if name not in ("instance", "request_id")}
