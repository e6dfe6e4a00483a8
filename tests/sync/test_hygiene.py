from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from connector.sync.hygiene import HygieneFinding, csv_cell, hygiene, usual_domains_of

from .builders import ACME, ANN, NOW, candidate, contact, glance, screen_all


def test_every_problem_is_listed_with_evidence_and_proposal() -> None:
    world = [
        candidate(contact("1", "Ann Example", "ann@example.com")),
        candidate(contact("2", email="bob@example,com")),
        candidate(contact("3", email="")),
        candidate(contact("4", email="info@example.com")),
        candidate(contact("5", "Cyd Third", "ann@example.com", updated_at=NOW - timedelta(days=60))),
        candidate(contact("6", "Ann Example", "annold@example.com", updated_at=NOW - timedelta(days=90))),
        candidate(contact("7", email="dan@gamil.com"), bounced_at=NOW),
        candidate(contact("8", email="eve@elsewhere.example", updated_at=NOW - timedelta(days=999))),
        candidate(contact("9", email="fay@mail.example.com")),
        candidate(replace(contact("91", "Gus Ninth", "gus@example.com"), undeliverable="hard bounce: =no mailbox")),
    ]
    screened = screen_all(world).screened.values()
    usual = usual_domains_of(map(glance, world))
    assert usual == {"100": "example.com"}
    found = sorted(
        hygiene(screened, usual_domains=usual, suspected={"9": "same address as p1"}),
        key=lambda finding: (finding.contact_id, finding.problem),
    )
    assert {finding.company for finding in found} == {"Acme Ltd"}
    assert [(each.contact_id, each.problem, each.seen, each.proposal) for each in found] == [
        ("2", "malformed address", "bob@example,com", "bob@example.com"),
        ("3", "missing address", "", ""),
        ("4", "role address", "info@example.com", ""),
        ("5", "duplicate", "ann@example.com", "keep contact 1"),
        ("5", "suspected same person", "", ""),
        ("6", "replaced", "annold@example.com", "keep contact 1"),
        ("7", "bounced", "dan@gamil.com", ""),
        ("7", "foreign domain", "dan@gamil.com", ""),
        ("7", "mistyped address", "dan@gamil.com", "dan@gmail.com"),
        ("8", "foreign domain", "eve@elsewhere.example", ""),
        ("8", "old", "eve@elsewhere.example", ""),
        ("9", "suspected same person", "", ""),
        ("91", "bounced", "gus@example.com", ""),
    ]
    assert found[-1].evidence == "hard bounce: =no mailbox", "in the CRM's words"
    assert csv_cell(f"={found[-1].evidence}").startswith("'="), "and no formula of a spreadsheet"
    assert found[-3].evidence == "last changed 2024-02-27"


def test_contacts_outside_the_audience_are_listed_only_on_request() -> None:
    outside = screen_all([candidate(replace(ANN, type_ids=(), email=""))]).screened.values()
    assert list(hygiene(outside)) == []
    assert list(hygiene(outside, everybody=True)) == [
        HygieneFinding(contact_id="1", company="Acme Ltd", problem="missing address")
    ]


def test_a_usual_domain_is_clear_and_no_free_mail() -> None:
    def looks(*emails: str) -> dict[str, str]:
        return usual_domains_of(
            glance(candidate(contact(str(number), email=email), ACME)) for number, email in enumerate(emails)
        )

    assert looks("a@x.example", "b@x.example") == {}
    assert looks("a@x.example", "b@x.example", "c@x.example", "d@y.example") == {"100": "x.example"}
    assert looks(*[f"a{number}@{domain}.example" for number in range(3) for domain in "xy"]) == {}
    assert looks("a@gmail.com", "b@gmail.com", "c@gmail.com") == {}


@pytest.mark.parametrize("text", ["=1+1", "+1 555 0100", "-2", "@sum", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_what_would_start_a_formula_is_text(text: str) -> None:
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Ann", "", "a=b", "1-2", "'quoted"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert csv_cell(text) == text
