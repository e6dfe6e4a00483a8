"""The people of the tests, and rules written as an admin writes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from connector.domain import Company, Contact, Response
from connector.rules.conditions import Condition
from connector.rules.facts import Facts, Tallies
from connector.rules.settings import Rule, Rules

RULES: TypeAdapter[tuple[Rule, ...]] = TypeAdapter(Rules)
FRIDAY = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)  # 16:20 in Berlin

ANN = Contact(
    connection="psa",
    id="11",
    first_name="Ann",
    last_name="Example",
    title="Decision Maker",
    email="ann@example.com",
    phone="+1 555 0100",
    company_id="7",
    type_ids=("3",),
)
ACME = Company(connection="psa", id="7", name="Acme Ltd", type_ids=("21",))
RESPONSE = Response(
    key="k" * 26,
    connection="psa",
    source="file",
    external_id="1",
    score=3,
    responded_at=FRIDAY,
    received_at=FRIDAY,
    comment="Tickets take days and nobody calls back.",
    contact_id="11",
    company_id="7",
    email="ann@example.com",
    campaign="quarterly",
    wave="2026-11",
    channel="mail",
)
FACTS = Facts(
    response=RESPONSE,
    contact=ANN,
    company=ACME,
    contact_types=frozenset({"Decision Maker", "Owner"}),
    company_types=frozenset({"Managed Client"}),
    groups=frozenset({"NPS 2026"}),
    group_ids=frozenset({"55"}),
    previous=((8, datetime(2026, 8, 12, tzinfo=UTC)), (9, datetime(2026, 5, 3, tzinfo=UTC))),
    tallies=Tallies(asked=5, answered=3, promoters=1, detractors=2),
    timezone="Europe/Berlin",
)


def answered(**changes: Any) -> Facts:
    """The facts, with another response."""
    return replace(FACTS, response=replace(RESPONSE, **changes))


def rules(*written: Any) -> tuple[Rule, ...]:
    return RULES.validate_python(list(written))


def rule(*then: Any, when: Any = None, id: str = "call-back", name: str = "call detractors back") -> Rule:
    return rules({"id": id, "name": name, "when": when or {}, "then": list(then)})[0]


def condition(written: Any) -> Condition:
    return Condition.model_validate(written)


def mistakes(*written: Any) -> list[tuple[tuple[int | str, ...], str]]:
    """Where and what is wrong with rules."""
    try:
        rules(*written)
    except ValidationError as error:
        return [(one["loc"], one["msg"]) for one in error.errors()]
    return []
