"""`python -m tools.draw_series series.json docs/pictures`: pictures of what Prometheus saw during a rehearsal.

The file is what `python -m tests.deploy.rehearse_alerts` writes; each series becomes one SVG, its faults shaded.
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "lounge"  # the same data gives the same file

from matplotlib import pyplot as plt  # noqa: E402 — the back end is chosen first

_TITLES = {
    "throughput": ("HTTP requests a second, by status", ""),
    "latency": ("Commands: 95 % answered within (seconds)", "all commands"),
    "lag": ("Messages waiting, by durable", ""),
    "unsent": ("Age of the oldest unsent event (seconds), by service", ""),
    "dead": ("Messages in the dead letter stream", "DLQ"),
}
_MOST_LINES = 6


def draw(told: dict[str, Any], name: str, to: Path) -> None:
    """One series as SVG, seconds since the beginning along the bottom."""
    title, plain = _TITLES[name]
    figure, axes = plt.subplots(figsize=(9, 3.2))
    lines = sorted(told["series"][name], key=_peak, reverse=True)[:_MOST_LINES]
    for line in lines:
        at = [float(t) - told["began"] for t, _ in line["values"]]
        label = " ".join(line["metric"].values()) or plain
        axes.plot(at, [float(value) for _, value in line["values"]], label=label, linewidth=1.4)
    for number, ((began, what), (ended, _)) in enumerate(_faults(told["marks"])):
        axes.axvspan(began - told["began"], ended - told["began"], color="0.88", zorder=0)
        place = (began - told["began"], 1.02 + 0.09 * (number % 2))  # two rows, since faults may follow closely
        axes.text(*place, what, transform=axes.get_xaxis_transform(), fontsize=7)
    axes.set_title(title, fontsize=10, pad=26)
    axes.set_xlabel("seconds", fontsize=8)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=8)
    axes.legend(fontsize=7, loc="upper left")
    figure.tight_layout()
    figure.savefig(to / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def _peak(line: dict[str, Any]) -> float:
    return max(float(value) for _, value in line["values"] if value != "NaN") if line["values"] else 0.0


def _faults(marks: list[list[Any]]) -> list[tuple[list[Any], list[Any]]]:
    """Each fault with its end, which is marked right after it."""
    return list(zip(marks[::2], marks[1::2], strict=True))


def main() -> None:
    told = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for name in _TITLES:
        draw(told, name, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
