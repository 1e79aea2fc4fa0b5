"""The order in which an embedded run becomes ready: servers, services, demonstration, gateway."""

import asyncio
import hashlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from deploy import topology
from deploy.embedded.plan import ROOT, House, environment
from deploy.embedded.supervisor import LONGEST_DELAY, Kept
from deploy.nats.keys import write_private
from deploy.trouble import CannotStart
from deploy.waiting import until
from shared.contracts.topology import SERVICES

_PATIENCE = 120.0


async def nats(house: House) -> None:
    """The server takes clients and the topology stands, receipts of the sites included."""
    await _until(lambda: asyncio.to_thread(house.nats.is_ready), "nats-server takes no clients")
    sites = house.folder.keys.sites()
    ops = await topology.connect(house.nats.url, house.folder.keys.seed_file("ops"), "ops")
    try:
        await topology.apply(ops.jetstream(), sites=sites)
    finally:
        await ops.close()
    for site in sites:
        await topology.apply_site_account(house.nats.url, house.folder.keys, site)


async def mongo(house: House) -> None:
    """The set has its primary; users and indexes are there."""
    await _until(lambda: asyncio.to_thread(house.mongo.is_primary), "mongod takes no writes")
    mark, now = house.folder.path / "prepared", _fingerprint()
    if not mark.exists() or mark.read_text() != now:
        await _job("deploy.mongo.prepare", [",".join(house.mongo.hosts), str(house.folder.mongo_keys)])
        write_private(mark, now)


def _fingerprint() -> str:
    """Changes whenever the declared indexes may have: they are code, and reading code is quicker than running it."""
    digest = hashlib.blake2b(digest_size=16)
    places = [ROOT / "deploy" / "mongo", ROOT / "shared" / "kit", *(ROOT / "services" / name for name in SERVICES)]
    for file in sorted(path for place in places for path in place.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


async def services(house: House, kept: Sequence[Kept]) -> None:
    """Every replica of every service is ready: its copies have caught up and it answers."""
    for each in kept:
        if each.port is not None and each.name.rsplit("-", 1)[0] in SERVICES:
            await _alive(each, house)


async def gateway(house: House, kept: Sequence[Kept]) -> None:
    for each in kept:
        if each.name.startswith("gateway-"):
            await _alive(each, house)


async def furnished(house: House) -> None:
    """The demonstration data is there and has reached every copy; once in a folder's life."""
    mark = house.folder.path / "furnished"
    if not mark.exists():
        await _job("deploy.embedded.demo", [str(house.folder.path)])
        write_private(mark, "")


async def _alive(kept: Kept, house: House) -> None:
    async def look() -> bool:
        if kept.delay >= LONGEST_DELAY:
            raise CannotStart(f"{kept.name} keeps ending at its start; it says why in {house.folder.log(kept.name)}.")
        return kept.port is not None and await answers(kept.port)

    await _until(look, f"{kept.name} does not become ready; see {house.folder.log(kept.name)}")


async def answers(port: int, path: str = "/health/ready") -> bool:
    """Whether HTTP on this loopback port answers `path` with 200, within a second."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status


async def _until(holds: Callable[[], Awaitable[bool]], complaint: str) -> None:
    try:
        await until(holds, seconds=_PATIENCE)
    except TimeoutError:
        raise CannotStart(f"After {_PATIENCE:g} s {complaint}.") from None


async def _job(module: str, arguments: list[str]) -> None:
    """A one-shot child: heavy imports stay out of the supervisor, which lives as long as the run."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        env=environment({}),
        stdout=sys.stderr,
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await child.wait()
    except asyncio.CancelledError:
        child.kill()
        raise
    if status:
        raise CannotStart(f"{Path(module).suffix[1:]} ended with status {status}; what it said stands above.")
