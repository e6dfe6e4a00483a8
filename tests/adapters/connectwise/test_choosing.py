"""Which way contacts are read whole, for tenants of several shapes; the calls are counted at the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connector.domain import Facet
from connector.ports import Coverage, Cursor, Page, Scope, Selection

from .psa import PsaWorld

GROUP = "7"
CONTACTS = "/company/contacts"


def scope(*selections: dict[Facet, set[str]]) -> Scope:
    groups = {group for each in selections for group in each.get(Facet.MARKETING_GROUP, ())}
    made = tuple(Selection(include={f: frozenset(ids) for f, ids in each.items()}) for each in selections)
    return Scope(selections=made, groups=frozenset(groups))


MEMBERS = scope({Facet.MARKETING_GROUP: {GROUP}})
README = scope({Facet.CONTACT_TYPE: {"1", "2"}, Facet.COMPANY_TYPE: {"1"}, Facet.MARKETING_GROUP: {GROUP}})


@pytest.fixture
def large() -> Iterator[PsaWorld]:
    """1,500 contacts in 300 companies, 12 of them in the group."""
    with PsaWorld(contacts=1500, companies=300, group_members=12, page_size=25) as psa:
        yield psa


def pulled(psa: PsaWorld, wanted: Scope, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    port = psa.open(**settings).source
    assert port is not None
    return list(port.pages(wanted, json.loads(json.dumps(cursor))))


def calls(psa: PsaWorld, path: str = CONTACTS) -> int:
    return sum(call.path == path for call, _ in psa.wires[-1].exchanges)


def ids(pages: list[Page]) -> set[str]:
    return {contact.id for page in pages for contact in page.contacts}


def wanted_of_group(psa: PsaWorld, pages: list[Page]) -> set[str]:
    rows = [row for page in pages for row in page.memberships]
    companies = {row.company_id for row in rows if row.company_id}
    direct = {row.contact_id for row in rows if row.contact_id}
    people = psa.control("GET", "truth")["contacts"]
    return direct | {id_ for id_, each in people.items() if str(each["company"]) in companies}


def test_a_small_group_of_a_large_tenant_is_read_by_id(large: PsaWorld) -> None:
    pages = pulled(large, MEMBERS)
    told = pages[-1].told
    assert ids(pages) == wanted_of_group(large, pages)
    assert calls(large) <= int(told["calls_planned"]) + 4 < 1500 / 25 / 2
    assert "members" in str(told["read_whole"])
    assert str(told["read_whole"]).endswith("everyone 60")


def test_a_large_group_is_read_with_everyone() -> None:
    with PsaWorld(contacts=400, companies=80, group_members=380, page_size=100) as psa:
        pages = pulled(psa, MEMBERS)
        assert ids(pages) == psa.contact_ids()
        assert calls(psa) == 4
        assert str(pages[-1].told["read_whole"]).startswith("everyone")


def test_a_company_type_that_most_have_is_read_with_everyone(large: PsaWorld) -> None:
    pages = pulled(large, scope({Facet.COMPANY_TYPE: {"1"}}), page_size=500)
    assert ids(pages) == large.contact_ids()
    assert calls(large) == 3


def test_a_company_type_of_a_few_is_read_by_their_ids(large: PsaWorld) -> None:
    few = sorted(large.company_ids(), key=int)[:3]
    large.edit("/company/companies/types/77", name="Pilot")
    for company in few:
        large.edit(f"/company/companies/{company}", types=[{"id": 77}])
    pages = pulled(large, scope({Facet.COMPANY_TYPE: {"77"}}))
    people = large.control("GET", "truth")["contacts"]
    assert ids(pages) == {id_ for id_, each in people.items() if str(each["company"]) in few}
    assert calls(large) <= 3
    reconciled = pages[-1].reconciled
    assert reconciled is not None
    assert reconciled.coverage == Coverage(companies=frozenset(few), contacts=frozenset())


def test_of_several_facets_the_cheapest_is_read(large: PsaWorld) -> None:
    pages = pulled(large, README)
    assert "members" in str(pages[-1].told["read_whole"])
    assert calls(large) < 1500 / 25 / 4


def test_two_audiences_are_read_each_its_way(large: PsaWorld) -> None:
    large.edit("/company/contacts/types/77", description="Pilot")
    pilot = sorted(large.contact_ids(), key=int)[-1]
    large.edit(f"{CONTACTS}/{pilot}", types=[{"id": 77}])
    pages = pulled(large, scope({Facet.MARKETING_GROUP: {GROUP}}, {Facet.CONTACT_TYPE: {"77"}}))
    assert ids(pages) == wanted_of_group(large, pages) | {pilot}
    assert calls(large) < 1500 / 25 / 4


def test_an_audience_that_needs_everyone_takes_the_others_along(large: PsaWorld) -> None:
    pages = pulled(large, scope({Facet.MARKETING_GROUP: {GROUP}}, {Facet.COMPANY_TYPE: {"1", "2", "3", "4"}}))
    assert ids(pages) >= wanted_of_group(large, pages)
    assert calls(large) <= 60


def test_a_small_tenant_is_not_counted() -> None:
    with PsaWorld(contacts=60) as psa:
        pulled(psa, README, page_size=100)
        assert calls(psa, f"{CONTACTS}/count") == 2, "how many there are, and how the server reads times"
        assert calls(psa, "/marketing/groups/7/contacts/count") == 0


def test_the_second_pull_costs_what_changed_and_nothing_is_counted(large: PsaWorld) -> None:
    cursor = pulled(large, MEMBERS)[-1].cursor
    large.control("POST", "clock", {"advance": 600})
    large.control("POST", "touch", {"contacts": 5})
    pages = pulled(large, MEMBERS, cursor)
    assert len(ids(pages)) >= 5
    made = [call for call, _ in large.wires[-1].exchanges]
    assert len(made) <= 5, "what changed, and the rows of the group"
    assert not [call for call in made if call.path.endswith("/count") or " in (" in str(call.query)]
    assert pages[-1].told == {}


def test_who_comes_into_scope_later_is_read_by_id(large: PsaWorld) -> None:
    first = pulled(large, MEMBERS)
    outsiders = sorted(large.contact_ids() - ids(first), key=int)
    new = outsiders[0]
    large.control("POST", "clock", {"advance": 600})
    large.control("POST", "edit", {"path": f"/marketing/groups/{GROUP}/contacts/{new}", "set": {}})
    pages = pulled(large, MEMBERS, first[-1].cursor)
    assert ids(pages) == {new}
    again = pulled(large, MEMBERS, pages[-1].cursor)
    assert ids(again) == set(), "it is kept up by what changes now"
    assert large.control("GET", "served")["calls"] > 0


def test_a_pull_by_id_that_was_cut_short_goes_on_at_its_list(large: PsaWorld) -> None:
    whole = ids(pulled(large, MEMBERS))
    large.fault("503html", path="company/contacts$", skip=1, times=5)
    port = large.open().source
    assert port is not None
    stopped: list[Page] = []
    with pytest.raises(Exception, match="503"):
        stopped.extend(port.pages(MEMBERS, None))
    rest = pulled(large, MEMBERS, stopped[-1].cursor)
    assert ids([*stopped, *rest]) == whole
    assert calls(large, "/company/companies") == 0


def test_another_selection_is_read_anew(large: PsaWorld) -> None:
    cursor = pulled(large, MEMBERS)[-1].cursor
    other = scope({Facet.MARKETING_GROUP: {GROUP}}, {Facet.COMPANY_TYPE: {"2"}})
    assert pulled(large, other, cursor)[-1].reconciled is not None


def test_the_cursor_of_an_older_version_is_gone_on_with_and_nothing_is_counted(large: PsaWorld) -> None:
    cursor = pulled(large, scope({Facet.COMPANY_TYPE: {"1"}}), page_size=500)[-1].cursor
    old = {name: value for name, value in cursor.items() if name not in ("way", "of", "targets")}
    pulled(large, scope({Facet.COMPANY_TYPE: {"1"}}), old, page_size=500)
    assert len(large.wires[-1].exchanges) == 2
