"""What lies where in an installation of containers: the folders the jobs fill and each container sees a part of."""

import os
from pathlib import Path

from deploy.mongo.admin import Passwords
from deploy.nats.keys import KeyFolder
from deploy.told import number, seconds, secret

USER = 10_001
"""Every container runs as this user and group."""
KEPT = Path("/installation")
"""All keys and passwords; only the jobs and the operator's container see it."""
HANDED = Path("/handed")
"""One folder per container, holding what that one may read, as it sees it in /run/lounge."""
STORES = Path("/stores")
"""The data folders, so that they can be given to the user."""
NATS_HOST, MONGO_HOST = "nats", "mongo"


def nats_keys() -> KeyFolder:
    return KeyFolder(KEPT / "keys" / "nats")


def passwords() -> Passwords:
    return Passwords(KEPT / "keys" / "mongo")


def mongo_hosts() -> tuple[str, ...]:
    """`host:port` of the members, the first to begin with; LOUNGE_MONGO_HOSTS, separated by commas."""
    return _listed("LOUNGE_MONGO_HOSTS", f"{MONGO_HOST}:27017")


def nats_servers() -> tuple[str, ...]:
    """Host names of the servers; with more than one they form a cluster. LOUNGE_NATS_SERVERS."""
    return _listed("LOUNGE_NATS_SERVERS", NATS_HOST)


def sites() -> tuple[str, ...]:
    """The producers that have an account from the start; LOUNGE_SITES."""
    return _listed("LOUNGE_SITES", "nyc")


def stream_replicas() -> int:
    """Copies of each stream: one per server, three at most, unless LOUNGE_STREAM_REPLICAS says otherwise."""
    return number("LOUNGE_STREAM_REPLICAS", otherwise=min(3, len(nats_servers())), most=5)


def patience() -> float:
    """Seconds a job waits for a server before it gives up; LOUNGE_CONNECT_SECONDS, two minutes otherwise."""
    return seconds("LOUNGE_CONNECT_SECONDS", otherwise=120.0)


def mongo_admin_url() -> str | None:
    """Where somebody else keeps the set and its users: an administrator's connection string, from a file."""
    return secret("LOUNGE_MONGO_ADMIN_URL_FILE")


def nats_url() -> str:
    return ",".join(f"nats://{host}:4222" for host in nats_servers())


def _listed(variable: str, otherwise: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in os.environ.get(variable, otherwise).split(",") if each.strip())
