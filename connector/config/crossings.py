"""What one part of the file says about another: names of connections, what their adapters can do, what a mode needs.

Works on whatever parts are valid by themselves, so that these problems are told together with all others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from connector import registry
from connector.config.compose import Connection
from connector.config.nearest import hint
from connector.config.settings import Document
from connector.config.source import Steps, dotted
from connector.config.words import Finding
from connector.domain import Mode
from connector.ports import AdapterSpec
from connector.rules.actions import LOG, OWNER_STEPS, TICKET_OPTIONS, Action
from connector.rules.names import Reference, referenced_names
from connector.rules.settings import Rule
from connector.sync.settings import FACET_FIELD


def crossings(
    tree: Mapping[str, Any], connections: Mapping[str, Connection], declared: Collection[str]
) -> list[Finding]:
    """Every contradiction between parts. `declared` are all names of connections, valid or not; so one broken
    connection does not make each mention of it a second problem."""
    specs = {name: registry.spec(connection.kind) for name, connection in connections.items()}
    return [
        *_names(specs),
        *_audiences(_mapping(tree, "audiences"), specs, declared),
        *_answers(_mapping(tree, "answers"), specs, declared),
        *_rules(_rules_of(tree), specs, declared),
        *_tickets(_rules_of(tree), specs),
        *_owners(_rules_of(tree), specs),
        *_follow_up(_mapping(tree, "follow_up"), specs, declared),
        *_mode(tree, specs),
        *_rehearsal_companies(tree, specs, declared),
    ]


def notices(document: Document, connections: Mapping[str, Connection], literal: Sequence[Steps]) -> list[str]:
    """Things worth knowing that are no mistakes, as plain sentences."""
    used = {audience.from_ for audience in document.audiences.values()} | {document.answers.connection}
    used |= {*document.answers.from_}
    used |= {name.name for name in referenced_names(document.rules) if name.kind == "connection"}
    told = [f"{dotted(steps)} is written out in the file; take it from the environment: ${{NAME}}" for steps in literal]
    for name in sorted({*connections} - used):
        spec = registry.spec(connections[name].kind)
        if spec.facets or spec.changes:
            told.append(f"connection {name} is used by no audience, rule or answer")
        else:
            told.append(f"connection {name} is not read; answers come from answers.folder")
    if document.rules and document.mode is Mode.LIVE and not document.limits.tickets_per_day:
        told.append("limits.tickets_per_day is 0; no ticket will be opened")
    told += _means_nothing_here(document, connections)
    return told + registry.remarks()


def _names(specs: Mapping[str, AdapterSpec]) -> Iterator[Finding]:
    if LOG in specs and specs[LOG].kind != "log":
        yield ("connections", LOG), f'the name "{LOG}" means the log (via: {LOG}); choose another', True


def _audiences(
    audiences: Mapping[str, Any], specs: Mapping[str, AdapterSpec], declared: Collection[str]
) -> Iterator[Finding]:
    for name, audience in audiences.items():
        if not isinstance(audience, dict) or not isinstance(audience.get("from"), str):
            continue
        steps: Steps = ("audiences", name)
        source = audience["from"]
        spec = specs.get(source)
        if source not in declared:
            yield (*steps, "from"), _no_connection(source, declared), False
        elif spec is not None and not spec.facets:
            yield (*steps, "from"), f"connection {source} ({spec.kind}) has no contacts; {_with_contacts(specs)}", False
        elif spec is not None:
            for facet, field in FACET_FIELD.items():
                for place in (steps, (*steps, "exclude")):
                    part = audience if place == steps else audience.get("exclude")
                    if facet not in spec.facets and isinstance(part, dict) and part.get(field):
                        known = ", ".join(FACET_FIELD[other] for other in FACET_FIELD if other in spec.facets)
                        message = f"connection {source} ({spec.kind}) does not know these; it knows {known}"
                        yield (*place, field), message, True


def _answers(
    answers: Mapping[str, Any], specs: Mapping[str, AdapterSpec], declared: Collection[str]
) -> Iterator[Finding]:
    sources = answers.get("from")
    for at, source in enumerate(sources if isinstance(sources, list) else ()):
        spec = specs.get(source) if isinstance(source, str) else None
        if isinstance(source, str) and source not in declared:
            yield ("answers", "from", at), _no_connection(source, declared), False
        elif spec is not None and not spec.answers:
            yield ("answers", "from", at), f"connection {source} ({spec.kind}) has no surveys of its own", False
    name = answers.get("connection")
    if not isinstance(name, str):
        return
    spec = specs.get(name)
    if name not in declared:
        yield ("answers", "connection"), _no_connection(name, declared), False
    elif spec is not None and not spec.facets:
        message = f"connection {name} ({spec.kind}) has no contacts; {_with_contacts(specs)}"
        yield ("answers", "connection"), message, False


def _rules(rules: Mapping[int, Rule], specs: Mapping[str, AdapterSpec], declared: Collection[str]) -> Iterator[Finding]:
    able = {change for spec in specs.values() if spec.facets for change in spec.changes}
    for at, rule in rules.items():
        for reference in referenced_names([rule]):
            if reference.kind == "connection":
                yield from _reference(reference, ("rules", at, *reference.path[2:]), specs, declared)
        for position, action in enumerate(rule.then):
            if action.kind != "notify" and action.kind not in able and len(specs) == len(declared):
                message = "no connection with contacts can do this; add one, or remove the action"
                yield ("rules", at, "then", position, action.kind), message, True


def _tickets(rules: Mapping[int, Rule], specs: Mapping[str, AdapterSpec]) -> Iterator[Finding]:
    """Options of a ticket that mean nothing to any CRM the rule is for, and those that one of them needs."""
    for at, rule in rules.items():
        for position, action in enumerate(rule.then):
            if (ticket := action.open_ticket) is None:
                continue
            meant = [specs[name] for name in _meant(rule, action, specs) if name in specs]
            asked = list({spec.kind: spec for spec in meant if "open_ticket" in spec.changes}.values())
            steps: Steps = ("rules", at, "then", position, "open_ticket")
            for option in TICKET_OPTIONS:
                word = ticket.word(option)
                written = word in ticket.model_fields_set and bool(ticket.said(option))
                if written and asked and not any(_means(spec, option) for spec in asked):
                    labels = " and ".join(sorted(spec.label for spec in asked))
                    yield (*steps, word), f"{labels} tickets have no {word.replace('_', ' ')}; leave it out", True
                elif not ticket.said(option) and (needing := [s.label for s in asked if option in s.ticket_needs]):
                    yield (*steps, option), f"is missing; {' and '.join(sorted(needing))} tickets need one", True


def _owners(rules: Mapping[int, Rule], specs: Mapping[str, AdapterSpec]) -> Iterator[Finding]:
    """Steps of an owner chain by which nobody is found on any CRM the rule is for."""
    for at, rule in rules.items():
        for position, action in enumerate(rule.then):
            meant = _owning(rule, action, specs)
            for steps, step in _owner_steps(action, ("rules", at, "then", position)) if meant else ():
                if not any(step in spec.owners for spec in meant.values()):
                    labels = " and ".join(sorted({spec.label for spec in meant.values()}))
                    known = sorted({each for spec in meant.values() for each in spec.owners})
                    remedy = f"write {', '.join([*known, 'member:<identifier>'])}, or leave it out"
                    yield steps, f"{labels} has no {step.replace('_', ' ')}; {remedy}", False


def _owning(rule: Rule, action: Action, specs: Mapping[str, AdapterSpec]) -> dict[str, AdapterSpec]:
    """The connections on which an action gets an owner."""
    meant = {name: specs[name] for name in _meant(rule, action, specs) if name in specs}
    return {name: spec for name, spec in meant.items() if spec.facets and action.kind in spec.changes}


def _owner_steps(action: Action, path: Steps) -> Iterator[tuple[Steps, str]]:
    """Each written step of an owner chain that is no member by name, with its place."""
    wanted = action.open_ticket or action.create_task
    chain = wanted.owner if wanted is not None and "owner" in wanted.model_fields_set else ()
    for number, step in enumerate(chain):
        if step in OWNER_STEPS:
            yield (*path, action.kind, "owner", *((number,) if len(chain) > 1 else ())), step


def _meant(rule: Rule, action: Action, specs: Iterable[str]) -> Iterable[str]:
    """The connections an action may be written at."""
    return (action.at,) if action.at else rule.when.connection or specs


def _means(spec: AdapterSpec, option: str) -> bool:
    return not spec.ticket_options or option in spec.ticket_options


def _means_nothing_here(document: Document, connections: Mapping[str, Connection]) -> Iterator[str]:
    """Options that mean something to one of the CRMs a rule is for, and nothing to another."""
    specs = {name: registry.spec(connection.kind) for name, connection in connections.items()}
    for at, rule in enumerate(document.rules):
        for position, action in enumerate(rule.then):
            owning = _owning(rule, action, specs)
            for steps, step in _owner_steps(action, ("rules", at, "then", position)):
                without = sorted(name for name, spec in owning.items() if step not in spec.owners)
                if 0 < len(without) < len(owning):
                    yield f"{dotted(steps)}: {step} gives nobody on {', '.join(without)}; the next step is tried"
            named = _meant(rule, action, specs)
            meant = {name: specs[name] for name in named if "open_ticket" in specs[name].changes}
            ticket = action.open_ticket
            for option in TICKET_OPTIONS if ticket is not None else ():
                assert ticket is not None
                deaf = sorted(name for name, spec in meant.items() if not _means(spec, option))
                if (
                    ticket.word(option) in ticket.model_fields_set
                    and ticket.said(option)
                    and 0 < len(deaf) < len(meant)
                ):
                    place = dotted(("rules", at, "then", position, "open_ticket", ticket.word(option)))
                    yield f"{place} means nothing on {', '.join(deaf)}; tickets there go without it"


def _follow_up(
    given: Mapping[str, Any], specs: Mapping[str, AdapterSpec], declared: Collection[str]
) -> Iterator[Finding]:
    name = given.get("via", LOG)
    if isinstance(name, str) and name != LOG:
        reference = Reference(kind="connection", name=name, path=("follow_up", "via"))
        yield from _reference(reference, reference.path, specs, declared)


def _reference(
    reference: Reference, steps: Steps, specs: Mapping[str, AdapterSpec], declared: Collection[str]
) -> Iterator[Finding]:
    via = steps[-1] == "via"
    spec = specs.get(reference.name)
    if reference.name not in declared:
        yield steps, _no_connection(reference.name, [*declared, LOG] if via else declared), False
    elif via and spec is not None and "notify" not in spec.changes:
        names = [name for name, other in specs.items() if "notify" in other.changes]
        remedy = f"write one of {', '.join(sorted({*names, LOG}))}"
        yield steps, f"connection {reference.name} ({spec.kind}) sends no messages; {remedy}", False
    elif steps[-1] == "at" and spec is not None and (not spec.facets or steps[-2] not in spec.changes):
        able = sorted(name for name, other in specs.items() if other.facets and steps[-2] in other.changes)
        remedy = f"write one of {', '.join(able)}" if able else "leave at out"
        yield steps, f"connection {reference.name} ({spec.kind}) does not take {steps[-2]}; {remedy}", False


def _mode(tree: Mapping[str, Any], specs: Mapping[str, AdapterSpec]) -> Iterator[Finding]:
    given = tree.get("rehearsal")
    needing = sorted({spec.label for spec in specs.values() if "board" in spec.ticket_needs})
    if needing and isinstance(given, dict) and not given.get("board"):
        yield ("rehearsal", "board"), f"is missing; {' and '.join(needing)} tickets need one", True
    if tree.get("mode") == Mode.REHEARSAL and tree.get("rehearsal") is None:
        message = "is missing, and mode rehearsal needs it: rehearsal: {company: …, board: …, mail_to: …}"
        yield ("rehearsal",), message, True


def _rehearsal_companies(
    tree: Mapping[str, Any], specs: Mapping[str, AdapterSpec], declared: Collection[str]
) -> Iterator[Finding]:
    """By connection: each name is one that has companies, and none that rules write to is left out."""
    written = _mapping(tree, "rehearsal").get("company")
    if not isinstance(written, dict):
        return
    for name in written:
        spec = specs.get(name) if isinstance(name, str) else None
        if isinstance(name, str) and name not in declared:
            yield ("rehearsal", "company", name), _no_connection(name, declared), True
        elif spec is not None and not spec.facets:
            message = f"connection {name} ({spec.kind}) has no companies; leave it out"
            yield ("rehearsal", "company", name), message, True
    for name in _written_to(tree, specs):
        if name not in written:
            message = f"names none on {name}, to which rules write; add {name}: and the test company there"
            yield ("rehearsal", "company"), message, True


def _written_to(tree: Mapping[str, Any], specs: Mapping[str, AdapterSpec]) -> list[str]:
    """The connections with contacts that rules write to: where an action says, else where answers come from."""
    found: set[str] = set()
    for rule in _rules_of(tree).values():
        for action in rule.then:
            on_ticket = action.add_note is not None and action.add_note.on == "ticket"  # it goes where the ticket is
            if not action.notify and not on_ticket:
                found.update((action.at,) if action.at else rule.when.connection or _answering(tree, specs))
    return [name for name, spec in specs.items() if spec.facets and name in found]


def _answering(tree: Mapping[str, Any], specs: Mapping[str, AdapterSpec]) -> set[str]:
    """Whose contacts' answers come: those that audiences and answers name; all, where these name none."""
    audiences, answers = _mapping(tree, "audiences").values(), _mapping(tree, "answers")
    sources = answers.get("from")
    named = [audience.get("from") for audience in audiences if isinstance(audience, dict)]
    named += [answers.get("connection"), *(sources if isinstance(sources, list) else ())]
    return {each for each in named if isinstance(each, str)} or {*specs}


def _rules_of(tree: Mapping[str, Any]) -> dict[int, Rule]:
    rules = tree.get("rules")
    valid: dict[int, Rule] = {}
    for at, rule in enumerate(rules if isinstance(rules, list) else ()):
        try:
            valid[at] = Rule.model_validate(rule)
        except ValidationError:  # told where the whole document is validated
            continue
    return valid


def _mapping(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def _no_connection(name: str, declared: Collection[str]) -> str:
    return f'there is no connection "{name[:60]}"; {hint(name, declared)}'


def _with_contacts(specs: Mapping[str, AdapterSpec]) -> str:
    names = sorted(name for name, spec in specs.items() if spec.facets)
    return f"write one of {', '.join(names)}" if names else "add a connection that has"
