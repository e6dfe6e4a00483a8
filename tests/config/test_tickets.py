"""A ticket's options by the CRM they are for: what means nothing there, what is missing, and the CRM's own words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connector import registry
from connector.rules.actions import OWN_WORDS, TICKET_OPTIONS, OpenTicketOptions
from connector.rules.names import referenced_names
from tests.config.conftest import Load

Problems = Callable[..., list[str]]
PSA = """\
  psa: {adapter: connectwise, site: na.myconnectwise.net, company: acme, public_key: "${CW_PUBLIC_KEY}",
        private_key: "${CW_PRIVATE_KEY}", client_id: "${CW_CLIENT_ID}"}
"""
CRM = "  crm: {adapter: memory}\n"


def rule(ticket: str, *, connections: str = CRM, when: str = "{band: detractor}") -> str:
    return f"""\
connections:
{connections}audiences:
  all: {{from: crm, contact_types: [Owner]}}
rules:
  - id: call-back
    when: {when}
    then:
      - open_ticket: {ticket}
"""


@pytest.mark.parametrize(
    ("ticket", "problem"),
    [
        ("{agreement: Gold}", "9:23: rules[0].then[0].open_ticket.agreement: {label} tickets have no agreement; "
         "leave it out"),
        ("{priority: High, queue: Tier 2}", "9:39: rules[0].then[0].open_ticket.queue: {label} tickets have no queue; "
         "leave it out"),
        ("{bill_time: Billable}", "9:23: rules[0].then[0].open_ticket.bill_time: {label} tickets have no bill time; "
         "leave it out"),
    ],
)  # fmt: skip
def test_an_option_that_means_nothing_there_is_told_with_its_place(
    problems: Problems, ticket: str, problem: str
) -> None:
    label = registry.spec("memory").label
    assert problems(rule(ticket)) == [f"nps.yaml:{problem.format(label=label)}"]


def test_a_crm_that_needs_no_board_gets_tickets_without_one(load: Load) -> None:
    config = load(rule("{priority: High}"))
    assert config.notices == ()
    config = load(rule("{}").replace("open_ticket: {}", "open_ticket"))
    assert config.rules[0].then[0].kind == "open_ticket"


def test_a_crm_that_needs_a_board_asks_for_it(problems: Problems) -> None:
    [told] = problems(rule("{priority: High}", connections=PSA + CRM, when="{connection: psa}"))
    assert told.endswith("rules[0].then[0].open_ticket.board: is missing; ConnectWise PSA tickets need one")


def test_a_rehearsal_needs_a_board_where_the_tickets_do(problems: Problems, load: Load) -> None:
    text = rule("{board: Service}", connections=PSA + CRM)
    rehearsal = "rehearsal: {company: test, mail_to: a@example.com}\n"
    [told] = problems(text + rehearsal)
    assert told.endswith("rehearsal.board: is missing; ConnectWise PSA tickets need one")
    assert load(rule("{}") + rehearsal).rehearsal is not None


def test_an_option_for_one_crm_of_several_is_only_a_notice(load: Load) -> None:
    config = load(rule("{board: Service, agreement: Gold}", connections=PSA + CRM))
    assert "rules[0].then[0].open_ticket.agreement means nothing on crm; tickets there go without it" in config.notices


@pytest.mark.parametrize(("option", "word"), [(option, word) for option, words in OWN_WORDS.items() for word in words])
def test_the_crms_own_word_says_the_same(option: str, word: str) -> None:
    by_its_own, plain = (OpenTicketOptions.model_validate({each: "X"}) for each in (word, option))
    assert by_its_own.said(option) == plain.said(option) == "X"
    assert (by_its_own.word(option), plain.word(option)) == (word, option)


@pytest.mark.parametrize("word", ["pipeline", "record_type"])
def test_what_is_said_by_two_words_is_a_problem(problems: Problems, word: str) -> None:
    [told] = problems(rule(f"{{board: A, {word}: B}}"))
    assert f"board and {word} are words for the same; leave all but one out" in told


def test_the_place_of_a_name_is_where_it_is_written(load: Load) -> None:
    config = load(rule("{pipeline: Service}"))
    [reference] = [each for each in referenced_names(config.rules) if each.kind == "board"]
    assert (reference.name, reference.path[-1]) == ("Service", "pipeline")


def test_every_option_a_crm_may_lack_is_one_of_a_ticket() -> None:
    assert set(TICKET_OPTIONS) <= set(OpenTicketOptions.model_fields)
    assert registry.spec("connectwise").ticket_options == frozenset(TICKET_OPTIONS)
    for kind in registry.kinds():
        spec = registry.spec(kind)
        assert spec.ticket_options | spec.ticket_needs <= set(TICKET_OPTIONS), kind


def rehearsed(companies: str) -> str:
    return f"rehearsal: {{company: {companies}, board: Test, mail_to: a@example.com}}\n"


def test_the_test_company_may_be_named_by_connection(problems: Problems, load: Load) -> None:
    text = rule("{board: Service, at: psa}", connections=PSA + CRM) + "      - record_response\n"
    given = load(text + rehearsed("{psa: acme, crm: Acme Ltd}")).rehearsal
    assert given is not None
    assert [given.company_on(name) for name in ("psa", "crm", "other")] == ["acme", "Acme Ltd", ""]
    assert given.companies() == "acme on psa, Acme Ltd on crm"
    [told] = problems(text + rehearsed("{psa: acme}"))
    assert told.endswith(
        "rehearsal.company: names none on crm, to which rules write; add crm: and the test company there"
    )
    assert told.startswith("nps.yaml:13:13: ")
    [told] = problems(text + rehearsed("{psa: acme, crm: Acme Ltd, crn: Acme}"))
    assert told.endswith('rehearsal.company.crn: there is no connection "crn"; did you mean "crm"?')
    [told] = problems(text + rehearsed("{psa: acme, crm: ''}"))
    assert "rehearsal.company.crm: must not be empty" in told
    [told] = problems(text + rehearsed("[acme]"))
    assert "rehearsal.company: must be text or a mapping" in told


def test_a_connection_nothing_is_written_on_needs_no_test_company(load: Load) -> None:
    assert load(rule("{board: Service, at: psa}", connections=PSA + CRM) + rehearsed("{psa: acme}")).rehearsal
    assert load(rule("{board: Service}", connections=PSA + CRM) + rehearsed("{crm: acme}")).rehearsal
