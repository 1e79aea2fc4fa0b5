"""What a running system shows of a trouble: figures, log lines, what the nats-server said."""

import json
import re
from collections.abc import Iterable
from typing import Any

import httpx

from tests.support.system import System

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def figures(url: str, name: str, **labels: str) -> list[float]:
    """The values of this figure at `url`/metrics, of every series that has these labels."""
    found = []
    for line in httpx.get(f"{url}/metrics", timeout=10).text.splitlines():
        if (sample := _SAMPLE.match(line)) and sample[1] == name:
            own = dict(re.findall(r'(\w+)="([^"]*)"', sample[2] or ""))
            if labels.items() <= own.items():
                found.append(float(sample[3]))
    return found


def figure(house: System, processes: Iterable[str], name: str, **labels: str) -> float:
    """The sum over these processes; 0 where none shows it."""
    ports = {each["name"]: each["port"] for each in house.run["processes"]}
    return sum(sum(figures(f"http://127.0.0.1:{ports[each]}", name, **labels)) for each in processes)


def logged(house: System, process: str, event: str, **fields: Any) -> list[dict[str, Any]]:
    """The lines with this event and these fields that the process wrote."""
    lines = (house.folder / "logs" / f"{process}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if f'"{event}"' in line]
    return [each for each in found if each.get("event") == event and fields.items() <= each.items()]


def server_said(house: System, words: str) -> list[str]:
    """The lines of the nats-server's log that hold these words."""
    return [line for line in (house.folder / "nats.log").read_text(errors="replace").splitlines() if words in line]


def monitor(house: System, path: str) -> httpx.Response:
    """What the nats-server's monitoring port answers."""
    port = json.loads((house.folder / "ports.json").read_text())["nats-monitor"]
    return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5)
