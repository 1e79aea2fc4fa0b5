"""One mail on the wire: its headers, and who cannot get into them."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import unquote
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.letter import AddressInvalid, Envelope, address, header_text, letter
from services.notify.wording import Words
from tests.notify.test_words import HOSTILE

AT = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
FROM = Address("LINK-J Lounge", "lounge", "linkj.example")
HEADERS = {
    "message-id",
    "date",
    "from",
    "to",
    "subject",
    "auto-submitted",
    "x-correlation-id",
    "mime-version",
    "content-type",
    "content-language",
}


def wire(subject: str = "件名", text: str = "本文\n.\n終わり\n", **more: Any) -> bytes:
    """As it goes out."""
    fields: dict[str, Any] = {
        "id": "row1",
        "to": "hanako@special.example",
        "display_name": "髙﨑 花子",
        "language": "ja",
        "correlationid": "corr-1",
        "at": AT,
    }
    return letter(Words(subject, "", text, "<p>本文</p>\n"), Envelope(**(fields | more)), FROM)


def sent(subject: str = "件名", **more: Any) -> EmailMessage:
    """As the recipient's server parses it."""
    return email.message_from_bytes(wire(subject, **more), policy=email.policy.default)


def test_the_headers_say_who_when_and_which_walk() -> None:
    mail = sent()
    assert mail["Message-ID"] == "<row1@linkj.example>"
    assert mail["Date"].datetime == AT
    assert mail["From"] == "LINK-J Lounge <lounge@linkj.example>"
    assert mail["To"].addresses[0].addr_spec == "hanako@special.example"
    assert mail["To"].addresses[0].display_name == "髙﨑 花子"
    assert mail["Subject"] == "件名"
    assert mail["X-Correlation-Id"] == "corr-1"
    assert mail["Content-Language"] == "ja"
    assert mail["Auto-Submitted"] == "auto-generated"


def test_both_parts_arrive_as_written() -> None:
    text, page = sent().get_body(("plain",)), sent().get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().splitlines() == ["本文", ".", "終わり"]
    assert page.get_content().strip() == "<p>本文</p>"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_line_is_short_and_ends_as_the_wire_wants(language: str) -> None:
    raw = wire("長い件名" * 40, "From here\n" + "長い行 " * 300, display_name="髙﨑 " * 30, language=language)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert max(map(len, re.findall(rb"=\?utf-8\?.*?\?=", raw))) <= 75, "RFC 2047, 2"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_text_in_either_encoding_arrives_as_written(language: str) -> None:
    body = sent(text="From Tōkyō = 100%\n.\n最後 \n", language=language).get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["From Tōkyō = 100%", ".", "最後 "]


@given(st.text(max_size=120), st.text(max_size=60))
def test_what_people_are_called_arrives_as_written(subject: str, name: str) -> None:
    mail = email.message_from_bytes(wire(subject, display_name=name))
    assert _decoded(mail["Subject"]) == header_text(subject).split()
    *shown, address_of = _decoded(mail["To"])
    assert address_of.strip("<>") == "hanako@special.example"
    told = header_text(name)
    assert (unquote(" ".join(shown)) if told.isascii() else " ".join(shown)).split() == told.split()


def _decoded(header: str) -> list[str]:
    """Its words: folding may change how much space there is between them.

    By the package's older parser: the newer one leaves a space between two encoded words of a name.
    """
    return str(make_header(decode_header(header))).split()


def test_a_second_try_is_the_same_mail_by_its_id() -> None:
    assert sent()["Message-ID"] == sent(at=AT.replace(hour=13))["Message-ID"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_adds_a_header_or_a_recipient(text: str) -> None:
    mail = sent(text, display_name=text, correlationid=text)
    assert {name.lower() for name in mail.keys()} <= HEADERS  # noqa: SIM118 — a message is no mapping
    assert [a.addr_spec for a in mail["To"].addresses] == ["hanako@special.example"]
    assert mail["Bcc"] is None


@given(st.text(max_size=80), st.text(max_size=40))
def test_nothing_anybody_writes_adds_a_header_or_a_recipient(subject: str, name: str) -> None:
    mail = sent(subject, display_name=name)
    assert {key.lower() for key in mail.keys()} <= HEADERS  # noqa: SIM118 — a message is no mapping
    assert [a.addr_spec for a in mail["To"].addresses] == ["hanako@special.example"]


@pytest.mark.parametrize("encoded", ["=?utf-8?q?x=0ABcc:_a@b.example?=", "=?utf-8?b?Cg==?="])
def test_an_encoded_newline_is_not_decoded(encoded: str) -> None:
    assert "\n" not in str(sent(encoded)["Subject"])
    assert "= ?utf-8" in str(sent(encoded)["Subject"])


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "a",
        "@x.example",
        "a@",
        "a@b.example, c@d.example",
        "a@b.example\r\nBcc: x@y.example",
        "<a@b.example>",
        "a b@c.example",
        "日本@x.example",
        "=?UTF-8?Q?a?=@x.example",
    ],
)
def test_what_is_not_one_address_is_refused(spec: str) -> None:
    with pytest.raises(AddressInvalid):
        address(spec)


@pytest.mark.parametrize("spec", ["a+tag@x.example", "first.last@sub.x.example", '"q q"@x.example'])
def test_odd_but_valid_addresses_pass(spec: str) -> None:
    assert address(spec).addr_spec == spec
