"""One mail on the wire: its headers, and who cannot get into them."""

import email
import email.policy
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.letter import AddressInvalid, Envelope, address, letter
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


def sent(subject: str = "件名", **more: Any) -> EmailMessage:
    """As the recipient's server parses it."""
    fields: dict[str, Any] = {
        "id": "row1",
        "to": "hanako@special.example",
        "display_name": "髙﨑 花子",
        "language": "ja",
        "correlationid": "corr-1",
        "at": AT,
    }
    made = letter(Words(subject, "", "本文\n.\n終わり\n", "<p>本文</p>\n"), Envelope(**(fields | more)), FROM)
    raw = made.as_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    return email.message_from_bytes(raw, policy=email.policy.default)


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
