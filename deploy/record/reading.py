"""The documents of a service as they stand in MongoDB: every collection of them, each log whole."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo import MongoClient

from deploy.mongo.admin import declared_indexes
from shared.kit.documents import holds_documents

Client = MongoClient[dict[str, Any]]
Doc = dict[str, Any]
_BATCH = 500


def collections_of(service: str) -> dict[str, bool]:
    """Its collections of documents; True where documents end by themselves, by a TTL index."""
    return {
        name: any("expireAfterSeconds" in model.document for model in models)
        for name, models in declared_indexes(service).items()
        if holds_documents(models)
    }


def documents(client: Client, service: str, collection: str) -> Iterator[tuple[Doc, Sequence[Mapping[str, Any]]]]:
    """Each document with its whole log, oldest entry first; a document without a log with none.

    The document is read before what moved out of it, so an entry that moves meanwhile is seen once.
    """
    own, moved = client[service][collection], client[service][f"{collection}_history"]
    with own.find({}, batch_size=_BATCH) as found:
        for doc in found:
            log = doc.get("log", [])
            first = log[0].get("seq", 1) if log else 1
            rows: list[Doc] = []
            if first != 1:
                behind = {"$gt": f"{doc['_id']}|", "$lt": f"{doc['_id']}|{first:010d}"}
                rows = list(moved.find({"_id": behind}).sort("_id", 1))
            yield doc, [*rows, *log]
