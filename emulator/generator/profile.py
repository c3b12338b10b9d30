"""The traits of one generated car, all drawn from the seed, its owner's account and its number in the account."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from emulator.generator import figures
from emulator.generator.garage import COUNTRIES, MODELS, City, Country, Model
from emulator.identity import V3_VIN_PREFIX, VIN_PREFIX, vin_of

# Half Tesla, 35 % BMW, 15 % MINI in every twenty, and one of each in any three cars side by side at the start.
MAKES = tuple(
    {"T": "TESLA", "B": "BMW", "M": "MINI"}[letter] for letter in "TBMTBTTBTMTBTBTTBTMB"
)  # fmt: skip
# Makes whose charge records only v3 tells.
OTHER_MAKES = ("FORD", *V3_VIN_PREFIX)
# A mixed account: one of each in any six cars side by side, those with a schedule of their own first.
MIXED = ("TESLA", "NISSAN", "FORD", "LINCOLN", "BMW", "MINI")
# Smartcar offers them in the United States alone (Smartcar's API reference, §12).
AT_HOME = frozenset({"NISSAN"})


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """What is decided once for a car; two profiles are equal only if they are the same object."""

    seed: str
    make: str
    model: Model
    year: int
    vin: str
    country: Country
    city: City
    home: str
    works: bool
    home_set: bool
    daily_capable: bool
    cost_as_numbers: bool
    dates_as_epoch: bool


def draw_profile(seed: str, number: int, newer_tesla_share: float, makes: Sequence[str] = MAKES) -> Profile:
    """Draw car `number` of an account whose makes follow each other; `seed` names emulator, account and car."""
    rng = Random(seed)
    make = makes[number % len(makes)]
    country = COUNTRIES[0] if make in AT_HOME else rng.choice(COUNTRIES)
    city = rng.choice(country.cities)
    return Profile(
        seed=seed,
        make=make,
        model=rng.choice(MODELS[make]),
        year=rng.randint(2020, 2026),
        vin=vin_of((VIN_PREFIX | V3_VIN_PREFIX)[make], seed),
        country=country,
        city=city,
        home=_address(rng, country, city),
        works=rng.random() < figures.WORKER_SHARE,
        home_set=rng.random() >= figures.NO_HOME_SHARE,
        daily_capable=make != "TESLA" or rng.random() >= newer_tesla_share,
        cost_as_numbers=rng.random() < figures.NUMBER_COST_SHARE,
        dates_as_epoch=rng.random() < figures.EPOCH_DATE_SHARE,
    )


def _address(rng: Random, country: Country, city: City) -> str:
    number = rng.randint(1, 240)
    if country.code in ("US", "CA", "GB"):
        return f"{number} {city.street}, {city.name}"
    return f"{city.street} {number}, {city.name}"
