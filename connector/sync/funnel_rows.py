"""The rows of a funnel: which reasons stand together, in which words, with which remark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.domain import Reason

HYGIENE = "connector hygiene --csv lists them with proposals"
_PLANNED_FIRST = "who was planned first keeps them"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: how many contacts it took away. `example` carries an address and is shown only when asked for."""

    label: str
    count: int
    reasons: tuple[tuple[Reason, int], ...]
    remark: str = ""
    example: str = ""

    def to_json(self, *, addresses: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = {"label": self.label, "count": self.count, "remark": self.remark}
        found["reasons"] = {str(reason): count for reason, count in self.reasons}
        if addresses and self.example:
            found["example"] = self.example
        return found


def rows(
    audience: str,
    reasons: Counter[Reason],
    seen: Counter[tuple[Reason, str]],
    *,
    cool_down: str,
    per_company: int,
    stale_age: str,
    next_eligible: datetime | None,
    malformed_example: str,
    now: datetime,
) -> tuple[Row, ...]:
    """One row for each group of reasons that decided for somebody. The include facets are no rows.

    The rows' counts are exactly the counts of all deciding reasons but `outside_*`.
    """
    people = "1 person" if per_company == 1 else f"{per_company} people"
    missing = bool(reasons[Reason.NO_ADDRESS])
    found = [
        *_segments(audience, reasons, seen),
        _group(reasons, "gone from the CRM", Reason.GONE, remark="deleted there, or no longer in what is pulled"),
        _group(reasons, "no company", Reason.NO_COMPANY),
        _group(
            reasons,
            "company not visible to this key",
            Reason.COMPANY_NOT_VISIBLE,
            remark="the CRM user lacks a permission",
        ),
        _company(reasons),
        _group(reasons, "contact inactive", Reason.CONTACT_INACTIVE),
        _group(reasons, "no e-mail address", Reason.NO_ADDRESS, remark=HYGIENE),
        _group(
            reasons,
            "address malformed",
            Reason.MALFORMED,
            remark="" if missing else HYGIENE,
            example=f'e.g. "{malformed_example}"' if malformed_example else "",
        ),
        _group(reasons, "technical mailbox", Reason.TECHNICAL_MAILBOX),
        _group(reasons, "throw-away address", Reason.DISPOSABLE),
        _group(reasons, "role address", Reason.ROLE_ADDRESS, remark="cleaning.role_addresses"),
        _parts(
            reasons,
            "opted out",
            (Reason.OPTED_OUT_CONTACT, "as contact"),
            (Reason.OPTED_OUT_COMPANY, "as company"),
            (Reason.OPTED_OUT_GROUP, "by group"),
            (Reason.SUPPRESSED, "here"),
        ),
        _group(reasons, "consent unknown", Reason.CONSENT_UNKNOWN, remark="the CRM does not say yes or no"),
        _parts(
            reasons,
            "stale",
            (Reason.BOUNCED, "bounced"),
            (Reason.REPLACED, "replaced by a newer contact"),
            (Reason.STALE_AGE, f"unchanged for {stale_age}"),
        ),
        _group(reasons, "duplicate of a surviving contact", Reason.DUPLICATE),
        _group(
            reasons,
            f"asked within {cool_down}",
            Reason.ASKED_RECENTLY,
            remark=f"next eligible from {_day(next_eligible, now)}" if next_eligible else "",
        ),
        *_elsewhere(reasons, seen),
        _group(reasons, f"over {people} per company", Reason.COMPANY_QUOTA),
    ]
    return tuple(row for row in found if row.count)


def _group(reasons: Counter[Reason], label: str, reason: Reason, *, remark: str = "", example: str = "") -> Row:
    count = reasons[reason]
    return Row(label=label, count=count, reasons=((reason, count),), remark=remark, example=example)


def _parts(reasons: Counter[Reason], label: str, *parts: tuple[Reason, str]) -> Row:
    """`stale (60 bounced, 13 replaced by a newer contact)`: the parts that have anybody."""
    held = [(reason, word) for reason, word in parts if reasons[reason]]
    return Row(
        label=f"{label} ({', '.join(f'{reasons[reason]:,} {word}' for reason, word in held)})",
        count=sum(reasons[reason] for reason, _ in held),
        reasons=tuple((reason, reasons[reason]) for reason, _ in held),
    )


def _company(reasons: Counter[Reason]) -> Row:
    states = {
        Reason.COMPANY_DELETED: "deleted",
        Reason.COMPANY_INACTIVE: "inactive",
        Reason.OWN_COMPANY: "own",
        Reason.VENDOR: "vendor",
        Reason.LEAD: "lead",
    }
    held = [reason for reason in states if reasons[reason]]
    return Row(
        label=f"company {_or([states[reason] for reason in held])}",
        count=sum(reasons[reason] for reason in held),
        reasons=tuple((reason, reasons[reason]) for reason in held),
    )


def _segments(audience: str, reasons: Counter[Reason], seen: Counter[tuple[Reason, str]]) -> Iterable[Row]:
    """One row for each excluded segment, those that took most first."""
    leads = {
        Reason.EXCLUDED_CONTACT_TYPE: "contact type",
        Reason.EXCLUDED_COMPANY_TYPE: "company type",
        Reason.EXCLUDED_MARKETING_GROUP: "in group",
    }
    remark = f"audiences.{audience}.exclude"
    for reason, lead in leads.items():
        unnamed = reasons[reason]
        named = [(name, count) for (why, name), count in seen.items() if why is reason]
        for name, count in sorted(named, key=lambda pair: (-pair[1], pair[0])):
            unnamed -= count
            yield Row(label=f"{lead} {name}", count=count, reasons=((reason, count),), remark=remark)
        yield Row(label=f"{lead} excluded", count=unnamed, reasons=((reason, unnamed),), remark=remark)


def _elsewhere(reasons: Counter[Reason], seen: Counter[tuple[Reason, str]]) -> Iterable[Row]:
    """One row for each other audience that invites people of this one, those that took most first."""
    reason = Reason.INVITED_ELSEWHERE
    unnamed = reasons[reason]
    named = [(name, count) for (why, name), count in seen.items() if why is reason and name]
    for name, count in sorted(named, key=lambda pair: (-pair[1], pair[0])):
        unnamed -= count
        yield Row(label=f"invited already, by {name}", count=count, reasons=((reason, count),), remark=_PLANNED_FIRST)
    yield Row(
        label="invited already, by another audience", count=unnamed, reasons=((reason, unnamed),), remark=_PLANNED_FIRST
    )


def _day(moment: datetime, now: datetime) -> str:
    """`3 Dec`, with its year where that is not this one; the same in every locale."""
    year = "" if moment.year == now.year else f" {moment.year}"
    return f"{moment.day} {_MONTHS[moment.month - 1]}{year}"


def _or(words: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
