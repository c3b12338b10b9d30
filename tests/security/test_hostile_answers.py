"""Answers that mean harm: ids, makes, record ids and places that would be paths, and values that fit no column."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from aiohttp import web

from collectors.calls import NotAsPromised, is_id
from collectors.http import Response
from collectors.smartcar_v2 import protocol
from tests.security.conftest import NOW, Ended, chargelake_in, serving

GOOD = {"aaaaaaaa-0001": "TESLA", "aaaaaaaa-0002": "BMW", "aaaaaaaa-0003": "MINI"}
HOSTILE_IDS = (
    "../../x",
    "a/b",
    "x\0y",
    "x" * 10_000,
    "été",
    "..",
    ".",
    "%2e%2e",
    "a b",
    "=cmd()",
    "a\nb",
    "-\x1b[31m",
    "",
)
HOSTILE_MAKES = {"bbbbbbbb-0001": "../../x", "bbbbbbbb-0002": "TESLA/..", "bbbbbbbb-0003": "M" * 10_000,
                 "bbbbbbbb-0004": "BMW\0", "bbbbbbbb-0005": "=cmd()", "bbbbbbbb-0006": "BMW\n"}  # fmt: skip
PLACES = ("../../x", "=cmd()", "<script>alert(1)</script>", "x\0y", "p" * 10_000, "été 🚗", "\x1b]0;owned\x07", "a/b")
KNOWN = {"make=TESLA", "make=BMW", "make=MINI"}


def account(path: str) -> Mapping[str, Any]:
    """What the account calls answer."""
    if path.endswith("/oauth/token"):
        return {"access_token": "an-access-token", "refresh_token": "a-refresh-token", "expires_in": 7200}
    if path == "/v2.0/user":
        return {"id": "owner-1"}
    if path == "/v2.0/vehicles":
        ids = [*GOOD, *HOSTILE_IDS, *HOSTILE_MAKES]
        return {"vehicles": ids, "paging": {"count": len(ids), "offset": 0}}
    if path.endswith("/permissions"):
        return {"permissions": ["read_charge_records", "x" * 10_000, "../x"], "paging": {"count": 3, "offset": 0}}
    vehicle = path.rsplit("/", 1)[-1]
    make = GOOD.get(vehicle) or HOSTILE_MAKES[vehicle]
    return {"id": vehicle, "make": make, "model": "=cmd()", "year": 2**63}


def records(path: str) -> Mapping[str, Any]:
    """Records with a hostile place or id each; years that no folder should be named after."""
    if path.endswith("/billing"):
        cost = {"currency": "EUR", "energy": "1.00", "other": "0"}
        times = {"chargeStart": "2026-10-10T10:00:00Z", "chargeEnd": "2026-10-10T11:00:00Z", "energyConsumed": 9}
        return {"records": [{"recordId": each, "location": each, "cost": cost, **times} for each in PLACES]}
    if "/tesla/" in path:
        dates = ("../../x", "9999-12-31", "0001-01-01", "2026-10-10T00:00:00Z", "x" * 10_000)
        return {"records": [{"date": each, "home": 1, "other": 0, "superCharger": 0, "total": 1} for each in dates]}
    hours = [(f"2026-10-10T{hour:02}:00:00Z", f"2026-10-10T{hour:02}:30:00Z") for hour in range(len(PLACES))]
    odd = [("9999-12-31T23:59:59Z", None), ("0000-00-00T00:00:00Z", "../.."), (10**18, -(10**18))]
    return {
        "records": [
            {"chargeStart": start, "chargeEnd": end, "location": place, "energy": 5, "chargingType": place}
            for (start, end), place in zip([*hours, *odd], [*PLACES, *PLACES[:3]], strict=True)
        ]
    }


async def hostile(request: web.Request) -> web.Response:
    if request.path == "/oauth/authorize":
        raise web.HTTPFound(f"{request.query['redirect_uri']}?code=c&state={request.query['state']}")
    answer = records(request.path) if "/charge/" in request.path else account(request.path)
    return web.Response(body=json.dumps(answer).encode(), content_type="application/json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands ran."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Ended]:
    """What the commands said, after a run against the hostile server."""
    return asyncio.run(command(folder))


async def command(folder: Path) -> dict[str, Ended]:
    async with serving(hostile) as url:
        api = {f"{name}_URL": f"{url}{path}" for name, path in URLS.items()}
        plan = {"BUCKET": "5000", "REFILL_PER_MINUTE": "600000", "VEHICLE_SPACING": "0", "MODE": "test"}
        settings = api | plan | {"CLIENT_ID": "id", "CLIENT_SECRET": "secret", "REDIRECT_URI": "http://127.0.0.1/"}
        environment = {f"CHARGELAKE_SMARTCAR__{name}": value for name, value in settings.items()}
        chargelake = chargelake_in(folder, {"CHARGELAKE_NOW": NOW.isoformat(), **environment})
        connected = await chargelake("connect", "--test-account", "x@smartcar.com")
        ran = await chargelake("backfill", "--since", "2026-10-01")
    commands = (("vehicles",), ("query", "SELECT * FROM charge_sessions"), ("quarantine", "list", "--json"))
    shown = await asyncio.gather(*(chargelake(*command) for command in commands))
    return {"connect": connected, "backfill": ran} | dict(zip((command[0] for command in commands), shown, strict=True))


URLS = {"API": "/v2.0", "AUTH": "/oauth/token", "CONNECT": "/oauth/authorize", "MANAGEMENT": "/v2.0"}


def test_nothing_of_a_hostile_answer_becomes_a_path_and_the_good_vehicles_go_on(
    told: dict[str, Ended], folder: Path
) -> None:
    connected = told["connect"]
    assert (connected.code, connected.out) == (3, f"{len(GOOD) + len(HOSTILE_MAKES)} vehicles connected\n")
    lines = connected.err.splitlines()
    assert len(lines) == len(HOSTILE_IDS)
    assert [
        line for line in lines if len(line) > 300 or not line.isprintable() or "an id that can be none" not in line
    ] == []
    assert told["backfill"].code == 0, told["backfill"].err
    assert {path.name for path in folder.iterdir()} == {"home"}
    assert {path.name for path in (folder / "home").iterdir()} == {"lake", "raw", "state"}
    folders = {part for path in (folder / "home" / "lake").rglob("*.parquet") for part in path.parts if "=" in part}
    assert {folder for folder in folders if folder.startswith("make=")} == KNOWN
    assert {folder for folder in folders if not folder.startswith(("make=", "month=20"))} == set()


def test_a_hostile_place_is_kept_as_the_text_it_is(told: dict[str, Ended], folder: Path) -> None:
    assert told["backfill"].code == 0, told["backfill"].err
    sessions = pl.read_parquet(folder / "home" / "lake" / "charge_sessions", hive_partitioning=False)
    assert set(PLACES) <= set(sessions.filter(pl.col("make") == "BMW")["address"])
    assert set(PLACES) <= set(sessions.filter(pl.col("make") == "TESLA")["source_record_id"])


def test_nothing_hostile_reaches_the_terminal(told: dict[str, Ended]) -> None:
    for ended in told.values():
        text = ended.out + ended.err
        assert [each for each in text if not each.isprintable() and each != "\n"] == []
        assert "Traceback" not in text


def answered(**body: object) -> Response:
    return Response(status=200, headers={}, body=json.dumps(body).encode())


@pytest.mark.parametrize("text", HOSTILE_IDS)
def test_an_id_that_can_be_none_is_none(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(NotAsPromised):
        protocol.read_user(answered(id=text))
    page = protocol.read_connections(
        answered(connections=[{"userId": text, "vehicleId": "v"}, {"userId": "u", "vehicleId": text}])
    )
    assert page.entries == ()


@pytest.mark.parametrize("odd", [{"a": 1}, ["a"], 5, True, 1.5])
def test_an_id_of_another_type_is_none(odd: object) -> None:
    assert protocol.read_connections(answered(connections=[{"userId": odd, "vehicleId": odd}, odd])).entries == ()
    with pytest.raises(NotAsPromised):
        protocol.read_user(answered(id=odd))


@pytest.mark.parametrize("year", [2**63, -1, 0, True, 1e300, "2024"])
def test_a_year_that_is_none_is_unknown(year: object) -> None:
    assert protocol.read_attributes(answered(make="BMW", year=year)).year is None


@pytest.mark.parametrize("when", [0, 1, "0001-01-01T00:00:00Z", "1970-01-01", -62135596800])
def test_a_consent_before_there_was_anybody_to_give_it_is_unknown(when: object) -> None:
    page = protocol.read_connections(answered(connections=[{"userId": "u", "vehicleId": "v", "connectedAt": when}]))
    assert page.entries[0].connected_at is None
