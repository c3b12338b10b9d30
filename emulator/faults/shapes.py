"""The oddities that a record of any kind can have: fields gone or of another type, and times written otherwise."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from emulator.faults.rows import RowFault, Setting, each
from emulator.v2.shapes import Record, Row

TIMES = ("chargeStart", "chargeEnd", "date", "startTime", "endTime")
Number = int | float | Decimal


def _missing_field(record: Record, row: Row, setting: Setting) -> None:
    del row
    record.pop(str(setting.fault.option("field")), None)


def _changed_type(record: Record, row: Row, setting: Setting) -> None:
    """Change one field, or every number where none is named."""
    del row
    named = str(setting.fault.option("field"))
    for field in [named] if named else list(record):
        value = record.get(field)
        if _is_number(value):
            record[field] = str(value)
        elif field == named and value is not None:
            record[field] = 1


def _is_number(value: object) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _decimal_comma(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    for field, value in record.items():
        if field not in TIMES and _is_number(value):
            record[field] = str(value).replace(".", ",")


def _each_time(write: Callable[[str], str]) -> RowFault:
    """Make a fault that writes the times otherwise; a time that is a number stays one."""

    def rewrite(record: Record, row: Row, setting: Setting) -> None:
        del row, setting
        for field in TIMES:
            value = record.get(field)
            if isinstance(value, str):
                record[field] = write(value)

    return each(rewrite)


def _day_first(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%d/%m/%Y %H:%M")


def _to_the_minute(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%dT%H:%MZ")


SHAPE_FAULTS: dict[str, RowFault] = {
    "missing_field": each(_missing_field),
    "changed_type": each(_changed_type),
    "short_year": _each_time(lambda text: f"00{text[2:]}"),
    "day_first": _each_time(_day_first),
    "minute_precision": _each_time(_to_the_minute),
    "decimal_comma": each(_decimal_comma),
}
