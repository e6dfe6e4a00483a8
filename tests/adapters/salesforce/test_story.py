"""The whole way: a configuration, pulls by the runner into a store, a plan; and the records of it replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.config import Config, load
from connector.errors import ConfigError
from connector.jobs import runner
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime, open_runtime
from connector.store import contacts
from tests.jobs.story import records

from .org import OrgWorld

AUDIENCE = {
    "from": "crm",
    "contact_types": ["Decision Maker", "Owner"],
    "company_types": ["Customer - Direct"],
    "marketing_groups": ["NPS 2026"],
    "exclude": {"company_types": ["Former Customer"]},
}


def config_for(org: OrgWorld, folder: Path, **connection: Any) -> Config:
    login = org._server.login
    given = {
        "adapter": "salesforce",
        "domain": "acme.my.salesforce.com",
        "consumer_key": "${SF_CONSUMER_KEY}",
        "consumer_secret": "${SF_CONSUMER_SECRET}",
        "base_url": org._server.url,
        "contact_type_field": "Contact_Type__c",
        "page_size": 200,
        **connection,
    }
    text = {"mode": "preview", "connections": {"crm": given}, "audiences": {"decision-makers": AUDIENCE}, "rules": []}
    path = folder / "nps.yaml"
    path.write_text(json.dumps(text), encoding="utf-8")
    return load(path, {"SF_CONSUMER_KEY": login.consumer_key, "SF_CONSUMER_SECRET": login.consumer_secret})


@pytest.fixture(params=[False, True], ids=["REST", "Bulk"])
def told(request: pytest.FixtureRequest, org: OrgWorld, tmp_path: Path) -> Iterator[tuple[OrgWorld, Runtime]]:
    more = {"bulk_above": 0} if request.param else {}
    runtime = open_runtime(config_for(org, tmp_path, **more), environ={})
    yield org, runtime
    runtime.store.close()


def run(runtime: Runtime, story: str, **params: Any) -> Any:
    attempt = runner.run(runtime, story, "crm", params=params)
    assert not isinstance(attempt, runner.Held), attempt
    assert attempt.outcome == "done", attempt.error
    return attempt


def test_a_pull_a_change_a_pull_and_a_plan_replay_without_a_difference(told: tuple[OrgWorld, Runtime]) -> None:
    org, runtime = told
    first = run(runtime, "pull")
    assert first.counts["companies"] == len(org.company_ids())
    loser, winner, gone, *_ = sorted(org.labelled("healthy"))
    org.control("POST", "clock", {"advance": 3600})
    org.technician("merge", loser, into=winner)
    org.technician("delete", gone)
    second = run(runtime, "pull")
    assert second.counts["contacts"] < first.counts["contacts"]
    third = run(runtime, "pull")  # the overlap brings the same once more
    assert third.counts["contacts"] == second.counts["contacts"]
    plan = run(runtime, "plan", audience="decision-makers")
    assert plan.counts["pulled"] >= first.counts["contacts"]
    with runtime.store.read() as tx:
        assert list(contacts.memberships(tx, "crm"))
    reports = [replay(Recorded.load(path)) for path in records(runtime)]
    assert [report.differences for report in reports] == [[]] * len(reports)
    assert len(reports) >= 4


def test_a_record_holds_neither_keys_nor_tokens(told: tuple[OrgWorld, Runtime]) -> None:
    import zstandard

    org, runtime = told
    run(runtime, "pull")
    [path] = records(runtime)
    with path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read().decode()
    assert "0035g" in text
    login = org._server.login
    for secret in (login.consumer_key, login.consumer_secret, "Bearer", "access_token", "00D5g"):
        assert secret not in text, secret


def test_settings_of_the_soap_login_are_refused_with_their_place(org: OrgWorld, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password, security_token: signing in with a name and a password") as caught:
        config_for(org, tmp_path, password="x", security_token="y")
    assert any("connections.crm" in problem.path for problem in caught.value.problems)
