"""Segments, catalogues, owners, looking people up, and what the token may not see."""

from __future__ import annotations

import subprocess
import sys

import pytest

from connector.adapters.hubspot.client import _decoder
from connector.domain import Facet, Segment
from connector.errors import AuthError, ConfigError, RejectedError
from connector.ports import ContactSource, OwnerFound, Scope, Selection

from .portal import NPS_LIST, PortalWorld


def source(portal: PortalWorld, **settings: str) -> ContactSource:
    port = portal.open(**settings).source
    assert port is not None
    return port


def names(segments: list[Segment]) -> dict[str, str]:
    return {segment.id: segment.name for segment in segments}


# ---------------------------------------------------------------- segments
def test_contact_types_are_the_options_of_the_property_that_the_admin_names(portal: PortalWorld) -> None:
    stages = names(source(portal).segments(Facet.CONTACT_TYPE))
    assert (stages["customer"], stages["268435456"]) == ("Customer", "Churned")
    roles = names(source(portal, contact_type="contact_role").segments(Facet.CONTACT_TYPE))
    assert roles["decision_maker"] == "Decision Maker"


def test_a_portal_that_is_opened_again_costs_no_memory(portal: PortalWorld) -> None:
    """Types of rows are made for the properties that the settings name, and decoders are kept by type."""
    scope = Scope(selections=(Selection(include={}),))

    def pulled(contact_type: str) -> int:
        source = portal.open(contact_type=contact_type).source
        assert source is not None
        assert [contact for page in source.pages(scope, None) for contact in page.contacts]
        return _decoder.cache_info().currsize

    first = pulled("hs_lead_status")
    assert [pulled("hs_lead_status") for _ in range(3)] == [first] * 3
    assert pulled("nps_role") > first, "the cache is the one that counts"


def test_company_types_are_the_portals_own_options(portal: PortalWorld) -> None:
    assert names(source(portal).segments(Facet.COMPANY_TYPE))["MANAGED_CLIENT"] == "Managed Client"


def test_marketing_groups_are_lists_of_contacts_of_every_kind(portal: PortalWorld) -> None:
    lists = names(source(portal).segments(Facet.MARKETING_GROUP))
    assert lists[NPS_LIST] == "NPS 2026"
    assert {"Customers", "Newsletter of October"} <= set(lists.values())
    assert "Key accounts" not in lists.values()  # of companies


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"contact_type": "no_such_property"}, "have no property"), ({"contact_type": "firstname"}, "has options")],
)
def test_a_property_that_is_no_choice_is_told(portal: PortalWorld, settings: dict[str, str], words: str) -> None:
    with pytest.raises(RejectedError, match=words) as caught:
        source(portal, **settings).segments(Facet.CONTACT_TYPE)
    assert settings["contact_type"] in str(caught.value)


@pytest.mark.parametrize("contact_type", ["lifecyclestage", "contact_role"])
def test_a_count_is_what_a_pull_would_show(any_portal: PortalWorld, contact_type: str) -> None:
    port = source(any_portal, contact_type=contact_type)
    found = [contact for page in port.pages(any_portal.scope, None) for contact in page.contacts]
    for segment in port.segments(Facet.CONTACT_TYPE):
        assert port.count(segment) == sum(segment.id in contact.type_ids for contact in found), segment


def test_a_list_is_counted_in_one_call(portal: PortalWorld) -> None:
    segment = Segment(facet=Facet.MARKETING_GROUP, id=NPS_LIST, name="NPS 2026")
    port = source(portal)
    assert port.count(segment) == len(portal.member_ids())
    assert len(portal.calls) == 1


# ---------------------------------------------------------------- catalogues
def test_catalogues_for_rules(portal: PortalWorld) -> None:
    port = source(portal)
    assert [name for _, name in port.catalogue("boards")] == ["Customer Success", "Support Pipeline"]
    assert [name for _, name in port.catalogue("statuses of customer success")] == ["New", "In progress", "Closed"]
    assert [name for _, name in port.catalogue("priorities")] == ["High", "Low", "Medium", "Urgent"]
    assert ("64492917", "bob@example.com") in port.catalogue("members")
    assert "dave@example.com" not in dict(port.catalogue("members")).values()  # he left
    assert port.catalogue("types of Customer Success") == port.catalogue("types")
    fields = {name for _, name in port.catalogue("custom_fields")}
    assert {"NPS Score", "nps_score"} <= fields
    assert {name for _, name in port.catalogue("company_fields")} >= {"NPS Status"}
    assert {name for _, name in port.catalogue("lists")} >= {"NPS 2026"}


@pytest.mark.parametrize("thing", ["agreements", "statuses of No such pipeline"])
def test_an_unknown_catalogue_is_a_config_error(portal: PortalWorld, thing: str) -> None:
    with pytest.raises(ConfigError):
        source(portal).catalogue(thing)


