"""What a generated fast-charging session of a Tesla costs, when that is posted and what is corrected later.

Fees are spread as in workplace_asensio; the price of a kWh is the country's (an assumption). Money is `Decimal`
throughout.
"""

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from emulator.generator import figures
from emulator.generator.profile import Profile
from emulator.identity import digest
from emulator.model import Bill, Correction

CENT = Decimal("0.01")
DAY = 86_400


def draw_bill(rng: Random, profile: Profile, start: datetime, end: datetime, kwh: Decimal) -> Bill:
    """Draw the bill of the session: posted up to five days after its end, rarely corrected within three weeks."""
    energy = (kwh * profile.country.price).quantize(CENT, ROUND_HALF_UP)
    other = _fee(rng, profile) if rng.random() < figures.FEE_SHARE else Decimal(0)
    posted = end + timedelta(seconds=int(5 * DAY * rng.random() ** 2))
    return Bill(
        record_id=f"GF{digest(profile.seed) % 10**12:012d}-{rng.randint(1, 8)}-{int(start.timestamp())}",
        currency=profile.country.currency,
        energy=energy,
        other=other,
        posted_at=posted,
        energy_told=rng.random() >= figures.NO_ENERGY_SHARE,
        corrections=_corrections(rng, profile, posted, energy, other),
    )


def _fee(rng: Random, profile: Profile) -> Decimal:
    dollars = Decimal(round(figures.at(figures.FEE, rng.random()) * 100)).scaleb(-2)
    return (dollars * profile.country.fee_factor).quantize(CENT, ROUND_HALF_UP)


def _corrections(
    rng: Random, profile: Profile, posted: datetime, energy: Decimal, other: Decimal
) -> tuple[Correction, ...]:
    if rng.random() >= figures.CORRECTED_SHARE:
        return ()
    at = posted + timedelta(seconds=rng.randint(DAY, 21 * DAY))
    if rng.random() < 0.5:  # noqa: PLR2004 - as often one as the other
        return (Correction(at, energy, other + _fee(rng, profile)),)
    return (Correction(at, (energy / 2).quantize(CENT, ROUND_HALF_UP), Decimal(0)),)
