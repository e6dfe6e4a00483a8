"""What admins see: hidden fields, segments, catalogues, owners, and somebody who was never pulled."""

from __future__ import annotations

from typing import Any

import pytest

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.owners import Owners
from connector.adapters.salesforce.segments import CATALOGUES
from connector.domain import Facet, Segment
from connector.errors import AuthError, ConfigError, RejectedError
from connector.ports import ContactSource

from .org import OrgWorld


def source_of(org: OrgWorld, **settings: Any) -> ContactSource:
    source = org.open(**settings).source
    assert source is not None
    return source


# ---------------------------------------------------------------- check
def test_a_check_names_what_is_hidden_and_what_follows_from_it(org: OrgWorld) -> None:
    assert source_of(org).check() == []
    hidden = ["Contact.HasOptedOutOfEmail", "Contact.EmailBouncedDate", "Contact.Contact_Type__c", "Account.Type",
              "Campaign", "Case"]  # fmt: skip
    org.control("POST", "permit", {"hide": hidden})
    told = source_of(org).check()
    for name, words in (
        ("Contact.HasOptedOutOfEmail", "unknown is not yes"),
        ("Contact.EmailBouncedDate", "bounced"),
        ("Contact.Contact_Type__c", "audiences by contact type find nobody"),
        ("Account.Type", "audiences by company type find nobody"),
        ("campaigns", "Read on Campaign"),
        ("cases", "Read on Case"),
    ):
        [line] = [each for each in told if f"cannot see {name}" in each]
        assert words in line
    assert len(told) == len(hidden)


def test_what_only_people_read_may_be_hidden(org: OrgWorld) -> None:
    org.control("POST", "permit", {"hide": ["Contact.Title", "Contact.MobilePhone"]})
    assert source_of(org).check() == []


def test_a_check_costs_one_call(org: OrgWorld) -> None:
    source_of(org).check()
    assert len(org.wires[-1].exchanges) == 1


def test_a_field_that_is_misspelt_is_told(org: OrgWorld) -> None:
    [line] = source_of(org, opt_out_fields=["HasOptedOutOfMail"]).check()
    assert "Contact.HasOptedOutOfMail" in line


def test_a_field_that_is_no_checkbox_is_told(org: OrgWorld) -> None:
    [line] = source_of(org, opt_out_fields=["Title"]).check()
    assert line.startswith("Contact.Title is no checkbox")


@pytest.mark.parametrize(
    ("hide", "settings", "says"),
    [
        (
            ["Account.NPS_Opt_Out__c"],
            {},
            r"Account\.NPS_Opt_Out__c \(company_opt_out_field\).*opted out would be asked",
        ),
        (["Account.Active__c"], {}, r"Account\.Active__c \(company_inactive_field\).*Read on it"),
        (["Contact.Inactive__c"], {}, r"Contact\.Inactive__c \(contact_inactive_field\).*Read on it"),
        ([], {"company_opt_out_field": "Active__c"}, r"Account\.Active__c .* is of type picklist and no checkbox"),
        ([], {"contact_inactive_field": "!CreatedDate"}, r"Contact\.CreatedDate .* of type datetime"),
    ],
)
def test_nobody_is_asked_while_a_named_field_cannot_keep_people_out(
    org: OrgWorld, hide: list[str], settings: dict[str, Any], says: str
) -> None:
    org.permit(hide=hide)
    source = source_of(org, **settings)
    with pytest.raises(AuthError, match=says):
        source.check()
    with pytest.raises(AuthError, match=says):
        list(source.pages(org.scope, None))


def test_a_hidden_status_of_campaign_members_is_told(org: OrgWorld) -> None:
    org.permit(hide=["CampaignMember.Status"])
    [line] = source_of(org).check()
    assert "cannot see CampaignMember.Status" in line
    assert "who opted out" in line


def test_record_types_that_were_asked_for_and_are_not_there_are_told() -> None:
    with OrgWorld({"record_types_on_contact": "no"}) as org:
        [line] = source_of(org, company_type_field="RecordTypeId").check()
        assert "Account has no record types" in line or "Account.RecordTypeId" in line


