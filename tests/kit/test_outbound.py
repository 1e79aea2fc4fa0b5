"""Asking addresses that others name (row A8): the public internet, and nothing else by any spelling or detour."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.kit.outbound import Bounds, Outbound, OutboundError, Reply, check_url, is_public
from tests.support.certificates import Certificates, certificates
from tests.support.waiting import until

NAME = "provider.example"
SMALL = Bounds(seconds=5, size=1_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"), NAME)


@dataclass
class Peer:
    """A server on a loopback port that notes what it is sent, and whoever resolves its name."""

    answer: Answer
    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)
    addresses: Sequence[str] = ("127.0.0.1",)

    async def resolve(self, host: str, _: int) -> Sequence[str]:
        self.resolved.append(host)
        return self.addresses

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}/.well-known/openid-configuration"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.heard.append(await reader.readuntil(b"\r\n\r\n"))
            await self.answer(writer)
            await writer.drain()
        writer.close()


async def said(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()


@asynccontextmanager
async def peer(signed: Certificates, answer: Answer) -> AsyncIterator[Peer]:
    made = Peer(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=signed.context())
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@asynccontextmanager
async def outbound(
    peer: Peer, authority: Path | None, *, most: int = 4, most_each: int = 4, allow: bool = True
) -> AsyncIterator[Outbound]:
    allowed = [f"{NAME}:{peer.port}"] if allow else []
    made = Outbound(allow=allowed, ca_file=authority, most=most, most_each=most_each, resolve=peer.resolve)
    try:
        yield made
    finally:
        await made.close()


async def got(outbound: Outbound, url: str, bounds: Bounds = SMALL, party: str = NAME) -> Reply:
    return await outbound.ask("GET", url, bounds=bounds, headers={"accept": "application/json"}, party=party)


async def reason(outbound: Outbound, url: str, bounds: Bounds = SMALL, party: str = NAME) -> str:
    with pytest.raises(OutboundError) as refused:
        await got(outbound, url, bounds, party)
    return refused.value.reason


async def test_a_name_is_resolved_once_and_stays_what_the_certificate_must_be_for(signed: Certificates) -> None:
    async with peer(signed, lambda w: said(w, OK)) as p, outbound(p, signed.authority) as out:
        reply = await got(out, p.url)
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "application/json", b"{}")
    assert p.resolved == [NAME]
    (heard,) = p.heard
    assert heard.startswith(b"GET /.well-known/openid-configuration HTTP/1.1\r\n")
    assert f"Host: {NAME}:{p.port}\r\n".encode().lower() in heard.lower()
    assert b"accept-encoding: identity\r\n" in heard


async def test_a_certificate_for_another_name_or_of_no_authority_of_ours_is_not_believed(
    signed: Certificates, tmp_path: Path
) -> None:
    other = certificates(tmp_path, "another.example")
    async with peer(other, lambda w: said(w, OK)) as p:
        for authority in (other.authority, None):
            async with outbound(p, authority) as out:
                assert await reason(out, p.url) == "not-reached"
    assert p.heard == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["203.0.114.7", "10.0.0.1"],
        ["2606:4700::1111", "::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
    ],
)
async def test_a_name_that_leads_home_is_refused_before_anything_is_sent(
    addresses: list[str], signed: Certificates
) -> None:
    async with peer(signed, lambda w: said(w, OK)) as p, outbound(p, signed.authority, allow=False) as out:
        p.addresses = addresses
        assert await reason(out, f"https://{NAME}/") == "private-address"
        assert (p.resolved, p.heard) == ([NAME], [])


async def test_a_name_nobody_knows_is_no_error_of_ours(signed: Certificates) -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError(host, port)

    out = Outbound(resolve=nobody)
    assert await reason(out, f"https://{NAME}/") == "no-such-host"
    await out.close()


async def test_a_redirect_is_told_and_not_followed(signed: Certificates) -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    async with peer(signed, lambda w: said(w, there)) as p, outbound(p, signed.authority) as out:
        assert (await got(out, p.url)).status == 302
        assert len(p.heard) == 1


async def endless(writer: asyncio.StreamWriter) -> None:
    await said(writer, b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 4_096] * 4_096)


async def compressed(writer: asyncio.StreamWriter) -> None:
    await said(writer, b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")


async def silent(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    await said(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    while True:
        await said(writer, b"x")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "seconds", "expected"),
    [
        (endless, 30, "too-large"),
        (compressed, 30, "too-large"),
        (silent, 0.5, "timed-out"),
        (dripping, 0.5, "timed-out"),
        (lambda w: said(w, b"no HTTP at all\r\n\r\n"), 30, "not-reached"),
        (lambda w: said(w, b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\ncut"), 30, "not-reached"),
    ],
    ids=["endless", "compressed", "silent", "dripping", "no HTTP", "cut"],
)
async def test_an_answer_has_bounds(answer: Answer, seconds: float, expected: str, signed: Certificates) -> None:
    async with peer(signed, answer) as p, outbound(p, signed.authority) as out:
        assert await reason(out, p.url, Bounds(seconds, 1_000)) == expected


async def test_slow_peers_hold_up_nobody_else(signed: Certificates) -> None:
    slow = True

    async def answer(writer: asyncio.StreamWriter) -> None:
        await (silent(writer) if slow else said(writer, OK))

    async with peer(signed, answer) as p, outbound(p, signed.authority, most=3, most_each=2) as out:
        waiting = [asyncio.create_task(reason(out, p.url, Bounds(20, 1_000), "slow")) for _ in range(2)]
        await until(lambda: len(p.heard) == 2)
        assert await reason(out, p.url, party="slow") == "busy"
        slow = False
        assert (await got(out, p.url)).status == 200
        slow = True
        waiting += [asyncio.create_task(reason(out, p.url, Bounds(20, 1_000)))]
        await until(lambda: len(p.heard) == 4)
        assert await reason(out, p.url, party="a third") == "busy"
        for task in waiting:
            task.cancel()
        slow, _ = False, await asyncio.gather(*waiting, return_exceptions=True)
        assert [(await got(out, p.url, party="slow")).status for _ in range(3)] == [200] * 3


async def test_proxies_of_the_environment_are_not_asked(signed: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with peer(signed, lambda w: said(w, OK)) as p, outbound(p, signed.authority) as out:
        assert (await got(out, p.url)).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://provider.example/",
        "http://169.254.169.254/latest/meta-data/",
        "https://169.254.169.254/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://metadata/",
        "https://printer.local/",
        "https://mongo.lounge.svc.cluster.local/",
        "https://db.internal/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://[fd00::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://10.0.0.1.:443/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://provider.example:8443/",
        "https://provider.example:99999/",
        "https://name:word@provider.example/",
        "https://provider.example@10.0.0.1/",
        "https://provider.example/#part",
        "https://provider.example\\@10.0.0.1/",
        "https://provider.example/ path",
        "https://provider.example/\r\nHost: x",
        "https://プロバイダー.example/",
        "https://-.example/",
        "https:///path",
        "https://provider..example/",
        "file:///etc/passwd",
        "gopher://provider.example/",
        "provider.example",
        "",
        f"https://provider.example/{'x' * 2_100}",
    ],
)
def test_what_is_no_public_https_address_is_refused_by_its_text(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        check_url(url)
    assert refused.value.reason == "unsafe-url"


@pytest.mark.parametrize(
    "url",
    [
        "https://provider.example",
        "https://provider.example:443/tenant/v2.0",
        "https://accounts.provider.example/a?b=c",
        "https://xn--eckwd4c7c.example/",
        "https://203.0.114.7/",
        "https://[2606:4700::1111]/",
    ],
)
def test_a_public_https_address_may_be_asked(url: str) -> None:
    host, port = check_url(url)
    assert (host in url, port) == (True, 443)


def test_only_tests_may_name_what_is_not_public() -> None:
    assert check_url("https://localhost:4711/", allow={"localhost:4711"}) == ("localhost", 4_711)
    for url in ("http://localhost:4711/", "https://localhost:4712/", "https://a:b@localhost:4711/"):
        with pytest.raises(OutboundError):
            check_url(url, allow={"localhost:4711"})


def test_public_is_what_one_host_on_the_internet_has() -> None:
    private = ("10.1.2.3", "192.168.0.1", "172.16.0.1", "198.18.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1")
    assert not any(is_public(ipaddress.ip_address(each)) for each in private)
    for carrier in ("2002:7f00:1::", "2001:0:1::", "ff02::1", "::", "::1", "2001:db8::1", "fec0::1"):
        assert not is_public(ipaddress.ip_address(carrier)), carrier
    assert is_public(ipaddress.ip_address("203.0.114.7"))


def test_the_servers_tls_is_verified_and_modern() -> None:
    context = Outbound()._pool._ssl_context
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
