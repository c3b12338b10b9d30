"""The settings of one emulator, and the environment that points chargelake at it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits in force (Smartcar's API reference, §5.3 and §11)."""

    bucket: int
    refill_per_minute: float
    vehicle_monthly: int
    vehicle_spacing: float
    window_days: int


PLAN = Limits(bucket=120, refill_per_minute=2, vehicle_monthly=500, vehicle_spacing=0.4, window_days=30)
# Files hold years: their readers must not wait hours for a bucket, nor see only the last month.
FILES = Limits(bucket=6000, refill_per_minute=6000, vehicle_monthly=500, vehicle_spacing=0.0, window_days=0)


@dataclass(frozen=True, slots=True)
class EmulatorConfig:
    """Everything that can be chosen; a limit of None takes the common plan, or generous ones with a dataset.

    `seed` decides the generated world. `now` is where the clock starts (default: the real time), `clock_rate` how
    fast it runs. `history_days`: how long before that the owners consented. `vehicle_spacing` is in seconds,
    `window_days` 0 is no window. `v3_clock_offset` (most seconds) and `v3_meter_factor` (largest share) are how far
    v3's times and energies of a session lie from v2.0's; 0 is not at all. `webhook_timeout` is in real seconds.
    `faults` are in the form of `--fault`. The credentials are made up and checked.
    """

    host: str = "127.0.0.1"
    port: int = 0
    seed: int = 1
    dataset: Path | None = None
    bucket: int | None = None
    refill_per_minute: float | None = None
    vehicle_monthly: int | None = None
    vehicle_spacing: float | None = None
    window_days: int | None = None
    now: datetime | None = None
    clock_rate: float = 1.0
    history_days: int = 120
    access_life: timedelta = timedelta(hours=2)
    refresh_life: timedelta = timedelta(days=60)
    refresh_grace: timedelta = timedelta(minutes=10)
    billing_page_size: int = 50
    newer_tesla_share: float = 0.2
    withheld_scopes: frozenset[str] = frozenset()
    v3_clock_offset: float = 110.0
    v3_meter_factor: float = 0.03
    webhook_timeout: float = 15.0
    faults: tuple[str, ...] = ()
    client_id: str = "e5a1c9d0-4b7f-4c52-9e0a-emulator0001"
    client_secret: str = "emulator-client-secret"  # noqa: S105 - made up, opens nothing but this emulator
    management_token: str = "emulator-management-token"  # noqa: S105 - made up as well
    redirect_uri: str = "http://127.0.0.1:8765/callback"
    v3_client_id: str = "client_emulator0001"
    v3_client_secret: str = "emulator-v3-client-secret"  # noqa: S105 - made up as well
    application_id: str = "5d0e3c1a-7b1d-4f6e-8c55-emulator0001"

    @property
    def limits(self) -> Limits:
        """The limits after the defaults of the mode are filled in."""
        base = PLAN if self.dataset is None else FILES
        return Limits(
            bucket=base.bucket if self.bucket is None else self.bucket,
            refill_per_minute=_or(self.refill_per_minute, base.refill_per_minute),
            vehicle_monthly=base.vehicle_monthly if self.vehicle_monthly is None else self.vehicle_monthly,
            vehicle_spacing=_or(self.vehicle_spacing, base.vehicle_spacing),
            window_days=base.window_days if self.window_days is None else self.window_days,
        )

    def environment(self, url: str) -> dict[str, str]:
        """Give the settings of chargelake that make it talk to the emulator at `url`."""
        limits = self.limits
        values = {
            "API_URL": f"{url}/v2.0",
            "AUTH_URL": f"{url}/oauth/token",
            "CONNECT_URL": f"{url}/oauth/authorize",
            "MANAGEMENT_URL": f"{url}/v2.0",
            "CLIENT_ID": self.client_id,
            "CLIENT_SECRET": self.client_secret,
            "REDIRECT_URI": self.redirect_uri,
            "MANAGEMENT_TOKEN": self.management_token,
            "V3_API_URL": f"{url}/v3",
            "V3_AUTH_URL": f"{url}/oauth2/token",
            "V3_CLIENT_ID": self.v3_client_id,
            "V3_CLIENT_SECRET": self.v3_client_secret,
            "APPLICATION_ID": self.application_id,
            "MODE": "test",
            "BUCKET": str(limits.bucket),
            "REFILL_PER_MINUTE": f"{limits.refill_per_minute:g}",
            "VEHICLE_MONTHLY": str(limits.vehicle_monthly),
            "WINDOW_DAYS": str(limits.window_days),
            "VEHICLE_SPACING": f"{limits.vehicle_spacing:g}",
        }
        return {f"CHARGELAKE_SMARTCAR__{name}": value for name, value in values.items()}


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
