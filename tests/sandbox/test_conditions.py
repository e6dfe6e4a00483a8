"""The filter language: a table of what it finds, of what it refuses, and a round trip against plain Python."""

from __future__ import annotations

import contextlib
import operator
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.sandbox.connectwise.choosing import Chooser, Wish
from connector.sandbox.connectwise.conditions import Both, Either, Term, Tree, parse
from connector.sandbox.connectwise.matching import check_names, record_test
from connector.sandbox.connectwise.readings import Readings
from connector.sandbox.connectwise.refusals import Refusal
from connector.sandbox.connectwise.render import Renderer
from connector.sandbox.connectwise.world import World

from .conftest import Client

WORLD = World(contacts=400)
RENDERER = Renderer(WORLD)
CHOOSER = Chooser(WORLD, RENDERER)
EVERYBODY = [RENDERER.record("contacts", WORLD.people.row(index)) for index in range(400)]


def found(**wish: Any) -> list[int]:
    return list(CHOOSER.ids(Wish(table="contacts", **wish)))


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ("inactiveFlag=false", lambda c: not c["inactiveFlag"]),
        ("inactiveflag = True", lambda c: c["inactiveFlag"]),
        ("id=1001", lambda c: c["id"] == 1001),
        ("id in (1001, 1003, 4)", lambda c: c["id"] in (1001, 1003)),
        ("id not in (1001,1003)", lambda c: c["id"] not in (1001, 1003)),
        ("id > 1100 and id <= 1120", lambda c: 1100 < c["id"] <= 1120),
        ("company/id in (5001,5002,5003)", lambda c: c.get("company", {}).get("id") in (5001, 5002, 5003)),
        ("company/id=5004", lambda c: c.get("company", {}).get("id") == 5004),
        ('company/name like "Northwind*"', lambda c: "Northwind" in c.get("company", {}).get("name", "")),
        ("company/identifier='northwindexample'", lambda c: c.get("company", {}).get("id") == 5001),
        ("company/id=null", lambda c: "company" not in c),
        ("company = null", lambda c: "company" not in c),
        ("company != null", lambda c: "company" in c),
        ('firstName like "a%"', lambda c: c["firstName"].lower().startswith("a")),
        ('lastName contains "EXAM"', lambda c: "exam" in c["lastName"].lower()),
        ('lastName not contains "e"', lambda c: "e" not in c["lastName"].lower()),
        ('firstName not like "*a*"', lambda c: "a" not in c["firstName"].lower()),
        (
            "lastUpdated > [2026-03-01T00:00:00Z] AND inactiveFlag = false",
            lambda c: c["_info"]["lastUpdated"] > "2026-03-01T00:00:00Z" and not c["inactiveFlag"],
        ),
        ("dateEntered < [2024-01-01]", lambda c: c["_info"]["dateEntered"] < "2024-01-01T"),
        ('updatedBy="bob"', lambda c: c["_info"]["updatedBy"] == "bob"),
        (
            "(inactiveFlag=true or unsubscribeFlag=true) and id>1050",
            lambda c: (c["inactiveFlag"] or c["unsubscribeFlag"]) and c["id"] > 1050,
        ),
        (
            "inactiveFlag=true or unsubscribeFlag=true and id>1300",
            lambda c: c["inactiveFlag"] or (c["unsubscribeFlag"] and c["id"] > 1300),
        ),
        ("defaultFlag = true", lambda c: c["defaultFlag"]),
    ],
)
def test_conditions_find_what_they_say(conditions: str, holds: Any) -> None:
    assert found(conditions=conditions) == [c["id"] for c in EVERYBODY if holds(c)]


