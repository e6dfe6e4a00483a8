"""Law 1, nobody disappears: invited and excluded are disjoint and together are what the CRM says it served."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from connector.campaigns.caps import cap
from connector.jobs import once, runner
from connector.jobs.runtime import open_runtime
from connector.sandbox.connectwise import Server, serve
from connector.store import contacts, plans
from tests.settings import load_config

TYPES = ["Decision Maker", "Owner", "End User", "Billing", "Technical"]
COMPANY_TYPES = ["Managed Client", "Former Client", "Prospect", "Vendor"]
GROUPS = ["NPS 2026", "Newsletter"]


def some(names: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), unique=True, max_size=len(names))


facets = st.fixed_dictionaries(
    {"contact_types": some(TYPES), "company_types": some(COMPANY_TYPES), "marketing_groups": some(GROUPS)}
)
audiences = st.builds(
    lambda include, exclude: {"from": "psa", **include, "exclude": exclude},
    facets.filter(lambda chosen: any(chosen.values())),
    facets,
)
cleanings = st.fixed_dictionaries(
    {
        "role_addresses": st.sampled_from(["keep", "keep_if_only", "report", "exclude"]),
        "built_in": some(["own_company", "vendors", "leads", "no_company"]),
    }
)
faults = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["429", "503html", "reset", "truncate", "duplicate_row", "500timeout"]),
            "method": st.just("GET"),
            "path": st.just("/company|/marketing"),
            "skip": st.integers(0, 4),
            "times": st.integers(1, 2),
        }
    ),
    max_size=2,
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an example costs a server: no shrinking
)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(1, 160),
    page_size=st.sampled_from([7, 25, 1000]),
    readings=st.sampled_from(["lenient", "strict"]),
    audience=audiences,
    cleaning=cleanings,
    planned=faults,
)
def test_nobody_disappears_in_any_world(
    seed: int, size: int, page_size: int, readings: str, audience: Any, cleaning: Any, planned: Any
) -> None:
    with serve(contacts=size, seed=seed, readings=readings) as psa, tempfile.TemporaryDirectory() as folder:
        requests.post(f"{psa.url}/control/faults", json=planned, timeout=10).raise_for_status()
        config = load_config(
            psa.url,
            Path(folder),
            connection={"page_size": page_size},
            audiences={"asked": audience},
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
                stored = set(contacts.ids(tx, "psa"))
        finally:
            runtime.store.close()
        invited = [d.contact_id for d in decisions if d.invited]
        excluded = [d.contact_id for d in decisions if not d.invited]
        served = served_by(psa)
        assert not set(invited) & set(excluded)
        assert sorted([*invited, *excluded]) == sorted(served)
        assert stored == served
        assert newest.summary["invitations"] + sum(newest.summary["exclusions"].values()) == len(served)


def served_by(psa: Server) -> set[str]:
    """The ids of the contacts that the stand-in PSA says it gave out."""
    return {str(i) for i in requests.get(f"{psa.url}/control/served", timeout=10).json()["contacts"]}


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
