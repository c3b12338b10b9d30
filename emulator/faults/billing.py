"""The oddities of Tesla's bills: amounts, kWh, ids, bills that are late, changed or gone, and pages that lie."""

from datetime import timedelta
from decimal import Decimal

from emulator.faults.rows import RowFault, Setting, added, copy_of, decimal_of, each, without
from emulator.faults.switchboard import Fault
from emulator.identity import digest
from emulator.v2.shapes import CENTI, Record, Row, stamp

PARTS = ("energy", "other")
# Code, what an amount is multiplied by to be of the size that the currency has, and the digits it is written with.
CURRENCIES = (
    ("USD", 1, 2), ("EUR", 1, 2), ("CHF", 1, 2), ("NOK", 11, 2), ("JPY", 150, 0), ("HUF", 360, 0), ("COP", 4000, 0),
)  # fmt: skip
WRONG_BY = timedelta(days=3)


def _cost(record: Record) -> Record:
    cost = record["cost"]
    if not isinstance(cost, dict):
        raise TypeError("a bill's cost is an object")
    return cost


def _write(record: Record, part: str, amount: Decimal) -> None:
    """Put an amount where another stood, as text if that was text."""
    cost = _cost(record)
    cost[part] = f"{amount:f}" if isinstance(cost[part], str) else amount


def _amount_null(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    _cost(record).update(energy=None, other=None)


def _amount_text(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    cost = _cost(record)
    cost.update({part: str(cost[part]) for part in PARTS})


def _amount_number(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    cost = _cost(record)
    cost.update({part: Decimal(str(cost[part])) for part in PARTS})


def _energy_absent(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record.pop("energyConsumed", None)


def _energy_null(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["energyConsumed"] = None


def _other_fee(record: Record, row: Row, setting: Setting) -> None:
    del row
    _write(record, "other", decimal_of(setting, "amount"))


def _free_energy(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    _write(record, "energy", Decimal(0))


def _hours(row: Row) -> Decimal:
    end = None if row.session is None else row.session.end
    seconds = 0 if end is None else (end - row.when).total_seconds()
    return Decimal(int(seconds)) / 3600


def _by_the_minute(record: Record, row: Row, setting: Setting) -> None:
    record.pop("energyConsumed", None)
    _write(record, "energy", (_hours(row) * 60 * decimal_of(setting, "rate")).quantize(CENTI))


def _zero_energy(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["energyConsumed"] = 0


def _fee_by_time(record: Record, row: Row, setting: Setting) -> None:
    beyond = max(_hours(row) - decimal_of(setting, "free"), Decimal(0))
    _write(record, "energy", Decimal(0))
    _write(record, "other", (beyond * decimal_of(setting, "rate")).quantize(CENTI))


def _refund(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    _write(record, "energy", -abs(Decimal(str(_cost(record)["energy"]))))


def _currency(record: Record, row: Row, setting: Setting) -> None:
    del row
    _cost(record)["currency"] = setting.fault.option("currency")


def _many_currencies(record: Record, row: Row, setting: Setting) -> None:
    del row
    code, worth, digits = CURRENCIES[digest("currency", setting.vehicle.id) % len(CURRENCIES)]
    _cost(record)["currency"] = code
    for part in PARTS:
        amount = Decimal(str(_cost(record)[part])) * worth
        _write(record, part, amount.quantize(Decimal(1).scaleb(-digits)))


def _new_cost(record: Record, row: Row, setting: Setting) -> None:
    del row
    amount = Decimal(str(_cost(record)["energy"])) + decimal_of(setting, "by")
    _write(record, "energy", amount)


def _end_null(record: Record, row: Row, setting: Setting) -> None:
    del row, setting
    record["chargeEnd"] = None


def _id_time(record: Record, row: Row, setting: Setting) -> None:
    del setting
    record["recordId"] = f"{row.key}-{int((row.when - WRONG_BY).timestamp())}"


def _plugged_in_again(row: Row, setting: Setting) -> Row | None:
    if row.session is None or row.session.end is None:
        return None
    start = row.session.end + timedelta(minutes=setting.fault.number("minutes"))
    extra = copy_of(row, "again", start)
    extra.record |= {
        "chargeStart": stamp(start, milliseconds=True),
        "chargeEnd": stamp(start + timedelta(minutes=8), milliseconds=True),
        "recordId": f"{row.key}-again",
        "cost": dict(_cost(row.record)),
    }
    return extra


def _not_posted(row: Row, setting: Setting) -> bool:
    ended = row.when if row.session is None else row.session.end or row.when
    return setting.now < ended + timedelta(days=setting.fault.number("days"))


def _always(row: Row, setting: Setting) -> bool:
    del row, setting
    return True


BILLING_FAULTS: dict[str, RowFault] = {
    "amount_null": each(_amount_null),
    "amount_text": each(_amount_text),
    "amount_number": each(_amount_number),
    "energy_absent": each(_energy_absent),
    "energy_null": each(_energy_null),
    "other_fee": each(_other_fee),
    "free_energy": each(_free_energy),
    "by_the_minute": each(_by_the_minute),
    "refund": each(_refund),
    "currency": each(_currency),
    "many_currencies": each(_many_currencies),
    "zero_energy": each(_zero_energy),
    "fee_by_time": each(_fee_by_time),
    "plugged_in_again": added(_plugged_in_again),
    "end_null": each(_end_null),
    "posted_late": without(_not_posted),
    "new_cost": each(_new_cost),
    "record_gone": without(_always),
    "id_time": each(_id_time),
}


def cut_page(
    rows: list[Row], page: int, size: int, faults: list[Fault], *, unread: bool = True
) -> tuple[list[Row], bool]:
    """Give one page (1 is the newest) of rows that come newest first, and whether there is more.

    `unread` says that the vehicle's page 1 was not read before.
    """
    on = {fault.name: fault for fault in faults}
    if fault := on.get("empty_page"):
        hole = int(fault.number("page"))
        if page == hole:
            return [], True
        page -= page > hole
    if "inserted_while_paging" in on and page == 1 and unread:
        rows = rows[1:]
    first, last = (page - 1) * size, page * size
    if "record_on_two_pages" in on:
        first = max(first - 1, 0)
    return rows[first:last], last < len(rows) or "endless_pages" in on
