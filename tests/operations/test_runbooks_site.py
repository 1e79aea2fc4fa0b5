"""docs/operations/site-misbehaving.md, tried: a site sends rubbish, forges, floods; the others are not touched."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import nats
import pytest
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import APIError

from deploy import topology
from shared.contracts.topology import ingest_stream
from tests.operations.conftest import Told
from tests.operations.test_runbooks_messages import client_of
from tests.support.ledger import Ledger
from tests.support.signs import figure, logged, monitor, server_said
from tests.support.site import cloud_event, seminar
from tests.support.system import System
from tests.support.waiting import until

EVENTS = ("events-1", "events-2")
ROWDY = "rowdy"
INPUT = ingest_stream(ROWDY)
SMALL = 1024**2
RUBBISH = b"no json at all"


@asynccontextmanager
async def site(credentials: dict[str, Any]) -> AsyncIterator[Any]:
    """The site's own program."""

    async def heard(error: Exception) -> None:
        said.append(str(error))

    said: list[str] = []
    client = await nats.connect(
        credentials["nats_url"],
        nkeys_seed_str=credentials["nkey_seed"],
        inbox_prefix=credentials["inbox_prefix"],
        error_cb=heard,
        allow_reconnect=False,
    )
    try:
        yield client, said
    finally:
        with contextlib.suppress(NatsError):
            await client.close()


def quarantined(house: System, reason: str) -> float:
    return figure(house, EVENTS, "lounge_quarantined_total", site=ROWDY, reason=reason)


async def test_what_a_site_sends_wrongly_is_quarantined_and_what_it_may_not_say_is_refused(
    house: System, ledger: Ledger, told: Told
) -> None:
    rowdy = await told("site", "add", ROWDY, "--zone", "America/New_York")
    forged = cloud_event(ROWDY, seminar("stolen"), source="/sites/nyc")
    async with ledger.running(per_second=20), site(rowdy) as (client, said):
        js = client.jetstream()
        for _ in range(3):
            await js.publish("events.org.link-j.seminar.published.v1", RUBBISH, timeout=5)
        await js.publish(f"events.{forged['type']}", httpx.Request("POST", "http://x", json=forged).content, timeout=5)
        await until(lambda: (quarantined(house, "malformed"), quarantined(house, "identity")) == (3, 1))
        assert any(logged(house, each, "site.quarantined", site=ROWDY, reason="identity") for each in EVENTS)
        for subject in ("ingest.nyc.x", "evt.booking.booking_placed.v1.x", "$JS.API.STREAM.PURGE.RECEIPTS"):
            with contextlib.suppress(NatsTimeout):
                await client.request(subject, b"{}", timeout=0.2)
        await until(lambda: sum("permissions violation" in each.lower() for each in said) == 3)
        assert server_said(house, "Publish Violation")
        await ledger.succeeds(20)
    ledger.write(await ledger.audit())
    token = await asyncio.to_thread(house.token, "operator@linkj.example")
    async with httpx.AsyncClient(base_url=house.url, headers={"Authorization": f"Bearer {token}"}) as operator:
        rows = (await operator.get(f"/v1/sites/{ROWDY}/quarantine")).json()["items"]
        assert sorted(row["reason"] for row in rows) == ["identity", "malformed", "malformed", "malformed"]
        assert (await operator.get("/v1/seminars", params={"site": ROWDY})).json()["items"] == []
        for row in rows:
            assert (await operator.post(f"/v1/sites/{ROWDY}/quarantine/{row['id']}/discard")).status_code == 200


async def test_a_site_that_floods_fills_its_own_room_alone_and_is_shut_out(
    house: System, ledger: Ledger, told: Told
) -> None:
    """Its input takes 256 MiB; here one, so that it is full in a moment."""
    rowdy = await told("site", "add", ROWDY)
    ops = await client_of(house, "ops")
    await topology.apply_stream(ops.jetstream(), replace(INPUT, max_bytes=SMALL))
    async with ledger.running(per_second=20), site(rowdy) as (client, _):
        await ledger.succeeds(10)
        ledger.mark("a site floods")
        with pytest.raises(APIError, match="maximum bytes exceeded") as full:
            await flood(client.jetstream())
        assert (full.value.code, full.value.err_code) == (503, 10_077)
        assert {each["site"]: each["bytes"] for each in await told("site", "list")}[ROWDY] > 0.8 * SMALL
        await until(lambda: figure(house, ["gateway-1"], "lounge_stream_bytes", stream=f"INGEST_{ROWDY}") > 0.8 * SMALL)
        await ledger.succeeds(20)
        assert (await told("site", "remove", ROWDY))["removed"]
        ledger.mark("the site is shut out")
        await until(lambda: client.is_closed)
        assert (await asyncio.to_thread(monitor, house, "/healthz")).status_code == 200, "its account left something"
        await ledger.succeeds(10)
    ledger.write(await ledger.audit())
    assert ledger.noticed() == [], "a caller noticed"
    with pytest.raises(NatsError):
        async with site(rowdy):
            pass
    await ops.jetstream().delete_stream(INPUT.name)
    await ops.close()


async def flood(js: Any) -> None:
    """Until it is refused; none of it can be used."""
    for _ in range(200):
        await js.publish("events.org.link-j.seminar.published.v1", RUBBISH * 3_000, timeout=5)
