"""What holds for any world: nobody disappears, order does not matter, a further contact reshuffles nobody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.campaigns.caps import cap
from connector.campaigns.settings import Caps
from connector.domain import Company, Decision, Reason
from connector.sync import gather
from connector.sync.audience import ResolvedAudience
from connector.sync.funnel import Tally, funnel
from connector.sync.law import IdsDigest, check
from connector.sync.screen import Candidate, screen
from connector.sync.settings import Cleaning

from .builders import ACME, NOW, candidate, contact, glance, resolved


@pytest.fixture(autouse=True, scope="module")
def _crowded_tables() -> Iterator[None]:
    """Tables so small that different values meet in them all the time: it must not matter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "SLOTS", 8)
        yield


COMPANIES: list[Company | None] = [
    ACME,
    replace(ACME, id="101", type_ids=("10", "11")),
    replace(ACME, id="102", opted_out=True),
    replace(ACME, id="103", inactive=True, default_contact_id="4"),
    None,
]
FLAGS = st.sampled_from([False, False, False, True])


@st.composite
def worlds(draw: st.DrawFn) -> list[Candidate]:
    candidates: list[Candidate] = []
    for number in range(draw(st.integers(0, 14))):
        company = draw(st.sampled_from(COMPANIES))
        emails = [
            "ann@example.com",
            "Ann+x@example.com",
            "bob@example.com",
            "info@example.com",
            "",
            "x@",
            f"n{number}@example.com",
        ]
        made = contact(
            str(number),
            draw(st.sampled_from(["Ann Example", "A. Example", "Bob Other", "Cyd Third"])),
            draw(st.sampled_from(emails)),
            company_id=company.id if company else draw(st.sampled_from([None, "999"])),
            type_ids=draw(st.sampled_from([("1",), ("2", "3"), ()])),
            inactive=draw(FLAGS),
            opted_out=draw(st.sampled_from([False, False, False, True, None])),
            updated_at=draw(st.sampled_from([None, NOW, NOW - timedelta(days=5), NOW - timedelta(days=800)])),
        )
        candidates.append(
            candidate(
                made,
                company,
                person_id=draw(st.sampled_from([None, "p1", "p2", f"q{number}"])),
                groups=draw(st.sampled_from([frozenset(), frozenset({"20"}), frozenset({"20", "21"})])),
                group_opt_outs=draw(st.sampled_from([frozenset(), frozenset(), frozenset({"20"})])),
                suppressed=draw(st.sampled_from([None, None, None, "by phone"])),
                bounced_at=draw(st.sampled_from([None, None, None, NOW])),
                last_asked_at=draw(st.sampled_from([None, NOW - timedelta(days=10), NOW - timedelta(days=200)])),
            )
        )
    return candidates


AUDIENCES = st.sampled_from(
    [
        resolved(),
        resolved(marketing_groups=["NPS 2026"], exclude={"company_types": ["Former Client"]}),
        resolved(contact_types=[], company_types=["Managed Clients"], exclude={"marketing_groups": ["Never Ask"]}),
    ]
)
CLEANINGS = st.sampled_from(
    [
        Cleaning(),
        Cleaning.model_validate(
            {
                "role_addresses": "report",
                "stale": {"bounced": "report", "replaced": "report", "age": {"do": "exclude"}},
                "built_in": [],
            }
        ),
    ]
)


def decide(world: list[Candidate], of: ResolvedAudience, cleaning: Cleaning, caps: Caps) -> list[Decision]:
    return list(cap(screen(map(glance, world), world, of, cleaning, NOW), caps, NOW, "seed", "2026-11"))


@settings(deadline=None, max_examples=300)
@given(worlds(), AUDIENCES, CLEANINGS, st.integers(1, 3))
def test_nobody_disappears_and_the_funnel_adds_up(
    world: list[Candidate], of: ResolvedAudience, cleaning: Cleaning, per_company: int
) -> None:
    tally, pulled, invited, excluded = Tally(), IdsDigest(), IdsDigest(), IdsDigest()
    for each in world:
        pulled.add(each.contact.id)
    decisions = decide(world, of, cleaning, Caps(per_company=per_company))
    for decision in tally.count(decisions):
        (invited if decision.invited else excluded).add(decision.contact_id)
        reasons = [finding.reason for finding in decision.findings]
        assert len(reasons) == len(set(reasons))
        order = list(Reason)
        assert reasons == sorted(reasons, key=order.index)
    check(pulled, invited, excluded)
    found = funnel(of, tally, pulled=len(world), now=NOW)
    assert found.contacts - sum(row.count for row in found.rows) == found.invitations == invited.count
    assert found.lines()[-1].startswith(f"checked: {len(world)} pulled = ")


@settings(deadline=None, max_examples=300)
@given(worlds(), AUDIENCES, CLEANINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_streams_changes_no_decision(
    world: list[Candidate], of: ResolvedAudience, cleaning: Cleaning, random: Random
) -> None:
    shuffled = list(world)
    random.shuffle(shuffled)
    caps = Caps(per_company=2)
    one = sorted(decide(world, of, cleaning, caps), key=lambda decision: decision.contact_id)
    other = sorted(decide(shuffled, of, cleaning, caps), key=lambda decision: decision.contact_id)
    assert one == other


@settings(deadline=None, max_examples=300)
@given(worlds(), AUDIENCES, CLEANINGS)
def test_nobody_is_asked_twice_nor_against_an_opt_out(
    world: list[Candidate], of: ResolvedAudience, cleaning: Cleaning
) -> None:
    by_id = {each.contact.id: each for each in world}
    invited = [by_id[decision.contact_id] for decision in decide(world, of, cleaning, Caps()) if decision.invited]
    persons = [each.person_id for each in invited if each.person_id]
    addresses = [each.address.key for each in invited]
    assert len(persons) == len(set(persons))
    assert len(addresses) == len(set(addresses))
    against = [each for each in world if glance(each).opted_out]
    assert not {each.person_id for each in against if each.person_id} & set(persons)
    assert not {each.address.key for each in against if each.address.key} & set(addresses)
    assert all(each.contact.opted_out is False and each.address.key for each in invited)


@settings(deadline=None, max_examples=200)
@given(worlds(), AUDIENCES)
def test_a_smaller_quota_invites_a_subset(world: list[Candidate], of: ResolvedAudience) -> None:
    by_quota = [
        {each.contact_id for each in decide(world, of, Cleaning(), Caps(per_company=quota)) if each.invited}
        for quota in (1, 2, 3)
    ]
    assert by_quota[0] <= by_quota[1] <= by_quota[2]
