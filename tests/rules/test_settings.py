"""What an admin writes under `rules:`, and where a mistake is said to stand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest

from connector.rules.names import Reference, referenced_names
from connector.rules.settings import Rule

from .builders import RULES, mistakes, rule, rules

TICKET = {"open_ticket": {"board": "Customer Success"}}
EXAMPLE = {
    "id": "call-back",
    "name": "call detractors back",
    "when": {"band": "detractor"},
    "then": [
        "record_response",
        {
            "open_ticket": {
                "board": "Customer Success",
                "priority": "High",
                "owner": ["account_manager", "territory_manager", "member:bob"],
                "due": "1 business day",
            }
        },
    ],
}


def test_the_example_of_the_documentation_is_read() -> None:
    (read,) = rules(EXAMPLE)
    ticket = read.then[1].open_ticket
    assert ticket is not None
    assert ticket.owner == ("account_manager", "territory_manager", "member:bob")
    assert ticket.due is not None
    assert ticket.due.business_days == 1
    assert ticket.bill_time == "DoNotBill"
    assert [(action.kind, action.id) for action in read.then] == [
        ("record_response", "record_response"),
        ("open_ticket", "open_ticket"),
    ]


def test_repeated_actions_are_numbered_and_keep_their_number_when_one_gets_an_id() -> None:
    assert [a.id for a in rule("notify", TICKET, "notify", "notify").then] == [
        "notify",
        "open_ticket",
        "notify-2",
        "notify-3",
    ]
    named = rule({"notify": {"id": "tell-us"}}, "notify", {"notify": None})
    assert [a.id for a in named.then] == ["tell-us", "notify-2", "notify-3"]


def test_a_rule_without_conditions_and_name_is_read() -> None:
    (read,) = rules({"id": "all", "then": ["notify"]})
    assert read.title == "all"


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"id": "Call Back"}, ("id",), '"Call Back" is no id'),
        ({"id": "x" * 41}, ("id",), "is no id"),
        ({"whn": {}}, ("whn",), "Extra inputs"),
        ({"then": []}, ("then",), "list is empty"),
        ({"then": ["opn_ticket"]}, ("then", 0, "opn_ticket"), "Extra inputs"),
        ({"then": [{"open_ticket": {"board": None}}]}, ("then", 0, "open_ticket", "board"), "valid string"),
        ({"then": [TICKET | {"notify": {}}]}, ("then", 0), "entry of its own"),
        ({"then": [3]}, ("then", 0), "dictionary"),
        ({"then": [{"add_note": {"on": "ticket"}}]}, ("then", 0, "add_note", "on"), "opens no ticket"),
        ({"then": ["notify", {"notify": {"id": "notify"}}]}, ("then", 1, "notify", "id"), "two actions"),
        ({"then": [{"notify": {"via": "mail"}}]}, ("then", 0, "notify"), "goes to nobody"),
        ({"then": [{"notify": {"to": ["a@example.com", "bob"]}}]}, ("then", 0, "notify", "to", 1), "no address"),
        ({"then": [{"notify": {"to": ["a@b.example\nBcc: x"]}}]}, ("then", 0, "notify", "to", 0), "no addr"),
        ({"then": [{"record_response": {"fields": {"scor": "x"}}}]},
         ("then", 0, "record_response", "fields", "scor"), "Extra inputs"),
        ({"when": None}, ("when",), "dictionary"),
        ({"when": {"bnad": "detractor"}}, ("when", "bnad"), "Extra inputs"),
        ({"when": {"band": "detracter"}}, ("when", "band"), "'detractor', 'passive' or 'promoter'"),
        ({"when": {"band": ["passive", "x"]}}, ("when", "band", 1), "'detractor'"),
        ({"when": {"band": []}}, ("when", "band"), "list is empty"),
        ({"when": {"campaign": None}}, ("when", "campaign"), "nothing is written"),
        ({"when": {"not": None}}, ("when", "not"), "nothing is written"),
        ({"when": {"score": 11}}, ("when", "score"), "less than or equal to 10"),
        ({"when": {"score": "3"}}, ("when", "score"), "integer"),
        ({"when": {"score": True}}, ("when", "score"), "integer"),
        ({"when": {"score": [1, "x"]}}, ("when", "score", 1), "integer"),
        ({"when": {"score": {"at_lest": 3}}}, ("when", "score", "at_lest"), "Extra inputs"),
        ({"when": {"score": {}}}, ("when", "score"), "no bound"),
        ({"when": {"score": {"above": 6, "below": 7}}}, ("when", "score"), "no score is above 6 and below 7"),
        ({"when": {"comment": {}}}, ("when", "comment"), "nothing is asked"),
        ({"when": {"any": []}}, ("when", "any"), "list is empty"),
        ({"when": {"all": [{"not": {"any": [{"bnad": 1}]}}]}}, ("when", "all", 0, "not", "any", 0, "bnad"), "Extra"),
        ({"when": {"previous_band": "never"}}, ("when", "previous_band"), "'none'"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_where_it_stands(change: dict[str, Any], place: tuple[str | int, ...], words: str) -> None:
    ((found, message),) = mistakes({"id": "a", "then": ["notify"]} | change)
    assert found == (0, *place)
    assert words in message


@pytest.mark.parametrize(
    ("option", "place", "words"),
    [
        ({"due": "1 busines day"}, ("due",), "1 business day"),
        ({"due": "0 minutes"}, ("due",), "between 1 minute and 1 year"),
        ({"due": "999999 business days"}, ("due",), "between 1 minute and 1 year"),
        ({"due": ["1 day"]}, ("due",), "no length of time"),
        ({"owner": "bob"}, ("owner",), "member:<identifier>"),
        ({"owner": ["account_manager", "bob"]}, ("owner", 1), "member:<identifier>"),
        ({"bill_time": "Free"}, ("bill_time",), "'DoNotBill'"),
        ({"queue": "A", "team": "B"}, (), "team and queue are words for the same"),
        ({"summary": "{{ contact.first_nmae }}"}, ("summary",), 'did you mean "contact.first_name"?'),
        ({"internal": "{{ {curly} }}"}, ("internal",), "line 1"),
    ],
)
def test_a_mistake_in_a_ticket_is_said_where_it_stands(option: Any, place: Any, words: str) -> None:
    ((found, message),) = mistakes({"id": "a", "then": ["notify", {"open_ticket": {"board": "B"} | option}]})
    assert found == (0, "then", 1, "open_ticket", *place)
    assert words in message


def test_two_values_for_one_field_are_a_mistake_and_null_leaves_one_out() -> None:
    fields = {"score": "NPS", "band": "NPS"}
    ((_, message),) = mistakes({"id": "a", "then": [{"record_response": {"fields": fields}}]})
    assert '"NPS"' in message
    assert not mistakes({"id": "a", "then": [{"record_response": {"fields": fields | {"band": None}}}]})


def test_rules_with_the_same_id_are_a_mistake() -> None:
    one = {"id": "a", "then": ["notify"]}
    assert mistakes(one, one | {"id": "b"}, one) == [
        ((2, "id"), 'rules[0] has the id "a" too; each rule needs its own')
    ]


def test_all_mistakes_are_said_at_once() -> None:
    wrong = {"id": "A", "when": {"bnad": 1, "campaign": None}, "then": [{"open_ticket": {"due": "x"}}]}
    assert {place for place, _ in mistakes(wrong)} == {
        (0, "id"),
        (0, "when", "bnad"),
        (0, "when", "campaign"),
        (0, "then", 0, "open_ticket", "due"),
    }


def test_the_json_schema_allows_what_the_reader_allows() -> None:
    schema = RULES.json_schema()
    jsonschema.validate([EXAMPLE], schema)
    jsonschema.validate([{"id": "a", "when": {"score": [1, 2], "not": {"segment": ["x"]}}, "then": ["notify"]}], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{"id": "a", "then": ["set_field"]}], schema)
    jsonschema.validate([{"id": "a", "then": ["open_ticket", {"open_ticket": {"pipeline": "Support"}}]}], schema)


def test_every_setting_is_described() -> None:
    def undescribed(schema: dict[str, Any]) -> list[str]:
        models = schema["$defs"].items()
        return [
            f"{model}.{name}"
            for model, definition in models
            for name, field in definition.get("properties", {}).items()
            if "description" not in field
        ]

    assert undescribed(Rule.model_json_schema()) == []


def test_rules_are_written_and_read_back_as_they_are() -> None:
    read = rules(
        EXAMPLE, {"id": "b", "when": {"any": [{"score": 3}, {"not": {"band": "passive"}}]}, "then": ["notify"]}
    )
    text = json.dumps([one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in read])
    assert RULES.validate_json(text) == read


def test_every_name_used_is_listed_with_its_place() -> None:
    written = {
        "id": "a",
        "when": {
            "contact_type": ["Owner", "Decision Maker"],
            "any": [{"company_type": "Managed Client"}, {"not": {"segment": "NPS 2026", "connection": "psa"}}],
        },
        "then": [
            {
                "open_ticket": {
                    "board": "B",
                    "status": "New",
                    "priority": "High",
                    "owner": ["account_manager", "member:bob"],
                }
            },
            {"notify": {"via": "mail", "to": ["team@example.com"]}},
            "notify",
        ],
    }
    when, then = ("rules", 0, "when"), ("rules", 0, "then")
    assert referenced_names(rules(written)) == [
        Reference(kind="contact_type", name="Owner", path=(*when, "contact_type", 0)),
        Reference(kind="contact_type", name="Decision Maker", path=(*when, "contact_type", 1)),
        Reference(kind="company_type", name="Managed Client", path=(*when, "any", 0, "company_type")),
        Reference(kind="marketing_group", name="NPS 2026", path=(*when, "any", 1, "not", "segment")),
        Reference(kind="connection", name="psa", path=(*when, "any", 1, "not", "connection")),
        Reference(kind="board", name="B", path=(*then, 0, "open_ticket", "board")),
        Reference(kind="status", name="New", path=(*then, 0, "open_ticket", "status"), within="B"),
        Reference(kind="priority", name="High", path=(*then, 0, "open_ticket", "priority")),
        Reference(kind="member", name="bob", path=(*then, 0, "open_ticket", "owner", 1)),
        Reference(kind="connection", name="mail", path=(*then, 1, "notify", "via")),
    ]


@pytest.mark.parametrize("module", ["connector.rules.settings", "connector.rules.business_time"])
def test_reading_settings_loads_neither_templates_nor_holidays(module: str) -> None:
    script = f"import sys, {module}; print([m for m in ('jinja2', 'holidays') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
