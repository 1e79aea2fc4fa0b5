"""What a back-up says about itself: the last file written, and the first one read."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from deploy.trouble import CannotStart

FORMAT = 1
"""Grows when a later version could not read an older back-up as it is."""
NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """One collection: its documents in the order of `_id`, one after the other as BSON, in `file`."""

    database: str
    collection: str
    documents: int
    bytes: int
    sha256: str

    @property
    def file(self) -> str:
        return f"{self.database}/{self.collection}.bson"

    @property
    def name(self) -> str:
        return f"{self.database}.{self.collection}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`taken_at`: no document is older than this instant, and all are as they were at one moment right after it.

    `members_secret` is a fingerprint of the secret the copied hashes are keyed with, where it was at hand.
    """

    taken_at: str
    mongod: str
    collections: tuple[Kept, ...]
    members_secret: str | None = None
    keys: bool = False
    format: int = FORMAT

    @property
    def documents(self) -> int:
        return sum(each.documents for each in self.collections)

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.collections)

    def write(self, folder: Path) -> None:
        body = json.dumps(asdict(self), indent=1)
        (folder / NAME).write_text(json.dumps({"sha256": _digest(body), "manifest": json.loads(body)}, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises CannotStart naming what is wrong: no back-up, one that was never finished, a changed manifest."""
        file = folder / NAME
        if not file.exists():
            raise CannotStart(f"{folder} holds no {NAME}: it is no back-up, or one that was never finished.")
        try:
            told = json.loads(file.read_text())
            body: dict[str, Any] = told["manifest"]
            if told["sha256"] != _digest(json.dumps(body, indent=1)):
                raise CannotStart(f"{file} was changed after it was written.")
            if body["format"] != FORMAT:
                raise CannotStart(f"{file} is of format {body['format']}, this program reads format {FORMAT}.")
            return cls(**body | {"collections": tuple(Kept(**each) for each in body["collections"])})
        except (ValueError, KeyError, TypeError) as error:
            raise CannotStart(f"{file} is damaged: {type(error).__name__}.") from None


def fingerprint(secret: str) -> str:
    """Tells whether two secrets are the same; a secret of 256 bits cannot be found from it."""
    return _digest(f"a back-up's members secret: {secret.strip()}")[:32]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
