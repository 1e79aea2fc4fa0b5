"""Row U12: what is one plain e-mail address, and which spellings are the same mailbox."""

import pytest

from services.members.domain.address import InvalidEmail, address


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("hanako@bio.example", "hanako@bio.example"),
        ("Hanako.T+lounge@Bio.EXAMPLE", "Hanako.T+lounge@bio.example"),
        ("info@横浜.example", "info@xn--4cw21e.example"),
        ("a@b-c.example", "a@b-c.example"),
        ("a@xn--strae-oqa.example", "a@xn--strae-oqa.example"),
        ("a@strasse.example", "a@strasse.example"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("o'hara@bio.example", "o'hara@bio.example"),
    ],
)
def test_the_local_part_stays_as_written_and_the_domain_becomes_lower_a_labels(given: str, kept: str) -> None:
    assert address(given).text == kept


@pytest.mark.parametrize(
    "given",
    [
        "",
        "hanako",
        "@bio.example",
        "hanako@",
        "a@b",
        "a@bio.example.",
        "a@.example",
        "a@bio..example",
        "a@-bio.example",
        "a@127.0.0.1",
        "a@[127.0.0.1]",
        '"hana ko"@bio.example',
        ".a@bio.example",
        "a..b@bio.example",
        "a b@bio.example",
        " a@bio.example",
        "a@bio.example ",
        "a@bio.example,b@bio.example",
        "a@bio.example b@bio.example",
        "a@b.example@c.example",
        "a@bio.example\r\nBcc: b@bio.example",
        "a\n@bio.example",
        "a@bio.example\n",
        "花子@bio.example",
        "a" * 65 + "@bio.example",
        "a@" + ".".join(["b" * 60] * 5) + ".example",
        "a@" + "b" * 64 + ".example",
        "a@bi\u200bo.example\u0000",
        "Hanako <a@bio.example>",
        "a@straße.example",
        "a@STRAẞE.example",
        "a@βόλος.example",
        "a@bi\u200do.example",
        "a@نامه\u200cای.example",
    ],
)
def test_anything_but_one_plain_address_is_refused(given: str) -> None:
    with pytest.raises(InvalidEmail):
        address(given)


def test_spellings_of_one_mailbox_have_one_key_and_it_hides_the_address() -> None:
    key = address("Hanako@BIO.example").key
    assert key == address("hanako@bio.example").key
    assert key != address("hanako+x@bio.example").key
    assert "hanako" not in key
