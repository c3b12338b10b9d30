"""The fault switchboard: everything that goes wrong in real charging data and on the way to it, on demand."""

from emulator.faults.catalog import CATALOG
from emulator.faults.switchboard import Fault, Switchboard

__all__ = ["CATALOG", "Fault", "Switchboard"]
