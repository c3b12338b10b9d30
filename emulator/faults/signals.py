"""The oddities of v3's signals: failed, absent or without a status, times as numbers, another name for the plug."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from emulator.faults.catalog import CATALOG
from emulator.faults.switchboard import Fault, Switchboard

TimeForm = Literal["iso", "seconds", "milliseconds"]
RECORD_TIMES = ("startTime", "endTime")


@dataclass(slots=True)
class Reading:
    """A signal on its way out: `body` as of `at` (UTC), or None with a status that says why."""

    code: str
    at: datetime
    body: dict[str, object] | None
    status: dict[str, object] | None
    times: TimeForm
    bare: bool = False


def write_time(instant: datetime, form: TimeForm) -> str | int:
    """Write an instant as ISO text, or as seconds or milliseconds of the epoch."""
    if form == "iso":
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
    return int(instant.timestamp()) * (1000 if form == "milliseconds" else 1)


def _fail(reading: Reading, fault: Fault) -> None:
    failed = {"type": fault.option("type"), "code": fault.option("code")}
    reading.body, reading.status = None, {"value": "ERROR", "error": failed}


def _unavailable(reading: Reading, fault: Fault) -> None:
    del fault
    reading.body, reading.status = None, {"value": "UNAVAILABLE"}


def _without_status(reading: Reading, fault: Fault) -> None:
    del fault
    reading.status = None


def _bare(reading: Reading, fault: Fault) -> None:
    del fault
    reading.bare = True


def _records(reading: Reading) -> Iterator[dict[str, object]]:
    values = (reading.body or {}).get("values")
    yield from (values if isinstance(values, list) else [])


def _times(reading: Reading, fault: Fault) -> None:
    form, where = _form(fault), fault.option("where")
    if where in ("meta", "all"):
        reading.times = form
    for record in _records(reading) if where in ("records", "all") else ():
        for field in RECORD_TIMES:
            told = record.get(field)
            # A time that another fault wrote otherwise stays as it is.
            if isinstance(told, str) and told.endswith("Z"):
                record[field] = write_time(datetime.fromisoformat(told), form)


def _form(fault: Fault) -> TimeForm:
    told = str(fault.option("form"))
    return "iso" if told == "iso" else "milliseconds" if told == "milliseconds" else "seconds"


def _charging_type(reading: Reading, fault: Fault) -> None:
    """Move the plug to another name, as a kind of current."""
    del fault
    for record in _records(reading):
        plug = record.pop("connectorType", None)
        if plug is not None:
            record["chargingType"] = "DC" if plug in ("CCS", "NACS") else "AC"


SIGNAL_FAULTS: dict[str, Callable[[Reading, Fault], None]] = {
    "signal_error": _fail,
    "signal_unavailable": _unavailable,
    "signal_without_status": _without_status,
    "signal_bare": _bare,
    "signal_times": _times,
    "charging_type_named": _charging_type,
}
GONE = ("empty_store", "signal_missing")


def spoil(switchboard: Switchboard, endpoint: str, vehicle_id: str, readings: list[Reading]) -> list[Reading]:
    """Let the faults change what is told of a vehicle's signals, in the order in which they were turned on."""
    for fault in switchboard.of("signals", endpoint, vehicle_id):
        if not switchboard.hits(fault, vehicle_id):
            continue
        switchboard.count(fault, vehicle_id)
        struck = [each for each in readings if _concerns(fault, each)]
        if fault.name in GONE:
            readings = [each for each in readings if each not in struck]
            continue
        for reading in struck:
            SIGNAL_FAULTS[fault.name](reading, fault)
    return readings


def _concerns(fault: Fault, reading: Reading) -> bool:
    return fault.option("signal") == reading.code if "signal" in CATALOG[fault.name].options else True
