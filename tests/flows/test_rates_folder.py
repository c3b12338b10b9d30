"""The folder of rules: rates as published, packed or not, and CO2; what cannot be used is one line and exit code 2."""

import io
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from flows import rules_folder
from flows.exits import Exit, Stop
from flows.rules import load_rules

RATES = "Date,USD,\n2026-04-02,1.0999,\n"


def packed(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(folder: Path) -> str:
    with pytest.raises(Stop) as stopped:
        load_rules(folder)
    assert stopped.value.code == Exit.USAGE
    assert "\n" not in str(stopped.value)
    return str(stopped.value)


def test_the_shared_rates_are_read_to_the_last_one(real_data: Path, tmp_path: Path) -> None:
    text = (real_data / "reference" / "ecb_eurofxref_2014-2026.csv").read_text()
    put(tmp_path, "rates/ecb.csv", text)
    told = load_rules(tmp_path).rates.told
    lines = [line.split(",") for line in text.splitlines()]
    slowly = {(date.fromisoformat(day), code): Decimal(rate)
              for day, *rates in lines[1:] for code, rate in zip(lines[0][1:], rates, strict=True)}  # fmt: skip
    assert {(day, code): rate for day, code, rate in told.rows()} == slowly


def test_an_archive_as_published_is_read(tmp_path: Path) -> None:
    put(tmp_path, "rates/eurofxref-hist.zip", packed(**{"eurofxref-hist.csv": RATES}))
    assert load_rules(tmp_path).rates.told.rows() == [(date(2026, 4, 2), "USD", Decimal("1.0999"))]


def test_two_files_that_differ_are_both_named(tmp_path: Path) -> None:
    put(tmp_path, "rates/a.csv", RATES)
    put(tmp_path, "rates/b.zip", packed(b=RATES.replace("1.0999", "1.1")))
    said = "USD of 2026-04-02 is 1.0999 in rates/a.csv (line 2) and 1.1 in rates/b.zip (line 2); take one of them away"
    assert refused(tmp_path) == f"{tmp_path / 'rates'}: {said}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not an archive", "it cannot be unpacked: File is not a zip file"),
        (packed(a=RATES, b=RATES), "it holds 2 files, not one"),
        (packed(), "it holds 0 files, not one"),
        (packed(a="\n" * 3000), "it unpacks to more than 0 MB"),
        (packed(a=RATES)[:-30], "it cannot be unpacked: File is not a zip file"),
    ],
)
def test_an_archive_that_cannot_be_is_refused(
    content: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_folder, "_MOST_UNPACKED", 2000)
    path = put(tmp_path, "rates/hist.zip", content)
    assert refused(tmp_path) == f"{path}: {said}"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path, "rates/hist.csv", b"Date,USD\n\xff")
    assert refused(tmp_path) == f"{path}: it is not UTF-8 text; save it as such"


def test_a_line_at_fault_is_named_with_its_file(tmp_path: Path) -> None:
    path = put(tmp_path, "rates/hist.csv", RATES.replace("1.0999", "-"))
    assert refused(tmp_path).startswith(f"{path}: line 2: USD '-' is no rate")


SERIES = '[[series]]\ncountry = "NL"\nfile = "nl.csv"\nsource = "made up"\n'


def test_a_series_of_co2_is_read_from_its_file(tmp_path: Path) -> None:
    put(tmp_path, "carbon.toml", SERIES)
    put(tmp_path, "nl.csv", "utc_start,g_per_kwh\n2026-04-02T00:00:00Z,250.5\n")
    (told,) = load_rules(tmp_path).carbon.series
    assert told.series.rows["value"].to_list() == [250_500_000]


def test_a_series_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = put(tmp_path, "carbon.toml", SERIES)
    assert refused(tmp_path) == f"{path}: there is no file nl.csv"


def test_other_rates_are_other_rules(tmp_path: Path) -> None:
    digests = set()
    for rate in ("1.0999", "1.1"):
        put(tmp_path, "rates/a.csv", RATES.replace("1.0999", rate))
        digests.add(load_rules(tmp_path).digest)
    assert len(digests) == 2


def test_rates_of_somebody_else_say_whose_they_are(tmp_path: Path) -> None:
    put(tmp_path, "rates/a.csv", RATES)
    ours = load_rules(tmp_path).rates.source
    put(tmp_path, "rates/SOURCE.txt", "the bank around the corner\n")
    assert (ours, load_rules(tmp_path).rates.source) == ("ECB euro reference rates", "the bank around the corner")
