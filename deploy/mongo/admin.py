"""What only the installation's administrator does to mongod: the set, the users and roles, the indexes."""

import importlib
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure, PyMongoError

from deploy.nats.keys import write_private
from deploy.trouble import CannotStart
from shared.contracts.topology import SERVICES
from shared.kit.documents import document_indexes, history_indexes, holds_documents

ADMIN = "lounge_admin"
READER = "lounge_reader"
"""For people and programs that look: reads every database, changes nothing."""
BACKUP = "lounge_backup"
"""For `lounge backup`: reads the services' databases and what their collections are called, no more."""
SET = "lounge"
ELECTION_MS = 2_000
"""Without a sign of the primary for so long, the others elect another one: shorter elects at every hiccup."""
SEVERAL = {
    "electionTimeoutMillis": ELECTION_MS,
    "heartbeatIntervalMillis": ELECTION_MS // 4,
    "heartbeatTimeoutSecs": ELECTION_MS // 1_000,
}
"""A new primary waits to hear from each member, so one that hangs delays it for as long as it is believed to be up."""
_ALREADY = frozenset({23, 51003, 51002})  # AlreadyInitialized; user exists; role exists
_NEEDS_AUTH = 13
_TO_COPY = ["find", "listCollections"]
_OF_ANOTHER_KIND = frozenset({85, 86})  # IndexOptionsConflict; IndexKeySpecsConflict
_MEMBERS_AWAY = 74
"""NodeNotFound: not every member listens yet."""


