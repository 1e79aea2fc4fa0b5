"""docker-compose.yml: it is valid, complete, and every container is held as tightly as the others."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.topology import SERVICES, inbox_prefix
from tests.support.engine import ROOT
from tests.support.installation import described
from tests.support.settings import SETTINGS

OURS = (*SERVICES, "gateway")
COMPOSE: dict[str, Any] = {
    name: each for name, each in described().items() if "observability" not in each.get("profiles", ())
}


def _valid(file: Path) -> "subprocess.CompletedProcess[str]":
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(check, capture_output=True, text=True, check=False)


def test_the_file_keeps_to_the_compose_specification() -> None:
    checked = _valid(ROOT / "docker-compose.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_file_that_does_not_is_noticed(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text((ROOT / "docker-compose.yml").read_text().replace("read_only: true", "readonly: true"))
    assert _valid(wrong).returncode != 0


@pytest.mark.parametrize("name", COMPOSE)
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = COMPOSE[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert service.get("privileged") is None
    assert not any("docker.sock" in volume for volume in service["volumes"])
    assert ":" in service["image"]
    assert not service["image"].endswith(":latest")


@pytest.mark.parametrize("name", [name for name in COMPOSE if name != "prepare"])
def test_only_the_job_without_a_network_runs_as_root(name: str) -> None:
    assert COMPOSE[name]["user"] == "10001:10001"
    assert "cap_add" not in COMPOSE[name]


def test_mongod_logs_no_operation_with_its_values() -> None:
    words = COMPOSE["mongo"]["command"]
    assert words[words.index("--slowOpSampleRate") + 1] == "0"


def test_the_job_that_runs_as_root_has_no_network() -> None:
    assert COMPOSE["prepare"]["network_mode"] == "none"


def test_only_the_gateway_can_be_reached_and_only_from_this_machine() -> None:
    assert {name for name, service in COMPOSE.items() if "ports" in service} == {"gateway"}
    assert COMPOSE["gateway"]["ports"] == ["127.0.0.1:8080:8080"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_can_be_scaled(name: str) -> None:
    assert "container_name" not in COMPOSE[name]


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_told_its_settings_by_names_it_knows(name: str) -> None:
    environment = COMPOSE[name]["environment"]
    known = {f"LOUNGE_{field.upper()}" for field in SETTINGS[name].model_fields}
    assert set(environment) <= known
    assert environment["LOUNGE_NATS_INBOX_PREFIX"] == inbox_prefix(name)


@pytest.mark.parametrize("name", OURS)
def test_a_service_sees_no_secret_but_its_own_and_cannot_change_it(name: str) -> None:
    assert COMPOSE[name]["volumes"] == [f"handed-{name}:/run/lounge:ro"]
    secrets = {key for key in COMPOSE[name]["environment"] if key.endswith("_FILE")}
    assert all(COMPOSE[name]["environment"][key].startswith("/run/lounge/") for key in secrets)
    assert "LOUNGE_NATS_SEED_FILE" in secrets


@pytest.mark.parametrize("name", OURS)
def test_a_service_has_longer_to_stop_than_it_takes(name: str) -> None:
    assert int(COMPOSE[name]["stop_grace_period"].removesuffix("s")) > 9


def test_what_starts_waits_for_what_it_needs() -> None:
    for name in SERVICES:
        assert COMPOSE[name]["depends_on"]["topology"]["condition"] == "service_completed_successfully"
    assert {name: waited["condition"] for name, waited in COMPOSE["gateway"]["depends_on"].items()} == dict.fromkeys(
        SERVICES, "service_healthy"
    )
