"""The streams of charging data that v2.0 has, as values (Smartcar's API reference, §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SOURCE: Final = "smartcar_v2"
"""The name of this interface in the lake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of record of one make.

    Attributes:
        name: What the lake and the ledger call it.
        make: In upper case, as a vehicle's attributes tell it.
        path: Template of the path below the API's base; the make in it must be in lower case.
        permission: The scope it needs.
        window_limited: Only the last days are ever told (30 of BMW and MINI); what was not asked by then is lost.
        paged: Answers have pages, which end where `hasMoreData` is false.
        late_days: Days by which a record may come late, or be corrected, after the day it belongs to; they are read
            again beside the look-back, at no request more.
    """

    name: str
    make: str
    path: str
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

STREAMS: Final = (TESLA_DAYS, TESLA_BILLING, BMW_RECORDS, MINI_RECORDS)


def streams_of(make: str | None) -> tuple[Stream, ...]:
    """The streams a vehicle of this make has; none for other makes."""
    return tuple(stream for stream in STREAMS if make is not None and stream.make == make.upper())


def stream_named(name: str) -> Stream:
    """The stream of that name.

    Raises:
        KeyError: There is none.
    """
    return {stream.name: stream for stream in STREAMS}[name]
