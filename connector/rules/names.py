"""The names in rules that must exist elsewhere: segments, boards, statuses, priorities, members, connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.rules.actions import LOG, Action
from connector.rules.conditions import Condition
from connector.rules.settings import Rule

Path = tuple[str | int, ...]
UNDER_A_BOARD = frozenset(("status", "type", "subtype", "item", "team"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One name. `kind`: contact_type, company_type, marketing_group, member, connection; board, status, type, subtype,
    item, team, priority, source, location of tickets; task_type, task_status.

    `within` is the board of a status, type, subtype, item or team. `path` is where it stands, from "rules" on; a list
    of one has no index in it.
    """

    kind: str
    name: str
    path: Path
    within: str = ""


def referenced_names(rules: Sequence[Rule]) -> list[Reference]:
    """Every name the rules use, in the order written; one used twice is there twice."""
    found: list[Reference] = []
    for number, rule in enumerate(rules):
        found += _in_condition(rule.when, ("rules", number, "when"))
        for position, action in enumerate(rule.then):
            found += names_of_action(action, ("rules", number, "then", position, action.kind))
    return found


def written_at(rules: Sequence[Rule]) -> list[str]:
    """The connections at which actions are written, where one is named; each once, by name."""
    return sorted({action.at for rule in rules for action in rule.then if action.at})


def _in_condition(condition: Condition, path: Path) -> Iterable[Reference]:
    yield from _each("contact_type", condition.contact_type, (*path, "contact_type"))
    yield from _each("company_type", condition.company_type, (*path, "company_type"))
    yield from _each("marketing_group", condition.segment, (*path, "segment"))
    yield from _each("connection", condition.connection, (*path, "connection"))
    for key, parts in (("all", condition.all_), ("any", condition.any_)):
        for position, part in enumerate(parts or ()):
            yield from _in_condition(part, (*path, key, position))
    if condition.not_ is not None:
        yield from _in_condition(condition.not_, (*path, "not"))


def names_of_action(action: Action, path: Path) -> Iterable[Reference]:
    """Those of one action, which stands at this path; the same as among `referenced_names`."""
    if action.at:
        yield Reference(kind="connection", name=action.at, path=(*path, "at"))
    if ticket := action.open_ticket:
        board = ticket.said("board")
        for kind in ("board", "status", "type", "subtype", "item", "team", "priority", "source", "location"):
            if name := ticket.said(kind):
                within = board if kind in UNDER_A_BOARD else ""
                yield Reference(kind=kind, name=name, path=(*path, ticket.word(kind)), within=within)
        yield from _members(ticket.owner, path)
    if task := action.create_task:
        for kind in ("type", "status"):
            if name := getattr(task, kind):
                yield Reference(kind=f"task_{kind}", name=name, path=(*path, kind))
        yield from _members(task.owner, path)
    if action.add_to_group:
        yield Reference(kind="marketing_group", name=action.add_to_group.group, path=(*path, "group"))
    if action.notify and action.notify.via != LOG:
        yield Reference(kind="connection", name=action.notify.via, path=(*path, "via"))


def _members(owner: tuple[str, ...], path: Path) -> Iterable[Reference]:
    for reference in _each("member", owner, (*path, "owner")):
        step, _, member = reference.name.partition(":")
        if step == "member":
            yield Reference(kind="member", name=member, path=reference.path)


def _each(kind: str, names: tuple[str, ...] | None, path: Path) -> Iterable[Reference]:
    for position, name in enumerate(names or ()):
        yield Reference(kind=kind, name=name, path=(*path, position) if names and len(names) > 1 else path)