@pytest.mark.parametrize(
    ("child", "holds"),
    [
        ("types/id=1", lambda c: any(t["id"] == 1 for t in c["types"])),
        ('types/name="Owner"', lambda c: any(t["name"] == "Owner" for t in c["types"])),
        ("types/id=1 or types/id=2", lambda c: any(t["id"] in (1, 2) for t in c["types"])),
        ("types/id!=null", lambda c: bool(c["types"])),
        (
            'communicationItems/value like "info@*" and communicationItems/communicationType="Email"',
            lambda c: any(i["value"].startswith("info@") for i in c["communicationItems"]),
        ),
        ("communicationItems/type/id = 5", lambda c: any(i["type"]["id"] == 5 for i in c["communicationItems"])),
        (
            "communicationItems/defaultFlag=false",
            lambda c: any(not i["defaultFlag"] for i in c["communicationItems"]),
        ),
    ],
)
def test_child_conditions_look_inside_arrays(child: str, holds: Any) -> None:
    assert found(child=child) == [c["id"] for c in EVERYBODY if holds(c)]


def test_custom_field_conditions_hold_caption_and_value_on_one_field() -> None:
    def size(contact: Any) -> Any:
        return next(f["value"] for f in contact["customFields"] if f["caption"] == "Shoe size")

    wanted = [c["id"] for c in EVERYBODY if size(c) is not None and size(c) > 40]
    assert wanted
    assert found(custom='caption="Shoe size" AND value > 40') == wanted
    assert found(custom='caption="NPS Score" AND value != null') == []


def test_the_three_parameters_are_anded() -> None:
    both = found(conditions="inactiveFlag=false", child="types/id=1", custom='caption="Shoe size" and value != null')
    assert both == sorted(
        set(found(conditions="inactiveFlag=false"))
        & set(found(child="types/id=1"))
        & set(found(custom='caption="Shoe size" and value != null'))
    )


@pytest.mark.parametrize(
    ("parameter", "text", "message"),
    [
        ("conditions", "typeids=1", "typeids is not a recognized name."),
        ("conditions", "types/name='Owner'", "types/name is not a recognized name."),
        ("conditions", 'communicationItems/value="x"', "communicationItems/value is not a recognized name."),
        ("conditions", "company/shoe=1", "company/shoe is not a recognized name."),
        ("conditions", "inactiveFlag=1", "Expected a boolean value, not a numeric."),
        ("conditions", "id='1001'", "Expected a numeric value, not a string."),
        ("conditions", 'lastUpdated > "2026-01-01"', "Expected a DateTime value, not a string."),
        ("conditions", "firstName=Ann", "String values should be enclosed"),
        ("conditions", 'firstName="Ann', "Unterminated string"),
        ("conditions", "id=", "could not be read"),
        ("conditions", "(id=1", "could not be read"),
        ("conditions", "id=1 and", "could not be read"),
        ("conditions", "id=1 id=2", "could not be read"),
        ("conditions", "lastUpdated > [yesterday]", "valid DateTime"),
        ("conditions", 'gender="Huge"', "Enum value supplied was invalid"),
        ("childConditions", "firstName='Ann'", "firstName is not a recognized name."),
        ("childConditions", "types/shoe=1", "types/shoe is not a recognized name."),
        ("customFieldConditions", "shoe=1", "shoe is not a recognized name."),
    ],
)
def test_what_cannot_be_read_is_a_find_condition_error(psa: Client, parameter: str, text: str, message: str) -> None:
    answer = psa.call("GET", "/company/contacts", **cast("Any", {parameter: text}))
    assert answer.status_code == 400
    assert answer.json()["code"] == "ApiFindCondition"
    assert message in answer.json()["message"]


def test_edited_touched_created_and_deleted_contacts_are_found_by_what_they_are_now(psa: Client) -> None:
    psa.control("edit", {"path": "/company/contacts/1001", "set": {"inactiveFlag": True, "company": {"id": 5003}}})
    psa.control("touch", {"contacts": [1002]})
    psa.control("edit", {"path": "/company/contacts/1003", "delete": True})
    new = psa.post("/company/contacts", {"firstName": "New", "company": {"id": 5003}, "typeIds": [2]}).json()["id"]
    ids = {r["id"] for r in psa.rows("/company/contacts", conditions="lastUpdated > [2026-11-02T00:00:00Z]")}
    assert ids == {1001, 1002, new}
    assert 1001 in {r["id"] for r in psa.rows("/company/contacts", conditions="inactiveFlag=true", pageSize=1000)}
    at = {r["id"] for r in psa.rows("/company/contacts", conditions="company/id=5003")}
    assert {1001, new} <= at
    assert psa.count("/company/contacts", conditions="id in (1001,1002,1003)") == 2
    owners = {r["id"] for r in psa.rows("/company/contacts", childConditions="types/id=2", pageSize=1000)}
    assert new in owners


