"""Bytes to and from the gateway, with nothing between that would correct them."""

import re
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tests.gateway.conftest import Door

_ESTABLISHED = "01"


@dataclass(frozen=True)
class Raw:
    """What came back: `closed` if the gateway ended the connection, `seconds` until the end or the deadline."""

    bytes: bytes
    closed: bool
    seconds: float

    @property
    def status(self) -> int:
        return int(self.bytes.split(b" ", 2)[1]) if self.bytes else 0

    @property
    def statuses(self) -> list[int]:
        """Of every answer on the connection."""
        return [int(found) for found in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", self.bytes)]

    @property
    def problem(self) -> dict[str, Any]:
        document: dict[str, Any] = orjson.loads(self.bytes.partition(b"\r\n\r\n")[2])
        return document


def connected(door: Door) -> socket.socket:
    return socket.create_connection(("127.0.0.1", door.port), timeout=5)


def is_open(door: Door, port: int) -> bool:
    """Whether the gateway holds its end of the connection whose other end has this port."""
    ends = (f"0100007F:{door.port:04X}", f"0100007F:{port:04X}", _ESTABLISHED)
    return any(tuple(line.split()[1:4]) == ends for line in Path("/proc/net/tcp").read_text().splitlines())


def exchange(door: Door, *pieces: bytes, half_close: bool = False, seconds: float = 5) -> Raw:
    """Sends the pieces, reads until the gateway closes or `seconds` are over."""
    with connected(door) as link:
        began = time.monotonic()
        for piece in pieces:
            link.sendall(piece)
        if half_close:
            link.shutdown(socket.SHUT_WR)
        return received(link, began, seconds)


def received(link: socket.socket, began: float, seconds: float) -> Raw:
    """Everything until the end of the connection or of the time."""
    found = b""
    while (left := began + seconds - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            piece = link.recv(65_536)
        except TimeoutError:
            break
        except ConnectionError:
            return Raw(found, True, time.monotonic() - began)
        if not piece:
            return Raw(found, True, time.monotonic() - began)
        found += piece
    return Raw(found, False, time.monotonic() - began)
