"""From the contacts served to the invitations: what each reason took away. The sum is checked, and printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.domain import Decision, Facet, Reason
from connector.errors import ContractError
from connector.sync.audience import ResolvedAudience, words
from connector.sync.funnel_rows import Row, rows

_OUTSIDE = {
    Facet.CONTACT_TYPE: Reason.OUTSIDE_CONTACT_TYPE,
    Facet.COMPANY_TYPE: Reason.OUTSIDE_COMPANY_TYPE,
    Facet.MARKETING_GROUP: Reason.OUTSIDE_MARKETING_GROUP,
}
_OUTSIDE_REASONS = frozenset(_OUTSIDE.values())


@dataclass(slots=True)
class Tally:
    """Counts of decisions by deciding reason, and the few details that are printed. Grows with companies only."""

    reasons: Counter[Reason] = field(default_factory=Counter)
    seen: Counter[tuple[Reason, str]] = field(default_factory=Counter)
    """(an excluded_* reason, the segment names seen; invited_elsewhere, the audience) → contacts"""
    invited: int = 0
    companies: set[str] = field(default_factory=set)
    invited_companies: set[str] = field(default_factory=set)
    next_eligible: datetime | None = None
    malformed_example: str = ""

    def count(self, decisions: Iterable[Decision]) -> Iterator[Decision]:
        """Pass the decisions on unchanged, counting each once; the example does not depend on their order."""
        for decision in decisions:
            self.add(decision)
            yield decision

    def add(self, decision: Decision) -> None:
        """Count one decision."""
        company_id = decision.company_id
        if not decision.findings:
            self.invited += 1
            if company_id is not None:
                self.companies.add(company_id)
                self.invited_companies.add(company_id)
            return
        deciding = decision.findings[0]
        reason = deciding.reason
        self.reasons[reason] += 1
        if reason in _OUTSIDE_REASONS:
            return
        if company_id is not None:
            self.companies.add(company_id)
        if reason in _NAMING_REASONS:
            self.seen[reason, deciding.seen] += 1
        elif reason is Reason.ASKED_RECENTLY:
            at = deciding.eligible_at
            if at is not None and (self.next_eligible is None or at < self.next_eligible):
                self.next_eligible = at
        elif reason is Reason.MALFORMED and (not self.malformed_example or deciding.seen < self.malformed_example):
            self.malformed_example = deciding.seen

    @property
    def excluded(self) -> int:
        return self.reasons.total()


_NAMING_REASONS = frozenset(
    (
        Reason.EXCLUDED_CONTACT_TYPE,
        Reason.EXCLUDED_COMPANY_TYPE,
        Reason.EXCLUDED_MARKETING_GROUP,
        Reason.INVITED_ELSEWHERE,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """What is printed of a plan. `steps` are the contacts served, then those left after each include facet."""

    audience: str
    connection: str
    sentence: str
    pulled: int
    steps: tuple[int, ...]
    contacts: int
    companies: int
    rows: tuple[Row, ...]
    invitations: int
    invited_companies: int

    def check(self) -> None:
        """Raise ContractError unless every contact served is in exactly one number."""
        left = self.contacts - sum(row.count for row in self.rows)
        if left != self.invitations or self.steps[-1] != self.contacts:
            raise ContractError(
                f"nobody disappears: of {self.contacts:,} contacts of audience {self.audience!r} the reasons leave "
                f"{left:,}, but {self.invitations:,} are invited; nothing was sent"
            )

    @property
    def law(self) -> str:
        """The line that states law 1 with its numbers."""
        excluded = self.pulled - self.invitations
        return f"checked: {self.pulled:,} pulled = {excluded:,} excluded + {self.invitations:,} invited"

    def lines(self, *, head: str = "", addresses: bool = False) -> list[str]:
        """The picture an admin sees, `head` at its upper left. No address is in it unless `addresses` asks for it.

        Names come from outside: what a terminal would not print but obey is replaced.
        """
        lines = _heading(head, self)
        lines.append(_line("contacts", f"{self.contacts:,}", f"in {_plural(self.companies, 'company')}"))
        for row in self.rows:
            remark = row.example if addresses and row.example else row.remark
            lines.append(_line(f"  {row.label}", f"-{row.count:,}", f"  {remark}" if remark else ""))
        invited = f"in {_plural(self.invited_companies, 'company')}" if self.invitations else ""
        lines.append(_line("invitations", f"{self.invitations:,}", invited))
        lines.append(self.law)
        return ["".join(letter if letter.isprintable() else "\ufffd" for letter in line) for line in lines]

    def to_json(self, *, addresses: bool = False) -> dict[str, Any]:
        """The same numbers for a machine."""
        return {
            "audience": self.audience,
            "connection": self.connection,
            "sentence": self.sentence,
            "pulled": self.pulled,
            "steps": list(self.steps),
            "contacts": self.contacts,
            "companies": self.companies,
            "rows": [row.to_json(addresses=addresses) for row in self.rows],
            "invitations": self.invitations,
            "invited_companies": self.invited_companies,
            "excluded": self.pulled - self.invitations,
        }


def funnel(
    resolved: ResolvedAudience,
    tally: Tally,
    *,
    pulled: int,
    now: datetime,
    cool_down: str = "90 days",
    per_company: int = 3,
    stale_age: str = "18 months",
) -> Funnel:
    """The funnel of one plan; the last three are the settings' own words. Raises ContractError if it does not add up.

    `pulled` is the number of contacts served to screening, counted apart from the decisions.
    """
    if pulled != tally.invited + tally.excluded:
        raise ContractError(
            f"nobody disappears: {pulled:,} contacts pulled, but {tally.invited:,} invited + {tally.excluded:,} "
            f"excluded = {tally.invited + tally.excluded:,}; nothing was sent"
        )
    left, steps = pulled, [pulled]
    for facet, reason in _OUTSIDE.items():
        left -= tally.reasons[reason]
        if facet in resolved.include:
            steps.append(left)
    if len(steps) > 1 and steps[0] == steps[1]:
        del steps[0]
    result = Funnel(
        audience=resolved.name,
        connection=resolved.connection,
        sentence=words(resolved),
        pulled=pulled,
        steps=tuple(steps),
        contacts=left,
        companies=len(tally.companies),
        rows=rows(
            resolved.name,
            tally.reasons,
            tally.seen,
            cool_down=cool_down,
            per_company=per_company,
            stale_age=stale_age,
            next_eligible=tally.next_eligible,
            malformed_example=tally.malformed_example,
            now=now,
        ),
        invitations=tally.invited,
        invited_companies=len(tally.invited_companies),
    )
    result.check()
    return result


_NUMBERS_END = 59
_RIGHT = 56
_WIDTH = 66


def _line(label: str, number: str, remark: str) -> str:
    return f"{label}{number:>{max(_NUMBERS_END - len(label), len(number) + 1)}} {remark}".rstrip()


def _heading(head: str, funnel: Funnel) -> list[str]:
    """`head` on the left; the audience's sentence on the right, its counts at the right edge."""
    right = [""]
    for word in f"{funnel.audience} on {funnel.connection}: {funnel.sentence}".split(" "):
        if right[-1] and len(right[-1]) + 1 + len(word) > _WIDTH:
            right.append(word)
        else:
            right[-1] = f"{right[-1]} {word}".lstrip()
    counts = f"({' → '.join(f'{step:,}' for step in funnel.steps)})"
    if len(right[-1]) + 2 + len(counts) > _WIDTH:
        right.append("")
    right[-1] += counts.rjust(_WIDTH - len(right[-1]))
    first = f"{head:<{_RIGHT}}" if len(head) < _RIGHT else f"{head}  "
    return [first + right[0], *(" " * _RIGHT + text for text in right[1:])]


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun.removesuffix('y')}ies"
