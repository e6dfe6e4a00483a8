"""What became of a case, as people and automations leave it."""

from __future__ import annotations

from typing import Any

import pytest

from connector.adapters.salesforce.watch import PREFIX
from connector.domain import Receipt, TicketState, TicketStatus
from connector.errors import AuthError, RejectedError
from connector.ports import TicketWatch
from connector.rules import keys
from connector.sandbox.salesforce.tenant import ALICE, SUCCESS_QUEUE, queue_id, user_id

from .org import OrgWorld
from .writing import KEY, receipt, ticket


def watch(org: OrgWorld) -> TicketWatch:
    port = org.open().watch
    assert port is not None
    return port


def state(org: OrgWorld, got: Receipt) -> TicketStatus:
    [status] = watch(org).states([got])
    return status


def test_an_open_case_tells_owner_account_board_and_key(any_org: OrgWorld) -> None:
    got = receipt(any_org, ticket(any_org, owner=("member:alice",)))
    status = state(any_org, got)
    assert (status.state, status.status, status.key) == (TicketState.OPEN, "New", KEY)
    assert (status.owner, status.owner_mail) == ("alice@example.com.sandbox", "alice@example.com")
    assert (status.board, status.company_id) == ("NPS Follow-up", any_org.someone()[1])
    assert status.opened_at is not None
    assert status.touched_at is None  # nobody but ourselves


CLOSINGS: list[tuple[str, dict[str, Any], TicketState, str]] = [
    ("close", {}, TicketState.CLOSED_BY_PERSON, "bob@example.com.sandbox"),
    ("auto_close", {}, TicketState.CLOSED_AUTOMATICALLY, "autoproc@example.com.sandbox"),
    ("close", {"by": "npsint"}, TicketState.CLOSED_AUTOMATICALLY, "npsint@example.com.sandbox"),
    ("touch", {}, TicketState.OPEN, "bob@example.com.sandbox"),
    ("delete", {}, TicketState.DELETED, "bob@example.com.sandbox"),
]


@pytest.mark.parametrize(("act", "how", "expected", "by"), CLOSINGS)
def test_who_did_it_says_what_it_means(
    org: OrgWorld, act: str, how: dict[str, Any], expected: TicketState, by: str
) -> None:
    got = receipt(org, ticket(org))
    org.technician(act, got.record_id, **how)
    status = state(org, got)
    assert (status.state, status.by) == (expected, by)
    assert (status.closed_at is not None) == ("close" in act)
    assert (status.touched_at is not None) == (by == "bob@example.com.sandbox")


def test_a_merged_case_leads_to_the_one_that_survives(org: OrgWorld) -> None:
    got, other = receipt(org, ticket(org), "nps-1"), receipt(org, ticket(org), "nps-2")
    org.technician("merge", got.record_id, into=other.record_id)
    status = state(org, got)
    assert (status.state, status.merged_into) == (TicketState.MERGED, other.record_id)


def test_a_case_gone_from_the_recycle_bin_is_deleted_while_others_are_seen(org: OrgWorld) -> None:
    owner = ("member:alice",)
    gone, other = receipt(org, ticket(org, owner=owner), "nps-1"), receipt(org, ticket(org, owner=owner), "nps-2")
    org.technician("delete", gone.record_id)
    org.technician("purge", gone.record_id)
    settled = Receipt(key="x", record_id="4711", record_type="ticket")  # by hand, in another system
    states = [status.state for status in watch(org).states([gone, other, settled])]
    assert states == [TicketState.DELETED, TicketState.OPEN, TicketState.DELETED]


def test_a_case_that_one_answer_lacks_is_not_deleted(org: OrgWorld) -> None:
    seen, lacking = receipt(org, ticket(org)), receipt(org, ticket(org), "nps-other")
    for skipped in range(2):
        org.fault("missing_row", path="FROM Case", skip=skipped)
        states = [status.state for status in watch(org).states([seen, lacking])]
        assert states == [TicketState.OPEN, TicketState.OPEN]


