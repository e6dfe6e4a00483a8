"""What people and automations do in the CRM itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from .conftest import ANN, Org

OTHER = "0035g00000000G9AAI"


def stamps(org: Org, record_id: str) -> tuple[str, str]:
    row = org.one(f"SELECT LastModifiedDate, SystemModstamp FROM Contact WHERE Id = '{record_id}'")
    return row["LastModifiedDate"], row["SystemModstamp"]


def everything(org: Org, soql: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = org.sf.query_all(soql, include_deleted=True)["records"]
    return records


def test_a_bounce_moves_only_the_system_stamp(org: Org) -> None:
    before = stamps(org, ANN)
    org.control("clock", {"advance": 60})
    org.act("bounce", ANN)
    after = stamps(org, ANN)
    assert (after[0] == before[0], after[1] > before[1]) == (True, True)
    assert org.one(f"SELECT IsEmailBounced FROM Contact WHERE Id = '{ANN}'")["IsEmailBounced"] is True


def test_a_merge_leaves_a_deleted_row_that_names_its_master(org: Org) -> None:
    case = org.sf.Case.create({"Subject": "x", "ContactId": OTHER})["id"]
    org.act("merge", OTHER, into=ANN)
    assert org.count(f"SELECT COUNT() FROM Contact WHERE Id = '{OTHER}'") == 0
    [loser] = everything(
        org, "SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true AND MasterRecordId != null"
    )
    assert (loser["Id"], loser["MasterRecordId"]) == (OTHER, ANN)
    assert org.sf.Case.get(case)["ContactId"] == ANN
    assert org.count(f"SELECT COUNT() FROM CampaignMember WHERE ContactId = '{OTHER}'") == 0


def test_the_recycle_bin_can_be_emptied(org: Org) -> None:
    org.act("delete", OTHER)
    assert len(everything(org, f"SELECT Id FROM Contact WHERE Id = '{OTHER}'")) == 1
    assert org.control("purge", {}) == {"purged": 1}
    assert everything(org, f"SELECT Id FROM Contact WHERE Id = '{OTHER}'") == []
    assert everything(org, "SELECT Id FROM Contact WHERE IsDeleted = true") == []


def test_memberships_go_and_come_with_their_contact(org: Org) -> None:
    soql = f"SELECT COUNT() FROM CampaignMember WHERE ContactId = '{ANN}'"
    before = org.count(soql)
    assert before > 0
    org.act("delete", ANN)
    assert org.count(soql) == 0
    org.act("undelete", ANN)
    assert org.count(soql) == before


def test_a_merge_leaves_one_membership_of_a_campaign(org: Org) -> None:
    for contact in (ANN, OTHER):
        org.act("join", contact, campaign="NPS 2026")
    org.act("merge", OTHER, into=ANN)
    where = "Campaign.Name = 'NPS 2026' AND ContactId"
    assert org.count(f"SELECT COUNT() FROM CampaignMember WHERE {where} = '{ANN}'") == 1
    assert org.count(f"SELECT COUNT() FROM CampaignMember WHERE {where} = '{OTHER}'") == 0


def test_what_was_deleted_can_come_back(org: Org) -> None:
    org.act("delete", OTHER)
    assert org.count("SELECT COUNT() FROM Contact") == 199
    org.act("undelete", OTHER)
    assert org.count("SELECT COUNT() FROM Contact") == 200


def test_updated_and_deleted_tell_the_ids_of_a_window(org: Org) -> None:
    start = datetime.fromisoformat(org.control("clock")["written"]) - timedelta(minutes=5)
    org.control("touch", {"contacts": [ANN]})
    org.act("delete", OTHER)
    end = start + timedelta(minutes=10)
    assert org.sf.Contact.updated(start.astimezone(UTC), end.astimezone(UTC))["ids"] == [ANN]
    gone = org.sf.Contact.deleted(start.astimezone(UTC), end.astimezone(UTC))
    assert [row["id"] for row in gone["deletedRecords"]] == [OTHER]
    short = org.get("sobjects/Contact/updated", start=start.isoformat(), end=start.isoformat())
    assert short.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"


def test_a_row_can_be_committed_late_with_an_older_stamp(org: Org) -> None:
    org.control("touch", {"contacts": [ANN]})
    seen = stamps(org, ANN)[1]
    older = (datetime.fromisoformat(seen) - timedelta(minutes=5)).isoformat()
    org.control("edit", {"id": OTHER, "set": {"Title": "Late", "SystemModstamp": older, "LastModifiedDate": older}})
    assert stamps(org, OTHER)[1] < seen
    assert org.count(f"SELECT COUNT() FROM Contact WHERE SystemModstamp > {seen.replace('+0000', 'Z')}") == 0


def test_a_case_is_closed_by_a_person_or_by_the_automation(org: Org) -> None:
    case = org.sf.Case.create({"Subject": "x"})["id"]
    soql = f"SELECT IsClosed, LastModifiedBy.UserType, LastModifiedBy.Alias FROM Case WHERE Id = '{case}'"
    org.act("close", case, by="carol")
    row = org.one(soql)
    assert (row["IsClosed"], row["LastModifiedBy"]["Alias"]) == (True, "carol")
    org.act("reopen", case)
    assert org.one(soql)["IsClosed"] is False
    org.act("auto_close", case)
    assert org.one(soql)["LastModifiedBy"]["UserType"] == "AutomatedProcess"


def test_a_case_moves_to_another_account_and_owner(org: Org) -> None:
    case = org.sf.Case.create({"Subject": "x", "ContactId": ANN})["id"]
    org.act("move", case, account="0015g00000000G9AAI")
    org.act("assign", case, owner="0055g00000000GAAAY")
    row = org.sf.Case.get(case)
    assert (row["AccountId"], row["ContactId"], row["OwnerId"]) == ("0015g00000000G9AAI", None, "0055g00000000GAAAY")


def test_contacts_join_and_leave_campaigns(org: Org) -> None:
    soql = f"SELECT Status FROM CampaignMember WHERE ContactId = '{ANN}' AND Campaign.Name = 'Autumn Webinar'"
    for row in org.rows(soql):
        assert row
        org.act("leave", ANN, campaign="Autumn Webinar")
    org.act("join", ANN, campaign="Autumn Webinar", status="Attended")
    assert [row["Status"] for row in org.rows(soql)] == ["Attended"]
    org.act("leave", ANN, campaign="Autumn Webinar")
    assert org.rows(soql) == []
