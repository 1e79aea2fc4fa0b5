"""Keys are changed under load: every process gets its own, the former open nothing, and no client notices."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import nats
from nats.errors import Error as NatsError

from deploy.nats.keys import KeyFolder
from tests.operations.conftest import Told
from tests.support.ledger import Ledger
from tests.support.system import LOUNGE, System


def keys_of(house: System) -> KeyFolder:
    return KeyFolder(house.folder / "keys" / "nats")


async def opens(house: System, seed: str) -> bool:
    try:
        await (
            await nats.connect(house.run["nats"], nkeys_seed_str=seed, allow_reconnect=False, error_cb=heard)
        ).close()
    except NatsError:
        return False
    return True


async def heard(_: Exception) -> None:
    """A refusal is an answer here."""


@asynccontextmanager
async def signed_in(house: System, seed: str, name: str) -> AsyncIterator[Any]:
    """Somebody who uses this key and never changes over."""
    url, inbox = house.run["nats"], f"_INBOX_{name}"
    client = await nats.connect(
        url, nkeys_seed_str=seed, name=name, inbox_prefix=inbox, allow_reconnect=False, error_cb=heard
    )
    try:
        yield client
    finally:
        await client.close()


async def test_every_key_of_the_house_is_changed_under_load_and_no_client_notices(
    house: System, ledger: Ledger, told: Told
) -> None:
    before = {each["name"]: keys_of(house).seed_file(each["name"]).read_text() for each in await told("keys", "list")}
    pids = house.pids()
    async with ledger.running(per_second=30):
        await ledger.succeeds(20)
        ledger.mark("keys rotate --all")
        changed = await told("keys", "rotate", "--all")
        await ledger.succeeds(20)
    found = await ledger.audit()
    ledger.write(found)
    assert house.pids() == pids, "somebody was restarted"
    house_keys = {name for name in before if not name.startswith("site-")}
    assert {each["name"] for each in changed} == house_keys >= {"booking", "gateway", "ops", "monitor", "hub-nyc"}
    for name in house_keys:
        assert not await opens(house, before[name]), name
        assert await opens(house, keys_of(house).seed_file(name).read_text()), name
    assert await opens(house, before["site-nyc"]), "a site's own key is not the house's to change"
    assert all(each["former"] is None for each in await told("keys", "list"))
    assert await told("dlq", "list") == []
    assert ledger.noticed() == [], "a client noticed"


async def test_a_former_key_in_use_is_not_withdrawn_unless_it_is_wanted_now(house: System, told: Told) -> None:
    """Somebody has a copy of a key: the command names them; with --now they are out."""
    stolen = keys_of(house).seed_file("monitor").read_text()
    async with signed_in(house, stolen, "thief") as thief:
        refused = await asyncio.to_thread(
            subprocess.run,
            [*LOUNGE, "keys", "rotate", "monitor", "--patience", "1", "--data", str(house.folder)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 1
        assert "monitor: thief" in refused.stderr
        assert "--now" in refused.stderr
        (half,) = [each for each in await told("keys", "list") if each["name"] == "monitor"]
        assert half["former"], "both keys stay valid"
        assert await opens(house, stolen)
        await told("keys", "rotate", "monitor", "--now")
        assert thief.is_closed
    assert not await opens(house, stolen)


def test_names_nobody_has_are_refused(house: System) -> None:
    for name, sentence in (("bookings", "Nobody has the name 'bookings'"), ("site-nyc", "lounge site rotate nyc")):
        words = [*LOUNGE, "keys", "rotate", name, "--data", str(house.folder)]
        refused = subprocess.run(words, check=False, capture_output=True, text=True)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert sentence in refused.stderr


async def test_a_site_changes_over_when_it_likes_and_its_former_keys_go_when_it_has(house: System, told: Told) -> None:
    former = await told("site", "add", "kobe", "--zone", "Asia/Tokyo")
    async with signed_in(house, former["nkey_seed"], "kobe") as client:
        fresh = await told("site", "rotate", "kobe")
        assert sorted(fresh) == sorted(former)
        assert fresh["nkey_seed"] != former["nkey_seed"]
        for keys in (former, fresh):
            assert await said(house, keys)
        refused = await asyncio.to_thread(
            subprocess.run,
            [*LOUNGE, "site", "rotate", "kobe", "--withdraw", "--data", str(house.folder)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert (refused.returncode, "site-kobe: kobe" in refused.stderr) == (1, True), refused.stderr
        await client.close()
    gone = await told("site", "rotate", "kobe", "--withdraw")
    assert gone == {"site": "kobe", "withdrawn": True, "api_keys_revoked": 1}
    assert not await opens(house, former["nkey_seed"])
    assert posted(house, former) == 401
    assert await said(house, fresh)


async def said(house: System, credentials: dict[str, Any]) -> bool:
    """By both doors: NATS and HTTP."""
    async with signed_in(house, credentials["nkey_seed"], "kobe") as client:
        ack = await client.jetstream().publish("events.org.link-j.seminar.cancelled.v1", b"no json", timeout=5)
    return bool(ack.stream == "INGEST_kobe" and posted(house, credentials) == 202)


def posted(house: System, credentials: dict[str, Any]) -> int:
    event = {
        "specversion": "1.0",
        "id": credentials["api_key"][-12:],
        "source": "/sites/kobe",
        "type": "org.link-j.seminar.cancelled.v1",
        "time": "2000-01-01T00:00:00Z",
        "data": {"external_id": "x"},
    }
    headers = {
        "Authorization": f"Bearer {credentials['api_key']}",
        "Content-Type": "application/cloudevents+json",
    }
    url = f"{house.url}/v1/sites/kobe/events"
    return httpx.post(url, content=json.dumps(event), headers=headers, timeout=10).status_code


async def test_a_new_signing_key_is_published_before_it_signs(house: System, told: Told) -> None:
    before = await asyncio.to_thread(house.token, "staff@linkj.example")
    first = await told("keys", "rotate-signing")
    again = await told("keys", "rotate-signing")
    assert len(first) == 2
    assert again == first, "one that still waits for its time is not followed by another"
    async with httpx.AsyncClient(base_url=house.url, headers={"Authorization": f"Bearer {before}"}) as client:
        assert (await client.get("/v1/me")).status_code == 200
