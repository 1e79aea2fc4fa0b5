"""nkeys: one seed file per identity, 0600, made once and kept."""

import os
import secrets
from pathlib import Path

import nkeys

from shared.kit.documents import seal


def write_private(path: Path, text: str) -> None:
    """Put `text` into a file only its owner may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def new_seed() -> str:
    """The secret half of a fresh user nkey."""
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return seed.decode()


def public_of(seed: str) -> str:
    """The half of the key the server is told."""
    public: bytes = nkeys.from_seed(seed.encode()).public_key
    return public.decode()


def anchor_key(seed: str) -> str:
    """The public half of what a service with this seed signs its anchors with."""
    return seal.public_of(seal.key_of(seed))


class KeyFolder:
    """The seeds of an installation's identities, each made at its first use.

    While one is rotated, two or three files stand: `booking.nk` is in use, `booking.nk.next` will be, `booking.nk.old`
    was. The server takes all of them, so whoever stops in the middle of it begins again where they were.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def seed_file(self, name: str) -> Path:
        """The file holding the seed of `name`; exists afterwards."""
        path = self.folder / f"{name}.nk"
        if not path.exists():
            write_private(path, new_seed())
        return path

    def public(self, name: str) -> str:
        return public_of(self.seed_file(name).read_text().strip())

    def accepted(self, name: str) -> tuple[str, ...]:
        """Every public key the server is to take for `name`; one, unless its key is being rotated."""
        others = (each for each in (self._next(name), self._old(name)) if each.exists())
        return tuple(dict.fromkeys([self.public(name), *(public_of(each.read_text().strip()) for each in others)]))

    def successor(self, name: str) -> Path:
        """The file holding the key `name` will have next; made where there is none."""
        if not self._next(name).exists():
            write_private(self._next(name), new_seed())
        return self._next(name)

    def switch(self, name: str) -> None:
        """The next key is the one in use from now on; the one so far stays accepted. Nothing where there is no next."""
        if self._next(name).exists():
            former = self.seed_file(name).read_text()
            self._vouch_for(name, former)
            write_private(self._old(name), former)
            self._next(name).replace(self.folder / f"{name}.nk")

    def former(self, name: str) -> str | None:
        """The public key `name` had before, while it is still accepted."""
        old = self._old(name)
        return public_of(old.read_text().strip()) if old.exists() else None

    def withdraw(self, name: str) -> None:
        """The former key is accepted no longer, once the server has read its configuration."""
        self._old(name).unlink(missing_ok=True)

    def signers(self, name: str) -> frozenset[str]:
        """The public keys that anchors of `name` may be signed by: those of its seeds, the present and earlier ones."""
        seeds = (path for path in (self.seed_file(name), self._next(name), self._old(name)) if path.exists())
        earlier = self._earlier.read_text().splitlines() if self._earlier.exists() else []
        known = (line.split() for line in earlier)
        return frozenset(
            [*(anchor_key(path.read_text()) for path in seeds), *(key for whose, key in known if whose == name)]
        )

    def _vouch_for(self, name: str, seed: str) -> None:
        """What a seed signed is still believed once it is gone."""
        before = self._earlier.read_text() if self._earlier.exists() else ""
        line = f"{name} {anchor_key(seed)}\n"
        if line not in before:
            write_private(self._earlier, before + line)

    @property
    def _earlier(self) -> Path:
        return self.folder / "anchors.keys"

    def _next(self, name: str) -> Path:
        return self.folder / f"{name}.nk.next"

    def _old(self, name: str) -> Path:
        return self.folder / f"{name}.nk.old"

    def sites(self) -> tuple[str, ...]:
        """The sites that have a key of their own, in order."""
        return tuple(sorted(path.stem.removeprefix("site-") for path in self.folder.glob("site-*.nk")))

    def forget_site(self, site: str) -> None:
        for name in (f"site-{site}", f"hub-{site}"):
            for path in (self.folder / f"{name}.nk", self._next(name), self._old(name)):
                path.unlink(missing_ok=True)
