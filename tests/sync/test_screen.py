from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connector.domain import Reason
from connector.sync.screen import Candidate, screen
from connector.sync.settings import Cleaning

from .builders import ACME, ANN, NOW, World, audience, candidate, contact, glance, resolved, screen_all

FULL = resolved(
    company_types=["Managed Clients"],
    marketing_groups=["NPS 2026"],
    exclude={
        "contact_types": ["Former Employee"],
        "company_types": ["Former Client"],
        "marketing_groups": ["Never Ask"],
    },
)
LONG_AGO = NOW - timedelta(days=900)
IN_GROUP = {"groups": frozenset({"20"})}


def cleaning(**written: Any) -> Cleaning:
    return Cleaning.model_validate(written)


@pytest.mark.parametrize(
    ("contact_is", "company_is", "more", "reasons"),
    [
        ({}, {}, {}, []),
        ({"type_ids": ()}, {}, {}, ["outside_contact_type"]),
        ({}, {"type_ids": ("12",)}, {}, ["outside_company_type"]),
        ({}, {}, {"groups": frozenset()}, ["outside_marketing_group"]),
        ({"opted_out": True}, {}, {}, ["opted_out_contact"]),
        ({}, {"opted_out": True}, {}, ["opted_out_company"]),
        ({}, {}, {"group_opt_outs": frozenset({"20"})}, ["opted_out_group"]),
        ({}, {}, {"suppressed": "asked us by phone"}, ["suppressed"]),
        ({"opted_out": None}, {}, {}, ["consent_unknown"]),
        ({"type_ids": ("1", "3")}, {}, {}, ["excluded_contact_type"]),
        ({}, {"type_ids": ("10", "11")}, {}, ["excluded_company_type"]),
        ({}, {}, {"groups": frozenset({"20", "21"})}, ["excluded_marketing_group"]),
        ({}, {}, {"gone": True}, ["gone"]),
        ({}, None, {}, ["company_not_visible"]),
        ({"company_id": None}, None, {}, ["outside_company_type", "no_company"]),
        ({}, {"deleted": True}, {}, ["company_deleted"]),
        ({}, {"inactive": True}, {}, ["company_inactive"]),
        ({}, {"own": True}, {}, ["own_company"]),
        ({}, {"vendor": True}, {}, ["vendor"]),
        ({}, {"lead": True}, {}, ["lead"]),
        ({"inactive": True}, {}, {}, ["contact_inactive"]),
        ({"email": ""}, {}, {}, ["no_address"]),
        ({"email": "ann@example,com"}, {}, {}, ["malformed"]),
        ({"email": "noreply@example.com"}, {}, {}, ["technical_mailbox"]),
        ({"email": "ann@mailinator.com"}, {}, {}, ["disposable"]),
        ({}, {}, {"bounced_at": LONG_AGO}, ["bounced"]),
        ({"undeliverable": "quarantined"}, {}, {}, ["bounced"]),
        ({"undeliverable": "quarantined"}, {}, {"bounced_at": LONG_AGO}, ["bounced"]),
        (
            {"type_ids": ("3",), "opted_out": True, "inactive": True, "email": "", "updated_at": LONG_AGO},
            {"type_ids": ("11",), "opted_out": True, "deleted": True, "vendor": True},
            {"groups": frozenset({"21"}), "suppressed": "x", "group_opt_outs": frozenset({"20"}), "bounced_at": NOW}
            | {"gone": True},
            [
                "outside_contact_type",
                "outside_company_type",
                "outside_marketing_group",
                "opted_out_contact",
                "opted_out_company",
                "opted_out_group",
                "suppressed",
                "excluded_contact_type",
                "excluded_company_type",
                "excluded_marketing_group",
                "gone",
                "company_deleted",
                "vendor",
                "contact_inactive",
                "no_address",
                "bounced",
            ],
        ),
    ],
)
def test_every_reason_that_holds_is_listed_in_the_order_of_the_house(
    contact_is: dict[str, Any], company_is: dict[str, Any] | None, more: dict[str, Any], reasons: list[str]
) -> None:
    company = None if company_is is None else replace(ACME, **company_is)
    world = screen_all([candidate(replace(ANN, **contact_is), company, **(IN_GROUP | more))], of=FULL)
    assert world.reasons() == reasons


