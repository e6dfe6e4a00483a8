from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.campaigns.caps import cap, cooling_down, lot, lot_key
from connector.campaigns.settings import Caps
from connector.domain import Decision, Finding, Reason

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Seen(NamedTuple):
    contact_id: str
    company_id: str | None = "100"
    last_asked_at: datetime | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    person_id: str | None = None


def decide(seen: list[Seen], *, seed: str = "seed", wave: str = "2026-11", **caps: object) -> dict[str, Decision]:
    decisions = list(cap(seen, Caps.model_validate(caps), NOW, seed, wave))
    assert len(decisions) == len(seen)
    return {decision.contact_id: decision for decision in decisions}


def invited(decisions: dict[str, Decision]) -> set[str]:
    return {contact_id for contact_id, decision in decisions.items() if decision.invited}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.mark.parametrize(
    ("last_asked_at", "cool_down", "waits_until"),
    [
        (ago(10), "90 days", datetime(2027, 2, 10, 9, 0, tzinfo=UTC)),
        (ago(89.999), "90 days", NOW + timedelta(days=0.001)),
        (ago(90), "90 days", None),
        (ago(91), "90 days", None),
        (datetime(2026, 8, 22, 9, 0, 1, tzinfo=UTC), "3 months", datetime(2026, 11, 22, 9, 0, 1, tzinfo=UTC)),
        (datetime(2026, 8, 22, 9, 0, tzinfo=UTC), "3 months", None),
        (None, "90 days", None),
    ],
)
def test_who_was_asked_within_the_cool_down_waits_until_it_ends(
    last_asked_at: datetime | None, cool_down: str, waits_until: datetime | None
) -> None:
    (decision,) = decide([Seen("1", last_asked_at=last_asked_at)], cool_down=cool_down).values()
    if waits_until is None:
        assert decision.invited
    else:
        (finding,) = decision.findings
        assert finding.reason is Reason.ASKED_RECENTLY
        assert finding.eligible_at == waits_until
        assert finding.rule == "caps.cool_down"
        assert last_asked_at is not None
        assert finding.seen == f"asked {last_asked_at:%Y-%m-%d}"


@given(st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes)), st.integers(1, 30))
def test_the_short_cut_agrees_with_the_cool_down_itself(last_asked_at: datetime, months: int) -> None:
    caps = Caps.model_validate({"cool_down": f"{months} months"})
    (decision,) = cap([Seen("1", last_asked_at=last_asked_at)], caps, NOW, "s", "w")
    assert decision.findings == cooling_down(last_asked_at, caps, NOW)


def test_a_company_gives_its_seats_to_those_longest_not_asked() -> None:
    seen = [
        Seen("1", last_asked_at=ago(100)),
        Seen("2", last_asked_at=ago(300)),
        Seen("3"),
        Seen("4", last_asked_at=ago(200)),
        Seen("5", company_id="200", last_asked_at=ago(95)),
        Seen("6", last_asked_at=ago(5)),
    ]
    decisions = decide(seen, per_company=2)
    assert invited(decisions) == {"2", "3", "5"}
    assert decisions["1"].findings[0].reason is decisions["4"].findings[0].reason is Reason.COMPANY_QUOTA
    assert decisions["1"].findings[0].seen == "over 2"
    assert decisions["6"].findings[0].reason is Reason.ASKED_RECENTLY


def test_what_screening_found_is_left_as_it_is_and_takes_no_seat() -> None:
    finding = (Finding(reason=Reason.BOUNCED),)
    note = (Finding(reason=Reason.STALE_AGE),)
    decisions = decide([Seen("1", findings=finding, notes=note, last_asked_at=ago(1)), Seen("2")], per_company=1)
    assert decisions["1"] == Decision(contact_id="1", company_id="100", findings=finding, notes=note)
    assert decisions["2"].invited


def test_contacts_without_a_company_have_no_companys_quota() -> None:
    assert len(invited(decide([Seen(str(number), company_id=None) for number in range(9)], per_company=1))) == 9


def test_the_lot_is_keyed_by_the_seed_and_fair() -> None:
    assert lot(lot_key("seed"), "w|1").hex() == "2803ccdaf28a4d733deb78e525c1c3a3"
    seen = [Seen(str(number)) for number in range(40)]
    draws = [invited(decide(seen, seed=seed, wave=wave)) for seed in ("a", "b") for wave in ("1", "2")]
    assert all(len(draw) == 3 for draw in draws)
    assert len({frozenset(draw) for draw in draws}) > 1
    counts = Counter(each for wave in range(400) for each in invited(decide(seen[:10], wave=str(wave))))
    assert all(80 <= counts[str(number)] <= 160 for number in range(10))


IDS = st.sets(st.integers(0, 99), max_size=12)


@given(IDS, st.integers(0, 99), st.randoms(use_true_random=False), st.integers(1, 4))
def test_a_further_contact_reshuffles_nobody(ids: set[int], further: int, random: object, per_company: int) -> None:
    before = invited(decide([Seen(str(id)) for id in sorted(ids - {further})], per_company=per_company))
    after = invited(decide([Seen(str(id)) for id in sorted(ids | {further}, reverse=True)], per_company=per_company))
    assert after - before <= {str(further)}
    assert len(before - after) <= 1
    assert len(after) == min(per_company, len(ids | {further}))
