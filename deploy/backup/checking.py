"""Whether a back-up is whole: every file there, of its size, with its hash, and BSON from end to end."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from deploy.backup.manifest import Kept, Manifest
from deploy.trouble import CannotStart

_LARGEST = 16 * 1024**2 + 16 * 1024
"""What MongoDB lets a document be, with room for its own."""


def checked(folder: Path) -> Manifest:
    """The manifest of a back-up whose every byte was read. Raises CannotStart naming the file that will not do."""
    manifest = Manifest.read(folder)
    for kept in manifest.collections:
        _check(folder / kept.file, kept)
    if manifest.keys and not (folder / "keys").is_dir():
        raise CannotStart(f"{folder / 'keys'} is missing from the back-up.")
    return manifest


def _check(file: Path, kept: Kept) -> None:
    if not file.exists():
        raise CannotStart(f"{file} is missing from the back-up.")
    if (size := file.stat().st_size) != kept.bytes:
        raise CannotStart(f"{file} is of {size} bytes, and was of {kept.bytes} when it was written.")
    digest, count = hashlib.sha256(), 0
    for raw in documents(file):
        digest.update(raw)
        count += 1
    if digest.hexdigest() != kept.sha256 or count != kept.documents:
        raise CannotStart(f"{file} is damaged: its content is not what was written.")


def documents(file: Path) -> Iterator[bytes]:
    """The bytes of each document of a file. Raises CannotStart where it is no row of them."""
    with file.open("rb") as stream:
        while length := stream.read(4):
            yield _document(file, stream, length)


def _document(file: Path, stream: BinaryIO, length: bytes) -> bytes:
    size = int.from_bytes(length, "little")
    rest = stream.read(size - 4) if 5 <= size <= _LARGEST else b""
    if len(rest) != size - 4 or rest[-1:] != b"\0":
        raise CannotStart(f"{file} is damaged: it is no row of BSON documents.")
    return length + rest
