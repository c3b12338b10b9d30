"""The jobs as Prefect flows, on Prefect's own server: the same result, and what a person sees of it there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from flows import jobs
from flows.prefect_here import quiet_prefect
from lake.schemas import CHARGE_SESSIONS
from tests.flows.conftest import Practice

pytestmark = pytest.mark.prefect
FLEET = "6-vehicles@smartcar.com"


@pytest.fixture(scope="module", autouse=True)
def prefect_server() -> Iterator[None]:
    quiet_prefect()
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415, importing Prefect takes seconds

    with prefect_test_harness(server_startup_timeout=300):
        yield


@pytest.fixture
async def done(practice: Practice) -> jobs.Result:
    from flows.prefect_flows import run_in_prefect  # noqa: PLC0415, importing Prefect takes seconds

    await practice.connect(FLEET)
    house = practice.house()
    return await run_in_prefect(house, jobs.begin(house, "run"), page="file:///page.html")


async def all_ended(client: Any) -> list[Any]:
    """The task runs once none of them runs: Prefect's server hears of their ends through a queue, a moment later."""
    until = time.monotonic() + 60
    runs: list[Any] = await client.read_task_runs()
    while any(each.state_name in {"Pending", "Running"} for each in runs) and time.monotonic() < until:
        await asyncio.sleep(0.2)
        runs = await client.read_task_runs()
    return runs


async def test_a_run_shows_in_prefect_as_it_was(done: jobs.Result, practice: Practice) -> None:
    from prefect.client.orchestration import get_client  # noqa: PLC0415, importing Prefect takes seconds

    async with get_client() as client:
        flows = {flow.id: flow.name for flow in await client.read_flows()}
        flow_runs = await client.read_flow_runs()
        task_runs = await all_ended(client)
        artifacts = await client.read_artifacts()
    assert {flows[each.flow_id] for each in flow_runs} == {"run", "collect", "transform"}
    assert {each.state_name for each in (*flow_runs, *task_runs)} == {"Completed"}
    assert {"chargelake", "run"} <= set(next(each for each in flow_runs if flows[each.flow_id] == "run").tags)
    assert {each.key for each in artifacts} == {"collecting", "records", "overview"}
    assert len(task_runs) <= jobs.MOST_BATCHES + 2
    assert done.exit == 0
    assert practice.house().tables.read(CHARGE_SESSIONS).height > 0


async def test_what_prefect_keeps_holds_no_secret(done: jobs.Result, practice: Practice) -> None:
    from prefect.client.orchestration import get_client  # noqa: PLC0415, importing Prefect takes seconds

    async with get_client() as client:
        kept = [*await client.read_flow_runs(), *await client.read_task_runs(), *await client.read_artifacts()]
        text = "".join(each.model_dump_json() for each in kept)
    settings = practice.house().settings.smartcar
    secrets = (settings.client_secret.get_secret_value(), settings.management_token.get_secret_value(), FLEET)
    assert done.answered > 0
    assert [secret for secret in secrets if secret in text] == []
