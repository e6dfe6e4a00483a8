"""On which connections an action of a rule may be written: where it says, else where its rule's answers come from."""

from __future__ import annotations

from collections.abc import Iterable

from connector.config import Config
from connector.rules.actions import Action
from connector.rules.conditions import may_hold_on
from connector.rules.settings import Rule


def written_on(config: Config, rule: Rule, action: Action, connections: Iterable[str]) -> list[str]:
    """Those of the connections an action may be written on, by its `at`, else by the answers the rule may apply to."""
    if action.at:
        return [name for name in connections if name == action.at]
    return answers_of(config, rule, connections)


def answers_of(config: Config, rule: Rule, connections: Iterable[str]) -> list[str]:
    """Those of the connections whose answers the rule may apply to.

    Answers come from the connections that audiences and `answers` name (from all, where they name none), and from those
    that the rule itself names.
    """
    asked = {audience.from_ for audience in config.audiences.values()} | {*config.answers.from_}
    asked |= {config.answers.connection} if config.answers.connection else set()
    named = {*(rule.when.connection or ())}
    return [
        name
        for name in connections
        if (not asked or name in asked | named) and may_hold_on(rule.when, name) is not False
    ]
