"""The folder of rules: who drives and who pays, read from files; what cannot be used is one line and exit code 2."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from flows.exits import Exit, Stop
from flows.rules import load_rules

SHIPPED = Path(__file__).parents[2] / "data" / "reference" / "policies"


def written(folder: Path, **files: str) -> Path:
    (folder / "policies").mkdir()
    for name, text in files.items():
        (folder / name.replace("__", "/").replace("_csv", ".csv").replace("_toml", ".toml")).write_text(text)
    return folder


def shipped(name: str) -> str:
    return (SHIPPED / f"{name}.toml").read_text("utf-8")


def test_drivers_policies_and_distances_are_read_by_the_names_of_pages(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        assignments_csv="vehicle,driver,cost_centre,valid_from,valid_to\nBMW-1,Ada,,2026-01-01,\n",
        distances_csv="driver,vehicle,month,distance,unit\n,BMW-1,2026-10,12,km\n",
        policies__at_toml=shipped("at-company-car-2026"),
    )
    rules = load_rules(folder, {"BMW-1": "v-1"})
    assert [each.vehicle_id for each in (*rules.assignments, *rules.distances)] == ["v-1", "v-1"]
    assert [each.id for each in rules.policies] == ["at-company-car"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"policies__a_toml": "id = 1"}, "policies/a.toml: Expected `str`"),
        ({"assignments_csv": "vehicle\n"}, "assignments.csv: it has no column driver"),
        ({"distances_csv": "driver,vehicle,month,distance,unit\nAda,,2026-10,x,km\n"}, "distances.csv: line 2"),
        (
            {"policies__a_toml": shipped("de-home-price"), "policies__b_toml": shipped("de-home-price")},
            "policies: policies/a.toml and policies/b.toml: two versions of policy de-home-price",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named_in_one_line(tmp_path: Path, files: dict[str, str], said: str) -> None:
    with pytest.raises(Stop) as stopped:
        load_rules(written(tmp_path, **files))
    assert stopped.value.code == Exit.USAGE
    assert str(stopped.value).startswith(f"{tmp_path}/{said}")
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("name", ["../spot.csv", "power/../../spot.csv", "/etc/hosts", "a\\u0000b.csv"])
@pytest.mark.parametrize(
    "named", ["[tariff.dynamic]\nunit = 'kWh'\nseries = ", "schedule = "], ids=["series", "schedule"]
)
def test_a_rule_names_no_file_outside_of_the_folder(tmp_path: Path, name: str, named: str) -> None:
    (tmp_path / "spot.csv").write_text("utc_start,price\n2026-01-05T20:00:00Z,1\n")
    tariff = '[[tariff]]\nid = "a"\nversion = "1"\ncurrency = "EUR"\nvalid_from = 2020-01-01\nprices_are = "gross"\n'
    (tmp_path / "rules").mkdir()
    folder = written(tmp_path / "rules", tariffs_toml=f'{tariff}{named}"{name}"\n')
    with pytest.raises(Stop, match="is no file of the folder of rules"):
        load_rules(folder)


@pytest.mark.parametrize("value", [[1.0], b"\xff"], ids=["lists", "bytes"])
@pytest.mark.parametrize("file", ["power/a.parquet", "grams.parquet"])
def test_a_parquet_file_of_other_values_is_told_in_one_line(tmp_path: Path, file: str, value: object) -> None:
    (tmp_path / "power").mkdir()
    written(tmp_path, carbon_toml='[[series]]\ncountry = "DE"\nfile = "grams.parquet"\nsource = "a mean"\n')
    pl.DataFrame({"from": [datetime(2026, 1, 1, tzinfo=UTC)], "g": [1.0]}).write_parquet(tmp_path / "grams.parquet")
    columns = (
        {"vehicle_id": ["v-1"], "at": ["2026-01-01T00:00Z"]}
        if "power" in file
        else {"from": [datetime(2026, 1, 1, tzinfo=UTC)]}
    )
    pl.DataFrame({**columns, "kw": [value]}).write_parquet(tmp_path / file)
    with pytest.raises(Stop) as stopped:
        load_rules(tmp_path)
    assert file in str(stopped.value)
    assert "\n" not in str(stopped.value)


def test_other_rules_have_another_digest(tmp_path: Path) -> None:
    folder = written(tmp_path, policies__a_toml=shipped("de-home-price"))
    before = load_rules(folder).digest
    (folder / "policies" / "a.toml").write_text(shipped("de-home-price").replace("0.34", "0.35"))
    assert load_rules(folder).digest != before