def test_findings_say_rule_and_value_seen() -> None:
    gone = candidate(replace(ANN, email=" ann@example,com "), replace(ACME, type_ids=("10", "11")), **IN_GROUP)
    found = screen_all([gone], of=FULL).screened["1"].findings
    assert [(finding.rule, finding.seen) for finding in found] == [
        ("audiences.decision-makers.exclude.company_types", "Former Client"),
        ("built-in", "ann@example,com"),
    ]


def test_what_is_not_built_in_excludes_nobody() -> None:
    strange = [
        candidate(contact("1"), replace(ACME, own=True, vendor=True, lead=True)),
        candidate(contact("2", company_id=None), None),
    ]
    assert screen_all(strange, cleaning=cleaning(built_in=[])).eligible == {"1", "2"}
    assert screen_all(strange, cleaning=cleaning(built_in=["leads"])).reasons("1") == [Reason.LEAD]


@pytest.mark.parametrize("shared", ["person", "address"])
@pytest.mark.parametrize("level", ["contact", "company", "suppressed"])
def test_an_opt_out_of_any_linked_contact_wins(shared: str, level: str) -> None:
    other_company = replace(ACME, id="200", opted_out=level == "company")
    other = contact("9", "Ann Example", "old@example.org", company_id="200", opted_out=level == "contact")
    more: dict[str, Any] = {"suppressed": "by mail" if level == "suppressed" else None}
    if shared == "person":
        more["person_id"] = "p1"
    else:
        other = replace(other, email="ANN+old@example.com")
    world = screen_all([candidate(), candidate(other, other_company, **more)])
    assert world.reasons("1") == [Reason.OPTED_OUT_CONTACT]
    assert world.screened["1"].findings[0].seen == "contact 9 of the same person or address opted out"
    assert world.reasons("9")


@pytest.mark.parametrize(
    ("policy", "alone", "beside_a_person", "notes"),
    [
        ("keep", [], [], []),
        ("keep_if_only", [], ["role_address"], []),
        ("report", [], [], ["role_address"]),
        ("exclude", ["role_address"], ["role_address"], []),
    ],
)
def test_a_role_address_is_kept_by_the_policy(
    policy: str, alone: list[str], beside_a_person: list[str], notes: list[str]
) -> None:
    info = candidate(contact("2", email="info@example.com"))
    chosen = cleaning(role_addresses=policy)
    assert screen_all([info], cleaning=chosen).reasons("2") == alone
    world = screen_all([candidate(), info], cleaning=chosen)
    assert world.reasons("2") == beside_a_person
    assert world.notes("2") == notes
    assert world.reasons("1") == []


def test_an_inactive_persons_address_does_not_make_the_role_address_superfluous() -> None:
    world = screen_all([candidate(replace(ANN, inactive=True)), candidate(contact("2", email="info@example.com"))])
    assert world.eligible == {"2"}


def test_what_only_reports_is_a_note_and_excludes_nobody() -> None:
    bounced = candidate(replace(ANN, updated_at=LONG_AGO), bounced_at=NOW)
    reporting = cleaning(stale={"bounced": "report", "age": {"over": "12 months", "do": "report"}})
    world = screen_all([bounced], cleaning=reporting)
    assert (world.reasons(), world.notes()) == ([], [Reason.BOUNCED, Reason.STALE_AGE])
    excluding = cleaning(stale={"age": {"over": "12 months", "do": "exclude"}})
    assert screen_all([bounced], cleaning=excluding).reasons() == [Reason.BOUNCED, Reason.STALE_AGE]


def test_what_the_crm_says_of_a_dead_address_is_told_in_its_words_and_cut() -> None:
    said = candidate(replace(ANN, undeliverable="550 5.1.1 " + "x" * 5000), bounced_at=NOW)
    [finding] = screen_all([said]).screened[ANN.id].findings
    assert finding.seen.startswith("550 5.1.1 x")
    assert len(finding.seen) == 200
    reporting = cleaning(stale={"bounced": "report"})
    world = screen_all([said], cleaning=reporting)
    assert (world.reasons(), world.notes()) == ([], [Reason.BOUNCED])


def test_our_own_edits_are_no_activity() -> None:
    world = screen_all([candidate(touched_at=LONG_AGO)])
    assert world.notes() == [Reason.STALE_AGE]


