"""Settings: environment variables `CHARGELAKE_…` over `chargelake.toml` over defaults; docs/settings.md lists them.

`__` stands between levels (`CHARGELAKE_SMARTCAR__BUCKET`); a value can be read from a file by the suffix `_FILE`.
"""

from __future__ import annotations

import os
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from collectors.streams import V2, V3
from flows.exits import Exit, Stop
from lake.clock import Clock, FixedClock, SystemClock
from lake.reference import currencies

PREFIX = "CHARGELAKE_"
FILE = "chargelake.toml"

_HTTP_URL = TypeAdapter(AnyHttpUrl)


def _url(value: str) -> str:
    _HTTP_URL.validate_python(value)
    if value.rstrip("/").endswith("/v1.0"):
        raise ValueError("Smartcar's v1.0 was shut down in January 2023; use v2.0 here, or v3")
    return value.rstrip("/")


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{value!r} is no IANA time zone, such as Europe/Berlin") from None
    return value


def _v3_client_id(value: str) -> str:
    if value and not value.startswith("client_"):
        raise ValueError("v3's client id begins with client_; that of v2.0 is CHARGELAKE_SMARTCAR__CLIENT_ID")
    return value


def _currency(value: str) -> str:
    if value not in currencies():
        raise ValueError(f"{value!r} is no currency of ISO 4217, such as EUR")
    return value


Currency = Annotated[str, AfterValidator(_currency)]
Url = Annotated[str, AfterValidator(_url)]
Zone = Annotated[str, AfterValidator(_zone)]


class SmartcarSettings(BaseModel):
    """How to reach Smartcar, and the limits of its plan (Smartcar's API reference, §2 and §11).

    Attributes:
        old_management_token: The one before; webhooks signed with it are accepted as well, while tokens change.
        vehicle_spacing: Seconds between an answer about a vehicle and the next request about it.
        window_days: How far back records of BMW, MINI and v3 reach; 0: no limit.
        lookback_days: How much of the known past is read again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    redirect_uri: str = "http://127.0.0.1:8765/callback"
    management_token: SecretStr = SecretStr("")
    old_management_token: SecretStr = SecretStr("")
    mode: Literal["live", "test", "simulated"] = "live"
    v3_client_id: Annotated[str, AfterValidator(_v3_client_id)] = ""
    v3_client_secret: SecretStr = SecretStr("")
    application_id: str = ""
    api_url: Url = "https://api.smartcar.com/v2.0"
    auth_url: Url = "https://auth.smartcar.com/oauth/token"
    connect_url: Url = "https://connect.smartcar.com/oauth/authorize"
    management_url: Url = "https://management.smartcar.com/v2.0"
    v3_api_url: Url = "https://vehicle.api.smartcar.com/v3"
    v3_auth_url: Url = "https://iam.smartcar.com/oauth2/token"
    bucket: int = Field(120, ge=1)
    refill_per_minute: float = Field(2, gt=0)
    vehicle_monthly: int = Field(500, ge=0)
    vehicle_spacing: float = Field(0.5, ge=0)
    window_days: int = Field(30, ge=0)
    lookback_days: int = Field(3, ge=0)

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The versions of the API whose credentials are set: `v2.0`, `v3`, both or none."""
        pairs = {V2: (self.client_id, self.client_secret), V3: (self.v3_client_id, self.v3_client_secret)}
        return tuple(name for name, (client, secret) in pairs.items() if client and secret.get_secret_value())


class Settings(BaseSettings):
    """All settings.

    Attributes:
        home: Where raw, state and lake live.
        now: Instant to take for now; None: the clock.
        timezone: Zone of vehicles whose own is unknown.
        rules: Folder of places, tariffs, policies, assignments, rates and carbon (docs/costs.md); empty: in the home.
        reporting_currency: ISO 4217 code into which costs are converted beside their own.
        orchestrator: Whether runs are Prefect flows, or the same functions in this process.
        concurrency: Vehicles that are asked side by side.
        max_wait_seconds: Longest wait for the request budget before a run stops with exit code 4.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", toml_file=FILE, extra="forbid", frozen=True
    )

    home: str = "data"
    now: datetime | None = None
    timezone: Zone = "UTC"
    rules: str = ""
    reporting_currency: Currency = "EUR"
    orchestrator: Literal["prefect", "none"] = "prefect"
    secret_key: SecretStr = SecretStr("")
    state_url: str = Field("", repr=False)  # may hold a password
    concurrency: int = Field(8, ge=1, le=64)
    max_wait_seconds: float = Field(900, ge=0)
    smartcar: SmartcarSettings = SmartcarSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003, pydantic-settings hands it in by name
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003, the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003, the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `…_FILE`, then `chargelake.toml`."""
        environment = _Environment(settings_cls)
        return init_settings, environment, _FileVariables(settings_cls), TomlConfigSettingsSource(settings_cls)

    @property
    def clock(self) -> Clock:
        """The machine's clock, or the fixed instant; one without a zone is UTC."""
        if self.now is None:
            return SystemClock()
        return FixedClock(self.now if self.now.tzinfo else self.now.replace(tzinfo=UTC))


class _Environment(EnvSettingsSource):
    """Environment variables, without those that only name a file."""

    def __call__(self) -> dict[str, Any]:
        """A nested dictionary of the values."""
        return _without_files(super().__call__())


class _FileVariables(PydanticBaseSettingsSource):
    """Reads `CHARGELAKE_A__B_FILE=/run/secrets/b` as the value of `CHARGELAKE_A__B`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002, abstract there
        """Not used: values come from `__call__` at once."""
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """A nested dictionary of the values that are in files."""
        values: dict[str, Any] = {}
        for name, path in os.environ.items():
            if name.startswith(PREFIX) and name.endswith("_FILE"):
                level = values
                *outer, last = name.removeprefix(PREFIX).removesuffix("_FILE").lower().split("__")
                for key in outer:
                    level = level.setdefault(key, {})
                level[last] = _content(name, path)
        return values


def _without_files(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_files(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if not name.endswith("_file")
    }


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process.

    Args:
        overrides: Values that go over everything, such as those of an option.

    Raises:
        Stop: A value cannot be used (exit code 2); the line names the setting, never its value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise Stop(Exit.USAGE, "; ".join(_explained(each) for each in error.errors(include_input=False))) from None
    except SettingsError as error:  # a whole level given as JSON that is none
        raise Stop(Exit.USAGE, f"{str(error).partition(' from source')[0]}: it is no JSON") from None
    except tomllib.TOMLDecodeError as error:
        raise Stop(Exit.USAGE, f"{FILE} is no TOML: {error}") from None


def _explained(error: Any) -> str:
    name = PREFIX + "__".join(str(part) for part in error["loc"]).upper()
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting (look for a typing error in {FILE} or the environment)"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}"


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").strip()
    except OSError as error:
        raise Stop(Exit.USAGE, f"{name}: {path} cannot be read ({error.strerror})") from None
