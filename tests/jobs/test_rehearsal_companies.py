"""`check --live` wants the rehearsal's company on each CRM that rules write to, and on no other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.adapters.memory.reading import MemorySource
from connector.config import load
from connector.domain import Facet, Segment
from connector.errors import ConfigError
from connector.jobs import names, write_check
from connector.jobs.records.anonymous import Anonymous, settled_config

AT_HUB: dict[str, Any] = {"record_response": {"at": "hub"}}
TOLD: dict[str, Any] = {"notify": {"subject": "s", "text": "t"}}


def rule(*then: Any, **when: Any) -> dict[str, Any]:
    return {"id": f"r{len(str(when))}", "name": "r", "when": {"band": "detractor", **when}, "then": list(then)}


def found(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    companies: Mapping[str, list[str] | None],
    *rules: Any,
    company: Any = "trial",
) -> list[str]:
    """What is wrong, where each connection has these companies; None: it cannot be asked."""

    def catalogue(source: MemorySource, thing: str) -> list[tuple[str, str]]:
        of = companies[source._connection]
        if not thing.startswith("companies called") or of is None:
            raise ConfigError("there is no such list")
        called = company if isinstance(company, str) else company.get(source._connection)
        return [(each, each) for each in of] if thing == f"companies called {called}" else []

    monkeypatch.setattr(MemorySource, "catalogue", catalogue)
    for name in companies:
        WORLDS[f"trial-{name}"] = MemoryCrm(segments=[Segment(facet=Facet.CONTACT_TYPE, id="t", name="Buyer")])
    path = folder / "nps.yaml"
    text = {
        "mode": "rehearsal",
        "storage": {"data": str(folder / "data")},
        "connections": {name: {"adapter": "memory", "world": f"trial-{name}"} for name in companies},
        "audiences": {name: {"from": name, "contact_types": ["Buyer"]} for name in companies},
        "rehearsal": {"company": company, "mail_to": "trial@example.com"},
        "rules": list(rules),
    }
    path.write_text(json.dumps(text))
    return [str(problem) for problem in names.prove(load(path, {}), {}).problems]


def test_each_crm_that_rules_write_to_needs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [problem] = found(tmp_path, monkeypatch, {"hub": [], "psa": ["1"]}, rule("record_response", AT_HUB))
    assert 'rehearsal.company: hub, to which rules write, has no company "trial"; create a test company' in problem
    assert "one that is on hub and psa" in problem
    assert len(found(tmp_path, monkeypatch, {"hub": [], "psa": []}, rule("record_response", AT_HUB))) == 2


@pytest.mark.parametrize(
    ("companies", "rules"),
    [
        ({"hub": ["1"], "psa": []}, [rule(AT_HUB, TOLD)]),
        ({"hub": [], "psa": ["1"]}, [rule("record_response", connection="psa")]),
        ({"hub": None, "psa": ["1"]}, [rule("record_response")]),
        ({"hub": [], "psa": ["1"]}, [rule(TOLD)]),
        ({"psa": ["1"]}, [rule("record_response")]),
    ],
    ids=["written elsewhere", "answers of one", "cannot be asked", "only told", "one CRM"],
)
def test_others_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, companies: dict[str, list[str] | None], rules: list[Any]
) -> None:
    assert found(tmp_path, monkeypatch, companies, *rules) == []


def test_one_crm_alone_is_told_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [problem] = found(tmp_path, monkeypatch, {"psa": []}, rule("record_response"))
    assert 'rehearsal.company: the CRM has no company "trial"' in problem


def test_each_crm_may_have_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {"hub": "Trial Ltd", "psa": "trial"}
    written = rule("record_response", AT_HUB)
    assert found(tmp_path, monkeypatch, {"hub": ["1"], "psa": ["1"]}, written, company=named) == []
    [problem] = found(tmp_path, monkeypatch, {"hub": [], "psa": ["1"]}, written, company=named)
    assert 'rehearsal.company.hub: hub has no company "Trial Ltd"; create a test company there' in problem
    [problem] = found(tmp_path, monkeypatch, {"hub": ["1", "2"], "psa": ["1"]}, written, company=named)
    assert 'rehearsal.company.hub: hub has 2 companies called "Trial Ltd"; name the one by its id' in problem


def test_a_write_check_goes_where_its_connection_has_its_test_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(tmp_path, monkeypatch, {"hub": ["1"], "psa": ["1"]}, rule(AT_HUB), company={"hub": "Trial Ltd"})
    config = load(tmp_path / "nps.yaml", {})
    plan = write_check.planned(config, "hub", company_ids=["7"])
    assert (plan.where, plan.ticket.company_id) == ("Trial Ltd", "7")
    with pytest.raises(ConfigError, match=r"rehearsal\.company: names none on psa; add psa: and the company there"):
        write_check.planned(config, "psa", company_ids=[])


def test_support_learns_no_name_of_them() -> None:
    anonymous = Anonymous(b"a key of the test")
    one = settled_config({"rehearsal": {"company": "Trial Ltd"}}, anonymous)["rehearsal"]["company"]
    by_connection = {"rehearsal": {"company": {"hub": "Trial Ltd", "psa": "250"}}}
    assert settled_config(by_connection, anonymous)["rehearsal"]["company"] == {"hub": one, "psa": "250"}
    assert one != "Trial Ltd"
