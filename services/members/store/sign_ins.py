"""What goes on with each address: one plain document, changed only where nobody was faster."""

from collections.abc import Callable
from typing import Any

from services.members.domain.sign_in import Code, SignIn
from shared.kernel.refusal import Busy
from shared.kit.mongo import DuplicateKeyError

_ROUNDS = 60
"""Each lost round is another's success, and an address takes few of those before it refuses without writing."""


class SignIns:
    """By the address's key; an address nobody has is kept like any other. The server forgets them by its own clock."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def change(self, address_key: str, decide: Callable[[SignIn], SignIn]) -> SignIn:
        """Writes what `decide` makes of what is there; nothing if that is the same. What it raises goes out."""
        for _ in range(_ROUNDS):
            doc = await self._collection.find_one({"_id": address_key})
            before = _from(doc) if doc else SignIn()
            after = decide(before)
            if after == before or await self._write(address_key, doc["version"] if doc else 0, after):
                return after
        raise Busy

    async def _write(self, address_key: str, version: int, after: SignIn) -> bool:
        """The write is durable where it is told true; on an outage the error goes out, and the guess is spent."""
        update = {"$set": _body(after) | {"version": version + 1}, "$currentDate": {"touched": True}}
        try:
            result = await self._collection.update_one(
                {"_id": address_key, "version": version}, update, upsert=version == 0
            )
        except DuplicateKeyError:
            return False
        return bool(result.matched_count or result.upserted_id is not None)


def _body(state: SignIn) -> dict[str, Any]:
    code = state.code
    return {
        "code": code and {"digest": code.digest, "expires_at": code.expires_at, "tries": code.tries},
        "sends": list(state.sends),
        "failures": list(state.failures),
    }


def _from(doc: dict[str, Any]) -> SignIn:
    code = doc["code"]
    return SignIn(code and Code(**code), tuple(doc["sends"]), tuple(doc["failures"]))
