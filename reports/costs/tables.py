"""The tiles and tables of the cost page. `cost.js` writes the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from reports.costs import drawing, exact
from reports.costs.drawing import element
from reports.costs.view import HEADINGS, NONE, NOT_KNOWN, View, money, named, nothing
from reports.wording import count, counted


def tiles(view: View) -> Markup:
    """The figures at the top."""
    total = view.sums("costs", []).get((), {})
    of_currency = view.sums("costs", ["currency"])
    energy = exact.energy(total["priced"] + total["unpriced"])
    costs = [money(row, "cost", code, view) for (code,), row in of_currency.items() if code and row["costs"]]
    paid = [money(row, "reimbursed", code, view) for (code,), row in of_currency.items() if code and row["payments"]]
    given = [
        _tile("Sessions", [count(total["sessions"])], _of_sessions(total)),
        _tile("Energy", [f"{energy} kWh" if _has_energy(total) else NOT_KNOWN], _of_energy(total)),
        _tile("Cost", costs or [NOT_KNOWN], "what was billed or is priced by a tariff"),
    ]
    if total["costs"] > total["not_converted"]:
        amount = exact.money(total["converted"], view.reporting, view.digits.get(view.reporting, 2))
        given.append(_tile(f"Cost in {view.reporting}", [amount], _of_rates(total)))
    if paid:
        given.append(_tile("Reimbursed by policy", paid, "is no part of the cost"))
    if total["co2_known"]:
        kilograms = exact.written(total["co2"], exact.SIX, 1)
        given.append(_tile("CO₂", [f"{kilograms} kg"], f"of {counted(total['co2_known'], 'session', 'sessions')}"))
    return element("dl", {"class": "tiles"}, *given)


def table(view: View) -> list[Markup]:
    """Costs by the key of the table and currency, with a total for each currency."""
    groups = view.sums("costs", [view.by, "currency"])
    if not groups:
        return [nothing("Nothing here.")]
    totals = view.sums("costs", ["currency"])
    rows = [[named(view.by, name), *_cells(code, row, view)] for (name, code), row in groups.items()]
    rows += [["Total", *_cells(code, row, view)] for (code,), row in totals.items()]
    headings = [
        (HEADINGS[view.by], "name"), ("Currency", "label"), ("Cost", "number"), ("kWh", "number"),
        ("a kWh priced", "number"), ("Billed", "number"), ("By tariff", "number"), ("Reimbursed", "number"),
        (f"Cost in {view.reporting}", "number"), ("kWh without a price", "number"), ("Sessions", "number"),
        ("Partial", "number"), ("Without a price", "number"),
    ]  # fmt: skip
    return [drawing.table(headings, rows, f"Costs by {HEADINGS[view.by].lower()}", len(totals))]


def unknown(view: View) -> list[Markup]:
    """Why lines have no amount."""
    sums = view.sums("reasons", ["reason"])
    if not sums:
        return [nothing("Everything here has a price.")]
    rows = [
        [
            str(reason),
            count(row["lines"]),
            exact.energy(row["unpriced"]) if row["unpriced"] else NONE,
            view.meanings.get(str(reason), ""),
        ]
        for (reason,), row in sums.items()
    ]
    headings = [("Reason", "label"), ("Lines", "number"), ("kWh told", "number"), ("What it means", "prose")]
    return [drawing.table(headings, rows, "Lines without an amount by reason")]


def _cells(code: str | None, row: Mapping[str, int], view: View) -> list[str]:
    digits = view.digits.get(code or "", 2)
    energy = row["priced"] + row["unpriced"]
    return [
        named("currency", code),
        exact.written(row["cost"], exact.SIX, digits) if row["costs"] else NOT_KNOWN,
        exact.energy(energy) if energy or not row["no_energy"] else NOT_KNOWN,
        exact.price(row["cost"], row["priced"], "", digits).strip() if row["costs"] else NOT_KNOWN,
        exact.written(row["billed"], exact.SIX, digits) if row["bills"] else NONE,
        exact.written(row["cost"] - row["billed"], exact.SIX, digits) if row["tariffs"] else NONE,
        exact.written(row["reimbursed"], exact.SIX, digits) if row["payments"] else NONE,
        _converted(row, view),
        exact.energy(row["unpriced"]) if row["unpriced"] or not row["no_energy"] else NOT_KNOWN,
        count(row["sessions"]),
        count(row["partial"]),
        count(row["no_price"]),
    ]


def _told(unpriced: int) -> str:
    return exact.energy(unpriced) if unpriced else NONE


def _converted(row: Mapping[str, int], view: View) -> str:
    if row["costs"] == row["not_converted"]:
        return NOT_KNOWN
    amount = exact.written(row["converted"], exact.SIX, view.digits.get(view.reporting, 2))
    return f"{amount} and {count(row['not_converted'])} without a rate" if row["not_converted"] else amount


def _has_energy(total: Mapping[str, int]) -> bool:
    return total["sessions"] > total["no_energy"] or total["priced"] + total["unpriced"] > 0


def _of_sessions(total: Mapping[str, int]) -> str:
    return f"{count(total['partial'])} priced in part, {count(total['no_price'])} without a price"


def _of_energy(total: Mapping[str, int]) -> str:
    said = f"{exact.energy(total['unpriced'])} kWh of it without a price"
    return f"{said}; not told by {counted(total['no_energy'], 'session', 'sessions')}" if total["no_energy"] else said


def _of_rates(total: Mapping[str, int]) -> str:
    if not total["not_converted"]:
        return "each amount at the rate of its day"
    return f"without {counted(total['not_converted'], 'amount', 'amounts')} that no rate is known for"


def _tile(label: str, values: Sequence[str], note: str) -> Markup:
    of = "several" if len(values) > 1 else ""
    strong = [element("strong", {"class": of}, value) for value in values]
    return element(
        "div", {}, element("dt", {}, label), element("dd", {}, *strong, element("span", {}, note))
    )  # fmt: skip
