"""The pull, over HTTP against the stand-in: what it costs, what it finds, what its cursor holds."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.adapters.connectwise import SPEC
from connector.domain import Facet
from connector.errors import AuthError, RejectedError, UnavailableError
from connector.ports import Answer, Call, Context, Cursor, Page, Scope, Selection, Wire
from tests.vaults import NoVault

from .psa import PsaWorld

AT = datetime(2026, 11, 20, 16, 20, tzinfo=UTC)
DECISION_MAKER, OWNER = "1", "2"
BY_TYPE = Scope(selections=(Selection(include={Facet.CONTACT_TYPE: frozenset({DECISION_MAKER, OWNER})}),))
BY_COMPANY = Scope(selections=(Selection(include={Facet.COMPANY_TYPE: frozenset({"1"})}),))


def pulled(psa: PsaWorld, scope: Scope, cursor: Cursor | None = None, **settings: Any) -> list[Page]:
    port = psa.open(**settings).source
    assert port is not None
    return list(port.pages(scope, json.loads(json.dumps(cursor))))


def calls(psa: PsaWorld) -> Counter[str]:
    """Calls of the last opened session, by path."""
    return Counter(call.path for call, _ in psa.wires[-1].exchanges)


def contact_ids(pages: list[Page]) -> set[str]:
    return {contact.id for page in pages for contact in page.contacts}


def test_a_pull_by_type_brings_those_with_one_of_the_types(psa: PsaWorld) -> None:
    pages = pulled(psa, BY_TYPE)
    contacts = [contact for page in pages for contact in page.contacts]
    assert 0 < len(contacts) < len(psa.contact_ids())
    assert all(set(contact.type_ids) & {DECISION_MAKER, OWNER} for contact in contacts)


def test_any_other_selection_needs_everyone(psa: PsaWorld) -> None:
    mixed = Scope(selections=(*BY_TYPE.selections, *BY_COMPANY.selections))
    assert contact_ids(pulled(psa, mixed)) == psa.contact_ids()


@pytest.mark.parametrize("readings", ["lenient", "strict"])
def test_the_second_pull_costs_one_call_for_contacts_and_one_for_companies(readings: str) -> None:
    with PsaWorld(readings, contacts=200, page_size=100) as psa:
        cursor = pulled(psa, BY_TYPE)[-1].cursor
        psa.control("POST", "clock", {"advance": 600})
        psa.control("POST", "touch", {"contacts": 20})
        pages = pulled(psa, BY_TYPE, cursor)
        assert len(contact_ids(pages)) >= 20
        assert calls(psa) == {"/company/contacts": 1, "/company/companies": 1}


def test_the_first_pull_costs_its_pages_the_statuses_one_count_and_one_look_at_the_times(psa: PsaWorld) -> None:
    pulled(psa, BY_COMPANY)
    assert calls(psa) == {
        "/company/companies/statuses": 1,
        "/company/companies": 1,
        "/company/contacts": 3,
        "/company/contacts/count": 2,
    }


def test_groups_add_their_pages(psa: PsaWorld) -> None:
    cursor = pulled(psa, psa.scope)[-1].cursor
    pulled(psa, psa.scope, cursor)
    assert calls(psa)["/marketing/groups/7/contacts"] == 1
    assert calls(psa)["/marketing/groups/7/companies"] == 1


def test_a_contact_that_lost_its_type_is_seen(psa: PsaWorld) -> None:
    pages = pulled(psa, BY_TYPE)
    someone = next(iter(contact_ids(pages)))
    psa.control("POST", "clock", {"advance": 600})
    psa.edit(f"/company/contacts/{someone}", types=[])
    [contact] = [
        each for page in pulled(psa, BY_TYPE, pages[-1].cursor) for each in page.contacts if each.id == someone
    ]
    assert contact.type_ids == ()


def test_another_scope_starts_anew(psa: PsaWorld) -> None:
    cursor = pulled(psa, BY_TYPE)[-1].cursor
    assert contact_ids(pulled(psa, BY_COMPANY, cursor)) == psa.contact_ids()


def test_a_week_later_everything_is_read_anew(psa: PsaWorld) -> None:
    cursor = pulled(psa, BY_COMPANY)[-1].cursor
    assert contact_ids(pulled(psa, BY_COMPANY, cursor)) != psa.contact_ids()
    old = cursor | {"full_at": "2020-01-01T00:00:00+00:00"}
    assert contact_ids(pulled(psa, BY_COMPANY, old)) == psa.contact_ids()


def test_a_cursor_of_another_version_is_not_read(psa: PsaWorld) -> None:
    cursor = pulled(psa, BY_COMPANY)[-1].cursor | {"version": 99}
    assert contact_ids(pulled(psa, BY_COMPANY, cursor)) == psa.contact_ids()


def test_the_watermark_is_the_tenants_clock_when_the_pull_began(psa: PsaWorld) -> None:
    pages = pulled(psa, BY_COMPANY)
    began = {page.cursor["started"] for page in pages[:-1]}
    assert len(began) == 1
    assert pages[-1].cursor["watermark"] == began.pop()
    assert abs(datetime.fromisoformat(pages[-1].cursor["watermark"]) - datetime.now(UTC)) < timedelta(days=2)


def test_the_watermark_stays_until_everything_is_in(psa: PsaWorld) -> None:
    first = pulled(psa, BY_COMPANY)
    later = pulled(psa, BY_COMPANY, first[-1].cursor | {"full_at": "2020-01-01T00:00:00+00:00"})
    assert {page.cursor["watermark"] for page in later[:-1]} == {first[-1].cursor["watermark"]}


@pytest.mark.parametrize(("readings", "times"), [("lenient", "exact"), ("strict", "day")])
def test_a_server_that_finds_nothing_by_time_is_asked_by_day(readings: str, times: str) -> None:
    with PsaWorld(readings) as psa:
        cursor = pulled(psa, BY_COMPANY)[-1].cursor
        assert cursor["times"] == times
        psa.control("POST", "clock", {"advance": 600})
        someone = psa.someone()[0]
        psa.touch(someone)
        pages = pulled(psa, BY_COMPANY, cursor)
        assert someone in contact_ids(pages)
        assert calls(psa)["/company/contacts"] == 1


def test_an_inactive_company_is_told_by_its_status(psa: PsaWorld) -> None:
    companies = [company for page in pulled(psa, BY_COMPANY) for company in page.companies]
    truth = psa.control("GET", "truth")["contacts"]
    inactive = {str(each["company"]) for each in truth.values() if "company_inactive" in each["labels"]}
    assert inactive <= {company.id for company in companies if company.inactive}
    assert {company.id for company in companies if company.own} == {
        str(each["company"]) for each in truth.values() if "company_own" in each["labels"]
    } or not any("company_own" in each["labels"] for each in truth.values())


def test_a_status_never_seen_is_looked_up(psa: PsaWorld) -> None:
    cursor = pulled(psa, BY_COMPANY)[-1].cursor
    psa.edit("/company/companies/statuses/9", name="Sleeping", inactiveFlag=True)
    company = next(iter(psa.company_ids()))
    psa.control("POST", "clock", {"advance": 600})
    psa.edit(f"/company/companies/{company}", status={"id": 9})
    pages = pulled(psa, BY_COMPANY, cursor)
    assert {each.id: each.inactive for page in pages for each in page.companies}[company]
    assert calls(psa)["/company/companies/statuses"] == 1


def test_a_throttled_pull_goes_on(psa: PsaWorld) -> None:
    psa.fault("429", path="contacts$", seconds=7)
    psa.fault("503html", path="companies$")
    assert contact_ids(pulled(psa, BY_COMPANY)) == psa.contact_ids()


@pytest.mark.parametrize("kind", ["truncate", "reset", "500timeout"])
def test_a_broken_answer_is_asked_for_again(psa: PsaWorld, kind: str) -> None:
    psa.fault(kind, path="contacts$", skip=1)
    assert contact_ids(pulled(psa, BY_COMPANY)) == psa.contact_ids()


@pytest.mark.parametrize("forward_only", ["yes", "no"])
def test_rows_repeated_or_missing_on_a_page_cost_no_other_row(forward_only: str) -> None:
    with PsaWorld({"forward_only_served": forward_only}) as psa:
        psa.fault("duplicate_row", path="contacts$", skip=1)
        psa.fault("missing_row", path="contacts$", skip=1)
        ids = [contact.id for page in pulled(psa, BY_COMPANY) for contact in page.contacts]
        assert len(ids) == len(set(ids)) >= len(psa.contact_ids()) - 1


def test_a_pull_that_stays_broken_resumes_where_it_stopped(psa: PsaWorld) -> None:
    psa.fault("503html", path="contacts$", skip=1, times=5)
    port = psa.open().source
    assert port is not None
    stopped: list[Page] = []
    with pytest.raises(UnavailableError):
        stopped.extend(port.pages(BY_COMPANY, None))  # extend keeps what came before the error
    assert contact_ids(stopped)
    rest = pulled(psa, BY_COMPANY, stopped[-1].cursor)
    assert contact_ids([*stopped, *rest]) == psa.contact_ids()
    assert not contact_ids(stopped) & contact_ids(rest)


def stopped_in_the_group(psa: PsaWorld) -> tuple[Page, Cursor]:
    """A first page of group 7's contacts, after which the pull stopped; and its cursor."""
    for page in pulled(psa, psa.scope, page_size=15):  # few enough pages to read everyone
        if page.memberships:
            assert page.cursor["ranges"]["contacts"] == {"done": True}
            assert not page.finished_groups
            return page, page.cursor
    raise AssertionError("no members in group 7")


