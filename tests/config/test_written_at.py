"""`at` of an action: a connection that there is, that takes the change, and whose tickets have the options written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector.config import Config
from connector.jobs.names import meant
from connector.jobs.setup import needed
from connector.rules.names import referenced_names
from tests.config.conftest import Load
from tests.config.test_tickets import CRM, PSA

MAIL = """\
  mail: {adapter: smtp, host: mail.example.com, from: nps@example.com}
"""


def rule(action: str, connections: str = PSA + CRM) -> str:
    return f"""\
connections:
{connections}audiences:
  all: {{from: crm, contact_types: [Owner]}}
rules:
  - id: desk
    when: {{connection: crm}}
    then:
      - {action}
"""


@pytest.mark.parametrize(
    ("action", "place", "told"),
    [
        ("record_response: {at: pso}", "rules[0].then[0].record_response.at",
         'there is no connection "pso"; did you mean "psa"?'),
        ("set_field: {field: X, value: y, at: mail}", "rules[0].then[0].set_field.at",
         "connection mail (smtp) does not take set_field; write one of crm, psa"),
        ("open_ticket: {at: psa}", "rules[0].then[0].open_ticket.board",
         "is missing; ConnectWise PSA tickets need one"),
    ],
)  # fmt: skip
def test_a_wrong_connection_is_told_with_its_place(
    problems: Callable[[str], list[str]], action: str, place: str, told: str
) -> None:
    [problem] = problems(rule(action, PSA + CRM + MAIL))
    assert problem.partition(": ")[2] == f"{place}: {told}"


def test_a_note_on_a_ticket_stands_where_the_ticket_does(problems: Callable[[str], list[str]]) -> None:
    [problem] = problems(rule("open_ticket: {at: crm}\n      - add_note: {on: ticket, at: crm}"))
    assert problem.endswith(
        "rules[0].then[1].add_note.at: a note on a ticket stands where the ticket does; leave at out"
    )


def test_a_message_goes_by_via_alone(problems: Callable[[str], list[str]]) -> None:
    [problem] = problems(rule("notify: {at: crm}"))
    assert "rules[0].then[0].notify.at: unknown key" in problem


@pytest.fixture
def config(load: Load) -> Config:
    return load(rule("open_ticket: {at: psa, board: Service, agreement: Gold}\n      - record_response: {at: psa}"))


def test_options_names_and_fields_are_those_of_the_connection_it_is_written_at(config: Config) -> None:
    assert not [notice for notice in config.notices if "means nothing" in notice or "is used by no" in notice]
    [board] = [each for each in referenced_names(config.rules) if each.kind == "board"]
    assert meant(config, board, ["crm", "psa"]) == ["psa"]
    assert [each.caption for each in needed(config, "psa")][:2] == ["NPS Band", "NPS Comment"]
    assert needed(config, "crm") == []
