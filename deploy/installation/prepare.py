"""`python -m deploy.installation.prepare`: keys, passwords and configuration, made once and kept; repeatable.

Runs as root, without a network, before anything else: it makes what no image may hold and hands to each container, in a
folder of its own, the part that one may read (0400, the containers' user).
"""

import os

from deploy.installation import rooms
from deploy.installation.handing import configure_nats, hand, secret
from deploy.mongo.admin import url
from deploy.told import refuse_unknown, store_bytes
from deploy.trouble import CannotStart, plainly
from shared.contracts.topology import SERVICES


def prepare() -> None:
    keys = rooms.nats_keys()
    for site in rooms.sites():
        keys.seed_file(f"site-{site}")
    for service in (*SERVICES, "gateway"):
        hand(service, "nats.nk", keys.seed_file(service).read_text())
    for service in SERVICES:
        hand(service, "mongo.url", url(rooms.mongo_hosts(), service, rooms.passwords().of(service), source=service))
    hand("members", "members.secret", secret("members"))
    hand("gateway", "cursor.key", secret("cursor"))
    hand("mongo", "keyfile", rooms.passwords().key_file().read_text())
    for number, host in enumerate(rooms.nats_servers(), start=1):
        configure_nats(host, number)
    for store in sorted(path for path in rooms.STORES.glob("*") if path.is_dir()):
        os.chown(store, rooms.USER, rooms.USER)
    for path in (rooms.KEPT, *rooms.KEPT.rglob("*")):
        os.chown(path, rooms.USER, rooms.USER)


def main() -> None:
    """Raises CannotStart, in one sentence, for a setting that will not do or a place it may not write to."""
    refuse_unknown()
    store_bytes()
    try:
        prepare()
    except OSError as error:
        raise CannotStart(f"{error.filename}: {error.strerror}.") from None


if __name__ == "__main__":
    with plainly():
        main()
