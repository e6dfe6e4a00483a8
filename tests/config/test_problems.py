"""What a person gets to read: each mistake with its exact message and place, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Problems = Callable[..., list[str]]

BASE = """\
mode: preview
connections:
  psa:
    adapter: connectwise
    site: na.myconnectwise.net
    company: acme
    public_key: ${CW_PUBLIC_KEY}
    private_key: ${CW_PRIVATE_KEY}
    client_id: ${CW_CLIENT_ID}
audiences:
  dm:
    from: psa
    contact_types: [Owner]
rules:
  - id: call-back
    when: {band: detractor}
    then:
      - open_ticket: {board: Success, due: 1 business day}
"""

MISTAKES = [
    ("mode: preview", "mode: previw", '1:7: mode: unknown "previw"; did you mean "preview"?'),
    ("mode: preview", "mode: [live]", "1:7: mode: must be one of live, preview, rehearsal"),
    ("mode: preview", "mood: preview", '1:1: mood: unknown key; did you mean "mode"?'),
    ("adapter: connectwise", "adapter: conectwise",
     '4:14: connections.psa.adapter: unknown adapter "conectwise"; did you mean "connectwise"?'),
    ("adapter: connectwise", "adapter: 7",
     "4:14: connections.psa.adapter: must be one of connectwise, folder, hubspot, log, memory, salesforce, smtp"),
    ("    adapter: connectwise\n", "",
     "3:3: connections.psa.adapter: is missing; write one of connectwise, folder, hubspot, log, memory, salesforce, "
     "smtp"),
    ("    site: na", "    sit: na", '5:5: connections.psa.sit: unknown key; did you mean "site"?'),
    ("company: acme", "company: [acme]", "6:14: connections.psa.company: must be text, not a list"),
    ("company: acme", "company:", "6:5: connections.psa.company: must be text, not empty"),
    ("    company: acme\n", "", "3:3: connections.psa.company: is missing"),
    ("company: acme", "company: acme\n    calendar: {zone: Europe/Berln}",
     '7:22: connections.psa.calendar.zone: unknown time zone "Europe/Berln"; did you mean "Europe/Berlin"?'),
    ("company: acme", "company: acme\n    calendar: {hour: 9-5}",
     '7:16: connections.psa.calendar.hour: unknown key; did you mean "hours"?'),
    ("company: acme", "company: acme\n    page_size: many",
     "7:16: connections.psa.page_size: must be a whole number"),
    ("company: acme", "company: acme\n    page_size: 0", "7:16: connections.psa.page_size: must be at least 1"),
    ("${CW_PUBLIC_KEY}", "${CW_PUBLIK_KEY}",
     "7:17: connections.psa.public_key: the variable CW_PUBLIK_KEY is not set; "
     "set it, or give a default with ${CW_PUBLIK_KEY:-…}"),
    ("${CW_PUBLIC_KEY}", "${file:/nowhere/key}",
     "7:17: connections.psa.public_key: the file /nowhere/key does not exist; create it, or name another"),
    ("${CW_PUBLIC_KEY}", "${CW PUBLIC}",
     "7:17: connections.psa.public_key: a reference is written ${NAME}, ${NAME:-default} or "
     "${file:/run/secrets/name}; a plain ${ is written $${"),
    ("  dm:", "  D M:", "11:3: audiences.D M: is no name; use a-z, 0-9 and -, at most 40 characters"),
    ("  psa:\n", "  a_b:\n", "3:3: connections.a_b: is no name; use a-z, 0-9 and -, at most 40 characters"),
    ("from: psa", "from: pso", '12:11: audiences.dm.from: there is no connection "pso"; did you mean "psa"?'),
    ("from: psa", "form: psa", '12:5: audiences.dm.form: unknown key; did you mean "from"?'),
    ("contact_types: [Owner]", "contact_types: Owner", "13:20: audiences.dm.contact_types: must be a list"),
    ("contact_types: [Owner]", "contact_types: [Owner]\n    exclude: {company_typs: [X]}",
     '14:15: audiences.dm.exclude.company_typs: unknown key; did you mean "company_types"?'),
    ("band: detractor", "bnad: detractor", '16:12: rules[0].when.bnad: unknown condition; did you mean "band"?'),
    ("band: detractor", "band: detracter", '16:18: rules[0].when.band: unknown "detracter"; did you mean "detractor"?'),
    ("band: detractor", "connection: pso",
     '16:24: rules[0].when.connection: there is no connection "pso"; did you mean "psa"?'),
    ("band: detractor", "any: [{band: promoter}, {campain: x}]",
     '16:37: rules[0].when.any[1].campain: unknown condition; did you mean "campaign"?'),
    ("open_ticket:", "open_tickt:", '18:9: rules[0].then[0].open_tickt: unknown action; did you mean "open_ticket"?'),
    ("- open_ticket: {board: Success, due: 1 business day}", "- open_ticket",
     "18:9: rules[0].then[0].open_ticket.board: is missing; ConnectWise PSA tickets need one"),
    ("- open_ticket: {board: Success, due: 1 business day}", "- record_respons",
     '18:9: rules[0].then[0].record_respons: unknown action; did you mean "record_response"?'),
    ("- open_ticket: {board: Success, due: 1 business day}", "- notify: {via: psa, to: [a@example.com]}",
     "18:23: rules[0].then[0].notify.via: connection psa (connectwise) sends no messages; write one of log"),
    ("- open_ticket: {board: Success, due: 1 business day}", "- notify: {via: psi, to: [a@example.com]}",
     '18:23: rules[0].then[0].notify.via: there is no connection "psi"; did you mean "psa"?'),
    ("board: Success", "bord: Success, board: Success",
     "18:23: rules[0].then[0].open_ticket.bord: unknown key; keys are agreement, at, bill_time, category, company, "
     "confidential, contact, discussion, group, id, impact, internal, item, location, origin, owner, pipeline, "
     "priority, queue, record_type, severity, source, stage, status, subtype, summary, team, type"),
    ("due: 1 business day", "due: 1 busy day",
     "18:44: rules[0].then[0].open_ticket.due: '1 busy day' is no length of time; write for example 15 minutes, "
     "90 days, 18 months, 1 business day"),
    ("due: 1 business day", "due: 1 day, summary: '{{ contact.nam }}'",
     '18:60: rules[0].then[0].open_ticket.summary: line 1: unknown name "contact.nam"; did you mean "contact.name"?'),
    ("mode: preview", "mode: preview\ncaps: {per_company: 0}", "2:21: caps.per_company: must be at least 1"),
    ("mode: preview", "mode: preview\ncaps: {cool_down: long}",
     "2:19: caps.cool_down: 'long' is no length of time; write for example 15 minutes, 90 days, 18 months, "
     "1 business day"),
    ("mode: preview", "mode: preview\nanswers: {connection: pso}",
     '2:23: answers.connection: there is no connection "pso"; did you mean "psa"?'),
    ("mode: preview", "mode: rehearsal",
     "rehearsal: is missing, and mode rehearsal needs it: rehearsal: {company: …, board: …, mail_to: …}"),
    ("mode: preview", "mode: rehearsal\nrehearsal: {company: test, board: Test, mail_to: nobody}",
     "2:50: rehearsal.mail_to: must be one e-mail address, such as nps-test@example.com"),
    ("mode: preview", "mode: preview\nlimits: 10", "2:9: limits: must be a mapping"),
    ("mode: preview", "mode: preview\nlimits: {tickets_per_day: -1}",
     "2:27: limits.tickets_per_day: must be at least 0"),
    ("mode: preview", "mode: preview\nmode: live", "2:1: mode: written twice (first in line 1); keep one"),
    ("mode: preview", "mode: preview\n<<: {mode: live}",
     "2:1: <<: merge keys are not part of YAML 1.2; use an alias for the whole"),
    ("mode: preview", "mode: !!python/name:os.system x",
     '1:7: mode: the tag "tag:yaml.org,2002:python/name:os.system" is not used here; write a plain value'),
    ("mode: preview", "mode: preview\n? [a]\n: b", "2:3: a key must be text"),
    ("mode: preview", "mode: preview\nlimits: &a {b: *a}",
     "2:9: limits.b: refers to itself, or is nested too deeply or too often"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES, ids=[case[2][:60] for case in MISTAKES])
def test_a_mistake_is_told_with_its_place_and_remedy(problems: Problems, right: str, wrong: str, message: str) -> None:
    assert BASE.count(right) == 1
    told = problems(BASE.replace(right, wrong))
    assert [one.removeprefix("nps.yaml:").removeprefix(" ") for one in told if message in one] == [message], told


@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES, ids=[case[2][:60] for case in MISTAKES])
def test_one_mistake_makes_no_second_problem(problems: Problems, right: str, wrong: str, message: str) -> None:
    follows = {"psa:\n", "a_b", "adapter", "form: psa", "mood", "&a {b", "from"}  # these leave something else missing
    told = problems(BASE.replace(right, wrong))
    assert len(told) == 1 or any(mark in right + wrong for mark in follows), told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nps.yaml: is empty; config/example.yaml is a start"),
        ("# nothing\n", "nps.yaml: is empty; config/example.yaml is a start"),
        ("- a\n", "nps.yaml:1:1: must be a mapping (mode:, connections:, …)"),
        ("mode: [a\n",
         "nps.yaml:2:1: YAML: the [ in line 1 is not closed before this (expected ',' or ']', but got '<stream end>')"),
        ("a: 1\nb: {c: 1\nd: 2\n",
         "nps.yaml:3:2: YAML: the { in line 2 is not closed before this (expected ',' or '}', but got ':')"),
        ("a: b: c\n",
         "nps.yaml:1:5: YAML: a colon that may not stand here: is the line indented too far, does the one before lack "
         "its own colon or the space behind it, or wants a text with a colon quotes? "
         "(mapping values are not allowed here)"),
        ("a:\n  b: 1\n c: 2\n",
         "nps.yaml:3:2: YAML: the line is indented otherwise than those it belongs to; begin it in the same column "
         "(expected <block end>, but found '<block mapping start>')"),
        ("a: 'b\nc: d\n",
         "nps.yaml:3:1: YAML: the quote that opens in line 1 is never closed (found unexpected end of stream)"),
        ("a:\n\tb: c\n",
         "nps.yaml:2:1: YAML: a tab; indent with spaces (found character '\\t' that cannot start any token)"),
        ("a: *b\n", "nps.yaml:1:4: YAML: found undefined alias 'b'"),
        ("a: 1\nb: \x01\n", "nps.yaml:2:4: YAML: a character that may not stand in a YAML file"),
        ("mode: live\n", "nps.yaml: connections: is missing"),
        ("connections: {}\n", "nps.yaml:1:1: connections: is empty; name at least one connection"),
        ("connections: [a]\n", "nps.yaml:1:14: connections: must be a mapping, not a list"),
        ("connections: {a: b}\n", "nps.yaml:1:18: connections.a: must be a mapping with at least adapter:"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_configuration(problems: Problems, text: str, message: str) -> None:
    assert message in problems(text)


def test_every_problem_is_told_at_once_in_the_order_of_the_file(problems: Problems) -> None:
    text = BASE
    chosen = [MISTAKES[at] for at in (0, 6, 9, 17, 20, 23)]
    for right, wrong, _ in chosen:
        text = text.replace(right, wrong)
    told = problems(text)
    lines = [int(one.split(":")[1]) for one in told]
    assert len(told) >= len(chosen)
    assert lines == sorted(lines)


def test_two_rules_with_one_id(problems: Problems) -> None:
    told = problems(BASE + "  - {id: call-back, then: [record_response]}\n")
    assert told == ['nps.yaml:19:10: rules[1].id: rules[0] has the id "call-back" too; each rule needs its own']


def test_a_broken_connection_is_not_also_reported_where_it_is_named(problems: Problems) -> None:
    told = problems(BASE.replace("company: acme", "company: []"))
    assert told == ["nps.yaml:6:14: connections.psa.company: must be text, not a list"]


def test_an_audience_needs_a_connection_that_has_contacts(problems: Problems) -> None:
    told = problems(
        BASE.replace("from: psa", "from: lines").replace("audiences:", "  lines: {adapter: log}\naudiences:")
    )
    assert told == ["nps.yaml:13:11: audiences.dm.from: connection lines (log) has no contacts; write one of psa"]


def test_the_name_log_means_the_log(problems: Problems) -> None:
    told = problems(BASE.replace("audiences:", "  log: {adapter: smtp, host: a, from: a@example.com}\naudiences:"))
    assert told == ['nps.yaml:10:3: connections.log: the name "log" means the log (via: log); choose another']


def test_an_action_needs_a_connection_that_can_do_it(problems: Problems) -> None:
    told = problems(
        "connections: {lines: {adapter: log}}\n"
        "rules: [{id: a, then: [record_response, {notify: {via: lines, to: [a@example.com]}}]}]\n"
    )
    assert told == [
        "nps.yaml:2:24: rules[0].then[0].record_response: no connection with contacts can do this; "
        "add one, or remove the action"
    ]


def test_a_file_that_is_not_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    from connector import config
    from connector.errors import ConfigError

    folder = tmp_path_factory.mktemp("empty")
    with pytest.raises(ConfigError, match="there is no such file"):
        config.load(folder / "nps.yaml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        config.load(folder, {})
    (folder / "nps.yaml").write_bytes(b"mode: live\nx: \xff\n")
    with pytest.raises(ConfigError, match=r"nps\.yaml:2:4: is not UTF-8; save it as UTF-8"):
        config.load(folder / "nps.yaml", {})
