"""Which rules of the world's clocks this process goes by: those its image was made with, or its system has."""

import hashlib
import zoneinfo
from functools import cache
from importlib import resources
from pathlib import Path

_PACKAGE = resources.files("tzdata") / "zoneinfo"


@cache
def rules_of_zones() -> str:
    """The same for processes whose zones are, file for file, the same; it changes only with a restart, as they do."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(zoneinfo.available_timezones()):
        digest.update(name.encode() + b"\0" + hashlib.blake2b(_rules_of(name), digest_size=16).digest())
    return digest.hexdigest()


def _rules_of(name: str) -> bytes:
    """Where `zoneinfo` finds it: the system's first."""
    own = (Path(root) / name for root in zoneinfo.TZPATH)
    found = next((path for path in own if path.is_file()), None)
    return found.read_bytes() if found else _PACKAGE.joinpath(*name.split("/")).read_bytes()
