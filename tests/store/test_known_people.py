"""Who is known of a page: by id and by address, in whatever order ids come, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain import Contact
from connector.store import Store, addresses, codec, open_store
from connector.store.contacts import StoredContact, put_contacts
from connector.store.linking import known_people

IDS = st.sets(st.text(st.sampled_from("019azé"), min_size=1, max_size=3), min_size=1, max_size=8)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = open_store(store_url)
    yield opened
    opened.close()


def _row(connection: str, id_: str, other: str = "") -> StoredContact:
    contact = Contact(connection=connection, id=id_, email=_address(id_), other_emails=(other,) if other else ())
    return StoredContact(connection, id_, None, f"p-{id_}", "2026-11-22", _address(id_), "personal", "", None, 0, None,
                         codec.encode(contact))  # fmt: skip


def _address(id_: str) -> str:
    return f"{id_}@example.com"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stored=IDS, elsewhere=IDS, asked=IDS)
def test_those_of_the_page_are_found_by_id_and_no_others(
    store: Store, stored: set[str], elsewhere: set[str], asked: set[str]
) -> None:
    with store.write() as tx:
        tx.exec_driver_sql("delete from contact")
        put_contacts(tx, [_row("psa", each) for each in stored] + [_row("hub", each) for each in elsewhere])
        found = known_people(tx, "psa", sorted(asked), [])
        assert {(each.connection, each.contact_id) for each in found} == {("psa", each) for each in stored & asked}
        by_address = known_people(tx, "psa", [], [_address(each) for each in asked])
    assert {(each.connection, each.contact_id) for each in by_address} == {
        *(("psa", each) for each in stored & asked),
        *(("hub", each) for each in elsewhere & asked),
    }


def test_somebody_is_found_by_another_address_once_anybody_has_one(store: Store) -> None:
    with store.write() as tx:
        put_contacts(tx, [_row("psa", "1", "ann@work.example.com"), _row("psa", "2")])
        assert known_people(tx, "hub", [], ["ann@work.example.com"]) == []
        addresses.put(tx, "psa", {"1": ["ann@work.example.com"]})
        [found] = known_people(tx, "hub", [], ["ann@work.example.com"])
    assert (found.contact_id, found.other_keys) == ("1", ("ann@work.example.com",))