def test_a_pull_that_stopped_in_a_group_is_complete_once_the_group_left_the_scope(psa: PsaWorld) -> None:
    _, stopped = stopped_in_the_group(psa)
    [page] = pulled(psa, BY_COMPANY, stopped)
    assert page.complete
    assert (page.contacts, page.companies, page.memberships, page.finished_groups) == ((), (), (), ())
    assert page.cursor["watermark"] == page.cursor["full_at"] == stopped["started"]
    assert (page.cursor["started"], page.cursor["ranges"]) == (None, {})
    assert calls(psa) == {}
    again = pulled(psa, BY_COMPANY, page.cursor)
    assert again[-1].complete
    assert again[-1].cursor["watermark"] >= page.cursor["watermark"]
    assert contact_ids(again) != psa.contact_ids()


def test_a_pull_that_stopped_in_a_group_reads_the_groups_that_are_new_in_scope(psa: PsaWorld) -> None:
    _, stopped = stopped_in_the_group(psa)
    source = psa.open().source
    assert source is not None
    other = next(each.id for each in source.segments(Facet.MARKETING_GROUP) if each.id != "7")
    pages = pulled(psa, Scope(selections=BY_COMPANY.selections, groups=frozenset({other})), stopped)
    assert [group for page in pages for group in page.finished_groups] == [other]
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_group_deleted_while_it_is_read_ends_nothing_and_keeps_its_opt_outs(
    psa: PsaWorld, caplog: pytest.LogCaptureFixture
) -> None:
    _, stopped = stopped_in_the_group(psa)
    psa.control("POST", "edit", {"path": "/marketing/groups/7", "delete": True})
    pages = pulled(psa, psa.scope, stopped)
    assert pages[-1].complete
    assert pages[-1].finished_groups == (), "its known members stay, and with them their opt-outs"
    assert not any(page.memberships for page in pages)
    assert "marketing group 7 was deleted" in caplog.text


