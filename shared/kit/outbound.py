"""Requests to addresses that others name (an identity provider, a webhook): to the public internet and nowhere else.

https on port 443 alone; a name is resolved once and the connection goes to the address that was judged, which must be
public as every other of its addresses; no redirect is followed, no proxy setting read, no compression accepted; size
and time are bounded, and so is how many are out at once. What is not reached leaves no trace of ours there.
"""

import asyncio
import ipaddress
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import certifi
import httpcore

HTTPS = 443
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Reason = Literal["unsafe-url", "private-address", "no-such-host", "not-reached", "timed-out", "too-large", "busy"]
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_CARRIERS = tuple(ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"))
"""NAT64, Teredo, 6to4: addresses that carry an IPv4 address, wherever that leads."""
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOME = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "localdomain", "arpa")
"""Last labels that no public name has."""
_LONGEST_URL = 2_048


class OutboundError(Exception):
    """It was not sent, or not answered as it should be; `reason` says why, for logs."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a request may take from its first byte out to its last byte in, and how many bytes may come in."""

    seconds: float
    size: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status; header names are in lower case. A redirect is a status like another."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_public(address: Address) -> bool:
    """Whether it is one host's on the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _PUBLIC_V6 and address.is_global and not any(address in each for each in _CARRIERS)
    return address.is_global and not address.is_multicast


def check_url(url: str, *, allow: Collection[str] = ()) -> tuple[str, int]:
    """Host and port of a URL that may be asked, as far as the text tells. Raises OutboundError `unsafe-url`.

    `allow` names `host:port` pairs that may be anything; only tests have any.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTPS
    except ValueError:
        raise OutboundError("unsafe-url") from None
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= _LONGEST_URL
    if not plain or parts.scheme != "https" or "@" in parts.netloc or parts.fragment:
        raise OutboundError("unsafe-url")
    if f"{host}:{port}" not in allow and (port != HTTPS or not _is_public_name(host)):
        raise OutboundError("unsafe-url")
    return host, port


def _is_public_name(host: str) -> bool:
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        labels = host.split(".")
    # a last label of digits is an address in disguise (2130706433, 0x7f.1), which resolvers read as one
    return (
        len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and labels[-1] not in _HOME
        and not labels[-1][0].isdigit()
    )


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the address it has judged; the name stays what TLS is verified against."""

    def __init__(self, resolve: Resolve, allow: Collection[str]) -> None:
        self._resolve = resolve
        self._allow = allow
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 — httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises OutboundError, or httpcore.ConnectError where no address answers."""
        addresses = await self._judged(host, port)
        for address in addresses[:-1]:
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        return await self._sockets.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def _judged(self, host: str, port: int) -> Sequence[str]:
        try:
            found = list(dict.fromkeys(await self._resolve(host, port)))
        except OSError:
            raise OutboundError("no-such-host") from None
        if not found:
            raise OutboundError("no-such-host")
        public = (is_public(ipaddress.ip_address(each.partition("%")[0])) for each in found)
        if f"{host}:{port}" not in self._allow and not all(public):
            raise OutboundError("private-address")
        return found


async def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the machine's resolver gives them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=6)
    return [str(address[0]) for *_, address in found]


class Outbound:
    """One per process. `most` are out at once, `most_each` for one party; one more is refused at once.

    So a slow peer holds up no one, and a party whose peers are all slow takes not all the places.
    """

    def __init__(
        self,
        *,
        allow: Collection[str] = (),
        ca_file: Path | None = None,
        most: int = 16,
        most_each: int = 6,
        resolve: Resolve = resolved,
    ) -> None:
        trusted = ssl.create_default_context(cafile=certifi.where())
        if ca_file is not None:
            trusted.load_verify_locations(ca_file)
        self._allow = frozenset(allow)
        self._places = asyncio.Semaphore(most)
        self._most_each = most_each
        self._out = Counter[str]()
        self._pool = httpcore.AsyncConnectionPool(
            trusted, max_connections=most, max_keepalive_connections=0, network_backend=_Pinned(resolve, self._allow)
        )

    def check(self, url: str) -> None:
        """What can be said of a URL before it is asked. Raises OutboundError `unsafe-url`."""
        check_url(url, allow=self._allow)

    async def ask(
        self, method: str, url: str, *, bounds: Bounds, headers: Mapping[str, str], content: bytes = b"", party: str
    ) -> Reply:
        """The answer, whole; asked for the sake of `party`. Raises OutboundError."""
        self.check(url)
        sent = {"user-agent": "lounge", **headers, "accept-encoding": "identity"}
        async with self._place(party):
            try:
                async with asyncio.timeout(bounds.seconds):
                    async with self._pool.stream(method, url, headers=list(sent.items()), content=content) as response:
                        return await _read(response, bounds.size)
            except TimeoutError:
                raise OutboundError("timed-out") from None
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError):
                raise OutboundError("not-reached") from None

    @asynccontextmanager
    async def _place(self, party: str) -> AsyncIterator[None]:
        if self._places.locked() or self._out[party] >= self._most_each:
            raise OutboundError("busy")
        async with self._places:
            self._out[party] += 1
            try:
                yield
            finally:
                self._out[party] -= 1
                self._out += Counter[str]()  # forgets who has nothing out

    async def close(self) -> None:
        """What is out is cut."""
        await self._pool.aclose()


async def _read(response: Any, most: int) -> Reply:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if headers.get("content-encoding", "identity") != "identity":
        raise OutboundError("too-large")
    body = b""
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > most:
            raise OutboundError("too-large")
    return Reply(response.status, headers, body)
