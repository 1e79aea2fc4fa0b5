"""`lounge backup` and `lounge verify` with nothing but what docker-compose.yml gives the operator's container."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.installation import described
from tests.support.system import System

_RUN = """
import sys
from pathlib import Path
from deploy.installation import rooms
rooms.KEPT, rooms.HANDED = Path(sys.argv.pop(1)), Path(sys.argv.pop(1))
from deploy.cli.__main__ import main
main()
"""
OPS: dict[str, Any] = described()["ops"]
PLACES = {each.split(":")[1] for each in OPS["volumes"]}


def in_container(house: System, folder: Path, *words: str) -> dict[str, Any]:
    """What it prints: an embedded run's folder is laid out as /installation is, its servers are where compose's are."""
    (mongo,) = [each["port"] for each in house.run["processes"] if each["name"] == "mongo-1"]
    (folder / "handed").mkdir(exist_ok=True)
    told = {
        name: str(value).replace("/installation/", f"{house.folder}/") for name, value in OPS["environment"].items()
    }
    told |= {"LOUNGE_NATS_URL": house.run["nats"], "LOUNGE_MONGO_HOSTS": f"127.0.0.1:{mongo}"}
    argv = [sys.executable, "-c", _RUN, str(house.folder), str(folder / "handed"), *words, "--json"]
    done = subprocess.run(argv, env={"PATH": "/usr/bin:/bin"} | told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_it_copies_and_verifies_what_the_installation_holds(house: System, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    copied = in_container(house, tmp_path, "backup", "--to", str(target))
    assert copied["documents"] > 0
    kept = json.loads((target / "manifest.json").read_text())["manifest"]
    assert kept["members_secret"], "a restore could not tell whether it has the secret of this installation"
    verified = in_container(house, tmp_path, "verify", "--against", str(target))
    assert [each["problems"] for each in verified["services"]] == [[]] * 4


def test_there_is_a_place_to_write_to_that_is_given_to_the_containers_user() -> None:
    assert "/backups" in PLACES
    assert "backups:/stores/backups" in described()["prepare"]["volumes"]
