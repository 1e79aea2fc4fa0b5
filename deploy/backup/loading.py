"""Loading a back-up into databases that are empty, and proving that it is all there."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from deploy.backup.checking import documents
from deploy.backup.manifest import Kept, Manifest
from deploy.backup.taking import RAW, Client, Say, in_order
from deploy.mongo.admin import index_all
from deploy.trouble import NotDone
from shared.contracts.topology import SERVICES

_BATCH = 500
_DURABLE = WriteConcern(w="majority", j=True)


def load(client: Client, folder: Path, manifest: Manifest, *, say: Say) -> None:
    """Every document of a checked back-up, byte by byte, under the declared indexes. Raises NotDone.

    `client` is the administrator's. Nothing else may write meanwhile.
    """
    refuse_unless_empty(client)
    index_all(client)
    with _nothing_expires(client):
        for kept in manifest.collections:
            say(f"Loading {kept.name}")
            _load(client, folder, kept)
            say(f"Comparing {kept.name}")
            _compare(client, kept)


def refuse_unless_empty(client: Client) -> None:
    """Raises NotDone naming the first collection that holds anything: a restore never mixes two histories."""
    for database in SERVICES:
        for name in client[database].list_collection_names(filter={"type": "collection"}):
            if client[database][name].find_one({}, {"_id": 1}) is not None:
                raise NotDone(
                    f"{database}.{name} holds documents: a back-up is restored onto an empty installation only.",
                    code="not-empty",
                )


@contextmanager
def _nothing_expires(client: Client) -> Iterator[None]:
    """Old sessions stay until they were compared; the server's own clean-up takes them a minute later."""
    before = client.admin.command("getParameter", 1, ttlMonitorEnabled=1)["ttlMonitorEnabled"]
    client.admin.command("setParameter", 1, ttlMonitorEnabled=False)
    try:
        yield
    finally:
        client.admin.command("setParameter", 1, ttlMonitorEnabled=before)


def _load(client: Client, folder: Path, kept: Kept) -> None:
    collection = client[kept.database].get_collection(kept.collection, codec_options=RAW, write_concern=_DURABLE)
    rows = (RawBSONDocument(raw, RAW) for raw in documents(folder / kept.file))
    while batch := list(islice(rows, _BATCH)):
        try:
            collection.insert_many(batch, ordered=True)
        except BulkWriteError as error:
            code = error.details["writeErrors"][0]["code"] if error.details.get("writeErrors") else None
            raise NotDone(f"{kept.name} would not take a document (MongoDB's code {code}).", code="refused") from None


def _compare(client: Client, kept: Kept) -> None:
    digest, count = hashlib.sha256(), 0
    for raw in in_order(client, kept.database, kept.collection):
        digest.update(raw)
        count += 1
    if (count, digest.hexdigest()) != (kept.documents, kept.sha256):
        raise NotDone(f"{kept.name} holds {count} documents that differ from the back-up's.", code="differs")
