"""The `rules:` of the YAML. Error locations are the admin's own path: ("rules", 0, "then", 1, "open_ticket", "due")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from connector.rules.actions import Actions
from connector.rules.conditions import Condition
from connector.rules.shapes import Settings, matching, wrong_at

if TYPE_CHECKING:
    RuleId = str
else:
    RuleId = matching("[a-z0-9-]{1,40}", "is no id; write 1 to 40 of a-z, 0-9 and -")


class Rule(Settings):
    """When a response is like this, do that."""

    id: RuleId = Field(description="stays the same when name or position change")
    name: str = Field(default="", description="what people read; default: the id")
    when: Condition = Field(default_factory=Condition, description="conditions that all hold; left out: every response")
    then: Actions = Field(description="what to do, in this order")

    @property
    def title(self) -> str:
        return self.name or self.id


def _distinct_ids(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    first: dict[str, int] = {}
    for position, rule in enumerate(rules):
        if rule.id in first:
            message = f'rules[{first[rule.id]}] has the id "{rule.id}" too; each rule needs its own'
            raise wrong_at(message, position, "id", given=rule.id)
        first[rule.id] = position
    return rules


Rules = Annotated[tuple[Rule, ...], AfterValidator(_distinct_ids)]
"""All rules, in the order written, ids distinct: the type of the setting `rules`."""
