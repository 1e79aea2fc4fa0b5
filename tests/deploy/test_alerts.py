"""Prometheus' own tools judge the rules; each alert is tested, has its page, and is silent on a quiet system."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.contracts.topology import SERVICES
from tests.support.eventually import eventually
from tests.support.programs import needed
from tests.support.prometheus import OBSERVABILITY, RULES, Prometheus, prometheus, replicas
from tests.support.system import System, system

ROOT = OBSERVABILITY.parents[1]
PAGES = ROOT / "docs" / "operations" / "alerts"
SECTIONS = ["What it means", "What to look at", "What to do", "How it was tried"]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


ALERTS = {
    rule["alert"]: rule
    for path in RULES
    for group in read(path)["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [needed("promtool", "prometheus"), *map(str, words)], check=False, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def lounge() -> Iterator[System]:
    needed("prometheus", "prometheus")
    with system() as running:
        yield running


@pytest.fixture(scope="module")
def watching(lounge: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with prometheus(lounge, tmp_path_factory.mktemp("prometheus")) as running:
        yield running


def test_the_rules_are_good_to_prometheus() -> None:
    said = promtool("check", "rules", *RULES)
    assert said.returncode == 0, said.stdout + said.stderr


def test_the_configuration_is_good_to_prometheus() -> None:
    said = promtool("check", "config", "--syntax-only", OBSERVABILITY / "prometheus.yml")
    assert said.returncode == 0, said.stdout + said.stderr


def test_each_alert_fires_in_its_fault_and_is_silent_before_and_after() -> None:
    said = promtool("test", "rules", OBSERVABILITY / "alerts.test.yml")
    assert said.returncode == 0, said.stdout + said.stderr


def test_promtool_finds_a_rule_that_lost_its_meaning(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    for path in RULES:
        text = path.read_text(encoding="utf-8")
        (tmp_path / "rules" / path.name).write_text(text.replace("lounge_ready == 0", "lounge_ready == 2"))
    shutil.copy(OBSERVABILITY / "alerts.test.yml", tmp_path)
    said = promtool("test", "rules", tmp_path / "alerts.test.yml")
    assert said.returncode != 0
    assert "ReplicaNotReady" in said.stdout + said.stderr


def test_every_alert_is_tested_both_ways() -> None:
    cases = [c for test in read(OBSERVABILITY / "alerts.test.yml")["tests"] for c in test["alert_rule_test"]]
    for name in ALERTS:
        own = [bool(case["exp_alerts"]) for case in cases if case["alertname"] == name]
        assert own[0] is False, name
        assert True in own, name
        assert own[-1] is False, name


@pytest.mark.parametrize("name", ALERTS)
def test_every_alert_leads_to_a_page_that_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["runbook_url"] == f"docs/operations/alerts/{name}.md"
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == SECTIONS


def test_no_page_speaks_of_an_alert_that_is_not() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == set(ALERTS)


def test_every_service_is_scraped_on_the_port_of_its_image() -> None:
    jobs = {job["job_name"]: job for job in read(OBSERVABILITY / "prometheus.yml")["scrape_configs"]}
    image = (ROOT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert set(jobs) == {"gateway", *SERVICES}
    for name, job in jobs.items():
        (found,) = job["dns_sd_configs"]
        assert found["names"] == [name]
        assert f"LOUNGE_HTTP_PORT={found['port']}" in image


def test_the_collector_takes_what_the_processes_send_and_uses_all_it_declares() -> None:
    config = read(OBSERVABILITY / "collector.yml")
    assert config["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    for pipeline in config["service"]["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter", "before anything else, as its own page asks"
        for part in ("receivers", "processors", "exporters"):
            assert set(pipeline[part]) == set(config[part])


def test_a_quiet_system_is_scraped_whole_and_raises_no_alert(lounge: System, watching: Prometheus) -> None:
    eventually(lambda: set(watching.targets()) == set(replicas(lounge)), what="every replica to be a target")
    eventually(lambda: set(watching.targets().values()) == {"up"}, what="every target to be up", seconds=30)
    eventually(lambda: bool(watching.query("lounge_jetstream_told == 1")), what="the servers' figures", seconds=30)
    eventually(lambda: all("lastEvaluation" in rule for rule in watching.rules()), what="rules to be judged")
    assert [rule["name"] for rule in watching.rules() if rule["health"] == "err"] == []
    assert {rule["name"] for rule in watching.rules() if rule["type"] == "alerting"} == set(ALERTS)
    assert watching.alerts() - {"CommandLatencyHigh"} == set(), "pending or firing; how fast it is, the machine decides"
