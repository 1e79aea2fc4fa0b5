"""One mail as the wire wants it: one recipient, both parts, headers that nobody's text can break out of."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.charset import BASE64, QP, Charset
from email.errors import HeaderParseError
from email.header import Header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr

from services.notify.wording import Words, one_line
from shared.kernel.text import Language

_WIRE = compat32.clone(linesep="\r\n", mangle_from_=False)
"""The package's older interface: the newer one parses every header again that it is given, three times the CPU."""
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


def letter(words: Words, envelope: Envelope, sender: Address) -> bytes:
    """The mail as it is sent; its Message-ID depends on the row's id alone, so a second try shows as the same.

    Raises AddressInvalid.
    """
    message = MIMEMultipart("alternative", policy=_WIRE)
    message["Message-ID"] = f"<{envelope.id}@{sender.domain}>"
    message["Date"] = format_datetime(envelope.at)
    message["From"] = _mailbox(sender, "From")
    message["To"] = _mailbox(address(envelope.to, envelope.display_name), "To")
    message["Subject"] = _encoded(header_text(words.subject), "Subject")
    message["Auto-Submitted"] = "auto-generated"
    if _CORRELATION.fullmatch(envelope.correlationid):
        message["X-Correlation-Id"] = envelope.correlationid
    charset = _charset(BASE64 if envelope.language == "ja" else QP)
    for subtype, text in (("plain", words.text), ("html", words.html)):
        part = MIMENonMultipart("text", subtype, policy=_WIRE, charset="utf-8")
        part.set_payload(text if charset.body_encoding == QP else text.replace("\n", "\r\n"), charset)
        message.attach(part)
    message["Content-Language"] = envelope.language
    return message.as_bytes(policy=_WIRE)


def _charset(encoding: int) -> Charset:
    """UTF-8, its bodies in this encoding."""
    charset = Charset("utf-8")
    charset.body_encoding = encoding
    return charset


def _encoded(text: str, name: str) -> str:
    """As the header `name` may hold it: encoded words of at most 75 characters (RFC 2047, 2) where it is not ASCII."""
    return text if text.isascii() else Header(text, "utf-8", header_name=name).encode(linesep="\n", maxlinelen=75)


def _mailbox(of: Address, name: str) -> str:
    """As the header `name` may hold it."""
    if of.display_name.isascii():
        return formataddr((of.display_name, of.addr_spec))
    return f"{_encoded(of.display_name, name)} <{of.addr_spec}>"


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
