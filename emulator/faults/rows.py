"""What the faults on records share: who is asked, when, and which rows they strike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from emulator.faults.switchboard import Fault, Switchboard
from emulator.model import Vehicle
from emulator.v2.shapes import Record, Row


@dataclass(frozen=True, slots=True)
class Setting:
    """One fault at one answer at the emulator's `now`; `number` counts the vehicle's answers it changed before."""

    switchboard: Switchboard
    fault: Fault
    vehicle: Vehicle
    now: datetime
    number: int

    def hits(self, row: Row) -> bool:
        """Say whether a row is one of the share that the fault strikes."""
        return self.switchboard.hits(self.fault, row.key)


RowFault = Callable[[list[Row], Setting], list[Row]]
Change = Callable[[Record, Row, Setting], None]


def each(change: Change) -> RowFault:
    """Make a fault of a change to one record."""

    def changed(rows: list[Row], setting: Setting) -> list[Row]:
        for row in rows:
            if setting.hits(row):
                change(row.record, row, setting)
        return rows

    return changed


def without(gone: Callable[[Row, Setting], bool]) -> RowFault:
    """Make a fault that leaves out the rows for which `gone` is true."""

    def thinned(rows: list[Row], setting: Setting) -> list[Row]:
        return [row for row in rows if not (setting.hits(row) and gone(row, setting))]

    return thinned


def added(extra: Callable[[Row, Setting], Row | None]) -> RowFault:
    """Make a fault that puts another row beside a row."""

    def grown(rows: list[Row], setting: Setting) -> list[Row]:
        more = [extra(row, setting) for row in rows if setting.hits(row)]
        return [*rows, *(row for row in more if row is not None)]

    return grown


def copy_of(row: Row, key: str, when: datetime) -> Row:
    """Give a row like another with its own record to change."""
    return replace(row, key=f"{row.key}/{key}", when=when, record=dict(row.record))


def decimal_of(setting: Setting, name: str) -> Decimal:
    """Give an amount among the fault's options, by its own digits."""
    return Decimal(str(setting.fault.option(name)))


def apply(
    switchboard: Switchboard,
    table: dict[str, RowFault],
    faults: list[Fault],
    rows: list[Row],
    about: tuple[Vehicle, datetime],
) -> list[Row]:
    """Let the faults change the rows of one answer, in the order in which they were turned on."""
    for fault in faults:
        setting = Setting(switchboard, fault, about[0], about[1], switchboard.count(fault, about[0].id))
        rows = table[fault.name](rows, setting)
    return rows