def test_members_that_are_not_found_while_the_group_is_there_end_the_pull(psa: PsaWorld) -> None:
    _, stopped = stopped_in_the_group(psa)
    psa.control("POST", "edit", {"path": "/marketing/groups/7", "delete": True})
    settings = psa.settings()
    wire = StillListed(SPEC.wire(settings, lambda: None, NoVault()))
    ports = SPEC.open(settings, Context(connection="psa", wire=wire, now=lambda: AT, sleep=lambda _: None))
    assert ports.source is not None
    with pytest.raises(RejectedError) as caught:
        list(ports.source.pages(psa.scope, stopped))
    assert caught.value.status == 404


class StillListed:
    """A wire to a tenant that goes on naming each group it is asked for."""

    def __init__(self, inner: Wire) -> None:
        self._inner = inner

    def send(self, call: Call) -> Answer:
        if call.path == "/marketing/groups/count":
            return Answer(status=200, body=b'{"count": 1}')
        return self._inner.send(call)


def test_a_wrong_address_is_told(psa: PsaWorld) -> None:
    with pytest.raises(AuthError, match="the site are wrong"):
        pulled(psa, BY_COMPANY, base_url=psa.settings().base_url + "/nothing/apis/3.0")


def test_requests_are_the_same_for_the_same_inputs(psa: PsaWorld) -> None:
    for _ in range(2):
        pulled(psa, psa.scope)
    first, second = ([call for call, _ in wire.exchanges] for wire in psa.wires)
    assert first == second


def test_no_request_holds_credentials(psa: PsaWorld) -> None:
    pulled(psa, psa.scope)
    shown = repr([call for call, _ in psa.wires[-1].exchanges])
    for secret in (psa.settings().private_key, psa.settings().public_key, psa.settings().client_id):
        assert secret.get_secret_value() not in shown


def test_segments_counts_and_catalogues(any_psa: PsaWorld) -> None:
    source = any_psa.open().source
    assert source is not None
    names = {facet: [segment.name for segment in source.segments(facet)] for facet in Facet}
    assert "Decision Maker" in names[Facet.CONTACT_TYPE]
    assert "Managed Client" in names[Facet.COMPANY_TYPE]
    assert "NPS 2026" in names[Facet.MARKETING_GROUP]
    for facet in Facet:
        assert source.count(source.segments(facet)[0]) >= 0
    [decision_makers] = [each for each in source.segments(Facet.CONTACT_TYPE) if each.name == "Decision Maker"]
    pages = pulled(
        any_psa, Scope(selections=(Selection(include={Facet.CONTACT_TYPE: frozenset({decision_makers.id})}),))
    )
    assert source.count(decision_makers) == len(contact_ids(pages))
    assert ("20", "Customer Success") in source.catalogue("boards")
    assert [name for _, name in source.catalogue("statuses of customer success")][:1] == ["Closed"]
    assert "alice" in [name for _, name in source.catalogue("members")]
    assert "dave" not in [name for _, name in source.catalogue("members")]
    assert "NPS Score" in [name for _, name in source.catalogue("custom_fields")]
