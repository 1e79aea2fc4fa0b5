"""The documents of a service as they stand in MongoDB: every collection of them, each log whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bson
from bson.codec_options import CodecOptions, TypeDecoder, TypeRegistry
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection

from deploy.mongo.admin import declared_indexes
from shared.kit.documents import holds_documents

Client = MongoClient[dict[str, Any]]
Doc = Mapping[str, Any]
_BATCH = 500
_RAW: CodecOptions[Any] = CodecOptions(document_class=RawBSONDocument)


class _CodeAsText(TypeDecoder):
    """So that text stored as code, which is none of ours, does not read back as it is stored."""

    bson_type = bson.Code

    def transform_bson(self, value: Any) -> str:
        return str(value)


AWARE: CodecOptions[Any] = CodecOptions(tz_aware=True, type_registry=TypeRegistry([_CodeAsText()]))


@dataclass(frozen=True, slots=True)
class Found:
    """A document, its whole log, oldest entry first (empty where it has none), and what cannot be read of it."""

    id: str
    doc: Doc
    log: Sequence[Doc]
    faults: Sequence[str] = ()


def collections_of(service: str) -> dict[str, bool]:
    """Its collections of documents; True where documents end by themselves, by a TTL index."""
    return {
        name: any("expireAfterSeconds" in model.document for model in models)
        for name, models in declared_indexes(service).items()
        if holds_documents(models)
    }


def counted(client: Client, service: str) -> int:
    """About how many documents there are to be looked at, those of the anchors twice."""
    names = [*collections_of(service), "anchors"]
    return sum(client[service][name].estimated_document_count() for name in names)


def documents(client: Client, service: str, collection: str) -> Iterator[Found]:
    """Each document is read before what moved out of it, so an entry that moves meanwhile is seen once."""
    own: Collection[Any] = client[service].get_collection(collection, codec_options=_RAW)
    moved: Collection[Any] = client[service].get_collection(f"{collection}_history", codec_options=_RAW)
    with own.find({}, batch_size=_BATCH) as found:
        for raw in found:
            yield _found(raw, moved)


def _found(raw: RawBSONDocument, moved: Collection[Any]) -> Found:
    try:
        doc, faults = _read(raw)
        doc_id, log = str(doc["_id"]), doc.get("log", [])
        first = log[0].get("seq", 1) if log else 1
        rows: list[Doc] = []
        if first != 1:
            for each in moved.find({"_id": {"$gt": f"{doc_id}|", "$lt": f"{doc_id}|{first:010d}"}}).sort("_id", 1):
                row, more = _read(each)
                rows, faults = [*rows, row], [*faults, *more, *_misfiled(doc, row)]
    except (BSONError, TypeError, ValueError, LookupError, AttributeError):
        return Found(_named(raw), {}, (), ["it cannot be read"])
    return Found(doc_id, doc, [*rows, *log], faults)


def _read(raw: RawBSONDocument) -> tuple[Doc, list[str]]:
    """Types that hold the same text or number (a symbol, code) are none of ours."""
    doc = bson.decode(raw.raw, codec_options=AWARE)
    return doc, [] if bson.encode(doc) == raw.raw else ["it holds a value of a type that is none of ours"]


def _misfiled(doc: Doc, row: Doc) -> list[str]:
    place = f"{doc['_id']}|{row['seq']:010d}", doc["_id"], doc["site"]
    same = (row["_id"], row.get("aggregate"), row.get("site")) == place
    return [] if same else [f"its row {row['_id']} in the history is not filed as entry {row['seq']} of it"]


def _named(raw: RawBSONDocument) -> str:
    try:
        return str(raw["_id"])
    except (BSONError, LookupError):
        return "?"
