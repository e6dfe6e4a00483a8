"""The pull over HTTP: both ends of the list, what changed, who is archived or merged, members, and the cursor."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from connector.adapters.hubspot import both_ends, pages
from connector.adapters.hubspot.both_ends import SEARCHED
from connector.domain import Contact, Facet
from connector.errors import AuthError, ContractError, FuseError, RejectedError
from connector.ports import Cursor, Page, Ports, Scope, Selection

from .portal import NPS_LIST, PortalWorld

EVERYONE = Scope(selections=(Selection(include={}),))
BUSY_LIST, NEWS_LIST, EMPTY_LIST = "12", "9", "11"


def pull(ports: Ports, scope: Scope = EVERYONE, cursor: Cursor | None = None) -> list[Page]:
    assert ports.source is not None
    return list(ports.source.pages(scope, cursor))


def contacts(pages: Sequence[Page]) -> dict[str, Contact]:
    return {contact.id: contact for page in pages for contact in page.contacts}


def ids(pages: Sequence[Page]) -> list[str]:
    return sorted((contact.id for page in pages for contact in page.contacts), key=int)


def gone(pages: Sequence[Page]) -> set[str]:
    return {each for page in pages for each in page.gone_contacts}


def merged(pages: Sequence[Page]) -> dict[str, str]:
    return {old: new for page in pages for old, new in page.merged.items()}


def paths(portal: PortalWorld, wire: int = -1) -> list[str]:
    return [call.path.removeprefix("/crm/objects/2026-03/") for call, _ in portal.wires[wire].exchanges]


# ---------------------------------------------------------------- everybody
def test_both_ends_meet_and_give_everybody_once() -> None:
    with PortalWorld("strict", contacts=900, page_size=10) as portal:
        pages = pull(portal.open())
        assert ids(pages) == sorted(portal.contact_ids(), key=int)
        asked = paths(portal)
        assert asked.count("contacts/search") > SEARCHED
        # Each end brought about its part: no row was asked for by both but where they met.
        listed, searched = asked.count("contacts") * 10, asked.count("contacts/search") * 20
        assert listed + searched <= 900 + 15 * 10 + 6 * 20


def test_cursors_are_never_constructed() -> None:
    with PortalWorld("strict", contacts=300, page_size=10) as portal:
        pull(portal.open())
        given: set[str] = set()
        for call, answer in sorted(portal.wires[-1].exchanges, key=lambda pair: pair[0].path):
            after = dict(call.query).get("after")
            assert after is None or after in given
            if call.method == "GET":
                given.add(json.loads(answer.body).get("paging", {}).get("next", {}).get("after"))
            elif call.path.endswith("contacts/search"):
                assert "after" not in json.loads(call.body)


def test_a_portal_of_one_page_is_read_by_one_call_of_each_kind() -> None:
    with PortalWorld(contacts=90, companies=90, page_size=100) as portal:
        pages = pull(portal.open())
        assert ids(pages) == sorted(portal.contact_ids(), key=int)
        assert paths(portal) == ["companies", "contacts"]


def test_where_searches_are_refused_the_list_is_read_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    monkeypatch.setattr(logging.getLogger(both_ends.__name__), "warning", lambda text, *of: heard.append(text % of))
    with PortalWorld(contacts=400, page_size=20) as portal:
        portal.fault("429", path="contacts/search", policy="SECONDLY", times=None)
        assert ids(pull(portal.open())) == sorted(portal.contact_ids(), key=int)
        assert [each for each in heard if "the list is read alone" in each]


@pytest.mark.parametrize("fault", ["empty_list", "missing_row"])
def test_a_search_that_shows_less_than_there_is_takes_nobody_away(fault: str) -> None:
    """An index may lack somebody; but what a list shows is shown, and what the search skipped comes by its count."""
    with PortalWorld(contacts=400, page_size=10) as portal:
        portal.fault(fault, path="contacts/search", skip=2)
        found = set(ids(pull(portal.open())))
        missing = portal.contact_ids() - found
        assert len(missing) <= (1 if fault == "missing_row" else 0)


def test_a_cursor_that_is_not_known_any_more_begins_the_list_anew(any_portal: PortalWorld) -> None:
    first: list[Page] = []
    assert any_portal.open().source is not None
    for page in any_portal.open().source.pages(EVERYONE, None):  # type: ignore[union-attr]
        first.append(page)
        if page.contacts:
            break
    cursor = json.loads(json.dumps(first[-1].cursor))
    assert cursor["ranges"]["contacts"]["after"]
    cursor["ranges"]["contacts"]["after"] = "an old cursor"
    rest = pull(any_portal.open(), EVERYONE, cursor)
    assert sorted(ids(first) + ids(rest), key=int) == sorted(any_portal.contact_ids(), key=int)


def test_other_properties_than_before_are_read_for_everybody(portal: PortalWorld) -> None:
    cursor = pull(portal.open())[-1].cursor
    again = pull(portal.open(contact_type="contact_role"), EVERYONE, cursor)
    assert set(ids(again)) == portal.contact_ids()
    assert again[-1].reconciled is not None


# ---------------------------------------------------------------- what is known of people
def test_evidence_of_people_that_cannot_be_reached() -> None:
    with PortalWorld("strict", contacts=240, page_size=100) as portal:
        found = contacts(pull(portal.open()))
        told = portal.truth()["contacts"]
        for label, begins in (
            ("hard_bounce", "hard bounce: "),
            ("quarantined", "quarantined: "),
            ("bad_address", "bad address"),
        ):
            some = [id_ for id_, each in told.items() if label in each["labels"]]
            assert some
            assert all(found[id_].undeliverable.startswith(begins) for id_ in some)
        healthy = [id_ for id_, each in told.items() if each["labels"] == ["healthy"]]
        assert not any(found[id_].undeliverable for id_ in healthy)
        opted_out = {id_ for id_, each in told.items() if "opted_out" in each["labels"]}
        assert opted_out == {id_ for id_, contact in found.items() if contact.opted_out}
        assert not any(contact.opted_out is None for contact in found.values())


def test_additional_addresses_and_companies_and_types() -> None:
    with PortalWorld(contacts=240, page_size=100) as portal:
        found = contacts(pull(portal.open()))
        for id_, each in portal.truth()["contacts"].items():
            assert found[id_].other_emails == tuple((each["additional"] or "").split(";") if each["additional"] else ())
            assert found[id_].company_id == (str(each["company"]) if each["company"] else None)
            assert found[id_].type_ids == ((each["stage"],) if each["stage"] else ())


def test_consent_that_the_token_may_not_see_is_unknown(portal: PortalWorld) -> None:
    portal.hide("contacts", "hs_email_optout")
    source = portal.open().source
    assert source is not None
    assert {contact.opted_out for contact in contacts(pull(portal.open())).values()} == {None}
    assert any("hs_email_optout" in blind for blind in source.check())


def test_merged_contacts_are_told_with_the_one_that_survives() -> None:
    with PortalWorld("strict", contacts=240, page_size=100) as portal:
        pages = pull(portal.open())
        assert merged(pages) == portal.truth()["merged"] != {}


def test_a_merge_between_two_pulls_is_told_by_the_next() -> None:
    with PortalWorld("strict") as portal:
        cursor = pull(portal.open())[-1].cursor
        primary, other = sorted(portal.contact_ids(), key=int)[5:7]
        portal.technician("merge_records", type="contacts", id=other, into=primary)
        portal.settle()
        pages = pull(portal.open(), EVERYONE, cursor)
        told = portal.truth()["merged"]
        assert merged(pages)[other] == told[other]
        assert told[other] in contacts(pages)


def test_companies_by_associations_where_there_is_no_primary_one() -> None:
    """The consultant has 120 companies: more than a page of associations holds."""
    with PortalWorld("strict", contacts=240, page_size=100) as portal:
        consultant = portal.with_label("consultant")
        told = portal.truth()["contacts"]
        portal.hide("contacts", "associatedcompanyid")
        alone = contacts(pull(portal.open()))
        assert {contact.company_id for contact in alone.values()} == {None}
        found = contacts(pull(portal.open(company_from="associations")))
        assert found[consultant].company_id == str(told[consultant]["company"])
        assert all(
            found[id_].company_id == (str(each["company"]) if each["company"] else None) for id_, each in told.items()
        )
        assert sum("associations/2026-03" in path for path in paths(portal)) <= 4


# ---------------------------------------------------------------- what changed
def test_the_second_pull_costs_what_changed() -> None:
    with PortalWorld(contacts=2000, companies=200, page_size=100) as portal:
        cursor = pull(portal.open())[-1].cursor
        portal.control("POST", "clock", {"advance": 3600})
        portal.control("POST", "touch", {"contacts": 450, "companies": 20})
        portal.settle()
        pages = pull(portal.open(), EVERYONE, cursor)
        assert len(contacts(pages)) == 450
        assert paths(portal) == ["companies/search", *["contacts/search"] * 3, "contacts"]
        assert pages[-1].reconciled is None


def test_what_the_index_learns_late_comes_with_the_next_pull() -> None:
    with PortalWorld({"search_lag": "30s"}) as portal:
        cursor = pull(portal.open())[-1].cursor
        portal.control("POST", "clock", {"advance": 60})
        contact, _ = portal.someone()
        portal.api("PATCH", f"/crm/v3/objects/contacts/{contact}", {"properties": {"jobtitle": "Chief"}})
        early = pull(portal.open(), EVERYONE, cursor)
        assert contacts(early).get(contact, None) is None
        portal.control("POST", "clock", {"advance": 40})
        late = pull(portal.open(), EVERYONE, early[-1].cursor)
        assert contacts(late)[contact].title == "Chief"


def test_archived_contacts_are_told_gone_and_those_of_before_are_not_told_again(any_portal: PortalWorld) -> None:
    first = pull(any_portal.open())
    assert gone(first) == set()  # who was archived before anybody was known is nobody's loss
    any_portal.control("POST", "clock", {"advance": 3600})
    contact, _ = any_portal.someone()
    any_portal.technician("archive", type="contacts", id=contact)
    any_portal.control("POST", "clock", {"advance": 3600})
    second = pull(any_portal.open(), EVERYONE, first[-1].cursor)
    assert gone(second) == {contact}
    any_portal.control("POST", "clock", {"advance": 3600})
    assert gone(pull(any_portal.open(), EVERYONE, second[-1].cursor)) == set()


def test_archived_contacts_that_take_many_calls_are_asked_for_once_a_day(
    any_portal: PortalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = pull(any_portal.open())[-1].cursor
    cursor = pull(any_portal.open(), EVERYONE, cursor)[-1].cursor
    assert paths(any_portal)[-1] == "contacts"
    monkeypatch.setattr(pages, "SWEPT_EACH_TIME", 0)
    someone = any_portal.archive_someone()
    told = pull(any_portal.open(), EVERYONE, cursor)
    assert (gone(told), paths(any_portal)[-1]) == (set(), "contacts/search")
    any_portal.later()
    cursor = told[-1].cursor
    cursor["contacts_swept"] = (datetime.fromisoformat(cursor["contacts_swept"]) - timedelta(days=1)).isoformat()
    late = pull(any_portal.open(), EVERYONE, cursor)
    assert gone(late) == {someone}
    assert "contacts" in paths(any_portal)


def test_a_company_archived_on_the_first_day_is_told_at_its_end(portal: PortalWorld) -> None:
    cursor = pull(portal.open())[-1].cursor
    portal.control("POST", "clock", {"advance": 3600})
    company = portal.someone()[1]
    portal.technician("archive", type="companies", id=company)
    portal.control("POST", "clock", {"advance": 3600})
    cursor = pull(portal.open(), EVERYONE, cursor)[-1].cursor
    cursor["full_at"] = (datetime.fromisoformat(cursor["full_at"]) - timedelta(days=1)).isoformat()
    told = pull(portal.open(), EVERYONE, cursor)
    assert told[-1].reconciled is None
    assert company in {each for page in told for each in page.gone_companies}


def test_everything_is_read_anew_after_a_while_and_says_who_was_erased(portal: PortalWorld) -> None:
    cursor = pull(portal.open())[-1].cursor
    contact, company = portal.someone()
    portal.technician("erase", type="contacts", id=contact)
    portal.technician("archive", type="companies", id=company)
    cursor["full_at"] = cursor["companies_swept"] = "2026-01-01T00:00:00+00:00"
    pages = pull(portal.open(), EVERYONE, cursor)
    assert contact not in contacts(pages)
    assert pages[-1].reconciled is not None
    assert pages[-1].reconciled.coverage.everyone
    assert pages[-1].reconciled.again["watermark"] == cursor["watermark"]
    assert company in {each for page in pages for each in page.gone_companies}


# ---------------------------------------------------------------- lists
def scope_of(*groups: str) -> Scope:
    return Scope(selections=(Selection(include={Facet.MARKETING_GROUP: frozenset(groups)}),), groups=frozenset(groups))


def test_members_come_and_go_without_a_mark_on_the_contact(portal: PortalWorld) -> None:
    first = pull(portal.open(), scope_of(NPS_LIST))
    leaver = sorted(portal.member_ids())[0]
    joiner = sorted(portal.contact_ids() - portal.member_ids())[0]
    portal.technician("leave", list=NPS_LIST, ids=[leaver])
    portal.technician("join", list=NPS_LIST, ids=[joiner])
    second = pull(portal.open(), scope_of(NPS_LIST), first[-1].cursor)
    now = {row.contact_id for page in second for row in page.memberships}
    assert (leaver in now, joiner in now) == (False, True)
    assert now == portal.member_ids()
    assert contacts(second) == {}


def test_members_cost_a_call_for_each_250() -> None:
    with PortalWorld(contacts=1200, companies=10, group_members=1100, page_size=100) as portal:
        pages = pull(portal.open(), scope_of(NPS_LIST))
        assert sum(len(page.memberships) for page in pages) == 1100
        assert [path.endswith("/memberships") for path in paths(portal)].count(True) == 5


def test_a_list_that_is_being_computed_keeps_the_members_it_had(portal: PortalWorld) -> None:
    pages = pull(portal.open(), scope_of(BUSY_LIST, NEWS_LIST))
    assert [group for page in pages for group in page.finished_groups] == [NEWS_LIST]
    assert pages[-1].complete


def test_a_list_that_shows_nobody_keeps_its_members_where_it_counts_some(any_portal: PortalWorld) -> None:
    """As after a lost permission; an audience that excludes the list would invite them all."""
    scope = scope_of(NPS_LIST, EMPTY_LIST)
    first = pull(any_portal.open(), scope)
    assert {group for page in first for group in page.finished_groups} == {NPS_LIST, EMPTY_LIST}
    any_portal.fault("empty_list", path="memberships$", times=None)
    second = pull(any_portal.open(), scope, first[-1].cursor)
    assert [group for page in second for group in page.finished_groups] == [EMPTY_LIST]
    assert second[-1].complete


def test_a_list_that_was_emptied_has_no_members(any_portal: PortalWorld) -> None:
    first = pull(any_portal.open(), scope_of(NPS_LIST))
    any_portal.technician("leave", list=NPS_LIST, ids=sorted(any_portal.member_ids()))
    second = pull(any_portal.open(), scope_of(NPS_LIST), first[-1].cursor)
    assert [group for page in second for group in page.finished_groups] == [NPS_LIST]


def test_a_list_deleted_while_it_is_read_keeps_its_members_and_ends_nothing(portal: PortalWorld) -> None:
    ports = portal.open()
    portal.api("DELETE", f"/crm/v3/lists/{NPS_LIST}")
    pages = pull(ports, scope_of(NPS_LIST, NEWS_LIST))
    assert [group for page in pages for group in page.finished_groups] == [NEWS_LIST]
    assert pages[-1].complete


# ---------------------------------------------------------------- limits
def test_the_days_calls_are_a_fuse_before_they_are_used_up(portal: PortalWorld) -> None:
    portal.control("POST", "settings", {"daily_limit": 1000, "used_today": 960})
    with pytest.raises(FuseError, match="daily_reserve"):
        pull(portal.open(portal="990001"))
    assert len(portal.calls) == 1  # the one that told


def test_a_lost_token_and_a_strange_record_end_the_pull(portal: PortalWorld) -> None:
    portal.fault("auth_lost", skip=2)
    with pytest.raises(AuthError):
        pull(portal.open())
    portal.fault("429", policy="DAILY")
    with pytest.raises(Exception, match="daily") as caught:
        pull(portal.open())
    assert getattr(caught.value, "retry_after", 0) >= 60


@pytest.mark.parametrize("fault", ["503html", "502", "504", "521", "524", "truncate", "423", "unknown_fields"])
def test_reads_are_repeated(fault: str) -> None:
    with PortalWorld(contacts=120) as portal:
        portal.fault(fault, path="contacts", skip=1, times=2)
        assert ids(pull(portal.open())) == sorted(portal.contact_ids(), key=int)


def test_a_portal_that_moves_is_left_alone_for_as_long_as_it_says(portal: PortalWorld) -> None:
    portal.fault("477", seconds=7200)
    with pytest.raises(Exception, match="477") as caught:
        pull(portal.open())
    assert getattr(caught.value, "retry_after", 0) == 7200
    assert len(portal.calls) == 1


def test_an_ended_version_is_told(portal: PortalWorld) -> None:
    portal.control("POST", "settings", {"ended": ["2026-03"]})
    with pytest.raises((RejectedError, ContractError)):
        pull(portal.open())
