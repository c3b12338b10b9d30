"""The oddities of BMW and MINI records: times, states of charge, texts, sessions that cannot be."""

import struct
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from emulator.faults.rows import RowFault, Setting, added, copy_of, each, without
from emulator.v2.shapes import Record, Row, stamp

LOCATIONS = {
    "null": None,
    "empty": "",
    "unicode": "Størgata 1, 東京 🚗 Düsseldorf",
    "commas": 'Car Park, "Level 2", Bay 7, Dundee',
    "formula": '=HYPERLINK("http://example.invalid","Main Street 1")',
}
FALSE_START = timedelta(minutes=4)
REAL_START = timedelta(minutes=2)


def _stamp(setting: Setting, instant: datetime) -> str:
    return stamp(instant, milliseconds=setting.vehicle.milliseconds)


def _move(record: Record, row: Row, setting: Setting, by: timedelta) -> None:
    record["chargeStart"] = _stamp(setting, row.when + by)
    if row.session is not None and row.session.end is not None:
        record["chargeEnd"] = _stamp(setting, row.session.end + by)


def _times_off(record: Record, row: Row, setting: Setting) -> None:
    _move(record, row, setting, timedelta(seconds=setting.fault.number("seconds")) * (setting.number % 2))


def _false_start(row: Row, setting: Setting) -> Row:
    extra = copy_of(row, "false start", row.when - FALSE_START)
    extra.record |= {
        "chargeStart": _stamp(setting, row.when - FALSE_START),
        "chargeEnd": _stamp(setting, row.when - REAL_START),
        "energy": 0,
        "endPercentRemaining": row.record["startPercentRemaining"],
    }
    return extra


def _soc_flat(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["endPercentRemaining"] = record["startPercentRemaining"]


def _soc_one(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["endPercentRemaining"] = 1


def _float32_tail(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    if record["energy"] is not None:
        record["energy"] = struct.unpack("<f", struct.pack("<f", float(str(record["energy"]))))[0]


def _charging_type(record: Record, row: Row, setting: Setting) -> None:
    del row
    record["chargingType"] = setting.fault.option("value")


def _is_public_null(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["isPublic"] = None


def _location(record: Record, row: Row, setting: Setting) -> None:
    del row
    value = setting.fault.option("value")
    record["location"] = LOCATIONS.get("null" if value is None else str(value), value)


def _older(row: Row, setting: Setting) -> bool:
    return row.when < setting.now - timedelta(days=setting.fault.number("days"))


def _end_before_start(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    if record["chargeEnd"] is not None:
        record["chargeStart"], record["chargeEnd"] = record["chargeEnd"], record["chargeStart"]


def _overlap(row: Row, setting: Setting) -> Row | None:
    if row.session is None or row.session.end is None:
        return None
    middle = row.when + (row.session.end - row.when) / 2
    extra = copy_of(row, "overlap", middle)
    extra.record |= {
        "chargeStart": _stamp(setting, middle),
        "chargeEnd": _stamp(setting, row.session.end + timedelta(minutes=10)),
    }
    return extra


def _local_time_as_z(record: Record, row: Row, setting: Setting) -> None:
    zone = ZoneInfo(setting.vehicle.zone)
    record["chargeStart"] = _stamp(setting, row.when.astimezone(zone))
    if row.session is not None and row.session.end is not None:
        record["chargeEnd"] = _stamp(setting, row.session.end.astimezone(zone))


def _end_local(record: Record, row: Row, setting: Setting) -> None:
    if row.session is not None and row.session.end is not None:
        record["chargeEnd"] = _stamp(setting, row.session.end.astimezone(ZoneInfo(setting.vehicle.zone)))


def _open_end(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["chargeEnd"] = None


def _zero_length(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["chargeEnd"] = record["chargeStart"]


RECORD_FAULTS: dict[str, RowFault] = {
    "times_off": each(_times_off),
    "false_start": added(_false_start),
    "soc_flat": each(_soc_flat),
    "soc_one": each(_soc_one),
    "float32_tail": each(_float32_tail),
    "charging_type": each(_charging_type),
    "is_public_null": each(_is_public_null),
    "location": each(_location),
    "window_cut": without(_older),
    "end_before_start": each(_end_before_start),
    "overlap": added(_overlap),
    "local_time_as_z": each(_local_time_as_z),
    "end_local": each(_end_local),
    "open_end": each(_open_end),
    "zero_length": each(_zero_length),
}
