"""The reader of SOQL, held against the client package's own writer, and record ids."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simple_salesforce.format import format_soql

from connector.sandbox.salesforce import moments
from connector.sandbox.salesforce.ids import Ids, suffixed, whole
from connector.sandbox.salesforce.refusals import Refusal
from connector.sandbox.salesforce.soql import Condition, Junction, parse

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)


def condition(soql: str) -> Condition:
    where = parse(soql).where
    assert isinstance(where, Condition)
    return where


@given(text=TEXTS)
def test_any_text_comes_through_as_it_was_bound(text: str) -> None:
    assert condition(format_soql("SELECT Id FROM Contact WHERE Name = {}", text)).values[0].value == text


@given(texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_lists_of_texts_come_through(texts: list[str]) -> None:
    found = condition(format_soql("SELECT Id FROM Contact WHERE Name NOT IN {}", texts))
    assert (found.sign, [literal.value for literal in found.values]) == ("NOT IN", texts)


@given(moment=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_times_come_through_to_the_second(moment: datetime) -> None:
    found = condition(format_soql("SELECT Id FROM Contact WHERE SystemModstamp >= {}", moment))
    assert found.values[0].value == moments.written(int(moment.timestamp()))
    assert moments.seconds(str(found.values[0].value)) == int(moment.timestamp())


def test_words_in_any_case_and_nested_parts_are_read() -> None:
    query = parse("select id, Account.Name from Contact where (a = 1 and not (b = 'x' or c = null)) order by d desc")
    assert (query.paths, query.order) == (["id", "Account.Name"], [("d", True, False)])
    assert isinstance(query.where, Junction)
    assert (query.where.word, len(query.where.parts)) == ("AND", 2)


@pytest.mark.parametrize(
    "soql",
    [
        "",
        "SELECT",
        "SELECT Id",
        "SELECT Id FROM A WHERE",
        "SELECT Id FROM A WHERE b",
        "SELECT Id FROM A WHERE b =",
        "SELECT Id FROM A WHERE b = 'x",
        "SELECT Id FROM A LIMIT x",
        "SELECT Id FROM A; DROP",
        "SELECT Id FROM A B C",
        "SELECT Id FROM A WHERE b = '" + "x" * 4001 + "'",
        "SELECT " + "a," * 60_000 + "b FROM A",
    ],
    ids=lambda soql: soql[:30],
)
def test_what_is_no_query_is_refused(soql: str) -> None:
    with pytest.raises(Refusal, match="MALFORMED_QUERY"):
        parse(soql)


@given(positions=st.lists(st.integers(0, 7_000_000), min_size=2, max_size=20, unique=True))
def test_ids_sort_as_positions_do_and_lead_back(positions: list[int]) -> None:
    ids = Ids("003")
    written = [ids.of(position) for position in positions]
    assert [ids.position(record_id) for record_id in written] == positions
    assert [ids.position(record_id[:15]) for record_id in written] == positions
    assert [whole(record_id[:15]) for record_id in written] == written
    assert sorted(written) == [ids.of(position) for position in sorted(positions)]


@pytest.mark.parametrize("given_id", ["", "003", "0035g00000000G8AAX", "0015g00000000G8AAI", "0035g00000000G8'AI"])
def test_what_is_no_id_of_the_object_has_no_position(given_id: str) -> None:
    assert Ids("003").position(given_id) is None


def test_the_suffix_is_the_vendors() -> None:
    # The example of specs/salesforce/duplicates_detected.json.
    assert suffixed("0031i000013x2TE") == "0031i000013x2TEAAY"
