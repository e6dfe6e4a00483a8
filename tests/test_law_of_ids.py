"""Law 1, nobody disappears: invited and excluded are disjoint and together are what the CRM says it served."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.campaigns.caps import cap
from connector.jobs import once, runner
from connector.jobs.runtime import open_runtime
from connector.sandbox import connectwise, hubspot, salesforce
from connector.sandbox.connectwise import Server
from connector.store import contacts, plans
from tests.kill.crm import Reached
from tests.kill.crms import CRMS
from tests.settings import load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What one kind of CRM's stand-in can be asked to be."""

    serve: Callable[..., Any]
    types: tuple[str, ...]
    company_types: tuple[str, ...]
    groups: tuple[str, ...]
    connections: tuple[dict[str, Any], ...]
    """Ways of reading, as keys of the connection."""
    faults: tuple[str, ...]
    path: str = ""
    """Where they strike."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Readings that stay."""


WORLDS = {
    "connectwise": World(
        serve=connectwise.serve,
        types=("Decision Maker", "Owner", "End User", "Billing", "Technical"),
        company_types=("Managed Client", "Former Client", "Prospect", "Vendor"),
        groups=("NPS 2026", "Newsletter"),
        connections=({"page_size": 7}, {"page_size": 25}, {"page_size": 1000}),
        faults=("429", "503html", "reset", "truncate", "duplicate_row", "500timeout"),
        path="/company|/marketing",
    ),
    "hubspot": World(
        serve=hubspot.serve,
        types=("Customer", "Lead", "Opportunity", "Other"),
        company_types=("Managed Client", "Former Client", "Prospect", "Vendor"),
        groups=("NPS 2026", "Customers", "Newsletter of October"),
        connections=(
            {"page_size": 7},
            {"page_size": 25, "api_version": "v3"},
            {"page_size": 100, "api_version": "2026-09", "company_from": "associations"},
        ),
        faults=("429", "423", "477", "502", "503html", "524", "reset", "truncate", "duplicate_row"),
        fixed={"rate_limits": "off"},  # limits run by the machine's clock, and nobody waits here
    ),
    "salesforce": World(
        serve=salesforce.serve,
        types=("Decision Maker", "Owner", "End User", "Billing", "Technical"),
        company_types=("Customer - Direct", "Customer - Channel", "Former Customer", "Prospect", "Vendor"),
        groups=("NPS 2026", "Newsletter"),
        connections=({"page_size": 200}, {"page_size": 2000}, {"bulk_above": 0}),
        faults=(
            "429", "420", "503html", "reset", "truncate", "duplicate_row", "few_rows", "query_timeout", "bad_locator",
            "concurrent_limit",  # no lost credentials: those hold the connection until a person acts
        ),
    ),
}  # fmt: skip


def some(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=len(names))


def facets(world: World) -> st.SearchStrategy[dict[str, list[str]]]:
    return st.fixed_dictionaries(
        {
            "contact_types": some(world.types),
            "company_types": some(world.company_types),
            "marketing_groups": some(world.groups),
        }
    )


def audiences(world: World, name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda include, exclude: {"from": name, **include, "exclude": exclude},
        facets(world).filter(lambda chosen: any(chosen.values())),
        facets(world),
    )


def faults(world: World) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries(
        {
            "kind": st.sampled_from(world.faults),
            "method": st.just("GET" if world.path else "*"),
            "path": st.just(world.path),
            "skip": st.integers(0, 4),
            "times": st.integers(1, 2),
        }
    )
    return st.lists(one, max_size=2)


cleanings = st.fixed_dictionaries(
    {
        "role_addresses": st.sampled_from(["keep", "keep_if_only", "report", "exclude"]),
        "built_in": some(["own_company", "vendors", "leads", "no_company"]),
    }
)


@pytest.mark.parametrize("kind", WORLDS)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example costs a server: no shrinking
)
@given(data=st.data(), seed=st.integers(0, 10_000), size=st.integers(1, 160), cleaning=cleanings)
def test_nobody_disappears_in_any_world(kind: str, data: st.DataObject, seed: int, size: int, cleaning: Any) -> None:
    world, crm = WORLDS[kind], CRMS[kind]
    readings = {"*": data.draw(st.sampled_from(["lenient", "strict"]), "readings"), **world.fixed}
    planned = data.draw(faults(world), "faults")
    with (
        world.serve(contacts=size, seed=seed, readings=readings) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        requests.post(f"{server.url}/control/faults", json=planned, timeout=10).raise_for_status()
        config = crm.config(
            Reached.of(server),
            Path(folder),
            connection=data.draw(st.sampled_from(world.connections), "connection"),
            audiences={"asked": data.draw(audiences(world, crm.name), "audience")},
            cleaning=cleaning,
            rules=[],
        )
        runtime = open_runtime(config, environ={}, sleep=lambda _: None)
        try:
            steps = once.run_once(runtime)
            for _ in range(5):
                if once.exit_code(steps) == 0:
                    break
                steps = once.run_once(runtime)
            assert once.exit_code(steps) == 0, steps
            with runtime.store.read() as tx:
                newest = plans.newest(tx, "asked")
                assert newest is not None
                decisions = plans.decisions(tx, newest.id)
                stored = set(contacts.ids(tx, crm.name))
        finally:
            runtime.store.close()
        invited = [d.contact_id for d in decisions if d.invited]
        excluded = [d.contact_id for d in decisions if not d.invited]
        served = served_by(server)
        assert not set(invited) & set(excluded)
        assert sorted([*invited, *excluded]) == sorted(served)
        assert stored == served
        assert newest.summary["invitations"] + sum(newest.summary["exclusions"].values()) == len(served)


def served_by(server: Any) -> set[str]:
    """The ids of the contacts that the stand-in says it gave out."""
    return {str(i) for i in requests.get(f"{server.url}/control/served", timeout=10).json()["contacts"]}


def test_a_contact_that_would_be_lost_stops_the_plan(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Server
) -> None:
    """The law is checked at run time: a stage that drops somebody ends the Attempt, and its plan does not count."""

    def loses_one(*arguments: Any, **named: Any) -> Any:
        decisions = cap(*arguments, **named)
        next(decisions)
        yield from decisions

    runtime = open_runtime(load_config(sandbox.url, tmp_path), environ={})
    runner.run(runtime, "pull", "psa")
    monkeypatch.setattr("connector.jobs.plan.cap", loses_one)
    attempt = runner.run(runtime, "plan", "psa", params={"audience": "decision-makers"})
    assert not isinstance(attempt, runner.Held)
    assert attempt.outcome == "failed"
    assert "nobody disappears" in attempt.error
    with runtime.store.read() as tx:
        assert plans.newest(tx, "decision-makers") is None
    runtime.store.close()
