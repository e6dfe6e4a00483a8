"""What every stand-in does with a request, whatever the vendor."""

from __future__ import annotations

from importlib import import_module

import pytest

from connector.sandbox.control import spread
from connector.sandbox.http import Request

PATHS = {
    "connectwise": "/v4_6_release/apis/3.0/company/contacts",
    "hubspot": "/crm/v3/objects/contacts",
    "salesforce": "/services/data",
}


@pytest.mark.parametrize(("kind", "seconds"), [("connectwise", 0.5), ("hubspot", 0.3), ("salesforce", 0.5)])
def test_latency_and_a_planned_delay_add_up_but_in_hubspots_where_the_longer_is_the_whole_time(
    kind: str, seconds: float
) -> None:
    planned = import_module(f"connector.sandbox.{kind}.faults").planned
    with import_module(f"connector.sandbox.{kind}").serve(contacts=5, latency=0.2) as server:
        server.world.state.faults += planned({"kind": "slow", "seconds": 0.3})
        delays = [server._answer(Request(method="GET", path=PATHS[kind]), 0.0).delay for _ in range(2)]
    assert delays == [pytest.approx(seconds), pytest.approx(0.2)]


@pytest.mark.parametrize(
    ("count", "places"), [(0, []), (1, [0]), (3, [0, 3, 6]), (10, list(range(10))), (99, list(range(10)))]
)
def test_a_number_of_records_is_spread_evenly(count: int, places: list[int]) -> None:
    assert spread(count, range(10)) == places
