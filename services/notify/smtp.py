"""SMTP connections: each kept and reused, one mail at a time, every step bounded in time."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.domain.delivery import Stage, Trouble

_IDLE_SECONDS = 20.0
"""A connection unused for longer is made anew: the server may have dropped it without our noticing."""
FORGET = "XFORGET"
"""The extension by which the embedded sink forgets the mails to an address (RFC 5321 4.1.5: `X` is for private use)."""
_DONE = 250
_PORTS = {"smtp": 25, "smtps": 465}


class NotSent(Exception):
    """The mail was not sent, or it is not known whether it was."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class Connection:
    """One connection to the server at `url` (`smtp://` or `smtps://`). Raises ValueError for another scheme."""

    def __init__(self, url: str, *, seconds: float, hostname: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("LOUNGE_SMTP_URL is smtp://host:port or smtps://host:port")
        self._seconds = seconds
        self._used = 0.0
        self._client = aiosmtplib.SMTP(
            hostname=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            local_hostname=hostname,
            use_tls=parts.scheme == "smtps",
            timeout=seconds,
        )

    async def send(self, message: bytes, *, sender: str, to: str) -> None:
        """Returns once the server has taken it. Raises NotSent, after at most `seconds` overall.

        What the server says beside its code is not kept: it likes to repeat the address.
        """
        async with self._telling() as stage:
            await self._open()
            stage.append("sender")
            await self._client.mail(sender)
            stage.append("recipient")
            await self._client.rcpt(to)
            stage.append("content")
            await self._client.data(message)
        self._used = time.monotonic()

    async def forget(self, address: str) -> int:
        """How many mails to this address the embedded sink forgot; 0 of a mail server, which knows no such word.

        Raises NotSent.
        """
        async with self._telling():
            await self._open()
            await self._client.ehlo()
            if not self._client.supports_extension(FORGET):
                return 0
            reply = await self._client.execute_command(FORGET.encode(), f"<{address}>".encode())
        if reply.code != _DONE:
            raise NotSent(Trouble("recipient", reply.code, f"forget {reply.code}"))
        return int(reply.message.split()[0])

    async def close(self) -> None:
        """Politely where the server answers at once."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(0.5):
                await self._client.quit()
        self._client.close()

    @contextlib.asynccontextmanager
    async def _telling(self) -> AsyncIterator[list[Stage]]:
        """In `seconds` overall; what goes wrong is NotSent, at the last stage it was told of."""
        stage: list[Stage] = ["connect"]
        try:
            async with asyncio.timeout(self._seconds):
                yield stage
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            raise NotSent(Trouble(stage[-1], error.code, f"{stage[-1]} {error.code}")) from error
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            self._client.close()
            raise NotSent(Trouble(stage[-1], None, f"{stage[-1]} {type(error).__name__}")) from error

    async def _open(self) -> None:
        if self._client.is_connected and time.monotonic() - self._used > _IDLE_SECONDS:
            self._client.close()
        if not self._client.is_connected:
            await self._client.connect()
            self._used = time.monotonic()

    async def _reset(self) -> None:
        """After a refusal the connection is good for the next mail only if the server says so."""
        try:
            async with asyncio.timeout(1.0):
                await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mails that left, as far as a sink of ours holds them. A mail server's archive is its own."""

    connect: Callable[[], Connection]

    async def forget(self, address: str) -> int:
        """How many. Raises NotSent."""
        connection = self.connect()
        try:
            return await connection.forget(address)
        finally:
            await connection.close()
