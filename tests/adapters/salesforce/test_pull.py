"""The pull, over HTTP against the stand-in: what it costs, what it finds, what its cursor holds."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.pages import visible
from connector.domain import Contact, Facet
from connector.errors import AuthError, RejectedError, UnavailableError
from connector.ports import Cursor, Page, Scope, Selection

from .org import GROUP, OrgWorld

DECISION_MAKER, OWNER = "Decision Maker", "Owner"
BY_TYPE = Scope(selections=(Selection(include={Facet.CONTACT_TYPE: frozenset({DECISION_MAKER, OWNER})}),))
BY_COMPANY = Scope(selections=(Selection(include={Facet.COMPANY_TYPE: frozenset({"Customer - Direct"})}),))


def pulled(org: OrgWorld, scope: Scope, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    source = org.open(**settings).source
    assert source is not None
    return list(source.pages(scope, json.loads(json.dumps(cursor))))


def calls(org: OrgWorld) -> Counter[str]:
    """Calls of the last opened session, by what they ask; locators and ids left out."""
    return Counter("/".join(call.path.split("/")[:3]) for call, _ in org.wires[-1].exchanges)


def contacts(pages: list[Page]) -> dict[str, Contact]:
    return {contact.id: contact for page in pages for contact in page.contacts}


def later(org: OrgWorld, seconds: float = 3600) -> None:
    org.control("POST", "clock", {"advance": seconds})


def test_a_first_pull_costs_its_pages_and_one_look_at_what_there_is(org: OrgWorld) -> None:
    assert set(contacts(pulled(org, BY_COMPANY))) == org.contact_ids()
    assert sum(calls(org).values()) == 1 + 1 + 2  # both objects described; 63 accounts; 250 contacts by 200


def test_the_story_of_a_pull_asks_for_the_types_in_the_same_call(org: OrgWorld) -> None:
    source = org.open().source
    assert source is not None
    for facet in (Facet.CONTACT_TYPE, Facet.COMPANY_TYPE):
        assert source.segments(facet)
    list(source.pages(BY_COMPANY, None))
    assert sum(calls(org).values()) == 4


def test_a_second_pull_costs_one_call_for_contacts_and_one_for_accounts(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    later(org)
    org.control("POST", "touch", {"contacts": 5, "companies": 2})
    pages = pulled(org, BY_COMPANY, cursor)
    assert len(contacts(pages)) == 5
    assert calls(org) == {"/composite": 1, "/queryAll": 2}


def test_groups_add_their_pages(org: OrgWorld) -> None:
    cursor = pulled(org, org.scope)[-1].cursor
    pulled(org, org.scope, cursor)
    assert calls(org) == {"/composite": 1, "/queryAll": 2, "/query": 1}


def test_types_that_every_audience_asks_for_narrow_a_full_pull(org: OrgWorld) -> None:
    pages = pulled(org, BY_TYPE)
    found = contacts(pages)
    assert 0 < len(found) < len(org.contact_ids())
    assert all(set(contact.type_ids) & {DECISION_MAKER, OWNER} for contact in found.values())
    assert pages[-1].reconciled is not None
    assert pages[-1].reconciled.coverage.contact_types == frozenset({DECISION_MAKER, OWNER})
    mixed = Scope(selections=(*BY_TYPE.selections, *BY_COMPANY.selections))
    assert set(contacts(pulled(org, mixed))) == org.contact_ids()


def test_types_of_a_multi_select_narrow_too(org: OrgWorld) -> None:
    everyone = contacts(pulled(org, BY_COMPANY, contact_type_field="Contact_Roles__c"))
    role = next(type_id for contact in everyone.values() for type_id in contact.type_ids)
    scope = Scope(selections=(Selection(include={Facet.CONTACT_TYPE: frozenset({role})}),))
    found = contacts(pulled(org, scope, contact_type_field="Contact_Roles__c"))
    assert set(found) == {id_ for id_, contact in everyone.items() if role in contact.type_ids}


def test_a_contact_that_lost_its_type_is_seen(org: OrgWorld) -> None:
    pages = pulled(org, BY_TYPE)
    someone = next(iter(contacts(pages)))
    later(org)
    org.technician("set", someone, values={"Contact_Type__c": None})
    assert contacts(pulled(org, BY_TYPE, pages[-1].cursor))[someone].type_ids == ()


def test_another_scope_starts_anew(org: OrgWorld) -> None:
    cursor = pulled(org, BY_TYPE)[-1].cursor
    assert set(contacts(pulled(org, BY_COMPANY, cursor))) == org.contact_ids()


def test_a_week_later_everything_is_read_anew(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    assert set(contacts(pulled(org, BY_COMPANY, cursor))) != org.contact_ids()
    old = cursor | {"full_at": "2020-01-01T00:00:00+00:00"}
    assert set(contacts(pulled(org, BY_COMPANY, old))) == org.contact_ids()


def test_a_cursor_of_another_version_is_not_read(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor | {"version": 99}
    assert set(contacts(pulled(org, BY_COMPANY, cursor))) == org.contact_ids()


def test_the_watermark_is_the_orgs_clock_when_the_pull_began_and_moves_at_its_end(org: OrgWorld) -> None:
    later(org, 7200)
    pages = pulled(org, BY_COMPANY)
    began = {page.cursor["started"] for page in pages[:-1]}
    assert len(began) == 1
    assert {page.cursor["watermark"] for page in pages[:-1]} == {None}
    assert pages[-1].cursor["watermark"] == began.pop()
    ahead = datetime.fromisoformat(pages[-1].cursor["watermark"]) - datetime.now(UTC)
    assert ahead > timedelta(minutes=100), "the org's clock, not ours"


@pytest.mark.parametrize("version", ["60.0", "65.0", "67.0"])
def test_each_version_of_the_api_is_spoken(org: OrgWorld, version: str) -> None:
    pages = pulled(org, org.scope, api_version=version)
    assert set(contacts(pages)) == org.contact_ids()
    assert all(f"/v{version}/" in each["path"] for each in org.control("GET", "log") if "/data/" in each["path"])


# ---------------------------------------------------------------- what leaves little trace
def test_a_bounce_is_seen_though_it_is_no_edit(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    someone, _ = org.someone()
    later(org)
    org.technician("bounce", someone)
    found = contacts(pulled(org, BY_COMPANY, cursor))[someone]
    assert found.undeliverable.startswith("bounced on ")
    assert "550 5.1.1" in found.undeliverable


def test_a_row_committed_late_under_an_older_stamp_is_seen(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    someone, _ = org.someone()
    stamp = datetime.fromisoformat(cursor["watermark"]) - timedelta(minutes=5)
    org.edit(someone, Title="Chief of All", SystemModstamp=stamp.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
    assert contacts(pulled(org, BY_COMPANY, cursor))[someone].title == "Chief of All"


@pytest.mark.parametrize("bulk", [False, True])
def test_who_is_deleted_is_told_gone(bulk: bool) -> None:
    with OrgWorld(bulk=bulk) as org:
        cursor = pulled(org, BY_COMPANY)[-1].cursor
        someone, company = org.someone()
        later(org)
        org.technician("delete", someone)
        org.technician("delete", company)
        pages = pulled(org, BY_COMPANY, cursor)
        assert [id_ for page in pages for id_ in page.gone_contacts] == [someone]
        assert [id_ for page in pages for id_ in page.gone_companies] == [company]
        assert someone not in contacts(pages)


@pytest.mark.parametrize("bulk", [False, True])
def test_who_was_merged_is_told_with_the_survivor_at_the_end_of_the_chain(bulk: bool) -> None:
    with OrgWorld(bulk=bulk) as org:
        cursor = pulled(org, BY_COMPANY)[-1].cursor
        first, second, third, *_ = sorted(org.labelled("healthy"))
        for loser, winner in ((first, second), (second, third)):
            later(org)
            org.technician("merge", loser, into=winner)
        pages = pulled(org, BY_COMPANY, cursor)
        told = {old: new for page in pages for old, new in page.merged.items()}
        assert told == {first: third, second: third}
        assert third in contacts(pages)
        assert not {first, second} & {id_ for page in pages for id_ in page.gone_contacts}
        assert pages[-1].cursor["merged"] == {}


def test_a_full_pull_asks_who_was_merged_since_the_last(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    first, second, *_ = sorted(org.labelled("healthy"))
    later(org)
    org.technician("merge", first, into=second)
    pages = pulled(org, BY_COMPANY, cursor | {"full_at": "2020-01-01T00:00:00+00:00"})
    assert {old: new for page in pages for old, new in page.merged.items()} == {first: second}
    assert set(contacts(pages)) == org.contact_ids()
    assert calls(org)["/queryAll"] == 1


def test_what_left_an_emptied_recycle_bin_is_not_shown_by_a_full_pull(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    someone, _ = org.someone()
    org.technician("purge", someone)
    assert not any(page.gone_contacts for page in pulled(org, BY_COMPANY, cursor))
    pages = pulled(org, BY_COMPANY, cursor | {"full_at": "2020-01-01T00:00:00+00:00"})
    assert someone not in contacts(pages)
    assert pages[-1].reconciled is not None
    assert pages[-1].reconciled.coverage.everyone


def test_who_opted_out_of_a_campaign_is_told_whatever_statuses_count(org: OrgWorld) -> None:
    pages = pulled(org, org.scope, member_statuses=["Responded"])
    rows = [row for page in pages for row in page.memberships]
    out = {row.contact_id for row in rows if row.opted_out}
    assert out == set(org.labelled("opted_out_group"))
    assert {row.contact_id for row in rows} < org.member_ids()
    assert len(rows) > len(out)


def test_leads_are_no_members(org: OrgWorld) -> None:
    source = org.open().source
    assert source is not None
    newsletter = next(each.id for each in source.segments(Facet.MARKETING_GROUP) if each.name == "Newsletter")
    pages = pulled(org, Scope(selections=BY_COMPANY.selections, groups=frozenset({newsletter})))
    rows = [row for page in pages for row in page.memberships]
    assert len(rows) == 50
    assert all(row.contact_id for row in rows)


# ---------------------------------------------------------------- field-level security
def test_a_hidden_opt_out_makes_everybodys_consent_unknown_at_once(org: OrgWorld) -> None:
    pages = pulled(org, BY_COMPANY)
    assert {contact.opted_out for contact in contacts(pages).values()} == {True, False}
    org.control("POST", "permit", {"hide": ["Contact.HasOptedOutOfEmail", "Contact.NPS_Opt_Out__c"]})
    again = pulled(org, BY_COMPANY, pages[-1].cursor)
    assert set(contacts(again)) == org.contact_ids(), "all are read anew: what is stored says otherwise"
    assert {contact.opted_out for contact in contacts(again).values()} == {None}
    assert "Contact.HasOptedOutOfEmail" in str(again[-1].told["hidden_fields"])
    org.control("POST", "permit", {"show": ["Contact.HasOptedOutOfEmail", "Contact.NPS_Opt_Out__c"]})
    back = pulled(org, BY_COMPANY, again[-1].cursor)
    assert {contact.opted_out for contact in contacts(back).values()} == {True, False}


def test_contacts_that_may_not_be_seen_at_all_are_no_empty_org(org: OrgWorld) -> None:
    cursor = pulled(org, BY_COMPANY)[-1].cursor
    org.control("POST", "permit", {"hide": ["Contact"]})
    with pytest.raises(AuthError, match="may not see Contact records"):
        pulled(org, BY_COMPANY, cursor)


@pytest.mark.parametrize("hidden", ["CampaignMember.Status", "CampaignMember"])
def test_members_that_may_not_be_seen_end_the_pull_at_once_and_only_where_groups_are_read(
    org: OrgWorld, hidden: str
) -> None:
    org.permit(hide=[hidden])
    with pytest.raises(AuthError, match=hidden):
        pulled(org, org.scope)
    assert calls(org) == {"/composite": 1}
    assert set(contacts(pulled(org, BY_COMPANY))) == org.contact_ids()


def test_pulls_use_one_row_type_however_often_they_look(org: OrgWorld) -> None:
    source = Org(org.settings(), org.context())
    assert [each.row for each in visible(source)] == [each.row for each in visible(source)]


# ---------------------------------------------------------------- when things go wrong
@pytest.mark.parametrize("kind", ["503html", "500", "420", "429", "concurrent_limit", "truncate", "reset", "auth_lost"])
def test_what_passes_is_asked_again(org: OrgWorld, kind: str) -> None:
    org.fault(kind, path="quer", skip=1)
    assert set(contacts(pulled(org, BY_COMPANY))) == org.contact_ids()


def test_a_pull_that_stays_broken_resumes_where_it_stopped(org: OrgWorld) -> None:
    org.fault("503html", path="query/", times=5)
    source = org.open().source
    assert source is not None
    stopped: list[Page] = []
    with pytest.raises(UnavailableError):
        stopped.extend(source.pages(BY_COMPANY, None))  # extend keeps what came before the error
    assert contacts(stopped)
    rest = pulled(org, BY_COMPANY, json.loads(json.dumps(stopped[-1].cursor)))
    assert set(contacts([*stopped, *rest])) == org.contact_ids()
    assert not set(contacts(stopped)) & set(contacts(rest))
    assert calls(org)["/composite"] == 1


@pytest.mark.parametrize("status", ["400", "404"])
def test_a_locator_that_is_not_known_any_more_goes_on_behind_the_last_row(status: str) -> None:
    with OrgWorld({"bad_locator_status": status}, contacts=700) as org:
        org.fault("bad_locator", skip=1)
        pages = pulled(org, BY_COMPANY)
        ids = [contact.id for page in pages for contact in page.contacts]
        assert sorted(ids) == sorted(org.contact_ids())


@pytest.mark.parametrize("kind", ["query_timeout", "query_too_complicated"])
def test_a_query_that_takes_too_long_is_asked_for_in_halves(kind: str) -> None:
    with OrgWorld(contacts=700) as org:
        org.fault(kind, path=r"query\?", skip=1, times=4)
        pages = pulled(org, BY_COMPANY)
        ids = [contact.id for page in pages for contact in page.contacts]
        assert sorted(ids) == sorted(org.contact_ids())
        asked = [dict(call.query)["q"] for call, _ in org.wires[-1].exchanges if call.query]
        assert any("SystemModstamp < " in text for text in asked)
        assert pages[-1].complete


def test_members_that_take_too_long_are_asked_for_in_halves(org: OrgWorld) -> None:
    org.fault("query_timeout", path="FROM CampaignMember", times=2)
    pages = pulled(org, org.scope)
    assert {row.contact_id for page in pages for row in page.memberships} == org.member_ids()
    assert pages[-1].complete
    many = pulled(org, org.scope, bulk_above=0)
    assert "members REST" in str(many[-1].told["read_by"])


def test_windows_are_as_wide_as_the_org_can_bear() -> None:
    with OrgWorld(contacts=2000) as org:
        org.fault("query_timeout", path="FROM Contact", times=None, over=300)
        pages = pulled(org, BY_COMPANY, page_size=2000)
        ids = [contact.id for page in pages for contact in page.contacts]
        assert sorted(ids) == sorted(org.contact_ids())
        assert sum(calls(org).values()) < 120


@pytest.mark.parametrize("cut", [1, 3, 6, 9])
def test_a_pull_that_stopped_between_windows_goes_on_in_them(cut: int) -> None:
    with OrgWorld(contacts=900) as org:
        org.fault("query_timeout", path="FROM Contact", times=None, over=300)
        source = org.open().source
        assert source is not None
        pages = source.pages(BY_COMPANY, None)
        first = list(islice(pages, cut))
        pages.close()  # type: ignore[attr-defined]
        rest = pulled(org, BY_COMPANY, first[-1].cursor)
        ids = [contact.id for page in [*first, *rest] for contact in page.contacts]
        assert sorted(ids) == sorted(org.contact_ids())


def test_a_query_that_takes_too_long_in_the_middle_loses_no_row() -> None:
    with OrgWorld(contacts=700) as org:
        org.fault("query_timeout", path="query/", skip=1)
        pages = pulled(org, BY_COMPANY)
        assert set(contacts(pages)) == org.contact_ids()


def test_a_query_that_always_takes_too_long_ends(org: OrgWorld) -> None:
    org.fault("query_timeout", path=r"query\?", times=None)
    with pytest.raises(UnavailableError, match="takes too long still"):
        pulled(org, BY_COMPANY)
    assert sum(calls(org).values()) < 60


def test_rows_repeated_on_a_page_harm_nobody(org: OrgWorld) -> None:
    org.fault("duplicate_row", skip=1)
    assert set(contacts(pulled(org, BY_COMPANY))) == org.contact_ids()


# ---------------------------------------------------------------- bulk
def test_more_rows_than_the_settings_say_are_read_by_a_job() -> None:
    with OrgWorld() as org:
        pages = pulled(org, BY_COMPANY, bulk_above=200)
        assert sorted(contact.id for page in pages for contact in page.contacts) == sorted(org.contact_ids())
        assert pages[-1].told["read_by"] == "accounts REST, contacts Bulk"
        assert calls(org) == {"/composite": 1, "/query": 2, "/jobs/query": 3}


def test_where_jobs_are_refused_rest_is_read_and_told() -> None:
    with OrgWorld({"bulk_query": "forbidden"}, bulk=True) as org:
        pages = pulled(org, BY_COMPANY)
        assert set(contacts(pages)) == org.contact_ids()
        assert "contacts REST (Bulk refused): " in str(pages[-1].told["read_by"])


def test_a_job_that_fails_is_read_by_rest() -> None:
    with OrgWorld(bulk=True) as org:
        org.fault("job_failed")
        pages = pulled(org, BY_COMPANY)
        assert set(contacts(pages)) == org.contact_ids()
        told = str(pages[-1].told["read_by"])
        assert told.count("REST (Bulk refused): bulk job") == 1, "the one that failed"
        assert told.count(" Bulk") == 1


def test_a_pull_that_stopped_goes_on_with_the_same_job() -> None:
    with OrgWorld(bulk=True) as org:
        org.fault("503html", path="results", times=5, skip=1)
        source = org.open().source
        assert source is not None
        stopped: list[Page] = []
        with pytest.raises(UnavailableError):
            stopped.extend(source.pages(BY_COMPANY, None))
        rest = pulled(org, BY_COMPANY, stopped[-1].cursor)
        assert set(contacts([*stopped, *rest])) == org.contact_ids()
        assert not any(call.path == "/jobs/query" for call, _ in org.wires[-1].exchanges)


def test_results_that_are_not_there_any_more_are_made_anew() -> None:
    with OrgWorld(bulk=True) as org:
        pages = pulled(org, BY_COMPANY)
        cut = next(page for page in pages if page.cursor["ranges"].get("contacts", {}).get("job"))
        state = json.loads(json.dumps(cut.cursor))
        state["ranges"]["contacts"]["job"] = "7505g00000000ZZAAY"
        rest = pulled(org, BY_COMPANY, state)
        assert set(contacts(rest)) == org.contact_ids()
        assert rest[-1].complete


# ---------------------------------------------------------------- as a whole
def test_a_pull_that_stopped_in_a_group_is_complete_once_the_group_left_the_scope(org: OrgWorld) -> None:
    pages = pulled(org, org.scope)
    stopped = next(page.cursor for page in pages if page.cursor["ranges"].get("contacts") == {"done": True})
    [page] = pulled(org, BY_COMPANY, stopped)
    assert page.complete
    assert (page.contacts, page.companies, page.memberships, page.finished_groups) == ((), (), (), ())
    assert page.cursor["watermark"] == stopped["started"]


def test_a_group_that_is_new_in_scope_is_read_whole_though_another_was_begun(org: OrgWorld) -> None:
    pages = pulled(org, org.scope)
    source = org.open().source
    assert source is not None
    both = frozenset({GROUP, next(g.id for g in source.segments(Facet.MARKETING_GROUP) if g.id != GROUP)})
    again = pulled(org, Scope(selections=org.scope.selections, groups=both), pages[-2].cursor)
    assert {group for page in again for group in page.finished_groups} == both


def test_a_group_that_is_no_campaign_is_refused(org: OrgWorld) -> None:
    with pytest.raises(RejectedError, match="no Salesforce id"):
        pulled(org, Scope(selections=(), groups=frozenset({"7' OR Id != '"})))


def test_requests_are_the_same_for_the_same_inputs_in_whatever_order(org: OrgWorld) -> None:
    for _ in range(2):
        pulled(org, org.scope)
    first, second = (
        sorted((call.method, call.path[:12], call.query, call.body) for call, _ in wire.exchanges) for wire in org.wires
    )
    assert first == second


def test_no_request_writes_and_none_holds_credentials(org: OrgWorld) -> None:
    pulled(org, org.scope, bulk_above=0)
    shown = repr([call for call, _ in org.wires[-1].exchanges])
    assert not any(call.writes for call, _ in org.wires[-1].exchanges)
    for secret in (org.settings().consumer_key, org.settings().consumer_secret):
        assert secret is not None
        assert secret.get_secret_value() not in shown
    assert "Bearer" not in shown
