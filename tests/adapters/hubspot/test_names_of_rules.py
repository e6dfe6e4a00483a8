"""`check --live`, `check` and `show` on a portal: active lists, owners that HubSpot lacks, captions misspelt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from connector.cli import main
from connector.config import load
from connector.errors import ConfigError
from connector.jobs import names
from connector.jobs.names import Proof

from .portal import PortalWorld


def written(portal: PortalWorld, folder: Path, *then: Any) -> Path:
    text = {
        "storage": {"data": str(folder / "data")},
        "connections": {"hub": {"adapter": "hubspot", "base_url": portal.url, "access_token": "${HUB_TOKEN}"}},
        "audiences": {"customers": {"from": "hub", "marketing_groups": ["NPS 2026"]}},
        "rules": [{"id": "r", "name": "r", "when": {"band": "promoter"}, "then": list(then)}],
    }
    path = folder / "nps.yaml"
    path.write_text(json.dumps(text, indent=1), encoding="utf-8")
    return path


def proved(portal: PortalWorld, folder: Path, *then: Any) -> Proof:
    return names.prove(load(written(portal, folder, *then), {"HUB_TOKEN": portal.login.token}), {})


def test_an_active_list_takes_nobody_and_is_refused_before_it_is_tried(portal: PortalWorld, tmp_path: Path) -> None:
    [problem] = proved(portal, tmp_path, {"add_to_group": {"group": "Customers"}}).problems
    assert problem.line
    assert problem.path == "rules[0].then[0].add_to_group.group"
    assert 'list "Customers" of hub is an active one: HubSpot itself fills it' in problem.message
    assert "name a static list" in problem.message
    assert proved(portal, tmp_path, {"add_to_group": {"group": "NPS 2026"}}).problems == []
    [typo] = proved(portal, tmp_path, {"add_to_group": {"group": "NPS 2027"}}).problems
    assert 'no marketing group "NPS 2027"; did you mean "NPS 2026"?' in typo.message


@pytest.mark.parametrize("thing", ["lists", "marketing-groups"])
def test_show_tells_static_lists_from_active_ones(
    portal: PortalWorld,
    thing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HUB_TOKEN", portal.login.token)
    path = written(portal, tmp_path, "record_response")
    assert main.run(["--config", str(path), "show", "hub", thing, "--json"]) == 0
    structlog.reset_defaults()
    kinds = {row["name"]: row["kind"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert kinds["NPS 2026"] == "static"
    assert kinds["Customers"] == "active"


@pytest.mark.parametrize(
    ("owner", "told"),
    [
        (["account_manager", "territory_manager"], "owner[1]: HubSpot has no territory manager; write account_manager, "
         "member:<identifier>, or leave it out"),
        (["account_manger"], 'did you mean "account_manager"?'),
    ],
)  # fmt: skip
def test_an_owner_that_the_crm_has_none_of_is_told_offline(
    portal: PortalWorld, tmp_path: Path, owner: list[str], told: str
) -> None:
    path = written(portal, tmp_path, {"create_task": {"owner": owner}})
    with pytest.raises(ConfigError) as caught:
        load(path, {"HUB_TOKEN": portal.login.token})
    assert told in str(caught.value)


def test_a_caption_that_is_not_there_is_told_with_its_place_and_the_nearest(
    portal: PortalWorld, tmp_path: Path
) -> None:
    found = proved(portal, tmp_path, {"record_response": {"fields": {"score": "Frist Name"}}})
    assert found.problems == []
    [told] = [notice for notice in found.notices if "Frist Name" in notice]
    assert ".record_response.fields.score: hub: contacts have no custom field" in told
    assert 'did you mean "First Name"?' in told
