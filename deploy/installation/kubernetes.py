"""`python -m deploy.installation.kubernetes KEYS --values FILE …`: Secrets of an installation, the NATS chart's values.

KEYS is a folder of the operator's own (0700), made at the first call and kept: whoever has it, has everything. Secrets
go to stdout as one List for `kubectl apply -f -`, never to a file; FILE gets values for the chart, public keys only.
"""

import argparse
import base64
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from deploy.mongo.admin import Passwords, url
from deploy.nats.config import GIVEN_UP, Hub, Place, accounts
from deploy.nats.keys import KeyFolder, write_private
from deploy.nats.server import IDENTITIES, identities
from shared.contracts.topology import SERVICES

ADMIN, BACKUP = "lounge-admin", "lounge-backup"


def manifests(keys: Path, *, hosts: list[str], smtp: str, ca: Path | None, sites: list[str]) -> dict[str, Any]:
    """A List of Secrets. The passwords' Secrets are named as the MongoDBCommunity resource expects them."""
    nats, mongo = KeyFolder(keys / "nats"), Passwords(keys / "mongo")
    handed = {name: {"nats.nk": nats.seed_file(name).read_text()} for name in (*SERVICES, "gateway")}
    for name in SERVICES:
        handed[name]["mongo.url"] = url(hosts, name, mongo.of(name), source=name, ca=ca)
    handed["members"]["members.secret"] = _kept(keys / "members.secret")
    handed["gateway"]["cursor.key"] = _kept(keys / "cursor.key")
    handed["notify"]["smtp.url"] = smtp
    seeds = {f"{name}.nk": nats.seed_file(name).read_text() for name in identities(sites)}
    made = [_secret(f"lounge-{name}", files) for name, files in handed.items()]
    made.append(_secret("lounge-keys", seeds))
    made += [_secret(f"mongo-{user}", {"password": mongo.of(user)}) for user in (*SERVICES, ADMIN, BACKUP)]
    return {"apiVersion": "v1", "kind": "List", "items": made}


def chart_values(keys: Path, *, replicas: int, gigabytes: int) -> dict[str, Any]:
    """Values for the `nats` chart (1.x): JetStream that syncs always, and the house's accounts and permissions."""
    folder = KeyFolder(keys / "nats")
    sites = folder.sites()
    place = Place(4222, 8222, Path("/data"), gigabytes * 1024**3)
    hub = Hub(place, {name: folder.accepted(name) for name in identities(sites)}, sites, copies=min(3, replicas))
    return {
        "config": {
            "cluster": {"enabled": replicas > 1, "replicas": replicas, "merge": GIVEN_UP},
            "jetstream": {
                "enabled": True,
                "fileStore": {"pvc": {"size": f"{gigabytes + gigabytes // 4}Gi"}, "maxSize": f"{gigabytes}Gi"},
                "merge": {"sync_interval": "always", "max_memory_store": 64 * 1024**2},
            },
            "monitor": {"enabled": True},
            "merge": {"max_payload": 1024**2, "system_account": "SYS", "accounts": accounts(hub)},
        },
        "natsBox": {"enabled": False},
        "podDisruptionBudget": {"enabled": replicas > 1},
    }


def rotate(keys: Path, names: list[str]) -> None:
    """Gives each a new key beside the one it has: the values then name both, the Secrets the new one."""
    folder = KeyFolder(keys / "nats")
    for name in names:
        if folder.former(name) is None:
            folder.successor(name)
        folder.switch(name)


def withdraw(keys: Path, sites: list[str]) -> None:
    """Forgets every former key: the values then name one of each again."""
    folder = KeyFolder(keys / "nats")
    for name in identities(sites):
        folder.withdraw(name)


def _kept(path: Path) -> str:
    if not path.exists():
        write_private(path, secrets.token_hex(32))
    return path.read_text()


def _secret(name: str, files: dict[str, str]) -> dict[str, Any]:
    data = {file: base64.b64encode(text.encode()).decode() for file, text in files.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "data": data}


def main(argv: list[str]) -> None:
    words = argparse.ArgumentParser(prog="python -m deploy.installation.kubernetes", description=__doc__)
    words.add_argument("keys", type=Path, help="the folder of keys; made where it is not there")
    words.add_argument("--values", type=Path, required=True, help="where to put the NATS chart's values")
    words.add_argument("--smtp", required=True, metavar="URL", help="smtps://user:password@host:port")
    words.add_argument("--members", type=int, default=3, choices=(1, 3), help="of the set, and NATS servers")
    words.add_argument("--mongo-ca", type=Path, help="where the services find the authority of MongoDB's certificates")
    words.add_argument("--site", action="append", default=[], help="a producer with an account; may be repeated")
    words.add_argument("--gigabytes", type=int, default=32, help="of each NATS server's streams")
    words.add_argument("--rotate", action="append", default=[], metavar="NAME", choices=IDENTITIES, help="a new nkey")
    words.add_argument("--withdraw", action="store_true", help="forget the former nkeys")
    given = words.parse_args(argv)
    rotate(given.keys, given.rotate)
    if given.withdraw:
        withdraw(given.keys, given.site)
    hosts = [f"lounge-{number}.lounge-svc:27017" for number in range(given.members)]
    made = manifests(given.keys, hosts=hosts, smtp=given.smtp, ca=given.mongo_ca, sites=given.site)
    values = chart_values(given.keys, replicas=given.members, gigabytes=given.gigabytes)
    given.values.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    json.dump(made, sys.stdout, indent=1)


if __name__ == "__main__":
    main(sys.argv[1:])
