"""The whole way: a configuration, a pull into a store, its record, replayed offline without a difference."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.config import load
from connector.jobs import once
from connector.jobs.records.recorded import Recorded
from connector.jobs.records.replay import replay
from connector.jobs.runtime import Runtime, open_runtime
from connector.store import contacts
from tests.jobs.story import records

from .portal import PortalWorld

AUDIENCES: dict[str, Any] = {
    "customers": {
        "from": "hub",
        "contact_types": ["Customer", "Lead"],
        "company_types": ["Managed Client"],
        "marketing_groups": ["NPS 2026"],
    }
}


def opened(portal: PortalWorld, folder: Path, login: dict[str, str], environ: dict[str, str]) -> Runtime:
    text = {
        "mode": "live",
        "storage": {"data": str(folder / "data")},
        "connections": {
            "hub": {
                "adapter": "hubspot",
                "base_url": portal.url,
                "page_size": 20,
                "calendar": {"zone": "Europe/Berlin", "hours": "09:00-17:00"},
                **login,
            }
        },
        "audiences": AUDIENCES,
        "rules": [],
    }
    path = folder / "nps.yaml"
    path.write_text(json.dumps(text), encoding="utf-8")
    return open_runtime(load(path, environ), environ=environ)


@pytest.fixture
def world() -> Iterator[PortalWorld]:
    with PortalWorld("strict", contacts=300) as portal:
        yield portal


def pulled(runtime: Runtime) -> dict[str, Any]:
    step = once.perform(runtime, "pull", "hub", {})
    assert step.outcome == "done", step.why
    assert step.attempt is not None
    return dict(step.attempt.counts)


def everything_replays(runtime: Runtime) -> None:
    paths = records(runtime)
    assert paths
    for path in paths:
        report = replay(Recorded.load(path))
        assert report.same, report.differences


def test_pulls_are_stored_recorded_and_replayed(world: PortalWorld, tmp_path: Path) -> None:
    runtime = opened(world, tmp_path, {"access_token": "${HUB_TOKEN}"}, {"HUB_TOKEN": world.login.token})
    first = pulled(runtime)
    assert (first["contacts"], first["companies"]) == (len(world.contact_ids()), len(world.company_ids()))
    assert first["memberships"] == len(world.member_ids())
    archived = world.archive_someone()
    old, survivor = world.merge_someone()
    second = pulled(runtime)
    assert second["contacts"] <= 3
    with runtime.store.read() as tx:
        gone = {each for each in (archived, old) if _gone(tx, each)}
        assert gone == {archived, old}
        assert not _gone(tx, survivor)
    everything_replays(runtime)


def test_what_the_reserve_of_a_day_stopped_replays(world: PortalWorld, tmp_path: Path) -> None:
    runtime = opened(world, tmp_path, {"access_token": "${HUB_TOKEN}"}, {"HUB_TOKEN": world.login.token})
    world.control("POST", "settings", {"daily_limit": 1000, "used_today": 960})
    for _ in range(2):  # what the first was told, the second is told by its own first call
        assert once.perform(runtime, "pull", "hub", {}).outcome == "stopped"
        world.control("POST", "settings", {"used_today": 960})
    everything_replays(runtime)
    world.control("POST", "settings", {"used_today": 0})
    pulled(runtime)


def _gone(tx: Any, contact_id: str) -> bool:
    row = contacts.contact(tx, "hub", contact_id)
    return row is not None and row.gone_at is not None


def test_a_rotated_refresh_token_outlives_the_process_and_stands_in_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", base64.b64encode(b"k" * 32).decode())
    with PortalWorld({"refresh_token": "rotates"}, contacts=30) as world:
        login = {
            "client_id": world.login.client_id,
            "client_secret": "${HUB_SECRET}",
            "refresh_token": "${HUB_REFRESH}",
        }
        environ = {
            "HUB_SECRET": world.login.client_secret,
            "HUB_REFRESH": world.login.refresh_token,
        }
        for _ in range(2):  # the second process has the refresh token that is dead by now in its settings
            runtime = opened(world, tmp_path, login, environ)
            pulled(runtime)
        everything_replays(runtime)
        stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert world.login.client_secret.encode() not in stored
        assert b"Bearer" not in stored
