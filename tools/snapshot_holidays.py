"""Write `services/booking/holidays.json`: public holidays as data with a version, so that no release changes the past.

Run by a person when a year is added or a government moves a day: `python -m tools.snapshot_holidays`.
"""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path

import holidays

YEARS = range(2024, 2031)
TARGET = Path(__file__).parent.parent / "services" / "booking" / "holidays.json"
SOURCES = {"us-federal": ("US", {"en": "en_US"}), "japan": ("JP", {"ja": "ja", "en": "en_US"})}

YEAR_END = {"ja": "年末年始休業", "en": "Year-end closure"}


def days_of(country: str, languages: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Day → name by language. Federal days come twice where they are observed on a weekday beside them."""
    days: dict[str, dict[str, str]] = {}
    for ours, theirs in languages.items():
        calendar = holidays.country_holidays(country, years=YEARS, observed=True, language=theirs)
        named: list[tuple[date, str]] = sorted(calendar.items())
        for day, name in named:
            days.setdefault(day.isoformat(), {})[ours] = name
    return days


def year_ends() -> dict[str, dict[str, str]]:
    """年末年始: but for New Year's Day no public holidays, and yet Japan is closed from 28 December to 5 January."""
    turns = (date(year, 12, 28) + timedelta(days=n) for year in (YEARS[0] - 1, *YEARS) for n in range(9))
    return {day.isoformat(): dict(YEAR_END) for day in turns if day.year in YEARS}


def version() -> str:
    """Of the data the installed package gives."""
    return f"{YEARS[0]}-{YEARS[-1]}/holidays-{metadata.version('holidays')}"


def snapshot() -> str:
    """The file's text."""
    calendars = {name: days_of(*source) for name, source in SOURCES.items()}
    calendars["japan"] = dict(sorted((year_ends() | calendars["japan"]).items()))
    return json.dumps({"version": version(), "calendars": calendars}, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Overwrite the file."""
    TARGET.write_text(snapshot(), encoding="utf-8")
    print(f"{TARGET.name}: {version()}")


if __name__ == "__main__":
    main()
