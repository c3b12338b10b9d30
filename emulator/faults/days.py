"""The oddities of Tesla's daily records: sums, days that are missing, doubled or revised, and their dates."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from emulator.faults.rows import RowFault, Setting, added, copy_of, decimal_of, each, without
from emulator.v2.shapes import CENTI, NOON, Record, Row, day_stamp

PARTS = ("home", "other", "superCharger")


def _amount(record: Record, part: str) -> Decimal:
    return Decimal(str(record[part]))


def _parts_off(record: Record, row: Row, setting: Setting) -> None:
    del row
    record["total"] = _amount(record, "total") + decimal_of(setting, "by")


def _revised_day(record: Record, row: Row, setting: Setting) -> None:
    if setting.now < row.when + timedelta(days=setting.fault.number("days")):
        part = decimal_of(setting, "part")
        record.update({name: (_amount(record, name) * part).quantize(CENTI) for name in PARTS})
        record["total"] = sum((_amount(record, name) for name in PARTS), Decimal(0))


def _again(row: Row, setting: Setting) -> Row:
    del setting
    return copy_of(row, "again", row.when)


def _always(row: Row, setting: Setting) -> bool:
    del row, setting
    return True


def _near_midnight(record: Record, row: Row, setting: Setting) -> None:
    zone = ZoneInfo(setting.vehicle.zone)
    at = time.fromisoformat(str(setting.fault.option("at")))
    stamp = datetime.combine(row.when.astimezone(zone).date(), at, zone).astimezone(UTC)
    record["date"] = day_stamp(setting.vehicle, stamp)


def _epoch(record: Record, row: Row, setting: Setting) -> None:
    del setting
    record["date"] = int(row.when.timestamp())


def _all_other(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record |= {"home": 0, "other": record["total"], "superCharger": 0}


def _zero_days(rows: list[Row], setting: Setting) -> list[Row]:
    """Fill the days between the first and the last row."""
    if not rows:
        return rows
    zone = ZoneInfo(setting.vehicle.zone)
    there = {row.when.astimezone(zone).date() for row in rows}
    first, last = min(there), max(there)
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    empty = [_empty(day, setting, zone) for day in days if day not in there]
    return sorted([*rows, *(row for row in empty if setting.hits(row))], key=lambda row: row.when)


def _empty(day: date, setting: Setting, zone: ZoneInfo) -> Row:
    noon = datetime.combine(day, NOON, zone).astimezone(UTC)
    zeros: Record = dict.fromkeys((*PARTS, "total"), 0)
    return Row(day.isoformat(), noon, {"date": day_stamp(setting.vehicle, noon), **zeros})


DAY_FAULTS: dict[str, RowFault] = {
    "parts_off": each(_parts_off),
    "zero_days": _zero_days,
    "missing_day": without(_always),
    "revised_day": each(_revised_day),
    "date_twice": added(_again),
    "date_near_midnight": each(_near_midnight),
    "date_epoch": each(_epoch),
    "all_other": each(_all_other),
}
