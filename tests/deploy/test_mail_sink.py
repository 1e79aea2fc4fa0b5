"""The embedded sink, spoken to by a real SMTP client."""

import json
import smtplib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from deploy.embedded.children import free_port, listens, spawn, stop
from deploy.embedded.mail_sink import LEDGER, MailFolder, mails
from tests.support.eventually import eventually


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    port, folder = free_port(), tmp_path / "mail"
    child = spawn([sys.executable, "-m", "deploy.embedded.mail_sink", str(port), folder], said=tmp_path / "said")
    try:
        eventually(lambda: listens(port), seconds=10, what="the sink's port")
        yield port, folder
    finally:
        stop(child)


def letter(to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "lounge@linkj.example", to, subject
    message["Message-ID"] = "<one@linkj.example>"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message


def test_a_mail_is_kept_with_its_text_and_headers_as_its_reader_sees_them(sink: tuple[int, Path]) -> None:
    port, folder = sink
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(letter("staff@linkj.example", "予約が確定しました", "会議室A、19時から。"))
    (found,) = mails(folder)
    assert (found["to"], found["subject"]) == ("staff@linkj.example", "予約が確定しました")
    assert found["text"].strip() == "会議室A、19時から。"
    assert found["headers"]["Message-ID"] == "<one@linkj.example>"
    assert found["sent_at"].endswith("+00:00")
    assert len(list(folder.glob("*.eml"))) == 1


def test_mails_come_newest_last_and_one_recipient_can_be_picked(sink: tuple[int, Path]) -> None:
    port, folder = sink
    with smtplib.SMTP("127.0.0.1", port) as client:
        for number in (1, 2):
            for to in ("a@one.example", "b@two.example"):
                client.send_message(letter(to, f"Number {number}", "x"))
    assert [mail["subject"] for mail in mails(folder, to="B@two.example")] == ["Number 1", "Number 2"]
    assert len(mails(folder)) == 4


def test_it_forgets_the_mails_to_an_address_and_says_how_many(sink: tuple[int, Path]) -> None:
    port, folder = sink
    with smtplib.SMTP("127.0.0.1", port) as client:
        for to in ("gone@one.example", "b@two.example", "Gone@one.example"):
            client.send_message(letter(to, f"To {to}", "x"))
        client.ehlo()
        assert client.has_extn("xforget")
        assert client.docmd("XFORGET", "<gone@ONE.example>") == (250, b"2 forgotten")
        assert client.docmd("XFORGET", "<gone@ONE.example>") == (250, b"0 forgotten")
        assert client.docmd("XFORGET", "gone")[0] == 501
        client.send_message(letter("c@two.example", "Later", "x"))
    assert [mail["to"] for mail in mails(folder)] == ["b@two.example", "c@two.example"]
    assert not [path for path in folder.iterdir() if b"gone@one" in path.read_bytes().lower()]


def test_it_forgets_what_has_lain_there_long_enough(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path)
    for name, at in (("000001.eml", "2026-01-01T00:00:00+00:00"), ("000002.eml", "2026-03-01T00:00:00+00:00")):
        (tmp_path / name).write_bytes(b"Subject: x\r\n\r\nx")
        with (tmp_path / LEDGER).open("a") as ledger:
            ledger.write(json.dumps({"to": "a@one.example", "sent_at": at, "file": name}) + "\n")
    assert folder.forget_before(datetime(2026, 2, 1, tzinfo=UTC)) == 1
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["000002.eml", LEDGER]


def test_the_sink_ends_when_the_parent_it_was_given_is_not_its_own(tmp_path: Path) -> None:
    child = spawn(
        [sys.executable, "-m", "deploy.embedded.mail_sink", str(free_port()), tmp_path, "1"], said=tmp_path / "said"
    )
    assert child.wait(40) == 0
