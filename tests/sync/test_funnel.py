from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from connector.domain import Decision, Finding, Reason
from connector.errors import ContractError
from connector.sync.funnel import Funnel, Tally, funnel

from .builders import NOW, resolved

PICTURE = """\
contacts                                              1,204 in 311 companies
  company type Former Client                            -37   audiences.decision-makers.exclude
  company deleted, inactive, own or vendor              -12
  contact inactive                                      -88
  no e-mail address                                     -41   connector hygiene --csv lists them with proposals
  address malformed                                      -6   e.g. "ann@example,com"
  opted out (9 as contact, 2 as company, 4 by group)    -15
  stale (60 bounced, 13 replaced by a newer contact)    -73
  duplicate of a surviving contact                      -29
  asked within 90 days                                 -402   next eligible from 3 Dec
  over 3 people per company                            -240
invitations                                             261 in 207 companies
checked: 1,650 pulled = 1,389 excluded + 261 invited
"""
HEAD = [
    "PREVIEW: nothing is sent or written                     "
    "decision-makers on psa: contacts that are Decision Maker or Owner,",
    "                                                        "
    "at Managed Clients, in group NPS 2026      (1,650 → 1,391 → 1,204)",
]
NUMBERS = {
    Reason.OUTSIDE_COMPANY_TYPE: 259,
    Reason.OUTSIDE_MARKETING_GROUP: 187,
    Reason.EXCLUDED_COMPANY_TYPE: 37,
    Reason.COMPANY_DELETED: 3,
    Reason.COMPANY_INACTIVE: 5,
    Reason.OWN_COMPANY: 2,
    Reason.VENDOR: 2,
    Reason.CONTACT_INACTIVE: 88,
    Reason.NO_ADDRESS: 41,
    Reason.MALFORMED: 6,
    Reason.OPTED_OUT_CONTACT: 9,
    Reason.OPTED_OUT_COMPANY: 2,
    Reason.OPTED_OUT_GROUP: 4,
    Reason.BOUNCED: 60,
    Reason.REPLACED: 13,
    Reason.DUPLICATE: 29,
    Reason.ASKED_RECENTLY: 402,
    Reason.COMPANY_QUOTA: 240,
}
SEEN = {Reason.EXCLUDED_COMPANY_TYPE: "Former Client", Reason.MALFORMED: "ann@example,com"}
AUDIENCE = resolved(company_types=["Managed Clients"], marketing_groups=["NPS 2026"])


def tally_of(numbers: dict[Reason, int], invited: int, companies: int, invited_companies: int) -> Tally:
    """Count decisions made up to these numbers, spread over so many companies."""
    tally = Tally()
    made = 0
    for reason, count in numbers.items():
        at = datetime(2026, 12, 3, 8, 0, tzinfo=UTC) if reason is Reason.ASKED_RECENTLY else None
        finding = Finding(reason=reason, seen=SEEN.get(reason, ""), eligible_at=at)
        for _ in range(count):
            made += 1
            outside = reason in (Reason.OUTSIDE_COMPANY_TYPE, Reason.OUTSIDE_MARKETING_GROUP)
            company = f"outside {made}" if outside else str(made % companies)
            tally.add(Decision(contact_id=str(made), company_id=company, findings=(finding,)))
    for number in range(invited):
        tally.add(Decision(contact_id=f"i{number}", company_id=str(number % invited_companies)))
    return tally


def picture() -> Funnel:
    return funnel(AUDIENCE, tally_of(NUMBERS, 261, 311, 207), pulled=1650, now=NOW)


def test_the_picture_of_the_design_is_printed_for_its_numbers() -> None:
    lines = picture().lines(head="PREVIEW: nothing is sent or written", addresses=True)
    assert lines == HEAD + PICTURE.splitlines()


def test_no_address_is_printed_unless_asked_for() -> None:
    assert "ann@example,com" not in "\n".join(picture().lines())
    assert "ann@example,com" not in str(picture().to_json())
    assert "ann@example,com" in str(picture().to_json(addresses=True))


def test_the_numbers_are_there_for_machines() -> None:
    found = picture().to_json()
    assert (found["pulled"], found["excluded"], found["invitations"]) == (1650, 1389, 261)
    assert found["steps"] == [1650, 1391, 1204]
    assert found["rows"][0] == {
        "label": "company type Former Client",
        "count": 37,
        "remark": "audiences.decision-makers.exclude",
        "reasons": {"excluded_company_type": 37},
    }


def test_every_reason_is_in_some_row_or_step() -> None:
    numbers = dict.fromkeys(Reason, 1)
    found = funnel(AUDIENCE, tally_of(numbers, 2, 3, 1), pulled=len(Reason) + 2, now=NOW)
    counted = Counter({reason: count for row in found.rows for reason, count in row.reasons})
    assert {reason for reason in Reason if not reason.startswith("outside_")} == set(counted)
    assert found.steps == (len(Reason) + 2, len(Reason) + 1, len(Reason), len(Reason) - 1)
    assert any("1 here)" in line for line in found.lines())


def test_a_contact_that_is_nowhere_stops_everything() -> None:
    with pytest.raises(ContractError, match=r"nobody disappears: 5 contacts pulled, but 1 invited \+ 3 excluded = 4"):
        funnel(AUDIENCE, tally_of({Reason.BOUNCED: 3}, 1, 1, 1), pulled=5, now=NOW)
    with pytest.raises(ContractError, match=r"of 1,204 contacts .* the reasons leave 261, but 260 are invited"):
        replace(picture(), invitations=260).check()


def test_small_and_empty_worlds_read_well() -> None:
    nobody = funnel(AUDIENCE, Tally(), pulled=0, now=NOW)
    assert nobody.lines()[-3:] == [
        "contacts                                                  0 in 0 companies",
        "invitations                                               0",
        "checked: 0 pulled = 0 excluded + 0 invited",
    ]
    one = funnel(AUDIENCE, tally_of({Reason.COMPANY_QUOTA: 1}, 1, 1, 1), pulled=2, now=NOW, per_company=1)
    assert one.lines()[-4:-1] == [
        "contacts                                                  2 in 1 company",
        "  over 1 person per company                              -1",
        "invitations                                               1 in 1 company",
    ]


def test_what_a_terminal_would_obey_is_replaced() -> None:
    tally = Tally()
    finding = Finding(reason=Reason.EXCLUDED_COMPANY_TYPE, seen="Former\x1b[2J")
    tally.add(Decision(contact_id="1", findings=(finding,)))
    assert "company type Former\ufffd[2J" in "\n".join(funnel(AUDIENCE, tally, pulled=1, now=NOW).lines())
