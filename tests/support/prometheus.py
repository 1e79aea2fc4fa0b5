"""A real Prometheus (Debian's) over a running system, with the committed rules."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from deploy.embedded.children import free_port, spawn, stop
from shared.contracts.topology import SERVICES
from tests.support.eventually import eventually
from tests.support.system import System

OBSERVABILITY = Path(__file__).parents[2] / "deploy" / "observability"
RULES = sorted((OBSERVABILITY / "rules").glob("*.yml"))


def replicas(lounge: System) -> dict[str, int]:
    """The port of /metrics by process."""
    shown = ("gateway", *SERVICES)
    return {p["name"]: p["port"] for p in lounge.run["processes"] if p["name"].rpartition("-")[0] in shown}


@dataclass
class Prometheus:
    """Its HTTP interface."""

    url: str

    def _asked(self, path: str, **params: str) -> Any:
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, timeout=10)
        answer.raise_for_status()
        return answer.json()["data"]

    def targets(self) -> dict[str, str]:
        """Health, `up`, `down` or `unknown`, by instance."""
        found = self._asked("targets")["activeTargets"]
        return {each["labels"]["instance"]: each["health"] for each in found}

    def query(self, expr: str) -> list[dict[str, Any]]:
        """The samples of now. Raises HTTPStatusError for what does not parse."""
        found: list[dict[str, Any]] = self._asked("query", query=expr)["result"]
        return found

    def span(self, expr: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """The samples between two Unix seconds."""
        told = self._asked("query_range", query=expr, start=str(start), end=str(end), step=str(step))
        result: list[dict[str, Any]] = told["result"]
        return result

    def firing(self) -> set[str]:
        """Names of the alerts that fire."""
        return {a["labels"]["alertname"] for a in self._asked("alerts")["alerts"] if a["state"] == "firing"}

    def alerts(self) -> set[str]:
        """Names of those that fire, or will if it goes on."""
        return {each["labels"]["alertname"] for each in self._asked("alerts")["alerts"]}

    def names(self) -> set[str]:
        """Every metric name it has ever seen here."""
        return set(self._asked("label/__name__/values"))

    def rules(self) -> list[dict[str, Any]]:
        return [rule for group in self._asked("rules")["groups"] for rule in group["rules"]]


@contextmanager
def prometheus(lounge: System, folder: Path) -> Iterator[Prometheus]:
    """Scraping every replica of `lounge` each second while the context lasts. Raises FileNotFoundError without one."""
    program = shutil.which("prometheus")
    if program is None:
        raise FileNotFoundError("no prometheus here: apt-get install prometheus")
    jobs: dict[str, list[dict[str, Any]]] = {}
    for name, port in replicas(lounge).items():
        target = {"targets": [f"127.0.0.1:{port}"], "labels": {"instance": name}}
        jobs.setdefault(name.rpartition("-")[0], []).append(target)
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in RULES],
        "scrape_configs": [{"job_name": job, "static_configs": targets} for job, targets in jobs.items()],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    argv = [program, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    child = spawn([*argv, f"--web.listen-address=127.0.0.1:{port}"], said=folder / "prometheus.out")
    try:
        running = Prometheus(f"http://127.0.0.1:{port}")
        eventually(lambda: _ready(running), what="Prometheus to be ready", seconds=30)
        yield running
    finally:
        stop(child)


def _ready(running: Prometheus) -> bool:
    try:
        return httpx.get(f"{running.url}/-/ready", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def dump(path: Path, told: Any) -> None:
    """As JSON, for whoever draws it."""
    path.write_text(json.dumps(told), encoding="utf-8")
