"""One mail as the wire wants it: one recipient, both parts, headers that nobody's text can break out of."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from services.notify.wording import Words, one_line
from shared.kernel.text import Language

_CORRELATION = re.compile(r"^[A-Za-z0-9._:/+-]{1,128}$")


class AddressInvalid(Exception):
    """No mail can be sent to this address, now or later."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who it goes to and what it is, beside its words."""

    id: str
    to: str
    display_name: str
    language: Language
    correlationid: str
    at: datetime


def letter(words: Words, envelope: Envelope, sender: Address) -> EmailMessage:
    """The mail; its Message-ID depends on the row's id alone, so a second try is recognizable as the same mail.

    Raises AddressInvalid.
    """
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = f"<{envelope.id}@{sender.domain}>"
    message["Date"] = format_datetime(envelope.at)
    message["From"] = sender
    message["To"] = address(envelope.to, envelope.display_name)
    message["Subject"] = header_text(words.subject)
    message["Auto-Submitted"] = "auto-generated"
    if _CORRELATION.fullmatch(envelope.correlationid):
        message["X-Correlation-Id"] = envelope.correlationid
    encoding = "base64" if envelope.language == "ja" else "quoted-printable"
    message.set_content(words.text, cte=encoding)
    message.add_alternative(words.html, subtype="html", cte=encoding)
    message["Content-Language"] = envelope.language
    return message


def address(spec: str, display_name: str = "") -> Address:
    """Exactly one recipient. Raises AddressInvalid for anything else, more than one among them."""
    try:
        parsed = Address(display_name=header_text(display_name), addr_spec=spec)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise AddressInvalid from error
    if not parsed.domain or not parsed.username or one_line(spec) != spec or "=?" in spec:
        raise AddressInvalid
    return parsed


def header_text(text: str) -> str:
    """On one line, and without the mark that makes a reader decode what follows (perhaps to a newline)."""
    return one_line(text).replace("=?", "= ?")
