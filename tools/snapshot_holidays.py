"""Write `services/booking/holidays.json`: public holidays as data with a version, so that no release changes the past.

Run by a person when a year is added or a government moves a day: `python -m tools.snapshot_holidays`.
"""

import json
from collections.abc import Mapping
from datetime import date
from importlib import metadata
from pathlib import Path

import holidays

YEARS = range(2024, 2031)
TARGET = Path(__file__).parent.parent / "services" / "booking" / "holidays.json"
SOURCES = {"us-federal": ("US", {"en": "en_US"}), "japan": ("JP", {"ja": "ja", "en": "en_US"})}


def days_of(country: str, languages: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Day → name by language. Federal days come twice where they are observed on a weekday beside them."""
    days: dict[str, dict[str, str]] = {}
    for ours, theirs in languages.items():
        calendar = holidays.country_holidays(country, years=YEARS, observed=True, language=theirs)
        named: list[tuple[date, str]] = sorted(calendar.items())
        for day, name in named:
            days.setdefault(day.isoformat(), {})[ours] = name
    return days


def main() -> None:
    """Overwrite the file."""
    calendars = {name: days_of(*source) for name, source in SOURCES.items()}
    version = f"{YEARS[0]}-{YEARS[-1]}/holidays-{metadata.version('holidays')}"
    text = json.dumps({"version": version, "calendars": calendars}, ensure_ascii=False, indent=1)
    TARGET.write_text(text + "\n", encoding="utf-8")
    print(f"{TARGET.name}: {version}, {sum(map(len, calendars.values()))} days")


if __name__ == "__main__":
    main()
