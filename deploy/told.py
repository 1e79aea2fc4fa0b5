"""What the environment tells the jobs and the command line: understood, or refused by the setting's name."""

import difflib
import os
import re
from pathlib import Path

from deploy.trouble import CannotStart
from shared.kit.settings import OF_AN_INSTALLATION, OF_ONE_SERVICE, KitSettings

_SIZE = re.compile(r"([1-9][0-9]{0,14})([KMGT]?)")
_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def refuse_unknown() -> None:
    """Raises CannotStart for the first LOUNGE_… that nobody in the house reads, as the services do."""
    known = {field.upper() for field in KitSettings.model_fields} | OF_ONE_SERVICE | OF_AN_INSTALLATION
    given = {name.removeprefix("LOUNGE_") for name in os.environ if name.startswith("LOUNGE_")}
    for name in sorted(given - known):
        near = difflib.get_close_matches(name, known, n=1)
        meant = f"; is LOUNGE_{near[0]} meant?" if near else "."
        raise CannotStart(f"LOUNGE_{name}: there is no such setting{meant}")


def size(text: str) -> int:
    """`20G` in bytes. Raises ValueError with a sentence."""
    if not (match := _SIZE.fullmatch(text.upper())):
        raise ValueError(f"{text!r} is no size: write it like 20G, 512M, or in bytes.")
    return int(match[1]) << _UNITS[match[2]]


def store_bytes() -> int | None:
    """LOUNGE_NATS_STORE_BYTES, as 20G; None where nothing is said. Raises CannotStart."""
    if not (told := os.environ.get("LOUNGE_NATS_STORE_BYTES")):
        return None
    try:
        return size(told)
    except ValueError as error:
        raise CannotStart(f"LOUNGE_NATS_STORE_BYTES: {error}") from None


def number(name: str, *, otherwise: int, most: int) -> int:
    """A whole number from 1 to `most`; `otherwise` where nothing is said. Raises CannotStart."""
    told = os.environ.get(name)
    if not told:
        return otherwise
    if not told.isdecimal() or not 1 <= int(told) <= most:
        raise CannotStart(f"{name}: {told!r} is no number from 1 to {most}.")
    return int(told)


def seconds(name: str, *, otherwise: float) -> float:
    """More than none; `otherwise` where nothing is said. Raises CannotStart."""
    told = os.environ.get(name)
    try:
        found = float(told) if told else otherwise
    except ValueError:
        found = 0.0
    if not 0 < found < float("inf"):
        raise CannotStart(f"{name}: {told!r} is no number of seconds.")
    return found


def secret(name: str) -> str | None:
    """What the file named by `name` (`…_FILE`) holds; None where nothing is said. Raises CannotStart."""
    if not (file := os.environ.get(name)):
        return None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CannotStart(f"{name}: {file} cannot be read: {error.strerror}.") from None
    if not text:
        raise CannotStart(f"{name}: {file} is empty.")
    return text