class Passwords:
    """The secret of each MongoDB user, made at its first use and kept, 0600."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, user: str) -> str:
        path = self.folder / f"{user}.password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def knows(self, user: str) -> bool:
        """Whether one was made for them already."""
        return (self.folder / f"{user}.password").is_file()

    def key_file(self) -> Path:
        """The key members of the set know each other by; authorization needs it even for a set of one."""
        path = self.folder / "keyfile"
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path


def url(hosts: Sequence[str], user: str, password: str, *, source: str, ca: Path | None = None) -> str:
    """The connection string of one user; `hosts` are `host:port`, `source` is the database it is known in.

    With the authority `ca` it asks for TLS, here and in every function below.
    """
    tls = f"&tls=true&tlsCAFile={quote(str(ca), safe='/')}" if ca else ""
    return (
        f"mongodb://{quote(user)}:{quote(password)}@{','.join(hosts)}/"
        f"?replicaSet={SET}&authSource={source}&authMechanism=SCRAM-SHA-256{tls}"
    )


def connect(port: int, password: str | None = None, *, ca: Path | None = None) -> MongoClient[dict[str, Any]]:
    """A client of this very server, whatever its set thinks of it; without a password, by the localhost exception."""
    login: dict[str, Any] = {} if password is None else {"username": ADMIN, "password": password, "authSource": "admin"}
    options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 200, "tz_aware": True}
    return MongoClient("127.0.0.1", port, **options, **login, **_tls(ca))


def _tls(ca: Path | None) -> dict[str, Any]:
    return {"tls": True, "tlsCAFile": str(ca)} if ca else {}


def connect_as_member(hosts: Sequence[str], key: str, *, ca: Path | None = None) -> MongoClient[dict[str, Any]]:
    """A client of the set's primary with the rights of a member, known by the key they share (`Passwords.key_file`).

    For the installation's first steps: the localhost exception holds only beside the primary, which any may become.
    """
    return MongoClient(
        [*hosts],
        replicaSet=SET,
        username="__system",
        password=key,
        authSource="local",
        authMechanism="SCRAM-SHA-256",
        serverSelectionTimeoutMS=5_000,
        tz_aware=True,
        **_tls(ca),
    )


def form_set(port: int, password: str, hosts: Sequence[str] = (), *, ca: Path | None = None) -> bool:
    """Bring the set up by its member on this loopback port. True once it has a primary; call again until then.

    `hosts` are the addresses (`host:port`) the members and the clients know each other by, this member first; without
    them the set is this member alone. A data folder whose set was formed under other addresses is moved to these.
    """
    wanted = list(hosts) or [f"127.0.0.1:{port}"]
    with connect(port, ca=ca) as anonymous:
        try:
            hello = anonymous.admin.command("hello")
            if hello.get("isreplicaset"):  # it has no configuration it can use: none at all, or of other addresses
                _initiate(anonymous, wanted)
        except OperationFailure as error:
            if error.code == _MEMBERS_AWAY:
                return False
            if error.code not in _ALREADY | {_NEEDS_AUTH}:
                raise
            with connect(port, password, ca=ca) as admin:
                _move_set(admin, wanted)
            return False
        except PyMongoError:
            return False
        return bool(hello.get("isWritablePrimary") or (len(wanted) > 1 and hello.get("primary")))


def _members(hosts: Sequence[str]) -> list[dict[str, Any]]:
    return [{"_id": number, "host": host} for number, host in enumerate(hosts)]


def _initiate(client: MongoClient[dict[str, Any]], hosts: Sequence[str]) -> None:
    settings = {"electionTimeoutMillis": 1_000} if len(hosts) == 1 else SEVERAL
    client.admin.command("replSetInitiate", {"_id": SET, "members": _members(hosts), "settings": settings})


def _move_set(client: MongoClient[dict[str, Any]], hosts: Sequence[str]) -> None:
    config = client.admin.command("replSetGetConfig")["config"]
    if {each["host"] for each in config["members"]} != set(hosts):
        config["members"] = _members(hosts)
        client.admin.command("replSetReconfig", config | {"version": config["version"] + 1}, force=True)


def grant(
    hosts: Sequence[str], passwords: Passwords, *, databases: Sequence[str] = SERVICES, ca: Path | None = None
) -> None:
    """The administrator, and per service one user who may find, insert and update in its own database, no more.

    Repeatable; needs a primary among `hosts`.
    """
    with connect_as_member(hosts, passwords.key_file().read_text().strip(), ca=ca) as client:
        _unless_there(client, "admin", "createUser", ADMIN, {"pwd": passwords.of(ADMIN), "roles": ["root"]})
        reader = {"pwd": passwords.of(READER), "roles": ["readAnyDatabase", "clusterMonitor"]}
        _unless_there(client, "admin", "createUser", READER, reader)
        for name in databases:
            actions = {"resource": {"db": name, "collection": ""}, "actions": ["find", "insert", "update"]}
            _unless_there(client, name, "createRole", "service", {"privileges": [actions], "roles": []})
            _unless_there(client, name, "createUser", name, {"pwd": passwords.of(name), "roles": ["service"]})
        reads = [{"resource": {"db": name, "collection": ""}, "actions": _TO_COPY} for name in databases]
        _unless_there(client, "admin", "createRole", BACKUP, {"privileges": reads, "roles": []})
        _unless_there(client, "admin", "createUser", BACKUP, {"pwd": passwords.of(BACKUP), "roles": [BACKUP]})


def _unless_there(
    client: MongoClient[dict[str, Any]], database: str, command: str, name: str, body: Mapping[str, Any]
) -> None:
    try:
        client[database].command({command: name, **body, "writeConcern": {"w": "majority"}})
    except OperationFailure as error:
        if error.code not in _ALREADY:
            raise


def index_all(client: MongoClient[dict[str, Any]]) -> None:
    """Create the indexes every service's store declares; those that are there are left.

    Raises CannotStart where one stands that differs from its declaration.
    """
    for service in SERVICES:
        for collection, models in declared_indexes(service).items():
            if models:
                _create(client[service][collection], models)


def _create(collection: Collection[dict[str, Any]], models: Sequence[Any]) -> None:
    try:
        collection.create_indexes(list(models))
    except OperationFailure as error:
        if error.code not in _OF_ANOTHER_KIND:
            raise
        where = f"{collection.database.name}.{collection.name}"
        said = (error.details or {}).get("errmsg", "")
        raise CannotStart(f"The indexes of {where} differ from those declared: {said}") from error


def declared_indexes(service: str) -> Mapping[str, Sequence[Any]]:
    """`INDEXES` of the service's store: collection → index models; those of its anchors; and every history's."""
    own: Mapping[str, Sequence[Any]] = importlib.import_module(f"services.{service}.store").INDEXES
    indexes = {**own, "anchors": document_indexes()}
    histories = {f"{name}_history": history_indexes() for name, models in indexes.items() if holds_documents(models)}
    return {**indexes, **histories}
