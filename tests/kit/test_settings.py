"""What a process is told by its environment, and the two clocks."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from shared.kit.clock import SystemClock, VirtualClock, clock_of, is_virtual
from shared.kit.settings import OF_ONE_SERVICE, KitSettings
from tests.support.settings import SETTINGS


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any setting of ours, but for the one that has no default."""
    for name in [name for name in os.environ if name.startswith("LOUNGE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOUNGE_NATS_URL", "nats://127.0.0.1:4222")


def settings() -> KitSettings:
    return KitSettings()


def test_the_environment_is_read_under_our_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUNGE_REPLICA", "3")
    monkeypatch.setenv("LOUNGE_MONGO_DRIVER", "pymongo")
    monkeypatch.setenv("LOUNGE_SMTP_URL", "smtp://of-another-service")
    found = settings()
    assert (found.nats_url, found.replica, found.mongo_driver) == ("nats://127.0.0.1:4222", 3, "pymongo")


def test_a_secret_may_come_as_a_file_and_the_plain_variable_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "url").write_text("mongodb://booking:from-file@db\n")
    monkeypatch.setenv("LOUNGE_MONGO_URL_FILE", str(tmp_path / "url"))
    assert settings().mongo_url.get_secret_value() == "mongodb://booking:from-file@db"
    monkeypatch.setenv("LOUNGE_MONGO_URL", "mongodb://plain")
    assert settings().mongo_url.get_secret_value() == "mongodb://plain"


def test_a_secret_is_neither_shown_nor_told_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUNGE_MONGO_URL", "mongodb://booking:canary@db")
    assert "canary" not in f"{settings()!r}"
    monkeypatch.setenv("LOUNGE_CLOCK", "virtual:/tmp/x")
    with pytest.raises(ValidationError) as error:
        settings()
    assert "canary" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("NATS_URL", None, "nats_url"),
        ("REPLICA", "zero", "replica"),
        ("MONGO_DRIVER", "odmantic", "mongo_driver"),
        ("HTTP_PORT", "70000", "http_port"),
        ("LOG_LEVEL", "loud", "log_level"),
        ("CLOCK", "virtual:/tmp/x", "LOUNGE_OUTBOUND_ALLOW are for tests"),
        ("CRASH", "relay.after_publish:kill", "LOUNGE_OUTBOUND_ALLOW are for tests"),
        ("OUTBOUND_ALLOW", '["localhost:1"]', "LOUNGE_OUTBOUND_ALLOW are for tests"),
        ("MONGO_URL_FILE", "/nowhere/url", "LOUNGE_MONGO_URL_FILE: /nowhere/url cannot be read"),
    ],
)
def test_what_is_missing_or_wrong_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, told: str
) -> None:
    if value is None:
        monkeypatch.delenv(f"LOUNGE_{name}")
    else:
        monkeypatch.setenv(f"LOUNGE_{name}", value)
    with pytest.raises(ValidationError, match=told):
        settings()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("MONGO_URI", "LOUNGE_MONGO_URI: there is no such setting; is LOUNGE_MONGO_URL meant?"),
        ("SEED_FILE", "LOUNGE_SEED_FILE: there is no such setting; is LOUNGE_NATS_SEED_FILE meant?"),
        ("WEATHER", "LOUNGE_WEATHER: there is no such setting$"),
    ],
)
def test_a_setting_nobody_reads_is_refused_with_the_one_that_may_be_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv(f"LOUNGE_{name}", "x")
    with pytest.raises(ValidationError) as error:
        settings()
    assert re.search(told, error.value.errors()[0]["msg"])


def test_the_settings_of_single_services_are_listed_as_they_are() -> None:
    every = SETTINGS.values()
    own = {field.upper() for each in every for field in each.model_fields.keys() - KitSettings.model_fields.keys()}
    assert own == OF_ONE_SERVICE


def test_an_empty_secret_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("\n")
    monkeypatch.setenv("LOUNGE_MONGO_URL_FILE", str(tmp_path / "url"))
    with pytest.raises(ValidationError, match=r"LOUNGE_MONGO_URL_FILE: .*url is empty"):
        settings()


def test_a_virtual_clock_is_for_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOUNGE_CLOCK", "virtual:/tmp/x")
    monkeypatch.setenv("LOUNGE_TESTING", "1")
    assert settings().clock == "virtual:/tmp/x"


def test_the_system_clock_shows_whole_milliseconds_in_utc() -> None:
    now: Any = clock_of("system").now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert not is_virtual(SystemClock())


def test_the_virtual_clock_shows_what_stands_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("2022-12-15T19:00:00.123456-05:00\n")
    clock = clock_of(f"virtual:{file}")
    assert clock.now() == clock.now() == datetime(2022, 12, 16, 0, 0, 0, 123_000, tzinfo=UTC)
    file.write_text("2023-01-01T00:00:00Z")
    os.utime(file, ns=(1, 1))
    assert clock.now() == datetime(2023, 1, 1, tzinfo=UTC)
    assert is_virtual(clock)
    assert isinstance(clock, VirtualClock)


@pytest.mark.parametrize("setting", ["virtual:", "sundial", ""])
def test_another_clock_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="LOUNGE_CLOCK is 'system' or 'virtual:<file>'"):
        clock_of(setting)
