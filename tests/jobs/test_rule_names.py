"""`check --live` wants what an action names on each connection it may be written on, and asks no other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from connector.adapters.memory import WORLDS, MemoryCrm
from connector.adapters.memory.reading import MemorySource
from connector.config import load
from connector.domain import Facet, Segment
from connector.errors import ConfigError
from connector.jobs import cautions, names
from connector.jobs.names import Proof
from connector.jobs.write_check import planned
from connector.ports import Ports

Found = Callable[..., Proof]
LISTS: dict[str, dict[str, list[str]]] = {
    "psa": {"boards": ["Help Desk", "Both"], "members": ["bob"], "company_fields": ["NPS Status"]},
    "sf": {"boards": ["Support", "Both"], "members": ["ann@example.com"], "company_fields": []},
}
TYPES = {"psa": ["Buyer", "Owner"], "sf": ["Buyer", "Lead"]}


def rule(then: Any, **when: Any) -> dict[str, Any]:
    return {"id": "r", "name": "r", "when": {"band": "detractor", **when}, "then": [then]}


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    def catalogue(source: MemorySource, thing: str) -> list[tuple[str, str]]:
        there: Mapping[str, list[str]] = LISTS[source._connection]
        if thing not in there:
            raise ConfigError("there is no such list")
        return [(name, name) for name in there[thing]]

    def made(*rules: Any, **changes: Any) -> Proof:
        text = {
            "storage": {"data": str(tmp_path / "data")},
            "connections": {name: {"adapter": "memory", "world": f"names-{name}"} for name in LISTS},
            "audiences": {name: {"from": name, "contact_types": ["Buyer"]} for name in LISTS},
            "rules": list(rules),
            **changes,
        }
        path = tmp_path / "nps.yaml"
        path.write_text(json.dumps(text, indent=1))
        return names.prove(load(path, {}), {})

    monkeypatch.setattr(MemorySource, "catalogue", catalogue)
    for name, types in TYPES.items():
        segments = [Segment(facet=Facet.CONTACT_TYPE, id=each, name=each) for each in types]
        WORLDS[f"names-{name}"] = MemoryCrm(segments=segments)
    return made


def ticket(board: str = "", **more: Any) -> dict[str, Any]:
    return {"open_ticket": {"board": board, "owner": "account_manager", **more}}


@pytest.mark.parametrize(("board", "there", "lacks"), [("Support", "sf", "psa"), ("Help Desk", "psa", "sf")])
def test_a_board_must_be_on_each_crm_the_ticket_may_be_opened_on(
    board: str, there: str, lacks: str, found: Found
) -> None:
    [problem] = found(rule(ticket(board))).problems
    assert problem.line
    assert problem.column
    assert (
        str(problem)
        .partition("nps.yaml:")[2]
        .partition(": ")[2]
        .startswith(f'rules[0].then[0].open_ticket.board: {lacks} has no board "{board}"; ')
    )
    assert problem.message.endswith(
        f"it is on {there} alone: split the rule (when: {{connection: {there}}}), or write it there (at: {there})"
    )


def test_the_nearest_name_of_each_is_told(found: Found) -> None:
    told = [problem.message for problem in found(rule(ticket("Bth"))).problems]
    assert told == [f'{name} has no board "Bth"; did you mean "Both"?' for name in ("psa", "sf")]


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        ([rule(ticket("Both"))], {}),
        ([rule(ticket("Support", at="sf"))], {}),
        ([rule(ticket("Support"), connection="sf")], {}),
        ([rule(ticket("Support"), all=[{"connection": "sf"}])], {}),
        ([rule(ticket("Support"), **{"not": {"connection": ["psa"]}})], {}),
        ([rule(ticket("Support"))], {"audiences": {"a": {"from": "sf", "contact_types": ["Buyer"]}}}),
        ([rule(ticket("Support"), contact_type="Lead")], {}),
        ([rule({"notify": {"subject": "s", "text": "t"}}, contact_type=["Owner", "Lead"])], {}),
        ([rule(ticket("Both", owner=["account_manager", "member:bob", "member:ann@example.com"]))], {}),
        ([rule(ticket("Both", owner=["account_manager", "member:bob"], at="psa"))], {}),
    ],
    ids=["both", "at", "when", "all", "not", "audience", "only there is the type", "condition", "owners", "owner at"],
)
def test_what_is_where_it_may_be_written_is_right(rules: list[Any], changes: dict[str, Any], found: Found) -> None:
    assert found(*rules, **changes).problems == []


def test_somebody_of_an_owner_chain_is_on_each(found: Found) -> None:
    [problem] = found(rule(ticket("Both", owner=["account_manager", "member:bob"]))).problems
    assert 'owner[1]: sf has no member "bob"; ' in str(problem)
    assert "it is on psa alone: split the rule" in problem.message
    assert "or name somebody of sf after it" in problem.message
    [problem] = found(rule(ticket("Both", owner=["member:bbo", "member:bob", "member:ann@example.com"]))).problems
    assert 'psa and sf have no member "bbo"; did you mean "bob"?' in problem.message


def test_a_board_that_is_nowhere_where_it_is_written_names_that_connection(found: Found) -> None:
    [problem] = found(rule(ticket("Support", at="psa"))).problems
    assert 'psa has no board "Support"; ' in problem.message
    assert "split" not in problem.message


def test_cautions_of_a_connection_look_only_at_tickets_opened_there(
    found: Found, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found(rule(ticket("Support"), connection="sf"), rule(ticket("Help Desk", at="psa")) | {"id": "desk"})
    config = load(tmp_path / "nps.yaml", {})

    class Port:
        def cautions(self, board: str, status: str, team: str) -> list[str]:
            return [board]

    monkeypatch.setattr(cautions, "open_live", lambda config, connection: Ports(cautions=Port()))
    assert cautions.cautions(config, ["psa", "sf"]) == ["psa: Help Desk", "sf: Support"]


def test_the_write_check_tries_a_board_of_that_connection(found: Found, tmp_path: Path) -> None:
    found(rule(ticket("Help Desk", at="psa")), rule(ticket("Support"), connection="sf") | {"id": "s"})
    config = load(tmp_path / "nps.yaml", {})
    boards = [planned(config, name, company_ids=[]).ticket.board for name in ("psa", "sf")]
    assert boards == ["Help Desk", "Support"]


@pytest.mark.parametrize(("board", "lacks"), [("Both", []), ("Support", ["psa"]), ("Help Desk", ["sf"])])
def test_the_board_of_the_rehearsal_is_on_each_crm_on_which_tickets_are_opened(
    board: str, lacks: list[str], found: Found
) -> None:
    rehearsal = {"company": "trial", "board": board, "mail_to": "trial@example.com"}
    told = [each.message for each in found(rule(ticket("Both")), rehearsal=rehearsal).problems]
    assert [each.partition(",")[0] for each in told if "board" in each] == lacks
