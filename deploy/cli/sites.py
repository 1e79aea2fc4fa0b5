"""Producers on the running system: a site in booking, an account and a stream in NATS, a key for HTTP."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from deploy import rotation, topology
from deploy.cli.finding import ops_of, worded
from deploy.installed import Installed, installed, opens, reload
from deploy.ops import Ops
from deploy.rotation import soon
from deploy.trouble import NotDone
from deploy.waiting import busy
from shared.contracts.booking import Calendar, DefineSite, GetSite
from shared.contracts.members import CreateApiKey, ListApiKeys, RevokeApiKey
from shared.contracts.message import Text
from shared.contracts.topology import inbox_prefix, ingest_durable, ingest_stream

_PATIENCE = 15.0


@dataclass(frozen=True, slots=True)
class Described:
    """A site as the command line names it; what is None stays as it is."""

    id: str
    zone: str | None = None
    name_ja: str | None = None
    name_en: str | None = None


def add(data: Path, site: Described) -> dict[str, Any]:
    """The producer's credentials, working when this returns. Raises NotDone."""

    async def work() -> dict[str, Any]:
        place = installed(data)
        async with ops_of(data) as ops:
            await ops.ask(await _definition(ops, site, producer=True))
            seed = place.keys.seed_file(f"site-{site.id}").read_text().strip()
            await reload(place)
            await soon(lambda: opens(place.url, seed), "its key does not open the server")
            js = ops.client.jetstream()
            await topology.apply_stream(js, ingest_stream(site.id), place.copies)
            await topology.apply_durable(js, ingest_durable(site.id), place.copies)
            await topology.apply_site_account(place.url, place.keys, site.id, place.copies)
            await soon(lambda: _reaches_or_reload(place, site.id), "its messages do not reach their stream")
            key = await _api_key(ops, site.id)
            await ops.settled(sites=(site.id,), seconds=_PATIENCE)
            return _credentials(place, site.id, key["secret"])

    with busy(f"Letting {site.id} in"):
        return asyncio.run(work())


def define(data: Path, site: Described) -> dict[str, Any]:
    """`{site, api_key}`: a producer whose account and nkey are made elsewhere, as on Kubernetes. Raises NotDone."""

    async def work() -> dict[str, Any]:
        async with ops_of(data) as ops:
            await ops.ask(await _definition(ops, site, producer=True))
            return {"site": site.id, "api_key": (await _api_key(ops, site.id))["secret"]}

    return asyncio.run(work())


def listed(data: Path) -> list[dict[str, Any]]:
    """`{site, messages, bytes}` of each producer."""

    async def work() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return [await _input(ops, site) for site in installed(data).keys.sites()]

    return asyncio.run(work())


def remove(data: Path, site: str) -> dict[str, Any]:
    """Its keys no longer open anything when this returns. Raises NotDone."""

    async def work() -> dict[str, Any]:
        place = _place_of(data, site)
        seed = place.keys.seed_file(f"site-{site}").read_text().strip()
        async with ops_of(data) as ops:
            await ops.ask(await _definition(ops, Described(site), producer=False))
            revoked = await _revoke(ops, [each["id"] for each in await _api_keys(ops, site)])
            await topology.clear_site_account(place.url, place.keys, site)
            place.keys.forget_site(site)
            await reload(place)
            await soon(lambda: _is_shut(place.url, seed), "its key still opens the server")
        return {"site": site, "removed": True, "api_keys_revoked": revoked}

    with busy(f"Shutting {site} out"):
        return asyncio.run(work())


def renew(data: Path, site: str) -> dict[str, Any]:
    """New credentials beside those it has: both work from now on, until `withdraw`. Raises NotDone."""

    async def work() -> dict[str, Any]:
        place = _place_of(data, site)
        async with ops_of(data) as ops:
            await rotation.begin(place, [f"site-{site}"])
            key = await _api_key(ops, site)
            return _credentials(place, site, key["secret"])

    with busy(f"Making new keys for {site}"):
        return asyncio.run(work())


