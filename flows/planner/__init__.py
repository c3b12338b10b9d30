"""The planner: in which order to ask, when each request is sent, and what cannot be kept. Pure; opens nothing.

`pace` has the pacer's rule as arithmetic, `order` makes the order, `arithmetic` says what a fleet needs and where the
limit lies. `flows.planning` feeds it from the ledger; `docs/planner.md` explains it.
"""

from flows.planner.order import Due, Later, Schedule, Step, Why, report_due, schedule
from flows.planner.pace import Allowance, Slots

__all__ = ["Allowance", "Due", "Later", "Schedule", "Slots", "Step", "Why", "report_due", "schedule"]
