"""The README's tour is run as it stands there, on a fresh system: what a newcomer types is what works."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.eventually import eventually
from tests.support.system import System, system

ROOT = Path(__file__).parents[2]
SEEN = (
    '"access_token":"eyJ',
    "HTTP/1.1 201 Created",
    "idempotent-replay: true",
    '"code":"slot-taken"',
    "その時間は既に予約されています。",
    '"alternatives":[{"resource":"room-b"',
    '"code":"too-many-attendees"',
    '"code":"outside-opening-hours"',
    '{"accepted":1,"quarantined":0}',
    "夕方・時刻未定(予定)",
    '"status":"waiting","position":1',
)
TELLS = (
    ("member-a@special.example", "Booked: Room A"),
    ("company@yokohama.example", "キャンセル待ちで承りました: 核酸医薬の夕べ"),
    ("company@yokohama.example", "お席が確保できました: 核酸医薬の夕べ"),
)


@pytest.fixture(scope="module")
def fresh() -> Iterator[System]:
    with system() as running:
        yield running


def commands_of(page: str) -> str:
    """All shell blocks of a page but the one that starts the system."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return "\n".join(block for block in blocks if "make " not in block)


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `lounge`, `curl` and `python3` of this checkout."""
    folder = tmp_path_factory.mktemp("tools")
    for name, module in (("lounge", "-m deploy.cli"), ("curl", f"{ROOT}/tests/docs/curl.py"), ("python3", "")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return folder


def run(page: str, on: System, tools: Path, folder: Path) -> str:
    """What the page's commands print, typed one after the other in an empty folder."""
    typed = commands_of(page).replace("http://127.0.0.1:8080", on.url).replace("$PWD/.venv/bin", str(tools))
    environment = {**os.environ, "LOUNGE_DATA": str(on.folder)}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", typed],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_tour_in_english_works_as_it_is_printed(fresh: System, tools: Path, tmp_path: Path) -> None:
    told = run("README.md", fresh, tools, tmp_path)
    assert [each for each in SEEN if each not in told] == []
    for address, subject in TELLS:
        eventually(lambda a=address, s=subject: s in fresh.lounge("mail", "--to", a), what=subject)  # type: ignore[misc] # bound now, on purpose
    assert "dead letters: 0" in fresh.lounge("status")


def test_the_tour_in_japanese_works_as_it_is_printed(fresh: System, tools: Path, tmp_path: Path) -> None:
    told = run("README.ja.md", fresh, tools, tmp_path)
    assert "会議室A" in told
    assert "午前・時刻未定(予定)" in told