def test_companies_are_filtered_by_columns_and_by_rows_alike(psa: Client) -> None:
    rows = psa.rows("/company/companies", pageSize=1000)
    for conditions, child, holds in (
        ("deletedFlag=false", "types/id=1", lambda c: not c["deletedFlag"] and 1 in {t["id"] for t in c["types"]}),
        ("deletedFlag=true", "", lambda c: c["deletedFlag"]),
        ("unsubscribeFlag=true or leadFlag=true", "", lambda c: c["unsubscribeFlag"] or c["leadFlag"]),
        ('status/name="Inactive"', "", lambda c: c["status"]["name"] == "Inactive"),
        ("territoryManager/id=101", "", lambda c: c.get("territoryManager", {}).get("id") == 101),
    ):
        got = psa.rows("/company/companies", pageSize=1000, conditions=conditions, childConditions=child)
        assert [c["id"] for c in got] == [c["id"] for c in rows if holds(c)]


# --------------------------------------------------------------------------- round trip

NUMBERS = st.integers(1000, 1500)
COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TEXT = st.text(st.characters(exclude_characters="\"'\\[]*%", exclude_categories=("Cs", "Cc")), max_size=8)
TERMS = st.one_of(
    st.builds(lambda op, n: Term(("id",), op, (n,)), st.sampled_from(sorted(COMPARE)), NUMBERS),
    st.builds(lambda n: Term(("id",), "in", tuple(n)), st.lists(NUMBERS, min_size=1, max_size=4)),
    st.builds(lambda op, b: Term(("inactiveFlag",), op, (b,)), st.sampled_from(["=", "!="]), st.booleans()),
    st.builds(lambda n: Term(("company", "id"), "=", (n,)), st.integers(5000, 5120)),
    st.builds(
        lambda op, t: Term(("firstName",), op, (t,)), st.sampled_from(["=", "!=", "contains", "not contains"]), TEXT
    ),
)
TREES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda p: Both(tuple(p))),
        st.lists(inner, min_size=2, max_size=3).map(lambda p: Either(tuple(p))),
    ),
    max_leaves=6,
)


def written(tree: Tree) -> str:
    if isinstance(tree, Term):
        values = [
            str(v).lower() if isinstance(v, bool) else f'"{v}"' if isinstance(v, str) else str(v) for v in tree.values
        ]
        value = f"({', '.join(values)})" if tree.op == "in" else values[0]
        return f"{'/'.join(tree.path)} {tree.op} {value}"
    word = " and " if isinstance(tree, Both) else " OR "
    return f"({word.join(written(part) for part in tree.parts)})"


def oracle(tree: Tree, contact: Any) -> bool:
    if isinstance(tree, Both):
        return all(oracle(part, contact) for part in tree.parts)
    if isinstance(tree, Either):
        return any(oracle(part, contact) for part in tree.parts)
    value: Any = contact
    for name in tree.path:
        value = (value or {}).get(name)
    value = value.casefold() if isinstance(value, str) else value
    wanted = [v.casefold() if isinstance(v, str) else v for v in tree.values]
    if tree.op == "in":
        return value in wanted
    if "contains" in tree.op:
        return (wanted[0] in value) is (tree.op == "contains")
    return value is not None and bool(cast("Any", COMPARE[tree.op])(value, wanted[0]))


@settings(deadline=None)  # a busy machine is no defect
@given(TREES)
def test_any_tree_written_and_read_back_finds_what_plain_python_finds(tree: Tree) -> None:
    text = written(tree)
    readings = Readings("lenient")
    test = record_test(check_names(parse(text, escape=True), "contacts", readings), readings)
    wanted = [c["id"] for c in EVERYBODY if oracle(tree, c)]
    assert [c["id"] for c in EVERYBODY if test(c)] == wanted
    # The way over columns and the way over rendered records agree.
    assert found(conditions=text) == wanted


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        parse(text, escape=False)
