"""Producers on the running system: a site in booking, an account and a stream in NATS, a key for HTTP."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from deploy import topology
from deploy.cli.finding import by_environment, ops_of, worded
from deploy.embedded.folder import DataFolder, read_run
from deploy.nats.server import embedded_place, write_config
from deploy.ops import Ops
from deploy.trouble import CannotStart, NotDone
from deploy.waiting import busy, until
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
    _only_embedded()

    async def work() -> dict[str, Any]:
        async with ops_of(data) as ops:
            folder, run = DataFolder(data), read_run(data)
            await ops.ask(await _definition(ops, site, producer=True))
            seed = folder.keys.seed_file(f"site-{site.id}").read_text().strip()
            _reload(folder, run)
            await _soon(lambda: _opens(run["nats"], seed), "its key does not open the server")
            js = ops.client.jetstream()
            await topology.apply_stream(js, ingest_stream(site.id))
            await topology.apply_durable(js, ingest_durable(site.id))
            await topology.apply_site_account(run["nats"], folder.keys, site.id)
            await _soon(lambda: _reaches_or_reload(folder, run, site.id), "its messages do not reach their stream")
            key = await ops.ask(CreateApiKey(name=f"site {site.id}", scopes=("events:write",), site=site.id))
            await ops.settled(sites=(site.id,), seconds=_PATIENCE)
            return {
                "site": site.id,
                "nats_url": run["nats"],
                "nkey_seed": seed,
                "inbox_prefix": inbox_prefix(site.id),
                "publish": "events.>",
                "receipts": "receipts.>",
                "api_key": key["secret"],
            }

    with busy(f"Letting {site.id} in"):
        return asyncio.run(work())


def listed(data: Path) -> list[dict[str, Any]]:
    """`{site, messages, bytes}` of each producer."""

    async def work() -> list[dict[str, Any]]:
        async with ops_of(data) as ops:
            return [await _input(ops, site) for site in DataFolder(data).keys.sites()]

    return asyncio.run(work())


def remove(data: Path, site: str) -> dict[str, Any]:
    """Its keys no longer open anything when this returns. Raises NotDone."""
    _only_embedded()

    async def work() -> dict[str, Any]:
        folder, run = DataFolder(data), read_run(data)
        if site not in folder.keys.sites():
            raise NotDone(f"{site} is no producer here.", code="not-found")
        seed = folder.keys.seed_file(f"site-{site}").read_text().strip()
        async with ops_of(data) as ops:
            await ops.ask(await _definition(ops, Described(site), producer=False))
            revoked = await _revoke_keys(ops, site)
            folder.keys.forget_site(site)
            _reload(folder, run)
            await _soon(lambda: _is_shut(run["nats"], seed), "its key still opens the server")
        return {"site": site, "removed": True, "api_keys_revoked": revoked}

    with busy(f"Shutting {site} out"):
        return asyncio.run(work())


async def _soon(holds: Callable[[], Awaitable[bool]], complaint: str) -> None:
    try:
        await until(holds, seconds=_PATIENCE)
    except TimeoutError:
        raise NotDone(f"After {_PATIENCE:g} s {complaint}.", code="timed-out") from None


def _only_embedded() -> None:
    if by_environment():
        raise CannotStart("Producers are added where the NATS configuration is: name the data folder with --data.")


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


def _reload(folder: DataFolder, run: dict[str, Any], *, again: bool = False) -> None:
    """Write the server's configuration for the keys there are now, and have it read if it is new, or `again`."""
    server = next(each for each in run["processes"] if each["name"].startswith("nats-"))
    config = folder.path / "nats.json"
    place = embedded_place(folder.path, port=server["port"], monitor_port=folder.known_port("nats-monitor"))
    new = write_config(config, folder.keys, place)
    if new or again:
        os.kill(server["pid"], signal.SIGHUP)


async def _opens(url: str, seed: str) -> bool:
    """Whether this very key lets one in; whatever it is refused with, it does not."""
    try:
        client = await nats.connect(url, nkeys_seed_str=seed, allow_reconnect=False, connect_timeout=2, error_cb=_heard)
    except (NatsError, OSError):
        return False
    await client.close()
    return True


async def _reaches_or_reload(folder: DataFolder, run: dict[str, Any], site: str) -> bool:
    """Whether what the site publishes gets to its stream; if not yet, the server is made to read once more.

    nats-server 2.15.1 links a new account's imports to the accounts as they were before the reload that made it: its
    messages have no taker until the next reload (tried; exports and other sites are not touched by it).
    """
    if await _reaches(run["nats"], folder.keys.seed_file(f"site-{site}"), site):
        return True
    _reload(folder, run, again=True)
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


async def _heard(_: Exception) -> None:
    """A refusal is an answer here."""


async def _is_shut(url: str, seed: str) -> bool:
    return not await _opens(url, seed)


async def _revoke_keys(ops: Ops, site: str) -> int:
    revoked, after = 0, None
    while True:
        page = await ops.ask(ListApiKeys(limit=100, after=after))
        for key in page["items"]:
            if key["site"] == site and key["revoked_at"] is None:
                await ops.ask(RevokeApiKey(id=key["id"]))
                revoked += 1
        after = page["next"]
        if after is None:
            return revoked


async def _input(ops: Ops, site: str) -> dict[str, Any]:
    try:
        state = (await ops.client.jetstream().stream_info(ingest_stream(site).name)).state
    except NotFoundError:
        return {"site": site, "messages": 0, "bytes": 0}
    return {"site": site, "messages": state.messages, "bytes": state.bytes}
