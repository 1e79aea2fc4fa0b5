"""`python -m tools.draw_ledger build/ledger-….json … docs/pictures`: a picture of each ledger, from what it holds.

Successes a second over time, what was done to the system marked, and the answers' times below.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "lounge"  # the same data gives the same file

from matplotlib import pyplot as plt  # noqa: E402 — the back end is chosen first

_BIN = 0.5
"""Seconds."""


def draw(told: dict[str, Any], to: Path) -> Path:
    """One ledger as SVG; the path written."""
    done = [line for line in told["lines"] if line["status"] in (200, 201)]
    rates = Counter(int(line["answered"] / _BIN) for line in done)
    bins = range(max(rates) + 1)
    figure, (above, below) = plt.subplots(2, 1, figsize=(9, 4.2), sharex=True, height_ratios=[3, 2])
    above.step([each * _BIN for each in bins], [rates[each] / _BIN for each in bins], where="post", linewidth=1.2)
    waits = [1000 * (line["answered"] - line["sent"]) for line in done]
    below.scatter([line["answered"] for line in done], waits, s=3, linewidths=0)
    below.set_yscale("log")
    for number, (at, what) in enumerate(told["moments"]):
        for axes in (above, below):
            axes.axvline(at, color="0.7", linewidth=0.8, zorder=0)
        above.text(at, 1.02 + 0.09 * (number % 3), what, transform=above.get_xaxis_transform(), fontsize=6.5)
    above.set_ylabel("successes/s", fontsize=8)
    below.set_ylabel("answered after (ms)", fontsize=8)
    below.set_xlabel("seconds", fontsize=8)
    for axes in (above, below):
        axes.tick_params(labelsize=8)
    above.set_ylim(bottom=0)
    figure.suptitle(_title(told["name"], told["summary"]), fontsize=9)
    figure.tight_layout()
    path = to / f"ledger-{told['name']}.svg"
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    return path


def _title(name: str, summary: dict[str, Any]) -> str:
    counted = ", ".join(f"{summary[each]} {each}" for each in ("sent", "answered"))
    return f"{name.replace('_', ' ')}: {counted}, {summary['bookings_found']} bookings found"


def main() -> None:
    *ledgers, folder = map(Path, sys.argv[1:])
    for ledger in ledgers:
        sys.stdout.write(f"{draw(json.loads(ledger.read_text()), folder)}\n")


if __name__ == "__main__":
    main()
