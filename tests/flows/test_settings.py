"""Settings: where values come from, and one clear line where they cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.exits import Exit, Stop
from flows.settings import load_settings


def refused(**environment: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(Stop) as stop:
            load_settings()
    assert stop.value.code == Exit.USAGE
    return str(stop.value)


def test_the_defaults_are_those_of_the_plan() -> None:
    settings = load_settings()
    smartcar = settings.smartcar
    limits = (smartcar.bucket, smartcar.refill_per_minute, smartcar.vehicle_monthly)
    assert limits == (120, 2, 500)
    assert (smartcar.window_days, smartcar.lookback_days, settings.timezone) == (30, 3, "UTC")


def test_the_environment_goes_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "chargelake.toml").write_text('timezone = "Europe/Oslo"\n[smartcar]\nbucket = 7\nlookback_days = 9\n')
    monkeypatch.setenv("CHARGELAKE_SMARTCAR__BUCKET", "8")
    settings = load_settings()
    assert (settings.smartcar.bucket, settings.smartcar.lookback_days, settings.timezone) == (8, 9, "Europe/Oslo")


def test_a_value_can_be_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("CHARGELAKE_SMARTCAR__CLIENT_SECRET_FILE", str(tmp_path / "secret"))
    assert load_settings().smartcar.client_secret.get_secret_value() == "hush"


def test_a_value_file_that_is_gone_is_named() -> None:
    assert "CHARGELAKE_SECRET_KEY_FILE: /nowhere" in refused(CHARGELAKE_SECRET_KEY_FILE="/nowhere")


def test_a_wrong_value_names_its_setting() -> None:
    assert "CHARGELAKE_SMARTCAR__BUCKET" in refused(CHARGELAKE_SMARTCAR__BUCKET="many")


def test_a_secret_that_cannot_be_used_is_not_shown() -> None:
    line = refused(CHARGELAKE_SMARTCAR__BUCKET="sk-12345", CHARGELAKE_SMARTCAR__MODE="sk-67890")
    assert "sk-" not in line


def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "chargelake.toml").write_text("timezon = 'UTC'\n")
    assert "CHARGELAKE_TIMEZON: there is no such setting" in refused()


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "chargelake.toml").write_text("timezone = \n")
    assert "chargelake.toml is no TOML" in refused()


def test_the_api_that_was_shut_down_is_refused_with_what_follows_it() -> None:
    line = refused(CHARGELAKE_SMARTCAR__API_URL="https://api.smartcar.com/v1.0")
    assert "v2.0" in line
    assert "v3" in line


def test_a_zone_that_does_not_exist_is_refused() -> None:
    assert "CHARGELAKE_TIMEZONE" in refused(CHARGELAKE_TIMEZONE="Europe/Trondheimm")


def test_now_without_a_zone_is_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARGELAKE_NOW", "2026-10-01T12:00:00")
    assert load_settings().clock.now().isoformat() == "2026-10-01T12:00:00+00:00"
