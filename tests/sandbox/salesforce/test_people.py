"""Who is in the tenant, and what is really true of them."""

from __future__ import annotations

from collections.abc import Callable

from connector.sandbox import people
from connector.sandbox.salesforce import dirt

from .conftest import ANN, Org


def test_contact_zero_is_ann_example_of_acme(org: Org) -> None:
    ann = org.one(f"SELECT Name, Email, Account.Name, Contact_Type__c FROM Contact WHERE Id = '{ANN}'")
    assert (ann["Name"], ann["Email"], ann["Account"]["Name"]) == ("Ann Example", "ann@example.com", "Acme Ltd")
    assert ann["Contact_Type__c"] == "Decision Maker"


def test_the_same_seed_gives_the_same_people_and_another_seed_others(start: Callable[..., Org]) -> None:
    soql = "SELECT Name, Email, SystemModstamp FROM Contact ORDER BY Id"
    worlds = [start(seed=seed).rows(soql) for seed in (7, 7, 8)]
    assert worlds[0] == worlds[1]
    assert [row["Email"] for row in worlds[0]] != [row["Email"] for row in worlds[2]]


def test_healthy_people_of_every_third_index_are_known_to_the_other_crms_too(org: Org) -> None:
    rows = org.rows("SELECT FirstName, LastName, Email FROM Contact ORDER BY Id")
    shared = [i for i in range(200) if people.is_shared(i) and dirt.slot(i).label == "healthy"]
    assert len(shared) > 30
    for index in shared:
        elsewhere = people.human(7, index, "hubspot")
        assert (rows[index]["FirstName"], rows[index]["Email"]) == (elsewhere.first, elsewhere.email)


def test_every_plant_is_present_and_visible(org: Org) -> None:
    told = org.control("truth")
    truth = {label for person in told["contacts"].values() for label in person["labels"]}
    assert truth == told["labels"].keys() - {"duplicate_across_companies"} or truth == told["labels"].keys()
    labelled = {label: [i for i, p in told["contacts"].items() if label in p["labels"]] for label in truth}
    rows = {
        row["Id"]: row
        for row in org.rows(
            "SELECT Id, Email, IsEmailBounced, HasOptedOutOfEmail, Inactive__c, AccountId, Account.Type, "
            "Account.Active__c, Account.NPS_Opt_Out__c, NPS_Opt_Out__c, Secondary_Email__c FROM Contact"
        )
    }
    assert all(rows[i]["Email"] is None for i in labelled["no_email"])
    assert all(rows[i]["IsEmailBounced"] for i in labelled["bounced"])
    assert all(rows[i]["HasOptedOutOfEmail"] for i in labelled["opted_out"])
    assert all(rows[i]["Inactive__c"] for i in labelled["inactive"])
    assert all(rows[i]["AccountId"] is None for i in labelled["no_company"])
    assert all(rows[i]["Account"]["Type"] == "Former Customer" for i in labelled["company_former_client"])
    assert all(rows[i]["Account"]["Active__c"] == "No" for i in labelled["company_inactive"])
    assert all(rows[i]["Account"]["NPS_Opt_Out__c"] for i in labelled["opted_out_company"])
    assert sum(bool(row["IsEmailBounced"]) for row in rows.values()) == len(labelled["bounced"])


def test_values_fit_the_fields_that_hold_them(start: Callable[..., Org]) -> None:
    org = start(contacts=600)
    for name in ("Contact", "Account"):
        described = getattr(org.sf, name).describe()["fields"]
        texts = {f["name"]: f["length"] for f in described if f["type"] in ("string", "email", "phone", "url")}
        for row in org.rows(f"SELECT {', '.join(texts)} FROM {name}"):
            too_long = [field for field, length in texts.items() if len(row[field] or "") > length]
            assert too_long == []


def test_the_truth_of_a_large_world_is_not_told(start: Callable[..., Org]) -> None:
    org = start(contacts=20_001)
    assert org.session.get(f"{org.server.url}/control/truth").status_code == 400
    assert org.count("SELECT COUNT() FROM Contact") == 20_001
