"""`report cost`: what it shows of a small lake, in which forms, and how it answers what cannot be."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from pathlib import Path

import openpyxl
import pypdfium2
import pytest

from flows.cli.app import app
from flows.exits import Exit, Stop
from tests.docs.fleet_lake import lake_at
from tests.flows.conftest import command_line

NOW = "2026-11-15T12:00:00Z"
PAGE = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
EXAMPLES = re.findall(r"^chargelake (report cost.*)$", PAGE, re.MULTILINE)
FORMS = ("csv", "xlsx", "pdf", "html")
REFUSED = {
    "report cost --month 2026-13": "--month 2026-13: not a month such as 2026-10",
    "report cost --month 2026-10 --from 2026-10-01": "--month and --from, --to: use one or the other",
    "report cost --from 2026-10-01": "--from and --to: say both",
    "report cost --from 2026-10-02 --to 2026-10-01": "--to 2026-10-01: earlier than --from 2026-10-02",
    "report cost --from yesterday --to 2026-10-01": "--from yesterday: not a day such as",
    "report cost --by colour": "--by colour: use one of driver, vehicle, cost-centre",
    "report cost --currency XXQ": "--currency XXQ: not a currency of ISO 4217",
    "report cost -o october.doc": "-o october.doc: give it one of the endings .csv, .xlsx, .pdf",
    "report cost -o nowhere/october.csv": "nowhere/october.csv cannot be written: No such file or directory",
    "report cost --as-of 2030-01-01": "--as-of 2030-01-01: what will be known is not known yet",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lake_at(tmp_path_factory.mktemp("costs") / "home")


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]):
    """A command line in this process; gives what it printed."""
    monkeypatch.setenv("CHARGELAKE_HOME", str(home))
    monkeypatch.setenv("CHARGELAKE_NOW", NOW)

    def run(line: str) -> bytes:
        app(shlex.split(line), standalone_mode=False)
        return capsysbinary.readouterr().out

    return run


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_last_whole_month_is_shown_by_driver(run) -> None:
    shown = run("report cost").decode()
    assert "2026-10-01 to 2026-10-31" in shown
    assert "Costs by driver" in shown


def test_each_currency_has_a_row_and_what_nothing_prices_one_without(run) -> None:
    found = rows(run("report cost --month 2026-10 --by make --format csv"))
    assert [(row["Make"], row["Currency"], row["Cost"]) for row in found] == [
        ("BMW", "", ""), ("TESLA", "EUR", "15.00"), ("TESLA", "NOK", "120.00"),
    ]  # fmt: skip


def test_json_has_amounts_as_text(run) -> None:
    told = json.loads(run("report cost --month 2026-10 --by make --json"))
    assert [(row["currency"], row["cost"]) for row in told["totals"]] == [
        ("EUR", "15.000000"), ("NOK", "120.000000"), (None, None),
    ]  # fmt: skip


def test_days_are_local_days_and_both_ends_count(run) -> None:
    found = rows(run("report cost --from 2026-10-05 --to 2026-10-06 --by day --format csv"))
    assert [row["Day"] for row in found] == ["2026-10-05", "2026-10-06"]


def test_vehicles_are_called_by_their_names_unless_ids_are_asked_for(run) -> None:
    by_name, by_id = (
        run(f"report cost --month 2026-10 --by vehicle --format csv{more}") for more in ("", " --real-ids")
    )
    assert ({row["Vehicle"] for row in rows(by_id)}, b"v-2" in by_name) == ({"v-1", "v-2"}, False)


def test_the_converted_column_is_in_the_currency_that_is_asked_for(run) -> None:
    found = rows(run("report cost --month 2026-10 --by make --format csv --currency NOK"))
    assert [row["Cost in NOK"] for row in found] == ["", "", "120.00"]


def test_the_terminal_says_what_is_not_known(run) -> None:
    shown = run("report cost --month 2026-10").decode()
    for told in ("What is not known", "no_tariff", "bmw_records: outside_window"):
        assert told in shown


def test_the_workbook_has_the_days_not_known_by_vehicle(run, tmp_path: Path) -> None:
    run(f"report cost --month 2026-10 --real-ids -o {tmp_path}/x.xlsx")
    (header, row) = openpyxl.load_workbook(tmp_path / "x.xlsx")["Days not known by vehicle"].iter_rows(values_only=True)
    assert (header[0], row[:4]) == ("Vehicle", ("v-2", "bmw_records", "outside_window", 3))


def test_paper_has_totals_and_lines_to_sign_on(run, tmp_path: Path) -> None:
    run(f"report cost --month 2026-10 -o {tmp_path}/x.pdf")
    text = pypdfium2.PdfDocument(tmp_path / "x.pdf")[0].get_textpage().get_text_range()
    assert [told for told in ("Total EUR", "Total NOK", "Date, approved by", "Page 1 of 1") if told not in text] == []


def test_without_a_name_a_workbook_is_written_to_the_home(run, home: Path) -> None:
    run("report cost --month 2026-10 --by place --format xlsx")
    assert (home / "reports" / "cost-2026-10-01-2026-10-31-place.xlsx").read_bytes().startswith(b"PK")


@pytest.mark.parametrize("line", EXAMPLES)
def test_each_example_of_the_page_runs(run, line: str) -> None:
    assert run(line)


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_is_refused_with_one_line(run, line: str) -> None:
    with pytest.raises(Stop) as stopped:
        run(line)
    assert (stopped.value.code, str(stopped.value)[: len(REFUSED[line])]) == (Exit.USAGE, REFUSED[line])


def test_the_same_lake_and_time_give_the_same_bytes_in_another_process(home: Path, tmp_path: Path) -> None:
    def written(seed: str) -> dict[str, bytes]:
        folder = tmp_path / seed
        folder.mkdir()
        chargelake = command_line({"CHARGELAKE_HOME": str(home), "CHARGELAKE_NOW": NOW}, folder)
        outputs = [part for form in FORMS for part in ("-o", f"x.{form}")]
        ended = chargelake(
            "report", "cost", "--month", "2026-10", *outputs, PYTHONHASHSEED=seed, POLARS_MAX_THREADS=seed
        )
        assert ended.code == 0, ended.err
        return {form: (folder / f"x.{form}").read_bytes() for form in FORMS}

    one, other = written("1"), written("2")
    assert [form for form in FORMS if one[form] != other[form]] == []
