"""Does each name that an action writes exist on each connection the action may be written on? With several CRMs, one
that is there on one of them would be refused by the others, answer by answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from connector import registry
from connector.config import Config
from connector.config.nearest import hint, nearest
from connector.jobs.written_on import written_on
from connector.rules.actions import TICKET_OPTIONS, Action
from connector.rules.names import Path, Reference, names_of_action
from connector.rules.settings import Rule

FIELDS = {"contact": "custom_fields", "company": "company_fields"}
_FACETS = ("contact_type", "company_type", "marketing_group")
_KEYS = {"contact_type": "contact_type", "company_type": "company_type", "marketing_group": "segment"}
Wrong = tuple[Path, str]


class Lists(Protocol):
    """What a connection has, asked for live."""

    def names(self, kind: str, within: str = "") -> list[str] | None:
        """The valid names of a kind of reference; None where that cannot be asked, or there is no such list."""


def of_actions(config: Config, opened: Mapping[str, Lists]) -> Iterator[tuple[Reference, list[Wrong]]]:
    """Every name of an action, with what is wrong with it."""
    for rule, action, path in _actions(config):
        on = reached(config, rule, action, opened)
        owners = [each for each in names_of_action(action, path) if each.kind == "member"]
        for reference in names_of_action(action, path):
            if reference.kind == "connection":
                continue
            lists = {
                name: opened[name].names(reference.kind, reference.within) for name in _heeding(config, on, reference)
            }
            several = len(opened) > 1
            if reference.kind == "member":
                yield reference, list(_member(reference, owners, lists, several))
                continue
            wrong = list(lacking(reference, lists, reference.kind.replace("_", " "), several))
            if action.add_to_group is not None:
                wrong += _filled_by_itself(config, reference, lists, opened)
            yield reference, wrong


def of_fields(config: Config, opened: Mapping[str, Lists]) -> Iterator[tuple[Reference, list[Wrong]]]:
    """The fields that set_field names must be there, for it is refused otherwise."""
    for rule, action, path in _actions(config):
        for key in ("field", "responded_at") if action.set_field is not None else ():
            assert action.set_field is not None
            if caption := getattr(action.set_field, key):
                kind, what = FIELDS[action.set_field.on], f"custom field of {action.set_field.on}"
                field = Reference(kind=kind, name=caption, path=(*path, key))
                lists = {name: opened[name].names(kind) for name in reached(config, rule, action, opened)}
                where = next((name for name, found in lists.items() if not _among(caption, found)), "")
                remedy = f"connector setup {where} says how to get it"
                wrong = lacking(field, lists, what, len(opened) > 1)
                yield field, [(steps, f"{message}; {remedy}") for steps, message in wrong]


def of_the_rehearsal(config: Config, board: Reference, opened: Mapping[str, Lists]) -> list[Wrong] | None:
    """The test board must be on each of several connections on which tickets are opened; None where they are not
    several."""
    on = {
        name
        for rule, action, _ in _actions(config)
        if action.open_ticket
        for name in reached(config, rule, action, opened)
    }
    lists = {name: opened[name].names("board") for name in _heeding(config, sorted(on), board)}
    if len(lists) < 2:
        return None
    needed = " and ".join(lists)
    return [
        (
            board.path,
            f'{name}, on which rules open tickets, has no board "{board.name}"; {hint(board.name, found)}; create one '
            f"so named there, or name one that is on {needed}",
        )
        for name, found in lists.items()
        if found is not None and not _among(board.name, found)
    ]


def captions(config: Config, opened: Mapping[str, Lists]) -> Iterator[tuple[str, str, Path, str]]:
    """Of each field for answers that is not there: connection, caption, where it stands, the nearest there or empty."""
    for rule, action, path in _actions(config):
        if action.record_response is None:
            continue
        wanted = {key: caption for key, caption in action.record_response.fields if caption}
        for name in reached(config, rule, action, opened):
            present = opened[name].names("custom_fields")
            for key, caption in wanted.items() if present is not None else ():
                if not _among(caption, present):
                    others = {_fold(other) for other in wanted.values()}
                    near = nearest(caption, [each for each in present or () if _fold(each) not in others])
                    yield name, caption, (*path, "fields", key), near or ""


def lacking(reference: Reference, lists: Mapping[str, list[str] | None], what: str, several: bool) -> Iterator[Wrong]:
    """What is wrong with a name that must be on each of these connections; a list that cannot be seen says nothing.
    `several`: there are others, so the connection is named."""
    seen = {name: found for name, found in lists.items() if found is not None}
    place = f' of board "{reference.within}"' if reference.within else ""
    having = [name for name, found in seen.items() if _among(reference.name, found)]
    for name, found in seen.items():
        if name not in having:
            who = name if several else "the CRM"
            message = f'{who} has no {what} "{reference.name}"{place}; {hint(reference.name, found)}'
            yield reference.path, f"{message}{_apart(having)}"


def reached(config: Config, rule: Rule, action: Action, opened: Mapping[str, Lists]) -> list[str]:
    """The connections an action may be written on, as far as they take it, and their types and groups let the rule
    hold for an answer."""
    on = written_on(config, rule, action, opened)
    on = [name for name in on if action.kind in registry.spec(config.connections[name].kind).changes]
    return on if action.at else [name for name in on if _holds(rule, opened[name])] or on


def _holds(rule: Rule, lists: Lists) -> bool:
    for facet in _FACETS:
        written = getattr(rule.when, _KEYS[facet])
        found = lists.names(facet) if written else None
        if found is not None and not any(_among(name, found) for name in written):
            return False
    return True


def _heeding(config: Config, on: Iterable[str], reference: Reference) -> list[str]:
    """Without those to which an option of a ticket means nothing: tickets go there without it."""
    specs = {name: registry.spec(config.connections[name].kind) for name in on}
    return [
        name
        for name, spec in specs.items()
        if reference.kind not in TICKET_OPTIONS or not spec.ticket_options or reference.kind in spec.ticket_options
    ]


def _member(
    reference: Reference, owners: Sequence[Reference], lists: Mapping[str, list[str] | None], several: bool
) -> Iterator[Wrong]:
    """Of a chain the first that exists is taken: each must be somewhere, and on each connection somebody of it."""
    seen = {name: found for name, found in lists.items() if found is not None}
    if len(seen) == len(lists) and not any(_among(reference.name, found) for found in seen.values()):
        valid = [each for found in seen.values() for each in found]
        who = " and ".join(seen) if several else "the CRM"
        have = "have" if len(seen) > 1 else "has"
        if seen:
            yield reference.path, f'{who} {have} no member "{reference.name}"; {hint(reference.name, valid)}'
        return
    served = [name for name, found in seen.items() if any(_among(each.name, found) for each in owners)]
    mine = [name for name in served if _among(reference.name, seen[name])]
    first = next((each for each in owners if any(_among(each.name, found) for found in seen.values())), None)
    for name, found in seen.items() if reference == first else ():
        if name not in served:
            message = f'{name} has no member "{reference.name}"; {hint(reference.name, found)}'
            yield reference.path, f"{message}{_apart(mine)}, or name somebody of {name} after it"


def _filled_by_itself(
    config: Config, reference: Reference, lists: Mapping[str, list[str] | None], opened: Mapping[str, Lists]
) -> Iterator[Wrong]:
    for name, found in lists.items():
        static = opened[name].names("static_lists")
        if static is not None and _among(reference.name, found or ()) and not _among(reference.name, static):
            label = registry.spec(config.connections[name].kind).label
            yield (
                reference.path,
                f'list "{reference.name}" of {name} is an active one: {label} itself fills it by its filters, and '
                f"takes nobody; name a static list ({hint(reference.name, static, known='there are')})",
            )


def _apart(having: Sequence[str]) -> str:
    """How a rule writes a name on those connections alone that have it."""
    if not having:
        return ""
    one = having[0] if len(having) == 1 else f"[{', '.join(having)}]"
    there = f"; it is on {' and '.join(having)} alone: split the rule (when: {{connection: {one}}})"
    return f"{there}, or write it there (at: {having[0]})"


def _actions(config: Config) -> Iterator[tuple[Rule, Action, Path]]:
    for number, rule in enumerate(config.rules):
        for position, action in enumerate(rule.then):
            yield rule, action, ("rules", number, "then", position, action.kind)


def _among(name: str, found: Iterable[str] | None) -> bool:
    return _fold(name) in map(_fold, found or ())


def _fold(name: str) -> str:
    return name.strip().casefold()
