"""What templates can say about one response: every name in `templates.NAMES`, as text fit to stand in ours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.rules.facts import Facts
from connector.rules.templates import names_of
from connector.rules.wording import before, company_answers, day, moment_of, one_line, passage

COMMENT_LIMIT = 10_000
_LINE_LIMIT = 320  # longer than any address, shorter than any nonsense
_JOINED_LIMIT = 1_000


def speech(
    facts: Facts, *, rule_id: str, rule_name: str, due: str = "", due_at: datetime | None = None
) -> dict[str, object]:
    """The names for `templates.render`; empty text where nothing is known."""
    response, contact = facts.response, facts.contact
    first = _line(contact.first_name) if contact else ""
    last = _line(contact.last_name) if contact else ""
    title = _line(contact.title) if contact else ""
    email = _line((contact.email if contact else "") or response.email)
    company = _line(facts.company.name) if facts.company else ""
    types = _joined(facts.contact_types)
    return names_of(
        contact={
            "first_name": first,
            "last_name": last,
            "name": f"{first} {last}".strip() or email,
            "title": title,
            "role": title or types,
            "email": email,
            "phone": _line(contact.phone) if contact else "",
            "types": types,
        },
        company={"name": company, "types": _joined(facts.company_types)},
        response={
            "score": response.score,
            "band": str(response.band),
            "comment": passage(response.comment, COMMENT_LIMIT),
            "date": day(response.responded_at, facts.timezone),
            "campaign": _line(response.campaign),
            "wave": _line(response.wave),
            "channel": _line(response.channel),
        },
        rule={"id": rule_id, "name": rule_name},
        before=before(facts.previous, response.responded_at, facts.timezone),
        company_answers=company_answers(company, facts.tallies),
        due=due,
        due_at=moment_of(due_at) if due_at else "",
    )


def _line(text: str) -> str:
    return one_line(text, _LINE_LIMIT)


def _joined(names: Iterable[str]) -> str:
    return one_line(", ".join(_line(name) for name in sorted(names)), _JOINED_LIMIT)
