"""A generated account: its vehicles exist as ids at once and as cars only when somebody asks for one."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from emulator.generator.profile import MAKES, Profile, draw_profile
from emulator.generator.sessions import GeneratedSessions
from emulator.identity import uuid_of
from emulator.model import Vehicle

# Cars were charged before their owners consented, so that what must be cut is there to be cut.
BEFORE_CONSENT = timedelta(days=60)


class GeneratedAccount:
    """The vehicles of `email`, decided by `seed`; all were consented to at `connected_at` (UTC).

    The `makes` follow each other.
    """

    def __init__(
        self,
        seed: int,
        email: str,
        size: int,
        connected_at: datetime,
        newer_tesla_share: float,
        makes: tuple[str, ...] = MAKES,
    ) -> None:
        self.user_id = uuid_of("user", seed, email)
        self.vehicle_ids: Sequence[str] = [uuid_of("vehicle", seed, email, number) for number in range(size)]
        self._numbers = {vehicle_id: number for number, vehicle_id in enumerate(self.vehicle_ids)}
        self._seed = f"{seed}/{email}"
        self._connected_at = connected_at
        self._newer_tesla_share = newer_tesla_share
        self._makes = makes
        self._vehicles: dict[str, Vehicle] = {}

    def connected_at(self, vehicle_id: str) -> datetime:
        """Tell when the owner consented for a vehicle."""
        del vehicle_id  # one owner, one consent
        return self._connected_at

    def vehicle(self, vehicle_id: str) -> Vehicle:
        """Give a vehicle of the account.

        Raises:
            KeyError: the account has no such vehicle.
        """
        if vehicle_id not in self._vehicles:
            number = self._numbers[vehicle_id]
            profile = draw_profile(f"{self._seed}/{number}", number, self._newer_tesla_share, self._makes)
            self._vehicles[vehicle_id] = self._build(vehicle_id, profile)
        return self._vehicles[vehicle_id]

    def _build(self, vehicle_id: str, profile: Profile) -> Vehicle:
        first = self._connected_at - BEFORE_CONSENT
        return Vehicle(
            id=vehicle_id,
            user_id=self.user_id,
            make=profile.make,
            model=profile.model.name,
            year=profile.year,
            vin=profile.vin,
            zone=profile.city.zone,
            country=profile.country.code,
            currency=profile.country.currency,
            connected_at=self._connected_at,
            sessions=GeneratedSessions(profile, first),
            daily_records="served" if profile.daily_capable else "not_capable",
            cost_as_numbers=profile.cost_as_numbers,
            dates_as_epoch=profile.dates_as_epoch,
            home_set=profile.home_set,
            powertrain="BEV" if profile.model.fast else "PHEV",
        )
