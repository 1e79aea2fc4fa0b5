"""`lounge up` and the commands around it, on a whole running system."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import nats
import pytest

from deploy.embedded.plan import MAIL_MAY_WAIT
from tests.support.eventually import eventually
from tests.support.system import System, system

LOUNGE = [sys.executable, "-m", "deploy.cli"]
NAMES = [
    *("mongo-1", "nats-1", "smtp-1"),
    *("booking-1", "booking-2", "booking-3", "members-1", "events-1", "notify-1", "gateway-1"),
]


@pytest.fixture(scope="module")
def house() -> Iterator[System]:
    with system("--scale", "booking=3") as running:
        yield running


def lounge(*words: str) -> subprocess.CompletedProcess[str]:
    """What a command answers, whatever its status."""
    return subprocess.run([*LOUNGE, *words], check=False, capture_output=True, text=True, timeout=200)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_run_json_names_every_process_with_its_number_and_port(house: System) -> None:
    run = house.run
    assert sorted(run) == ["gateway", "mongo", "nats", "processes", "smtp"]
    assert [each["name"] for each in run["processes"]] == NAMES
    assert all(alive(each["pid"]) and each["port"] for each in run["processes"])


def test_what_may_wait_has_stepped_back_behind_the_others_once_all_are_ready(house: System) -> None:
    stepped = {name: os.getpriority(os.PRIO_PROCESS, pid) for name, pid in house.pids().items()}
    assert stepped == dict.fromkeys(stepped, 0) | {"notify-1": MAIL_MAY_WAIT}


def test_the_secrets_of_the_folder_are_its_owners_alone(house: System) -> None:
    open_ones = [path for path in (house.folder / "keys").rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert open_ones == []
    assert (house.folder / "run.json").stat().st_mode & 0o077 == 0


def test_the_demonstration_is_there_when_it_says_ready(house: System) -> None:
    with house.api("member-a@special.example") as api:
        rooms = api.get("/v1/sites/nyc/resources").json()["items"]
        (seminar,) = api.get("/v1/seminars", params={"site": "nyc"}).json()["items"]
        me = api.get("/v1/me").json()
    assert [room["id"] for room in rooms] == ["room-a", "room-b", "room-ab", "desk-1", "desk-2"]
    assert [(room["kind"], room["capacity"]) for room in rooms[:2]] == [("room", 8), ("room", 4)]
    assert (seminar["title_certainty"], seminar["when"]["precision"]) == ("tentative", "day_part")
    assert seminar["modes"] == {"onsite": {"capacity": 25}, "online": {"capacity": 500}}
    assert me["organization"]["kind"] == "special_member_a"


@pytest.mark.parametrize("email", ["staff@linkj.example", "operator@linkj.example", "company@yokohama.example"])
def test_every_person_of_the_demonstration_may_sign_in(house: System, email: str) -> None:
    with house.api(email) as api:
        assert api.get("/v1/me").json()["member"]["email"] == email


def test_a_token_for_nobody_is_refused_in_one_sentence(house: System) -> None:
    refused = lounge("token", "nobody@linkj.example", "--data", str(house.folder))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "No member has the address nobody@linkj.example.\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("token", ""), "email '' will not do: String should have at least 1 character.\n"),
        (("site", "add", "mars", "--zone", "Mars/Base"), "That is not a time zone of the IANA list.\n"),
        (("site", "add", "mars", "--name-en", " "), "en ' ' will not do: Value error, blank.\n"),
        (("republish", "--state", "gateway"), "There is no service 'gateway'"),
    ],
)
def test_what_is_typed_wrong_is_told_in_one_sentence(house: System, words: tuple[str, ...], sentence: str) -> None:
    refused = lounge(*words, "--data", str(house.folder))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith(sentence)
    assert refused.stderr.count("\n") == 1


def test_status_tells_what_the_gateway_tells(house: System) -> None:
    told = json.loads(house.lounge("status", "--json"))
    with house.api("operator@linkj.example") as api:
        gateway = api.get("/v1/ops/status").json()
    assert told.keys() == gateway.keys()
    assert told["status"] == gateway["status"] == "ok"
    assert sorted(told["lag"]) == sorted(gateway["lag"])


def test_a_killed_service_is_there_again_under_its_name_and_port(house: System) -> None:
    before = next(each for each in house.run["processes"] if each["name"] == "events-1")
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: house.pids()["events-1"] != before["pid"], seconds=10, what="a new process")
    after = next(each for each in house.run["processes"] if each["name"] == "events-1")
    eventually(lambda: _ready(after["port"]), seconds=20, what="events-1 to be ready again")
    assert after["port"] == before["port"]


def _ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def test_a_second_instance_on_the_folder_is_refused(house: System) -> None:
    refused = lounge("up", "--data", str(house.folder), "--port", "0")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("\n") == 1
    assert f"belongs to a running instance (process {house.pids()['lounge']})" in refused.stderr
    assert _ready(house.port)


@pytest.mark.parametrize("site", ["boston", "nyc"])
async def test_a_site_added_publishes_at_once_over_nats_and_hears_its_receipt(house: System, site: str) -> None:
    added = json.loads(house.lounge("site", "add", site, "--zone", "America/New_York", "--json"))
    assert sorted(added) == ["api_key", "inbox_prefix", "nats_url", "nkey_seed", "publish", "receipts", "site"]
    client = await nats.connect(
        added["nats_url"], nkeys_seed_str=added["nkey_seed"], inbox_prefix=added["inbox_prefix"].encode()
    )
    receipts = await client.subscribe("receipts.>")
    await client.flush()
    ack = await client.jetstream().publish("events.org.link-j.seminar.published.v1", b"not json", timeout=5)
    receipt = json.loads((await receipts.next_msg(timeout=10)).data)
    await client.close()
    assert ack.stream == f"INGEST_{site}"
    assert receipt["outcome"] == "quarantined"


def test_a_site_defined_has_a_key_for_http_alone(house: System) -> None:
    defined = json.loads(house.lounge("site", "define", "nara", "--zone", "Asia/Tokyo", "--name-ja", "奈良", "--json"))
    assert sorted(defined) == ["api_key", "site"]
    asked = httpx.get(f"{house.url}/v1/sites/nara", headers={"Authorization": f"Bearer {defined['api_key']}"})
    assert asked.json()["time_zone"] == "Asia/Tokyo"
    assert "nara" not in {each["site"] for each in json.loads(house.lounge("site", "list", "--json"))}


def test_a_site_added_publishes_at_once_over_http(house: System) -> None:
    added = json.loads(house.lounge("site", "add", "kobe", "--zone", "Asia/Tokyo", "--name-ja", "神戸", "--json"))
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "first",
        "source": "/sites/kobe",
        "type": "org.link-j.seminar.cancelled.v1",
        "time": "2000-01-01T00:00:00Z",
        "data": {"external_id": "x"},
    }
    headers = {"Authorization": f"Bearer {added['api_key']}", "Content-Type": "application/cloudevents+json"}
    answer = httpx.post(f"{house.url}/v1/sites/kobe/events", json=event, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"accepted": 0, "quarantined": 1})


def test_a_site_removed_is_shut_out_may_come_again_and_the_others_are_not_touched(house: System) -> None:
    house.lounge("site", "add", "gone")
    house.lounge("site", "remove", "gone")
    assert "gone" not in {each["site"] for each in json.loads(house.lounge("site", "list", "--json"))}
    house.lounge("site", "add", "gone")
    assert "gone" in {each["site"] for each in json.loads(house.lounge("site", "list", "--json"))}
    with house.api("staff@linkj.example") as api:
        assert api.get("/v1/me").status_code == 200


def test_an_operator_added_may_see_the_operators_view(house: System) -> None:
    added = json.loads(house.lounge("operator", "add", "new@linkj.example", "--json"))
    assert "operator" in added["roles"]
    with house.api("new@linkj.example") as api:
        assert api.get("/v1/ops/status").status_code == 200


def test_republish_sends_what_was_logged_and_changes_nothing(house: System) -> None:
    told = json.loads(house.lounge("republish", "--since", "2020-01-01T00:00:00Z", "--json"))
    assert {each["service"]: each["entries"] > 0 for each in told}["booking"]
    with house.api("staff@linkj.example") as api:
        assert len(api.get("/v1/seminars", params={"site": "nyc"}).json()["items"]) == 1


def test_an_instant_without_an_offset_is_refused(house: System) -> None:
    refused = lounge("republish", "--since", "2020-01-01T00:00:00", "--data", str(house.folder))
    assert refused.returncode == 2
    assert "is not an instant" in refused.stderr


def test_killed_servers_are_there_again_and_everything_goes_on(house: System) -> None:
    before, api = house.pids(), house.api("operator@linkj.example")
    for server in ("mongo-1", "nats-1"):
        os.kill(before[server], signal.SIGKILL)
    eventually(lambda: house.pids()["mongo-1"] != before["mongo-1"], seconds=10, what="a new mongod")
    eventually(lambda: house.pids()["nats-1"] != before["nats-1"], seconds=10, what="a new nats-server")
    with api:
        eventually(lambda: _all_well(api), seconds=30, what="every replica to be ready again")
        assert api.get("/v1/sites/nyc").status_code == 200
    assert {name: pid for name, pid in house.pids().items() if before[name] != pid}.keys() == {"mongo-1", "nats-1"}


def _all_well(api: httpx.Client) -> bool:
    answer = api.get("/v1/ops/status")
    return answer.status_code == 200 and answer.json()["status"] == "ok"


def test_sigterm_stops_all_processes_and_a_second_start_changes_nothing(house: System) -> None:
    pids, stored = house.pids(), _stored(house)
    house.stop()
    assert [name for name, pid in pids.items() if alive(pid)] == []
    assert not (house.folder / "run.json").exists()
    house.start()
    assert _stored(house) == stored


def test_kill_9_of_the_parent_leaves_no_process_and_a_folder_that_starts_again(house: System) -> None:
    pids, stored = house.pids(), _stored(house)
    os.kill(pids.pop("lounge"), signal.SIGKILL)
    eventually(lambda: not any(map(alive, pids.values())), seconds=10, what="all children to end")
    house.stop()
    house.start()
    assert _stored(house) == stored


def _stored(running: System) -> list[tuple[str, int]]:
    with running.api("operator@linkj.example") as api:
        lists = [api.get(path).json()["items"] for path in ("/v1/sites", "/v1/members", "/v1/organizations")]
    return [(each["id"], each["version"]) for items in lists for each in items]


def test_the_first_operator_makes_an_empty_house_usable() -> None:
    with system("--empty") as empty:
        empty.lounge("operator", "add", "first@linkj.example")
        with empty.api("first@linkj.example") as api:
            made = api.post(
                "/v1/organizations",
                json={"name": {"en": "Aoba"}, "kind": "partner"},
                headers={"Idempotency-Key": "one"},
            )
            sites = api.get("/v1/sites").json()["items"]
    assert (made.status_code, sites) == (201, [])
