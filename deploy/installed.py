"""An installation as somebody finds it who changes its keys: where they are kept, and how its servers are told."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import nats
from nats.errors import Error as NatsError

from deploy.embedded.folder import DataFolder, read_run
from deploy.installation import handing, rooms
from deploy.nats.keys import KeyFolder
from deploy.nats.server import embedded_place, write_config
from deploy.nats.system import system_account
from deploy.trouble import CannotStart

_CONNECT_SECONDS = 5.0


class Installed(Protocol):
    """`url` is where its nats-servers take clients, `copies` how many of them hold each message."""

    keys: KeyFolder
    url: str
    copies: int

    def configure(self, room: int | None = None) -> None:
        """Write each server's configuration, for the keys there are now; `room` are the bytes JetStream may store."""

    def hand(self, name: str) -> None:
        """Put the key of `name` where its processes read it."""


class Embedded:
    """What `lounge up` runs on this data folder: its processes read the key folder itself."""

    copies = 1

    def __init__(self, data: Path) -> None:
        run = read_run(data)
        folder = DataFolder(data)
        self.keys = folder.keys
        self.url: str = run["nats"]
        port = next(each["port"] for each in run["processes"] if each["name"].startswith("nats-"))
        self._config = folder.path / "nats.json"
        self._place = embedded_place(folder.path, port=port, monitor_port=folder.known_port("nats-monitor"))

    def configure(self, room: int | None = None) -> None:
        place = self._place if room is None else replace(self._place, max_file_store=room)
        write_config(self._config, self.keys, place)

    def hand(self, name: str) -> None:
        """It is read where it is kept."""


class InContainers:
    """From the operator's container, which sees all keys and every folder that was handed out."""

    def __init__(self) -> None:
        self.keys = rooms.nats_keys()
        self.url = rooms.nats_url()
        self.copies = rooms.stream_replicas()

    def configure(self, room: int | None = None) -> None:
        for number, host in enumerate(rooms.nats_servers(), start=1):
            handing.configure_nats(host, number, room)

    def hand(self, name: str) -> None:
        if (rooms.HANDED / name).is_dir():
            handing.hand(name, "nats.nk", self.keys.seed_file(name).read_text())


def installed(data: Path) -> Installed:
    """The one of the data folder, or the one whose containers this is among. Raises CannotStart, NotRunning."""
    if not {"LOUNGE_NATS_URL", "LOUNGE_NATS_SEED_FILE"} <= os.environ.keys():
        return Embedded(data)
    if rooms.KEPT.is_dir() and rooms.HANDED.is_dir():
        return InContainers()
    raise CannotStart("Keys are changed where they are kept: name the data folder with --data.")


async def reload(place: Installed, *, room: int | None = None) -> None:
    """Every server knows the keys there are now when this returns; nobody it knew before is cut. Raises NotDone."""
    place.configure(room)
    async with system_account(place.url, place.keys.seed_file("monitor")) as system:
        await system.reload()


async def opens(url: str, seed: str) -> bool:
    """Whether this very key lets one in; whatever it is refused with, it does not."""
    try:
        connected = nats.connect(
            url.split(","), nkeys_seed_str=seed, allow_reconnect=False, connect_timeout=2, error_cb=_heard
        )
        client = await asyncio.wait_for(connected, _CONNECT_SECONDS)
    except (NatsError, OSError, TimeoutError):
        return False
    await client.close()
    return True


async def _heard(_: Exception) -> None:
    """A refusal is an answer here."""
