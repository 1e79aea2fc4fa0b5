"""One running system for all journeys: three booking replicas, two of events; people of the journeys' own."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from shared.contracts.members.views import TOKEN_LIFETIME
from shared.kit.clock import SystemClock
from tests.support.eventually import eventually
from tests.support.system import System, system

_numbers = count(1)
Client = Callable[[str], httpx.Client]
FreeHour = Callable[..., datetime]
Newcomer = Callable[..., tuple[httpx.Client, dict[str, Any]]]


@pytest.fixture(scope="session")
def lounge() -> Iterator[System]:
    with system("--scale", "booking=3", "--scale", "events=2") as running:
        yield running


@pytest.fixture(scope="session")
def client(lounge: System) -> Iterator[Client]:
    """A client of the gateway signed in as this address; one per address, with a token that has half its life left."""
    opened: dict[str, httpx.Client] = {}
    signed_in: dict[str, float] = {}

    def as_(email: str) -> httpx.Client:
        if email not in opened:
            opened[email], signed_in[email] = lounge.api(email), time.monotonic()
        elif time.monotonic() - signed_in[email] > TOKEN_LIFETIME / 2:
            opened[email].headers["Authorization"] = f"Bearer {lounge.token(email)}"
            signed_in[email] = time.monotonic()
        return opened[email]

    yield as_
    for each in opened.values():
        each.close()


def key() -> dict[str, str]:
    """An Idempotency-Key nobody used yet in this run."""
    return {"Idempotency-Key": f"journey-{next(_numbers)}"}


@pytest.fixture(scope="session")
def newcomer(lounge: System, client: Client) -> Newcomer:
    """A new organization of a kind with one new member, known to booking; gives (client, member)."""

    def make(
        kind: str = "yokohama_company",
        *,
        language: str = "en",
        name: dict[str, str] | None = None,
        **membership: Any,
    ) -> Any:
        n = next(_numbers)
        operator = client("operator@linkj.example")
        today = SystemClock().now().date()
        dates = {"starts_on": str(today - timedelta(days=30)), "ends_on": str(today + timedelta(days=400))} | membership
        organization = operator.post(
            "/v1/organizations",
            json={"name": {"en": f"Journey {n}", "ja": f"旅{n}"}, "kind": kind, "membership": dates},
            headers=key(),
        )
        assert organization.status_code == 201, organization.text
        person = {
            "organization": organization.json()["id"],
            "email": f"traveller-{n}@journey.example",
            "name": name or {"family": "Tabi", "given": f"Aoi{n}"},
            "language": language,
            "time_zone": "Asia/Tokyo" if language == "ja" else "America/New_York",
            "roles": ["member"],
        }
        member = operator.post("/v1/members", json=person, headers=key())
        assert member.status_code == 201, member.text
        signed_in = client(person["email"])
        eventually(lambda: _known(signed_in), what="booking to know the newcomer")
        return signed_in, member.json()

    return make


def _known(signed_in: httpx.Client) -> bool:
    """Booking answers a hopeless request with a refusal once the membership has arrived, before with 503."""
    answer = signed_in.post(
        "/v1/bookings", json=wish("room-a", datetime(2021, 1, 4, 15, tzinfo=UTC), minutes=15), headers=key()
    )
    return answer.status_code != 503


def wish(resource: str, start: datetime, *, minutes: int = 60, **more: Any) -> dict[str, Any]:
    """The body of a booking."""
    return waited_for(resource, start, minutes=minutes) | {"mode": "confirm"} | more


def waited_for(resource: str, start: datetime, *, minutes: int = 60) -> dict[str, Any]:
    """The body of a place in the waiting list."""
    end = start + timedelta(minutes=minutes)
    return {"site": "nyc", "resource": resource, "starts_at": start.isoformat(), "ends_at": end.isoformat()}


@pytest.fixture(scope="session")
def free_hour(lounge: System, client: Client) -> FreeHour:
    """The start of an hour in which a room is free, each given once, each on a day of its own."""
    given: set[Any] = set()

    def next_one(resource: str = "room-a", *, hours: int = 1, weeks: int = 1) -> datetime:
        at = SystemClock().now() + timedelta(weeks=weeks)
        span = {"from": at.isoformat(), "to": (at + timedelta(days=30)).isoformat()}
        query = {**span, "resource": resource, "minutes": str(hours * 60)}
        found = client("staff@linkj.example").get("/v1/sites/nyc/availability", params=query)
        assert found.status_code == 200, found.text
        for free in found.json()["items"][0]["free"]:
            start = datetime.fromisoformat(free["starts_at"])
            fits = datetime.fromisoformat(free["ends_at"]) - start >= timedelta(hours=hours, minutes=15)
            if fits and (resource, start.date()) not in given:
                given.add((resource, start.date()))
                return start
        raise AssertionError(f"no free hour left in {resource}")

    return next_one