def test_without_the_right_to_see_cases_nothing_counts_as_deleted(org: OrgWorld) -> None:
    got = receipt(org, ticket(org))
    org.permit(hide=["Case"])
    assert state(org, got).state is TicketState.NOT_VISIBLE
    with pytest.raises(RejectedError):
        list(watch(org).ours("nps-"))
    port = org.open_with_wrong_credentials().watch
    assert port is not None
    with pytest.raises(AuthError):
        list(port.states([got]))


def test_cases_of_others_do_not_make_ours_that_are_hidden_deleted(org: OrgWorld) -> None:
    got = receipt(org, ticket(org, owner=("member:alice",)))
    other = receipt(org, ticket(org, owner=("member:alice",)), "nps-2")
    mine = receipt(org, ticket(org), "nps-3")
    foreign = receipt(org, ticket(org, owner=("member:alice",)), "nps-4")
    org.edit(foreign.record_id, NPS_Key__c=None)
    org.permit(unshare=[got.record_id, other.record_id])  # View All is gone; our own user's cases stay, and others' too
    states = [status.state for status in watch(org).states([got, other, mine])]
    assert states == [TicketState.NOT_VISIBLE, TicketState.NOT_VISIBLE, TicketState.OPEN]
    org.permit(share=[other.record_id])
    org.technician("delete", got.record_id)
    org.technician("purge", got.record_id)
    assert state(org, got).state is TicketState.DELETED
    org.permit(hide=["Case.NPS_Key__c"])
    assert state(org, got).state is TicketState.NOT_VISIBLE


def test_keys_begin_as_those_of_the_rules_do() -> None:
    assert keys.PREFIX == PREFIX


def test_a_case_that_nobody_was_given_is_nobodys(org: OrgWorld, caplog: pytest.LogCaptureFixture) -> None:
    got = receipt(org, ticket(org, owner=("member:dora",)))
    assert f"case {KEY} is given to nobody" in caplog.text
    status = state(org, got)
    assert (status.owner, status.owner_mail) == ("", "")
    assert status.state is TicketState.OPEN
    caplog.clear()
    receipt(org, ticket(org, owner=("member:dora",), team="Customer Success"), "nps-2")
    receipt(org, ticket(org, owner=("member:dora",)), "nps-3", auto_assign=True)
    assert "given to nobody" not in caplog.text


def test_a_queue_has_no_address_to_remind(org: OrgWorld) -> None:
    got = receipt(org, ticket(org, team="Customer Success"))
    status = state(org, got)
    assert (status.owner, status.owner_mail) == ("Customer Success", "")
    org.technician("assign", got.record_id, owner=user_id(ALICE))
    assert state(org, got).owner_mail == "alice@example.com"
    org.technician("deactivate", user_id(ALICE))
    assert state(org, got).owner_mail == ""
    assert queue_id(SUCCESS_QUEUE).startswith("00G")


def test_ours_are_those_whose_key_begins_so(org: OrgWorld) -> None:
    receipt(org, ticket(org), "nps-1")
    receipt(org, ticket(org), "nps-r-2")
    closed = receipt(org, ticket(org), "nps-3")
    org.close_ticket(closed.record_id)
    assert sorted(status.key for status in watch(org).ours("nps-")) == ["nps-1", "nps-3", "nps-r-2"]
    assert [status.key for status in watch(org).ours("nps-r-")] == ["nps-r-2"]
    assert list(watch(org).ours("n_s-%")) == []


def test_many_cases_are_few_calls(org: OrgWorld) -> None:
    got = [receipt(org, ticket(org, summary=str(n)), f"nps-{n}") for n in range(12)]
    port = watch(org)
    assert len(list(port.states([*got, *got]))) == 12
    assert len(org.wires[-1].calls) <= 5