def replaced_world(newer: dict[str, Any] | None = None, policy: str = "exclude") -> World:
    old = candidate(replace(ANN, updated_at=NOW - timedelta(days=400)))
    new = candidate(contact("2", "Ann Example", **(newer or {})))
    return screen_all([old, new], cleaning=cleaning(stale={"replaced": policy}))


def test_a_newer_contact_of_the_same_name_and_company_replaces_the_older() -> None:
    world = replaced_world()
    assert world.reasons("1") == [Reason.REPLACED]
    assert world.screened["1"].findings[0].seen == "contact 2, same name and company, changed 2026-10-23"
    assert world.eligible == {"2"}
    reported = replaced_world(policy="report")
    assert reported.eligible == {"1", "2"}
    assert reported.notes("1") == [Reason.REPLACED]


@pytest.mark.parametrize(
    "newer",
    [
        {"updated_at": NOW - timedelta(days=500)},
        {"updated_at": NOW - timedelta(days=400)},
        {"inactive": True},
        {"email": ""},
        {"email": "info@example.com"},
        {"company_id": "200"},
    ],
)
def test_only_a_newer_active_contact_with_an_address_replaces(newer: dict[str, Any]) -> None:
    assert Reason.REPLACED not in replaced_world(newer).reasons("1")


def test_a_newer_contact_that_is_gone_replaces_nobody() -> None:
    old = candidate(replace(ANN, updated_at=NOW - timedelta(days=40)))
    new = candidate(replace(ANN, id="2", email="ann.new@example.com", updated_at=NOW), gone=True)
    world = screen_all([old, new])
    assert world.eligible == {"1"}
    assert world.reasons("2") == [Reason.GONE]


def test_one_person_or_address_has_one_survivor() -> None:
    newest = contact("3", "Ann Example", "ann.example@example.org", company_id="300", updated_at=NOW)
    world = screen_all(
        [
            candidate(),
            candidate(contact("2", "Another Name", "ANN@example.com", company_id="200"), replace(ACME, id="200")),
            candidate(newest, replace(ACME, id="300"), person_id="p1"),
        ]
    )
    assert world.eligible == {"2", "3"}
    assert world.screened["1"].findings[0].seen == "contact 3, same person"


@pytest.mark.parametrize(
    ("one", "other", "survivor"),
    [
        ({}, {}, "1"),
        ({}, {"updated_at": NOW}, "2"),
        ({"inactive": True}, {}, "2"),
        ({"default": True}, {"updated_at": NOW}, "1"),
        ({"company_id": None}, {}, "2"),
    ],
)
def test_the_survivor_is_chosen_by_company_default_update_and_id(
    one: dict[str, Any], other: dict[str, Any], survivor: str
) -> None:
    def made(id: str, more: dict[str, Any]) -> Candidate:
        company = replace(ACME, default_contact_id=id if more.pop("default", False) else None)
        made = contact(id, "", "ann@example.com", **more)
        return candidate(made, company if made.company_id else None)

    twins = [made("1", one), made("2", other)]
    world = screen_all(twins, cleaning=cleaning(built_in=[]))
    assert world.eligible == {survivor}
    (loser,) = {"1", "2"} - {survivor}
    assert world.reasons(loser) in ([Reason.DUPLICATE], [Reason.CONTACT_INACTIVE])


def test_an_ineligible_contact_takes_nobodys_place() -> None:
    world = screen_all(
        [candidate(replace(ANN, updated_at=NOW), bounced_at=NOW), candidate(contact("2", "", "ann@example.com"))]
    )
    assert world.reasons("2") == []


def test_a_held_audience_is_not_screened() -> None:
    held = resolved(contact_types=["Nobody at all"])
    with pytest.raises(ValueError, match=r"is held: audiences\.decision-makers\.contact_types"):
        next(screen([], [], held, Cleaning(), NOW))


def test_plain_text_kinds_are_as_good_as_the_enumeration() -> None:
    info = candidate(contact("2", email="info@example.com"))
    info = info._replace(address=info.address._replace(kind=str(info.address.kind)))  # type: ignore[arg-type]
    looks = [glance(each)._replace(address_kind=str(each.address.kind)) for each in (candidate(), info)]  # type: ignore[arg-type]
    assert screen_all([candidate(), info], glances=looks).reasons("2") == [Reason.ROLE_ADDRESS]
    assert audience().from_ == "psa"
