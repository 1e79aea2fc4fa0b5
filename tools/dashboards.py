"""Grafana's dashboards from deploy/observability/dashboards.yml: `python -m tools.dashboards` writes them."""

import json
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "deploy" / "observability"
MADE = FOLDER / "grafana" / "dashboards"
_SCHEMA = 39
"""The version of Grafana 10.4's JSON; later ones read it."""
_WIDTH, _HEIGHT = 12, 8
_SOURCE = {"type": "prometheus", "uid": "prometheus"}


def dashboards() -> dict[str, dict[str, Any]]:
    """Each by its uid."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / "dashboards.yml").read_text(encoding="utf-8"))
    return {uid: _dashboard(uid, wanted) for uid, wanted in read.items()}


def written(dashboard: dict[str, Any]) -> str:
    """As the committed file holds it."""
    return json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"


def _dashboard(uid: str, wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": f"lounge-{uid}",
        "title": f"Lounge: {wanted['title']}",
        "tags": ["lounge"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": False,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": [_panel(number, panel) for number, panel in enumerate(wanted["panels"])],
    }


def _panel(number: int, wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": wanted["title"],
        "datasource": _SOURCE,
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": _WIDTH * (number % 2), "y": _HEIGHT * (number // 2)},
        "fieldConfig": {"defaults": {"unit": wanted["unit"], "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + n), "datasource": _SOURCE, "expr": expr, "legendFormat": legend}
            for n, (legend, expr) in enumerate(wanted["queries"].items())
        ],
    }


def write() -> None:
    """All of them, and no other."""
    MADE.mkdir(parents=True, exist_ok=True)
    for old in MADE.glob("*.json"):
        old.unlink()
    for uid, dashboard in dashboards().items():
        (MADE / f"{uid}.json").write_text(written(dashboard), encoding="utf-8")


if __name__ == "__main__":
    write()
