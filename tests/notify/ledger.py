"""A mail server that writes down what it takes, and misbehaves as it is told."""

import asyncio
import email
import email.policy
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.mail_sink import Sink


class Ledger:
    """`faults[address]` is worked off one try at a time, then all is well again.

    Faults: an SMTP reply like "550 no such user" or "451 later" (to RCPT), "data:554 spam" (to DATA),
    "hang" (no reply to DATA), "cut" (mail taken, connection cut without a reply). `forgets`: it knows the embedded
    sink's own word. `deaf`: it answers no greeting.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, EmailMessage]] = []
        self.faults: dict[str, deque[str]] = defaultdict(deque)
        self.connections = 0
        self.port = 0
        self.forgets = self.deaf = False
        self._forever = asyncio.Event()

    def to(self, address: str) -> list[EmailMessage]:
        """What was taken for this address, in order."""
        return [message for recipient, message in self.taken if recipient == address]

    def expect(self, address: str, *faults: str) -> None:
        self.faults[address].extend(faults)

    async def handle_RCPT(  # noqa: N802 — aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        planned = self.faults[address]
        if planned and planned[0][0].isdigit():
            return planned.popleft()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's
        address = envelope.rcpt_tos[0]
        fault = self.faults[address].popleft() if self.faults[address] else ""
        if fault == "hang":
            await self._forever.wait()
        if fault.startswith("data:"):
            return fault.removeprefix("data:")
        content = cast("bytes", envelope.content)
        self.taken.append((address, email.message_from_bytes(content, policy=email.policy.default)))
        if fault == "cut":
            cast("Any", server.transport).abort()
        return "250 OK"

    async def handle_EHLO(  # noqa: N802 — aiosmtpd's
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        if self.deaf:
            return ["421 away"]
        return [*responses[:-1], *(["250-XFORGET"] if self.forgets else []), responses[-1]]

    def forget(self, address: str) -> int:
        before = len(self.taken)
        self.taken = [each for each in self.taken if each[0] != address]
        return before - len(self.taken)

    def protocol(self) -> SMTP:
        self.connections += 1
        return Sink(self, hostname="ledger.example", enable_SMTPUTF8=False, loop=asyncio.get_running_loop())


@asynccontextmanager
async def ledger_server() -> AsyncIterator[Ledger]:
    """A ledger listening on a port of its own."""
    ledger = Ledger()
    server = await asyncio.get_running_loop().create_server(ledger.protocol, "127.0.0.1", 0)
    ledger.port = server.sockets[0].getsockname()[1]
    try:
        yield ledger
    finally:
        server.close()
