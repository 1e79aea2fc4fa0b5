"""What goes on with each address, and with each network: one plain document each, changed where nobody was faster."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from services.members.domain.sign_in import Client, Code, SignIn
from shared.kernel.refusal import Busy
from shared.kit.mongo import DuplicateKeyError

T = TypeVar("T")
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_ROUNDS = 60
"""Each lost round is another's success, and an address takes few of those before it refuses without writing."""


class _Tallies(ABC, Generic[T]):
    """By a keyed hash of whom they are about. The server forgets them by its own clock."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def change(self, key: str, decide: Callable[[T], T]) -> T:
        """Writes what `decide` makes of what is there; nothing if that is the same. What it raises goes out."""
        for _ in range(_ROUNDS):
            doc = await self._collection.find_one({"_id": key})
            before = self._read(doc or {})
            after = decide(before)
            if after == before or await self._write(key, doc["version"] if doc else 0, after):
                return after
        raise Busy

    async def _write(self, key: str, version: int, after: T) -> bool:
        """The write is durable where it is told true; on an outage the error goes out, and the guess is spent."""
        update = {"$set": self._body(after) | {"version": version + 1}, "$currentDate": {"touched": True}}
        try:
            result = await self._collection.update_one({"_id": key, "version": version}, update, upsert=version == 0)
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id is not None)

    @abstractmethod
    def _read(self, doc: Mapping[str, Any]) -> T: ...

    @abstractmethod
    def _body(self, state: T) -> dict[str, Any]: ...


class SignIns(_Tallies[SignIn]):
    """By address; one that nobody has is kept like any other."""

    async def forget(self, address_key: str) -> int:
        """No code of it is worth anything; the server removes the rest within a minute. How many there were."""
        update = {"$set": {"code": None, "sends": [], "failures": [], "touched": _LONG_AGO}, "$inc": {"version": 1}}
        result = await self._collection.update_one({"_id": address_key, "touched": {"$ne": _LONG_AGO}}, update)
        return int(result.modified_count)

    def _read(self, doc: Mapping[str, Any]) -> SignIn:
        code = doc.get("code")
        return SignIn(code and Code(**code), tuple(doc.get("sends", ())), tuple(doc.get("failures", ())))

    def _body(self, state: SignIn) -> dict[str, Any]:
        code = state.code
        return {
            "code": code and {"digest": code.digest, "expires_at": code.expires_at, "tries": code.tries},
            "sends": list(state.sends),
            "failures": list(state.failures),
        }


class Clients(_Tallies[Client]):
    """By network, as `network_of` tells it."""

    def _read(self, doc: Mapping[str, Any]) -> Client:
        return Client(tuple(doc.get("sends", ())))

    def _body(self, state: Client) -> dict[str, Any]:
        return {"sends": list(state.sends)}