def test_an_api_that_is_switched_off_is_a_matter_of_rights(org: OrgWorld) -> None:
    org.fault("api_disabled")
    with pytest.raises(AuthError, match="API_DISABLED_FOR_ORG"):
        source_of(org).check()


# ---------------------------------------------------------------- segments
def test_segments_are_the_values_of_the_fields_and_the_campaigns(any_org: OrgWorld) -> None:
    source = source_of(any_org)
    names = {facet: [segment.name for segment in source.segments(facet)] for facet in Facet}
    assert {"Decision Maker", "Owner", "Legacy"} <= set(names[Facet.CONTACT_TYPE])
    assert "Customer - Direct" in names[Facet.COMPANY_TYPE]
    assert names[Facet.MARKETING_GROUP] == ["Autumn Webinar", "Newsletter", "NPS 2026"]
    assert sum(source.count(each) for each in source.segments(Facet.CONTACT_TYPE)) <= 250
    members = {each.name: source.count(each) for each in source.segments(Facet.MARKETING_GROUP)}
    assert members["NPS 2026"] == len(any_org.member_ids())
    assert members["Newsletter"] == 50


def test_record_types_are_segments_by_id(org: OrgWorld) -> None:
    source = source_of(org, contact_type_field="RecordTypeId")
    found = {each.name: each for each in source.segments(Facet.CONTACT_TYPE)}
    assert set(found) == {"Business Contact", "Partner Contact"}
    assert sum(source.count(each) for each in found.values()) == 250


def test_an_org_without_record_types_has_no_such_segments() -> None:
    with OrgWorld({"record_types_on_contact": "no"}) as org:
        source = source_of(org, contact_type_field="RecordTypeId")
        assert source.segments(Facet.CONTACT_TYPE) == []
        assert source.check() != []


def test_a_checkbox_has_two_segments(org: OrgWorld) -> None:
    source = source_of(org, contact_type_field="Inactive__c")
    yes, no = sorted(source.segments(Facet.CONTACT_TYPE), key=lambda each: each.id, reverse=True)
    assert (yes.id, yes.name, no.name) == ("true", "Inactive", "not Inactive")
    assert source.count(yes) + source.count(no) == 250


def test_campaigns_that_may_not_be_seen_are_no_segments(org: OrgWorld) -> None:
    org.control("POST", "permit", {"hide": ["Campaign"]})
    assert source_of(org).segments(Facet.MARKETING_GROUP) == []


def test_what_cannot_be_counted_says_so(org: OrgWorld) -> None:
    with pytest.raises(RejectedError, match="no Salesforce id"):
        source_of(org).count(Segment(facet=Facet.MARKETING_GROUP, id="' OR 1", name="x"))


# ---------------------------------------------------------------- catalogues
@pytest.mark.parametrize(
    ("thing", "name"),
    [
        ("boards", "NPS Follow-up"),
        ("priorities", "High"),
        ("sources", "Web"),
        ("statuses of Support", "Escalated"),
        ("types of Support", "Feedback"),
        ("teams of Support", "Customer Success"),
        ("teams", "Customer Success"),
        ("task_statuses", "Completed"),
        ("members", "bob@example.com.sandbox"),
        ("members", "bob@example.com"),
        ("members", "bob"),
        ("custom_fields", "NPS Score"),
        ("custom_fields", "NPS_Score__c"),
        ("company_fields", "NPS Status"),
        ("companies called ACME LTD", "Acme Ltd"),
        ("companies called 0015g00000000G8", "Acme Ltd"),
    ],
)
def test_what_rules_may_name_is_listed(org: OrgWorld, thing: str, name: str) -> None:
    assert name in [each for _, each in source_of(org).catalogue(thing)]


