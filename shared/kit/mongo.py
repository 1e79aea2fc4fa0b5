"""The only module that imports a MongoDB driver: Motor by default, PyMongo's own asyncio client by setting.

Every call the house uses is the same in both, so what `Mongo.collection` gives is the driver's own collection.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any, Literal
from urllib.parse import urlsplit

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, IndexModel, UpdateOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

__all__ = [
    "BulkWriteError",
    "DuplicateKeyError",
    "IndexModel",
    "Mongo",
    "PyMongoError",
    "UpdateOne",
    "aggregated",
    "encoded",
    "index",
    "is_outage",
    "taken_claim",
    "were_there",
]

Driver = Literal["motor", "pymongo"]
_CODEC: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC, uuid_representation=4)


class Mongo:
    """One database over one pool. Writes wait for majority and journal; instants come back in UTC."""

    def __init__(self, url: str, database: str, driver: Driver = "motor", *, timeout_s: float = 5.0) -> None:
        if not url:
            raise ValueError("LOUNGE_MONGO_URL: it is not set, and neither is LOUNGE_MONGO_URL_FILE")
        if not url.startswith(("mongodb://", "mongodb+srv://")):
            raise ValueError("LOUNGE_MONGO_URL: it is not like mongodb://user:password@host:27017/")
        self.database = database
        self.where = urlsplit(url).netloc.rpartition("@")[2]
        """Host and port, without the user."""
        options: dict[str, Any] = {
            "retryWrites": True,
            "tz_aware": True,
            "tzinfo": UTC,
            "uuidRepresentation": "standard",
            "timeoutMS": int(timeout_s * 1000),
            "serverSelectionTimeoutMS": 1_500,
            "connectTimeoutMS": 1_500,
            "appname": f"lounge-{database}",
        }
        if driver == "motor":
            from motor.motor_asyncio import AsyncIOMotorClient  # noqa: PLC0415 — only where chosen: it costs start-up time

            self._client: Any = AsyncIOMotorClient(url, **options)
        else:
            self._client = AsyncMongoClient(url, **options)
        self._database = self._client.get_database(
            database, write_concern=WriteConcern(w="majority", j=True), read_concern=ReadConcern("majority")
        )

    def collection(self, name: str) -> Any:
        """The driver's collection: majority reads, majority and journaled writes."""
        return self._database[name]

    async def server_time(self) -> datetime:
        """The primary's clock; also the cheapest proof that a primary answers."""
        hello: dict[str, Any] = await self._client.admin.command("hello")
        return hello["localTime"].astimezone(UTC)  # type: ignore[no-any-return] # a BSON date

    async def loses_writes(self) -> str | None:
        """Why a write acknowledged here could be lost all the same, or None."""
        wanted = self._database.write_concern.document
        if wanted != {"w": "majority", "j": True}:
            return f"writes wait for {wanted} only"
        hello: dict[str, Any] = await self._client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            return "it is no member of a replica set, so a majority means nothing"
        return None

    async def close(self) -> None:
        closing = self._client.close()
        if closing is not None:
            await closing


async def aggregated(collection: Any, pipeline: Sequence[Mapping[str, Any]], most: int) -> list[dict[str, Any]]:
    """The first `most` documents a pipeline gives. The one call that PyMongo's client has to be awaited for."""
    cursor = collection.aggregate(pipeline)
    found: list[dict[str, Any]] = await (await cursor if isawaitable(cursor) else cursor).to_list(most)
    return found


def index(
    keys: Sequence[tuple[str, int]],
    *,
    unique: bool = False,
    partial: Mapping[str, Any] | None = None,
    expire_after: int | None = None,
) -> IndexModel:
    """An index as data, for a service's `INDEXES`; `expire_after` in seconds."""
    options: dict[str, Any] = {"unique": unique} if unique else {}
    if partial is not None:
        options["partialFilterExpression"] = dict(partial)
    if expire_after is not None:
        options["expireAfterSeconds"] = expire_after
    return IndexModel(list(keys), **options)


def were_there(error: BulkWriteError) -> bool:
    """Whether of an unordered insert nothing failed but rows that were there already; the rest is stored for good."""
    failed = error.details["writeErrors"]
    return not error.details.get("writeConcernErrors") and all(each["code"] == _DUPLICATE for each in failed)


_DUPLICATE = 11_000


def encoded(document: Mapping[str, Any]) -> RawBSONDocument:
    """Encodes now, so that one document that cannot be encoded fails alone. Raises bson.errors.InvalidDocument."""
    return RawBSONDocument(bson.encode(document, codec_options=_CODEC), codec_options=_RAW)


_RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument, tz_aware=True, tzinfo=UTC)


def taken_claim(details: Mapping[str, Any] | None) -> str | None:
    """From a duplicate-key error's details: the claim that was taken, or None where `_id` (or another key) was."""
    if details and "claims" in details.get("keyPattern", {}):
        return str(details["keyValue"]["claims"])
    return None


_PASSING = frozenset({6, 7, 89, 91, 133, 134, 189, 211, 262, 9001, 10107, 11600, 11602, 13435, 13436})
"""Codes of a set between two primaries or of a member going down; 134 and 211 come right after an election: no majority
to read from yet, no key yet for the cluster's time (seen; the driver does not try these again by itself)."""


def is_outage(error: BaseException) -> bool:
    """True where the outcome is unknown or the server is away: read again by key, or answer 503; never 'failed'."""
    if isinstance(error, AutoReconnect | ConnectionFailure | NetworkTimeout | ExecutionTimeout | WriteConcernError):
        return True
    if isinstance(error, OperationFailure) and error.code in _PASSING:
        return True
    return isinstance(error, PyMongoError) and (
        error.timeout or (isinstance(error, OperationFailure) and error.has_error_label("RetryableWriteError"))
    )