def withdraw(data: Path, site: str, *, now: bool) -> dict[str, Any]:
    """Only its newest credentials open anything when this returns. Raises NotDone where the former are in use."""

    async def work() -> dict[str, Any]:
        place, name = _place_of(data, site), f"site-{site}"
        if place.keys.former(name) is None:
            raise NotDone(f"{site} has no former key: `lounge site rotate {site}` makes a new one.", code="not-found")
        async with ops_of(data) as ops:
            if not now:
                await rotation.changed_over(place, [name], seconds=0)
            await rotation.end(place, [name])
            ours = [each for each in await _api_keys(ops, site) if each["name"] == _name_of(site)]
            former = sorted(ours, key=lambda each: str(each["created_at"]))[:-1]
            revoked = await _revoke(ops, [each["id"] for each in former])
        return {"site": site, "withdrawn": True, "api_keys_revoked": revoked}

    with busy(f"Withdrawing the former keys of {site}"):
        return asyncio.run(work())


def _place_of(data: Path, site: str) -> Installed:
    place = installed(data)
    if site not in place.keys.sites():
        raise NotDone(f"{site} is no producer here.", code="not-found")
    return place


def _credentials(place: Installed, site: str, api_key: str) -> dict[str, Any]:
    return {
        "site": site,
        "nats_url": place.url,
        "nkey_seed": place.keys.seed_file(f"site-{site}").read_text().strip(),
        "inbox_prefix": inbox_prefix(site),
        "publish": "events.>",
        "receipts": "receipts.>",
        "api_key": api_key,
    }


async def _definition(ops: Ops, site: Described, *, producer: bool) -> DefineSite:
    """The site as it stands, with what was said anew; a new one is in UTC and called by its id."""
    try:
        known = await ops.ask(GetSite(id=site.id))
    except NotDone as refused:
        if refused.code != "not-found":
            raise
        known = {"name": {"en": None if site.name_ja else site.id}, "time_zone": "UTC", "calendars": []}
    said = {"ja": site.name_ja, "en": site.name_en}
    name = {language: said[language] or known["name"].get(language) for language in said}
    calendars = tuple(Calendar.model_validate(each) for each in known["calendars"])
    zone = site.zone or known["time_zone"]
    text = worded(Text, **name)
    return worded(DefineSite, id=site.id, producer=producer, calendars=calendars, name=text, time_zone=zone)


async def _reaches_or_reload(place: Installed, site: str) -> bool:
    """Whether what the site publishes gets to its stream; if not yet, the servers are made to read once more.

    nats-server 2.15.1 links a new account's imports to the accounts as they were before the reload that made it: its
    messages have no taker until the next reload (tried; exports and other sites are not touched by it).
    """
    if await _reaches(place.url, place.keys.seed_file(f"site-{site}"), site):
        return True
    await reload(place)
    return False


async def _reaches(url: str, seed: Path, site: str) -> bool:
    """Asked with a message for a stream that does not exist, so that nothing is stored."""
    client = await topology.connect(url, seed, site)
    try:
        await client.jetstream().publish("events.probe", b"", 2, "NONE")  # lint: allow publish-in-kit — a site's probe
    except NoStreamResponseError:
        return False
    except APIError:
        return True
    finally:
        await client.close()
    raise NotDone("The probe of a new site was stored, which it must not be.", code="probe-stored")


async def _is_shut(url: str, seed: str) -> bool:
    return not await opens(url, seed)


def _name_of(site: str) -> str:
    return f"site {site}"


async def _api_key(ops: Ops, site: str) -> Any:
    return await ops.ask(CreateApiKey(name=_name_of(site), scopes=("events:write",), site=site))


async def _api_keys(ops: Ops, site: str) -> list[dict[str, Any]]:
    """All of the site's that are not revoked."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = await ops.ask(ListApiKeys(limit=100, after=after))
        found += [key for key in page["items"] if key["site"] == site and key["revoked_at"] is None]
        after = page["next"]
        if after is None:
            return found


async def _revoke(ops: Ops, keys: list[str]) -> int:
    for key in keys:
        await ops.ask(RevokeApiKey(id=key))
    return len(keys)


async def _input(ops: Ops, site: str) -> dict[str, Any]:
    try:
        state = (await ops.client.jetstream().stream_info(ingest_stream(site).name)).state
    except NotFoundError:
        return {"site": site, "messages": 0, "bytes": 0}
    return {"site": site, "messages": state.messages, "bytes": state.bytes}
