"""The tables of the lake: columns, types, units and what each value means.

This is the one place where a table's shape is written down. `docs/tables.md` is printed from it, the publisher
refuses a frame that differs from it, and every other room takes its column types from here.
"""

from __future__ import annotations

from typing import Final

from lake.schemas.columns import MONEY, TEXTS, UTC, Column, PartitionKey, Table
from lake.schemas.costs import COST_LINE, PARTS, PRICE, RECONCILIATION, SESSION_COSTS
from lake.schemas.meanings import (
    COMPLETENESS_STATES,
    COMPONENTS,
    FLAGS,
    PLACE_METHODS,
    QUARANTINE_REASONS,
    RECONCILIATION_KINDS,
    UNPRICED_REASONS,
)
from lake.schemas.state import COMPLETENESS, QUARANTINE, RUNS, VEHICLES
from lake.schemas.told import (
    CHARGE_DAY_HISTORY,
    CHARGE_DAYS,
    CHARGE_SCHEDULES,
    CHARGE_SESSIONS,
    CLIMATE_STATES,
    SESSION_HISTORY,
)

SCHEMA_VERSION: Final = 3
"""Raised whenever a published column changes; written into the metadata of each Parquet file."""

TABLES: Final = (
    CHARGE_SESSIONS, SESSION_HISTORY, CHARGE_DAYS, CHARGE_DAY_HISTORY, COMPLETENESS, QUARANTINE, VEHICLES, RUNS,
    CHARGE_SCHEDULES, CLIMATE_STATES, SESSION_COSTS, RECONCILIATION,
)  # fmt: skip

__all__ = [
    "CHARGE_DAYS", "CHARGE_DAY_HISTORY", "CHARGE_SCHEDULES", "CHARGE_SESSIONS", "CLIMATE_STATES", "COMPLETENESS",
    "COMPLETENESS_STATES", "COMPONENTS", "COST_LINE", "FLAGS", "MONEY", "PARTS", "PLACE_METHODS", "PRICE",
    "QUARANTINE", "QUARANTINE_REASONS", "RECONCILIATION", "RECONCILIATION_KINDS", "RUNS", "SCHEMA_VERSION",
    "SESSION_COSTS", "SESSION_HISTORY", "TABLES", "TEXTS", "UNPRICED_REASONS", "UTC", "VEHICLES", "Column",
    "PartitionKey", "Table",
]  # fmt: skip
