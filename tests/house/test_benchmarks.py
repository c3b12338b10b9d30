import math

import pytest

from benchmarks import __main__ as command
from benchmarks import collecting, costing, pacing, planner, transforming, webhooks
from benchmarks.harness import Figure


def by_name(figures: list[Figure]) -> dict[str, float]:
    assert all(math.isfinite(value) for figure in figures for value in figure.values)
    assert all(value > 0 for figure in figures if figure.unit != "requests" for value in figure.values)
    return {figure.what: figure.median for figure in figures}


def test_pacing_is_measured_without_a_refusal():
    figures = by_name(pacing.run(pacing.SMALL))

    assert figures["answered 429, 20/s"] == 0
    assert figures["requests, 20/s"] > 20
    assert figures["reached ÷ allowed, 20/s, whole run"] <= 1
    assert figures["requests in that time"] > 0


def test_collecting_is_measured_with_the_same_requests_on_every_side():
    figures = by_name(collecting.run(collecting.SMALL))

    assert figures["answered 429"] == 0
    assert figures["requests a round"] >= 8
    assert {"CPU collect ÷ bare loop", "CPU run ÷ bare loop"} <= figures.keys()


def test_transforming_is_measured_with_the_same_rows_on_every_side():
    figures = by_name(transforming.run(transforming.SMALL))

    ratios = {f"{what} ÷ Polars, all {kind}" for what in ("wall", "CPU") for kind in ("new", "known")}
    assert ratios <= figures.keys()


def test_costing_is_measured_beside_polars_for_each_kind_of_tariff():
    figures = by_name(costing.run(costing.SMALL))

    assert {
        f"CPU ÷ Polars that multiplies, {tariff}" for tariff in ("flat", "time of use", "dynamic")
    } <= figures.keys()


def test_orders_of_asking_are_compared_without_a_refusal():
    figures = {figure.what: figure.median for figure in planner.run(planner.SMALL)}

    cases = {what.rsplit(", ", 1)[0] for what in figures}
    assert len(cases) == 3
    for case in cases:
        lost = {name: figures[f"{case}, {name}: lost"] for name in planner.STRATEGIES}
        assert lost["our planner"] <= lost["round-robin"] < lost["from the top"]
        assert len({figures[f"{case}, {name}: sent"] for name in planner.STRATEGIES}) == 1
        assert {figures[f"{case}, {name}: answered 429"] for name in planner.STRATEGIES} == {0}
    assert figures["connected today, 40, our planner: lost"] == 0


def test_webhooks_are_measured_without_an_accepted_event_lost():
    figures = {figure.what: figure.median for figure in webhooks.run(webhooks.SMALL)}

    assert figures["accepted ÷ offered, 100/s"] == 1
    assert figures["accepted and lost"] == figures["accepted, then killed, and lost"] == 0
    assert figures["answer, median, 100/s"] <= figures["answer, longest, 100/s"]


def test_the_figures_are_one_table(monkeypatch, capsys):
    figure = Figure("pacing", "something", (1.0, 3.0, 2.0), "ratio")
    monkeypatch.setattr(command.pacing, "run", lambda _size: [figure])

    assert command.main(["--small", "pacing"]) == 0

    *_, line = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "pacing", "something", "2", "1", "3", "ratio", "3",
    ]  # fmt: skip


def test_an_unknown_name_is_bad_usage(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["astrology"])

    assert ended.value.code == 2
    assert "astrology" in capsys.readouterr().err
