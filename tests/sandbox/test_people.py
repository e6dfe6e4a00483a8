"""The invented people whom several stand-ins know."""

from __future__ import annotations

import requests

from connector.sandbox import connectwise, hubspot, salesforce
from connector.sandbox.people import firm_name, firm_of, human, is_shared, people_of


def test_number_zero_is_ann_of_acme_everywhere() -> None:
    for kind in ("hubspot", "salesforce"):
        ann = human(7, 0, kind)
        assert (ann.first, ann.last, ann.email) == ("Ann", "Example", "ann@example.com")
    assert firm_name(7, firm_of(0)) == "Acme Ltd"


def test_every_third_person_is_known_to_all_by_one_name_and_address_and_nobody_else() -> None:
    for index in range(300):
        same = human(7, index, "hubspot").email == human(7, index, "salesforce").email
        assert same is is_shared(index)
        if same:
            assert human(7, index, "hubspot") == human(7, index, "salesforce")


def test_another_seed_makes_other_people() -> None:
    assert human(7, 3, "hubspot") != human(8, 3, "hubspot")


def test_addresses_are_those_of_the_firm_and_unique() -> None:
    people = [human(7, index, "hubspot") for index in range(1000)]
    assert len({person.email for person in people}) == 1000
    assert all(index in people_of(firm_of(index)) for index in range(1000))
    domains = {firm_of(index): person.email.rpartition("@")[2] for index, person in enumerate(people)}
    assert all(person.email.endswith(f"@{domains[firm_of(index)]}") for index, person in enumerate(people))


def test_the_worlds_share_every_third_person_and_ann_by_the_very_address() -> None:
    """Who is healthy in two worlds and has an index that three divides is there under one address; no other is."""
    with (
        connectwise.serve(contacts=400) as psa,
        hubspot.serve(contacts=400) as portal,
        salesforce.serve(contacts=400) as org,
    ):
        addresses = [_healthy(server.url) for server in (psa, portal, org)]
    shared = {human(7, index, "hubspot").email for index in range(0, 400, 3)}
    assert addresses[0] & addresses[1] & addresses[2] & shared
    for one, other in ((0, 1), (0, 2), (1, 2)):
        both = addresses[one] & addresses[other]
        assert "ann@example.com" in both
        assert both <= shared
        assert len(both) > 20


def _healthy(url: str) -> set[str]:
    found = requests.get(f"{url}/control/truth", timeout=10).json()["contacts"].values()
    addresses = [
        row.get("email") or next(iter(row.get("emails", [])), "") for row in found if "healthy" in row["labels"]
    ]
    return {address for address in addresses if address}
