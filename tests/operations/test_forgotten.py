"""Who was forgotten stays forgotten, also after a back-up that still holds them was restored."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.system import LOUNGE, System

PERSON = {
    "email": "gone@journey.example",
    "name": {"family": "Tabi", "given": "Aoi"},
    "language": "en",
    "time_zone": "Asia/Tokyo",
    "roles": ["member"],
}


def complete(operator: httpx.Client, path: str) -> bool:
    answer = operator.get(f"{path}/erasure")
    return answer.status_code == 200 and bool(answer.json()["status"] == "complete")


def backed_up_then_erased(lounge: System, copy: Path, listed: Path) -> str:
    """The person's path; their erasure is on the list and not in the back-up."""
    with lounge.api("operator@linkj.example") as operator:
        organization = operator.get("/v1/organizations").json()["items"][0]["id"]
        wanted: dict[str, Any] = PERSON | {"organization": organization}
        made = operator.post("/v1/members", json=wanted, headers={"Idempotency-Key": "one"})
        path = f"/v1/members/{made.json()['id']}"
        lounge.lounge("backup", "--to", str(copy), "--with-keys")
        assert operator.post(f"{path}/erase", json={"reason": "asked"}).status_code == 202
        listed.write_text(lounge.lounge("erasures", "list", "--json"))
    return path


@contextmanager
def running(folder: Path) -> Iterator[System]:
    lounge = System(folder)
    try:
        lounge.start()
        yield lounge
    finally:
        lounge.stop()


def test_the_list_kept_apart_forgets_again_whom_a_back_up_brought_back(tmp_path: Path) -> None:
    copy, listed, anew = tmp_path / "copy", tmp_path / "erasures.json", tmp_path / "anew"
    with running(tmp_path / "before") as lounge:
        path = backed_up_then_erased(lounge, copy, listed)
    restore = [*LOUNGE, "restore", "--from", str(copy), "--data", str(anew)]
    done = subprocess.run(restore, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with running(anew) as lounge, lounge.api("operator@linkj.example") as operator:
        assert operator.get(path).json()["email"] == PERSON["email"], "the back-up is older"
        told = json.loads(lounge.lounge("erasures", "replay", "--from", str(listed), "--json"))
        assert [each["outcome"] for each in told] == ["asked"]
        assert operator.get(path).status_code == 404
        eventually(lambda: complete(operator, path), what="every part to have forgotten again", seconds=90)
