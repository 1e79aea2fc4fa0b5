"""The snapshot of holidays is what its tool makes of the package, and says of which version it is."""

import json
from dataclasses import replace
from datetime import date, timedelta

from services.booking.app import load_holidays
from services.booking.domain.site import Calendar
from tests.support.booking import SITE
from tools.snapshot_holidays import TARGET, YEARS, snapshot, version


def test_the_snapshot_is_what_the_package_says_and_names_its_version() -> None:
    assert TARGET.read_text(encoding="utf-8") == snapshot(), "run: python -m tools.snapshot_holidays"
    assert load_holidays().version == version()


def test_every_year_of_the_snapshot_has_its_holidays_and_no_other_year() -> None:
    for name, days in json.loads(TARGET.read_text(encoding="utf-8"))["calendars"].items():
        found = {date.fromisoformat(day).year for day in days}
        assert found >= set(YEARS), name
        assert found <= {*YEARS, YEARS[0] - 1, YEARS[-1] + 1}, name


def test_the_days_the_two_countries_keep() -> None:
    calendars = load_holidays().calendars
    silver_week = {date(2026, 9, day) for day in (21, 22, 23)}
    assert silver_week <= calendars["japan"].keys()
    assert date(2026, 10, 12) in calendars["japan"].keys() & calendars["us-federal"].keys()
    assert date(2026, 7, 3) in calendars["us-federal"], "observed, the fourth being a Saturday"


def test_japan_closes_from_28_december_to_5_january_and_new_york_does_not() -> None:
    holidays, tokyo = (
        load_holidays(),
        replace(SITE, time_zone="Asia/Tokyo", calendars=(Calendar("japan", closes=True),)),
    )
    days = [date(YEARS[2], 12, 22) + timedelta(days=n) for n in range(18)]
    closed = [day for day in days if tokyo.closed_on(day, holidays)]
    assert closed == [date(YEARS[2], 12, 28) + timedelta(days=n) for n in range(9)]
    assert holidays.calendars["japan"][date(YEARS[2] + 1, 1, 1)].en == "New Year's Day"
    assert all(tokyo.closed_on(date(YEARS[0], 1, day), holidays) for day in range(1, 6))
    assert [day.isoformat()[5:] for day in days if SITE.closed_on(day, holidays)] == ["12-25", "01-01"]
