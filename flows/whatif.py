"""What a plan would be for another fleet or another contract: arithmetic on the present mix; asks nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from types import MappingProxyType
from typing import Final

from collectors.streams import STREAMS, V2, Stream, streams_of
from flows.dues import bill_pages, rhythm_days
from flows.exits import Exit, Stop
from flows.house import House
from flows.planner.arithmetic import Limits, Need, Part, mix_of, need

USUAL_MIX: Final = MappingProxyType({"TESLA": 50, "BMW": 35, "MINI": 15})
"""The mix, in percent, where no vehicle is connected."""
_KNOWN: Final = ("vehicles", "bucket", "refill")
_USUAL: Final = {
    make: tuple(stream for stream in STREAMS if stream.interface == V2 and stream.make == make) for make in USUAL_MIX
}


@dataclass(frozen=True, slots=True)
class Supposed:
    """An answer to `--what-if`.

    Attributes:
        need: What the fleet needs and where the limits lie.
        mix: The makes with their shares, costs and rhythms.
        limits: The plan that is supposed.
    """

    need: Need
    mix: tuple[Part, ...]
    limits: Limits


def suppose(house: House, wishes: Iterable[str] = ()) -> Supposed:
    """What would be if these settings were others.

    Args:
        house: The house; its fleet gives the mix, its settings what is not supposed.
        wishes: `vehicles=30000`, `bucket=…` or `refill=…`, several in one text with commas.

    Raises:
        Stop: A wish is none of these (exit code 2).
    """
    wished = _read(wishes)
    smartcar = house.settings.smartcar
    limits = Limits(
        bucket=int(wished.get("bucket", smartcar.bucket)),
        refill_per_minute=wished.get("refill", smartcar.refill_per_minute),
        vehicle_monthly=smartcar.vehicle_monthly,
    )
    counts = fleet(house)
    mix = mix_of(counts or USUAL_MIX, _costs(house), _rhythms(house))
    return Supposed(need(mix, int(wished.get("vehicles", sum(counts.values()))), limits), mix, limits)


def fleet(house: House) -> Counter[str]:
    """The connected vehicles that have streams, by kind: the make on v2.0, `v3`, or both as `BMW, v3`."""
    kinds = (_kind(streams_of(vehicle)) for vehicle in house.registry.vehicles())
    return Counter(kind for kind in kinds if kind)


def _kind(streams: tuple[Stream, ...]) -> str:
    return ", ".join(dict.fromkeys(stream.make or stream.interface for stream in streams))


def _streams_by_kind(house: House) -> dict[str, tuple[Stream, ...]]:
    return _USUAL | {_kind(streams): streams for streams in map(streams_of, house.registry.vehicles()) if streams}


def _costs(house: House) -> dict[str, float]:
    """Requests that ask a vehicle of each kind once; bills as they were in the past."""
    pages = bill_pages(house)
    teslas = [pages[vehicle.vehicle_id] for vehicle in house.registry.vehicles() if vehicle.make == "TESLA"]
    of_bills = fmean(teslas) if teslas else 1.0
    return {
        kind: sum(of_bills if stream.paged else 1.0 for stream in streams)
        for kind, streams in _streams_by_kind(house).items()
    }


def _rhythms(house: House) -> dict[str, int | None]:
    """Days within which each kind of vehicle has to be asked again."""
    found: dict[str, int | None] = {}
    for kind, streams in _streams_by_kind(house).items():
        days = [each for stream in streams if (each := rhythm_days(house, stream)) is not None]
        found[kind] = min(days, default=None)
    return found


def _read(wishes: Iterable[str]) -> dict[str, float]:
    parts = [part for wish in wishes for part in wish.split(",")]
    return dict(_one(part) for part in parts)


def _one(wish: str) -> tuple[str, float]:
    name, _, text = wish.strip().partition("=")
    if name not in _KNOWN:
        raise Stop(Exit.USAGE, f"--what-if {wish}: use {', '.join(f'{each}=NUMBER' for each in _KNOWN)}")
    try:
        number = float(text) if name == "refill" else int(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e9:  # noqa: PLR2004, also what is no number at all
        what = "a number above 0" if name == "refill" else "a whole number above 0"
        raise Stop(Exit.USAGE, f"--what-if {wish}: {name} has to be {what}, as in {name}={_EXAMPLES[name]}")
    return name, number


_EXAMPLES: Final = {"vehicles": 30000, "bucket": 120, "refill": 2}
