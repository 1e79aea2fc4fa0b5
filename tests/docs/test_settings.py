"""The page about operations lists every setting there is, and none that is not."""

import re
from pathlib import Path

from shared.kit.settings import OF_AN_INSTALLATION
from tests.support.settings import SETTINGS

ROOT = Path(__file__).parents[2]
THERE = {field.upper() for each in SETTINGS.values() for field in each.model_fields} | OF_AN_INSTALLATION


def listed() -> set[str]:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = re.split(r"^## ", page.partition("## Settings\n")[2], flags=re.MULTILINE)[0]
    return set(re.findall(r"`(?:LOUNGE)?_([A-Z][A-Z_]*)`", section))


def test_every_field_of_every_settings_is_on_the_page() -> None:
    assert THERE - listed() == set()


def test_the_page_names_no_setting_that_is_not() -> None:
    assert listed() - THERE == set()
