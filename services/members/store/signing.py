"""The signing keys: one document for all replicas, private parts sealed, and what is signed with them."""

import warnings
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import OKPKey

from services.members.domain.key_set import PUBLISHED_BEFORE_USE, KeySet, SigningKey
from services.members.store.seal import Seal
from services.members.store.secret import Secret
from shared.kernel.ids import new_id
from shared.kernel.refusal import Busy
from shared.kit.asserts import Misconfigured
from shared.kit.mongo import DuplicateKeyError

_ID = "access"
_ROUNDS = 10


class KeySets:
    """Reads the stored set at each use, so a replica signs with what the others show."""

    def __init__(self, collection: Any, secret: Secret) -> None:
        self._collection = collection
        self._seal = Seal(secret, "signing-keys")

    async def get(self, at: datetime) -> KeySet:
        """The set; its first key is made where there is none, and signs at once."""
        if (doc := await self._collection.find_one({"_id": _ID})) is not None:
            return _from(doc)
        first = KeySet((self._fresh(signs_from=at, at=at),))
        try:
            await self._collection.insert_one({"_id": _ID, "version": 1, "keys": _body(first)})
        except DuplicateKeyError:
            return await self.get(at)
        return first

    async def readable(self) -> None:
        """What is stored was sealed with this secret. Raises Misconfigured: another one could sign nobody in."""
        doc = await self._collection.find_one({"_id": _ID}) or {"keys": []}
        try:
            for key in _from(doc).keys:
                self._seal.opened(key.sealed)
        except JoseError:
            raise Misconfigured(
                "LOUNGE_MEMBERS_SECRET: it is not the one that sealed the stored signing keys"
            ) from None

    async def rotate(self, at: datetime, *, if_due: bool = False) -> KeySet:
        """Publishes a new key, unless one still waits for its time; with `if_due` only when the last is old enough."""
        for _ in range(_ROUNDS):
            await self.get(at)
            doc = await self._collection.find_one({"_id": _ID})
            before = _from(doc)
            if if_due and not before.is_due(at):
                return before
            after = before.rotate(self._fresh(signs_from=at + PUBLISHED_BEFORE_USE, at=at), at)
            if after == before or await self._write(doc["version"], after):
                return after
        raise Busy

    async def sign(self, fields: Mapping[str, Any], at: datetime) -> str:
        """A JWT of type at+jwt, by the key whose time it is."""
        key = (await self.get(at)).signing(at)
        private = OKPKey.import_key(self._seal.opened(key.sealed))
        with warnings.catch_warnings():
            # RFC 9864 renames the algorithm to Ed25519; verifiers of today know it as EdDSA.
            warnings.simplefilter("ignore", SecurityWarning)
            header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key.kid}
            return jwt.encode(header, dict(fields), private, algorithms=["EdDSA"])

    def _fresh(self, *, signs_from: datetime, at: datetime) -> SigningKey:
        key = OKPKey.generate_key("Ed25519")
        sealed = self._seal.closed(key.as_dict(private=True))
        return SigningKey(new_id(at), str(key.as_dict(private=False)["x"]), sealed, signs_from)

    async def _write(self, version: int, after: KeySet) -> bool:
        result = await self._collection.update_one(
            {"_id": _ID, "version": version}, {"$set": {"keys": _body(after), "version": version + 1}}
        )
        return bool(result.matched_count)


def _body(keys: KeySet) -> list[dict[str, Any]]:
    return [{"kid": k.kid, "public": k.public, "sealed": k.sealed, "signs_from": k.signs_from} for k in keys.keys]


def _from(doc: Mapping[str, Any]) -> KeySet:
    return KeySet(tuple(SigningKey(**key) for key in doc["keys"]))
