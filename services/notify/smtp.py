"""SMTP connections: each kept and reused, one mail at a time, every step bounded in time."""

import asyncio
import contextlib
import ssl
import time
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.notify.domain.delivery import Stage, Trouble

_IDLE_SECONDS = 20.0
"""A connection unused for longer is made anew: the server may have dropped it without our noticing."""
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

    async def send(self, message: EmailMessage, *, sender: str, to: str) -> None:
        """Returns once the server has taken it. Raises NotSent, after at most `seconds` overall.

        What the server says beside its code is not kept: it likes to repeat the address.
        """
        stage: list[Stage] = ["connect"]
        try:
            async with asyncio.timeout(self._seconds):
                await self._open()
                stage.append("sender")
                await self._client.mail(sender)
                stage.append("recipient")
                await self._client.rcpt(to)
                stage.append("content")
                await self._client.data(message.as_bytes(policy=SMTP))
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            raise NotSent(Trouble(stage[-1], error.code, f"{stage[-1]} {error.code}")) from error
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError) as error:
            self._client.close()
            raise NotSent(Trouble(stage[-1], None, f"{stage[-1]} {type(error).__name__}")) from error
        self._used = time.monotonic()

    async def close(self) -> None:
        """Politely where the server answers at once."""
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(0.5):
                await self._client.quit()
        self._client.close()

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
