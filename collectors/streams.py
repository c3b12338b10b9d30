"""The streams of charging data, as values: what can be asked of a vehicle, by interface and make.

Smartcar's API reference, §5 (v2.0, by make) and §8 (v3, one signal for every make).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lake.registry import Vehicle

V2: Final = "v2.0"
V3: Final = "v3"
SOURCES: Final = {V2: "smartcar_v2", V3: "smartcar_v3"}
"""The names of the interfaces in the lake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of record that an interface tells.

    Attributes:
        name: What the lake and the ledger call it.
        interface: The version of the API that tells it: `v2.0` or `v3`.
        make: In upper case, as a vehicle's attributes tell it; None: every make.
        path: Template of the path below the API's base; the make in it must be in lower case.
        permission: The scope it needs.
        window_limited: Only the last days are ever told (30 of BMW and MINI); what was not asked by then is lost.
        paged: Answers have pages, which end where `hasMoreData` is false.
        late_days: Days by which a record may come late, or be corrected, after the day it belongs to; they are read
            again beside the look-back, at no request more.
    """

    name: str
    make: str | None
    path: str
    interface: str = V2
    permission: str = "read_charge_records"
    window_limited: bool = False
    paged: bool = False
    late_days: int = 0


TESLA_DAYS: Final = Stream(name="tesla_days", make="TESLA", path="/vehicles/{id}/tesla/charge/records")
TESLA_BILLING: Final = Stream(
    name="tesla_billing", make="TESLA", path="/vehicles/{id}/tesla/charge/records/billing", paged=True, late_days=27
)
BMW_RECORDS: Final = Stream(
    name="bmw_records", make="BMW", path="/vehicles/{id}/bmw/charge/records", window_limited=True, late_days=27
)
MINI_RECORDS: Final = Stream(
    name="mini_records", make="MINI", path="/vehicles/{id}/mini/charge/records", window_limited=True, late_days=27
)
V3_RECORDS: Final = Stream(
    name="v3_records",
    make=None,
    interface=V3,
    path="/vehicles/{id}/signals/charge-chargerecords",
    window_limited=True,
    late_days=27,
)

STREAMS: Final = (TESLA_DAYS, TESLA_BILLING, BMW_RECORDS, MINI_RECORDS, V3_RECORDS)


def streams_of(vehicle: Vehicle) -> tuple[Stream, ...]:
    """The streams a vehicle has by its interfaces and its make; on v2.0 makes without charge records have none."""
    make = vehicle.make and vehicle.make.upper()
    return tuple(each for each in STREAMS if each.interface in vehicle.interfaces and each.make in {None, make})
