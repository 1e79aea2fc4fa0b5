"""What a server proves itself by, and whom it believes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tls:
    """`pair` holds a certificate and its key, one after the other; `ca` the authority the others' are signed by."""

    pair: Path
    ca: Path