@pytest.mark.parametrize("called", ["951", "ACME LTD", "acme ltd"])
def test_companies_by_id_or_name(any_portal: PortalWorld, called: str) -> None:
    assert ("951", "Acme Ltd") in source(any_portal).catalogue(f"companies called {called}")


@pytest.mark.parametrize("called", ["", '" or 1=1', "Acme"])
def test_companies_that_are_not_called_so(any_portal: PortalWorld, called: str) -> None:
    assert source(any_portal).catalogue(f"companies called {called}") == []


# ---------------------------------------------------------------- looking up
def test_people_are_found_by_former_ids_and_additional_addresses() -> None:
    with PortalWorld("strict", contacts=240) as portal:
        port = source(portal)
        [(old, new), *_] = portal.truth()["merged"].items()
        assert [contact.id for contact, _ in port.look(old)] == [new]
        id_ = portal.with_label("additional_email")
        address = portal.truth()["contacts"][id_]["additional"].split(";")[0]
        assert [contact.id for contact, _ in port.look(address)] == [id_]
        assert port.look("nobody@nowhere.example.org") == []
        assert port.look("999999999") == []


def test_addresses_stand_in_no_url(portal: PortalWorld) -> None:
    source(portal).look("ann@example.com")
    assert not any("example.com" in call.path or "example.com" in str(call.query) for call in portal.calls)


# ---------------------------------------------------------------- owners
def test_the_chain_of_owners_says_why_each_was_passed_over(portal: PortalWorld) -> None:
    port = source(portal)
    companies = sorted(portal.company_ids(), key=int)[:5]
    chain = ["territory_manager", "account_manager", "member:dave@example.com", "member:CAROL@example.com"]
    before = len(portal.calls)
    found = list(port.owners(companies, chain))
    assert len(portal.calls) - before == 3  # the companies, the owners, those who left
    bob, carol, left, nobody, _ = found
    no_territory = "HubSpot has no territory manager"
    assert bob == OwnerFound(
        company_id=companies[0], member="bob@example.com", step="account_manager", skipped=(no_territory,)
    )
    assert carol.step == "account_manager"
    assert left.skipped == (
        no_territory,
        "dave@example.com is inactive (account manager)",
        "dave@example.com is inactive (member)",
    )
    assert (left.member, left.step) == ("carol@example.com", "member:CAROL@example.com")
    assert nobody.skipped[1] == "there is no account manager"


def test_companies_that_were_merged_keep_their_account_manager_among_others(any_portal: PortalWorld) -> None:
    companies = sorted(any_portal.company_ids(), key=int)
    into, others = companies[:2], companies[6:8]
    for old, primary in zip(others, into, strict=True):
        any_portal.technician("merge_records", type="companies", id=old, into=primary)
    asked = [*others, *companies[2:5]]
    alone = {each: source(any_portal).owner(each, ["account_manager"]) for each in asked}
    assert [alone[each] for each in others] == [(f"{who}@example.com", "account_manager") for who in ("bob", "carol")]
    together = {each.company_id: each.member for each in source(any_portal).owners(asked, ["account_manager"])}
    assert together == {each: found[0] if found else "" for each, found in alone.items()}


@pytest.mark.parametrize("company", ["", "no number", "999999999"])
def test_a_company_that_is_not_there_has_no_account_manager(portal: PortalWorld, company: str) -> None:
    assert source(portal).owner(company, ["account_manager"]) is None
    assert source(portal).owner(company, ["account_manager", "member:64492917"]) == (
        "bob@example.com",
        "member:64492917",
    )


# ---------------------------------------------------------------- rights
def test_each_missing_scope_is_told_by_name(portal: PortalWorld) -> None:
    scopes = ["crm.lists.read", "crm.objects.owners.read", "tickets"]
    portal.control("POST", "settings", {"missing_scopes": scopes})
    blind = source(portal).check()
    assert len(blind) == 3
    assert all(any(scope in line for line in blind) for scope in scopes)


def test_without_contacts_nothing_goes(portal: PortalWorld) -> None:
    portal.control("POST", "settings", {"missing_scopes": ["crm.objects.contacts.read"]})
    with pytest.raises(AuthError, match=r"crm\.objects\.contacts\.read"):
        source(portal).check()


def test_only_opening_a_connection_loads_the_vendors_client() -> None:
    code = (
        "import sys; from connector.adapters.hubspot import SPEC\n"
        "assert not {'hubspot', 'urllib3', 'simple_salesforce'} & set(sys.modules)\n"
        "wire = SPEC.wire(SPEC.settings(access_token='x'), lambda: None, None)\n"
        "assert 'hubspot' in sys.modules and 'simple_salesforce' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_subscription_that_is_not_there_is_told(portal: PortalWorld) -> None:
    assert source(portal, subscription="7001").check() == []
    [blind] = source(portal, subscription="7009").check()
    assert "hs_email_optout_7009" in blind
