"""The search for people in logs finds them."""

from pathlib import Path

from tests.support.leaks import leaking, leaks, logs_of


def test_an_address_a_name_and_a_token_are_found_in_any_line() -> None:
    for text in ("to=hanako@special.example", "髙﨑様", "Canarymore", "eyJ" + "a" * 30 + ".b.c", "lk_" + "x" * 30):
        assert leaks(f'{{"event": "x", "at": "{text}"}}'.encode()), text


def test_ids_codes_and_the_house_s_own_address_are_no_person() -> None:
    assert leaks(b'{"event": "mail.sent", "mail": "06pbq2k4tk5", "from": "lounge@linkj.example"}') == set()


def test_every_log_of_a_system_is_searched_but_not_its_mails(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    for name in ("logs/members-1.jsonl", "mongod.log", "mail/ledger.jsonl"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a@b.example")
    folder.with_suffix(".out").write_text("Ready: as member-a@special.example\na@b.example")
    assert leaking(logs_of(folder)).keys() == {"members-1.jsonl", "mongod.log", "data.out"}
    folder.with_suffix(".out").write_text("Ready: as member-a@special.example")
    assert "data.out" not in leaking(logs_of(folder))
