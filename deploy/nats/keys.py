"""nkeys: one seed file per identity, 0600, made once and kept."""

import os
import secrets
from pathlib import Path

import nkeys


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


class KeyFolder:
    """The seeds of an installation's identities, each made at its first use."""

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

    def sites(self) -> tuple[str, ...]:
        """The sites that have a key of their own, in order."""
        return tuple(sorted(path.stem.removeprefix("site-") for path in self.folder.glob("site-*.nk")))

    def forget_site(self, site: str) -> None:
        for name in (f"site-{site}", f"hub-{site}"):
            (self.folder / f"{name}.nk").unlink(missing_ok=True)
