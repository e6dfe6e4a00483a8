"""Queries hold described names and bound values, whatever the values are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.salesforce.soql import is_address, is_id, long_id, named, pieces, record_id, select, soql
from connector.errors import ContractError, RejectedError

_LITERAL = re.compile(r"'(?:[^'\\]|\\[nrtbf\"'\\])*'")


@given(st.text())
def test_no_text_ends_its_own_quotes(text: str) -> None:
    bound = soql("Name = {text}", text=text)
    assert _LITERAL.fullmatch(bound.removeprefix("Name = "))


@given(st.lists(st.text(), min_size=1))
def test_a_list_is_a_list_of_literals(texts: list[str]) -> None:
    bound = soql("Name IN {texts}", texts=texts).removeprefix("Name IN ")
    assert (bound[0], bound[-1]) == ("(", ")")
    assert len(_LITERAL.findall(bound)) == len(texts)


@pytest.mark.parametrize("value", [[], (), datetime(2026, 1, 1), float("nan"), Decimal(1), object(), [[]]])  # noqa: DTZ001
def test_what_would_be_taken_for_something_else_is_refused(value: Any) -> None:
    with pytest.raises(ContractError, match=r"SOQL: \{value\}"):
        soql("x = {value}", value=value)


def test_times_are_whole_seconds_in_utc() -> None:
    at = datetime(2026, 11, 20, 16, 20, 5, 999, tzinfo=UTC)
    assert soql("SystemModstamp >= {at}", at=at) == "SystemModstamp >= 2026-11-20T16:20:05+00:00"


@pytest.mark.parametrize("name", ["", "Id, Name", "Name FROM User", "1", "Account..Name", "x'", "a\n"])
def test_what_is_no_name_is_no_part_of_a_query(name: str) -> None:
    with pytest.raises(ContractError):
        named(name)
    with pytest.raises(ContractError):
        select([name], "Contact")


def test_a_query_is_put_together_of_its_parts() -> None:
    text = select(["Id", "Account.Name"], "Contact", "Id > '1'", "", "a = 1", order="Id", limit=5)
    assert text == "SELECT Id,Account.Name FROM Contact WHERE Id > '1' AND a = 1 ORDER BY Id LIMIT 5"


@pytest.mark.parametrize(
    ("short", "long"),
    [("0015g00000000G8", "0015g00000000G8AAI"), ("001A0000006Vm9u", "001A0000006Vm9uIAC")],
)
def test_fifteen_characters_become_eighteen(short: str, long: str) -> None:
    assert long_id(short) == long_id(long) == record_id(short) == long


@pytest.mark.parametrize(
    "text", ["", "0035g00000000G", "0035g00000000G8AA", "0035g00000000G8' OR ", "0035g00000000G8AAI\n"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(RejectedError, match="no Salesforce id"):
        record_id(text)


def test_an_id_of_another_object_is_none_of_this_one() -> None:
    with pytest.raises(RejectedError):
        record_id("0015g00000000G8AAI", "003")


@pytest.mark.parametrize("text", ["ann@example.com", "o'x@example.com", "a b@example.com", "@x", "ann@", '"@x.y'])
def test_plain_addresses_are_told(text: str) -> None:
    assert is_address(text) == (text == "ann@example.com")


def test_lists_are_cut_and_name_each_once() -> None:
    assert list(pieces(["a", "b", "a", "c"], 2)) == [["a", "b"], ["c"]]
