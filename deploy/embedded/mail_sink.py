"""An SMTP server that delivers to a folder: each mail an .eml file, and a ledger a person or a program can read.

`python -m deploy.embedded.mail_sink PORT FOLDER [PARENT_PID]`; on loopback, or where LOUNGE_MAIL_SINK_HOST says.
"""

import asyncio
import email
import email.policy
import json
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, Envelope, Session

from shared.kit.clock import SystemClock

LEDGER = "ledger.jsonl"
KEPT = timedelta(days=30)
"""How long a mail lies here, whoever it is to."""
_LARGEST = 4 * 1024**2
_LOOK_SECONDS = 3_600.0


class MailFolder:
    """Appends; what was answered 250 is on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._next = max((int(path.stem) for path in folder.glob("*.eml")), default=0) + 1

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802 — aiosmtpd's name
        raw = envelope.original_content or b""
        name = f"{self._next:06d}.eml"
        self._next += 1
        _append(self.folder / name, raw)
        at = SystemClock().now().isoformat(timespec="milliseconds")
        for recipient in envelope.rcpt_tos:
            line = json.dumps({"to": recipient, "sent_at": at, "file": name}) + "\n"
            _append(self.folder / LEDGER, line.encode())
        return "250 kept"

    async def handle_EHLO(  # noqa: N802 — aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], "250-XFORGET", responses[-1]]

    def forget(self, address: str) -> int:
        """Takes every mail to this address off the disk, and their lines out of the ledger. How many mails."""
        return self._keep(lambda entry: entry["to"].casefold() != address.casefold())

    def forget_before(self, at: datetime) -> int:
        """The same of every mail that came before that instant."""
        return self._keep(lambda entry: datetime.fromisoformat(entry["sent_at"]) >= at)

    def _keep(self, wanted: Callable[[dict[str, str]], bool]) -> int:
        """The ledger first: what it does not name is not there."""
        kept: list[dict[str, str]] = []
        gone: list[dict[str, str]] = []
        for entry in _entries(self.folder):
            (kept if wanted(entry) else gone).append(entry)
        if gone:
            fresh = self.folder / f"{LEDGER}.new"
            fresh.unlink(missing_ok=True)
            _append(fresh, "".join(json.dumps(entry) + "\n" for entry in kept).encode())
            fresh.replace(self.folder / LEDGER)
        still = {entry["file"] for entry in kept}
        for name in {entry["file"] for entry in gone} - still:
            (self.folder / name).unlink(missing_ok=True)
        return len(gone)


class Forgets(Protocol):
    """Whatever holds the mails."""

    def forget(self, address: str) -> int: ...


class Sink(SMTP):
    """With one word of its own, by which notify has a person's mails forgotten."""

    event_handler: Forgets

    async def smtp_XFORGET(self, arg: str | None) -> None:  # noqa: N802 — aiosmtpd's way to name commands
        """`XFORGET <address>` → `250 <how many> forgotten`."""
        if not arg or not (arg.startswith("<") and arg.endswith(">")):
            await self.push("501 Syntax: XFORGET <address>")
            return
        await self.push(f"250 {self.event_handler.forget(arg[1:-1])} forgotten")


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def mails(folder: Path, *, to: str | None = None) -> list[dict[str, Any]]:
    """The mails of the folder, oldest first: `{to, subject, sent_at, text, headers}`; `to` selects one recipient."""
    entries = _entries(folder)
    return [_read(folder, e) for e in entries if to is None or e["to"].casefold() == to.casefold()]


def _entries(folder: Path) -> list[dict[str, str]]:
    """The whole lines of the ledger."""
    ledger = folder / LEDGER
    lines = ledger.read_text(encoding="utf-8").splitlines(keepends=True) if ledger.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _read(folder: Path, entry: dict[str, str]) -> dict[str, Any]:
    raw = (folder / entry["file"]).read_bytes()
    message = email.message_from_bytes(raw, EmailMessage, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    return {
        "to": entry["to"],
        "subject": str(message["Subject"] or ""),
        "sent_at": datetime.fromisoformat(entry["sent_at"]).astimezone(UTC).isoformat(timespec="milliseconds"),
        "text": body.get_content().replace("\r\n", "\n") if body else "",
        "headers": {name: str(value) for name, value in message.items()},
    }


async def serve(port: int, folder: Path, parent: int | None) -> None:
    """Until SIGTERM, SIGINT, or the end of the parent."""
    loop, handler, ended = asyncio.get_running_loop(), MailFolder(folder), asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)
    server = await loop.create_server(
        lambda: Sink(
            handler, data_size_limit=_LARGEST, hostname="lounge.example", enable_SMTPUTF8=True, ident="lounge"
        ),
        host=os.environ.get("LOUNGE_MAIL_SINK_HOST", "127.0.0.1"),
        port=port,
    )
    looked = float("-inf")
    async with server:
        while not ended.is_set() and (parent is None or os.getppid() == parent):
            if loop.time() - looked > _LOOK_SECONDS:
                looked = loop.time()
                handler.forget_before(SystemClock().now() - KEPT)
            try:
                await asyncio.wait_for(ended.wait(), 1)
            except TimeoutError:
                continue


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None))