def test_what_is_inactive_or_not_writable_is_not_listed(org: OrgWorld) -> None:
    source = source_of(org)
    assert "Retired" not in [name for _, name in source.catalogue("boards")]
    assert not {"dora", "autoproc"} & {name for _, name in source.catalogue("members")}
    assert "CreatedDate" not in [name for _, name in source.catalogue("custom_fields")]
    assert source.catalogue("companies called ' OR Name != '") == []


def test_a_list_that_is_not_there_names_those_that_are(org: OrgWorld) -> None:
    with pytest.raises(ConfigError, match=r"salesforce has no catalogue 'agreements'; it has boards"):
        source_of(org).catalogue("agreements")


def test_each_catalogue_of_the_spec_is_served(org: OrgWorld) -> None:
    from connector.adapters.salesforce import SPEC

    assert SPEC.catalogues <= set(CATALOGUES)
    for thing in sorted(SPEC.catalogues):
        assert isinstance(source_of(org).catalogue(thing.replace("<board>", "Support")), list)


# ---------------------------------------------------------------- somebody
def test_somebody_is_found_by_any_of_his_addresses_with_the_company(org: OrgWorld) -> None:
    source = source_of(org)
    someone = next(iter(org.labelled("second_email")))
    [(contact, _)] = source.look(someone)
    assert contact.other_emails
    found = {each.id for each, _ in source.look(contact.other_emails[0])}
    assert someone in found
    assert source.look(someone[:15]) == source.look(someone)


def test_nobody_is_nobody(org: OrgWorld) -> None:
    assert source_of(org).look("nobody@example.com") == []
    assert source_of(org).look("0035g00000ZZZZZ") == []


@pytest.mark.parametrize("term", ["0015g00000000G8AAI", "ann", "a' OR Name != '@example.com"])
def test_what_is_no_contact_cannot_be_looked_up(org: OrgWorld, term: str) -> None:
    with pytest.raises(RejectedError, match="cannot be looked up"):
        source_of(org).look(term)


# ---------------------------------------------------------------- owners
def test_owners_of_many_accounts_cost_one_call(org: OrgWorld) -> None:
    companies = sorted(org.company_ids())
    found = list(source_of(org).owners(companies, ["account_manager"]))
    assert len(org.wires[-1].exchanges) == 1
    assert {each.member for each in found} >= {"alice@example.com.sandbox", "bob@example.com.sandbox"}
    dora = [each for each in found if not each.member]
    assert dora
    assert all(each.skipped == ("dora@example.com.sandbox is inactive (account manager)",) for each in dora)


@pytest.mark.parametrize("name", ["bob", "BOB@example.com", "bob@example.com.sandbox", "0055g00000000GAAAY"])
def test_a_member_is_named_by_alias_address_username_or_id(org: OrgWorld, name: str) -> None:
    company = org.someone()[1]
    assert source_of(org).owner(company, [f"member:{name}"]) == ("bob@example.com.sandbox", f"member:{name}")


def test_whoever_cannot_own_is_skipped_with_the_reason(org: OrgWorld) -> None:
    company = org.someone()[1]
    chain = ["territory_manager", "member:dora", "member:nobody", "member:' OR Name != '", "member:bob"]
    [found] = source_of(org).owners([company], chain)
    assert found.step == "member:bob"
    assert found.skipped == (
        "there is no territory manager: Salesforce accounts have none",
        "dora@example.com.sandbox is inactive (member)",
        "there is no member nobody",
        "there is no member ' OR Name != '",
    )


def test_nobodys_company_has_no_manager(org: OrgWorld) -> None:
    assert source_of(org).owner("", ["account_manager"]) is None
    assert source_of(org).owner("0015g00000ZZZZZ", ["account_manager"]) is None


def test_a_user_is_known_by_id_inactive_or_not(org: OrgWorld) -> None:
    owners = Owners(Org(org.settings(), org.context()))
    found = owners.by_id("0055g00000000G9AAI")
    assert found is not None
    assert found.alias == "alice"
    assert owners.by_id("00G5g00000000G8EAI") is None


def test_the_connector_knows_who_it_is(org: OrgWorld) -> None:
    assert Org(org.settings(), org.context()).me == "0055g00000000G8AAI"
