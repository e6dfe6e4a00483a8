"""Does every name that audiences and rules write exist in the CRM? Looked up live, for `connector check --live`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connector import registry
from connector.config import Config, places
from connector.config.nearest import hint
from connector.config.settings import Rehearsal
from connector.domain import Facet, Segment
from connector.errors import AuthError, ConfigError, ConnectorError, Problem, RejectedError, UnavailableError
from connector.jobs import rule_names
from connector.jobs.live import source_of
from connector.jobs.written_on import written_on
from connector.ports import ContactSource
from connector.rules.names import UNDER_A_BOARD, Reference, referenced_names
from connector.sync import audience as audiences

Remembered = Mapping[str, Mapping[tuple[str, str], str]]
"""connection → (facet, written name) → segment id, from the store."""
_CATALOGUE = {
    "board": "boards", "priority": "priorities", "member": "members", "source": "sources", "location": "locations",
    "task_type": "task_types", "task_status": "task_statuses", "status": "statuses", "type": "types",
    "subtype": "subtypes", "item": "items", "team": "teams",
}  # fmt: skip
_FACETS = {facet.value: facet for facet in Facet}


@dataclass(slots=True)
class Proof:
    """What a live check found. `failed` are connections that could not be asked; `blind` what a key may not see."""

    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    failed: dict[str, ConnectorError] = field(default_factory=dict)
    reached: list[str] = field(default_factory=list)
    checked: int = 0


def prove(config: Config, remembered: Remembered) -> Proof:
    """Open each Connection that has contacts, prove its credentials, look every name up. Nothing is written."""
    proof, opened = Proof(), {}
    for name in config.connections:
        source = source_of(config, name)
        if source is None:
            continue
        try:
            proof.notices += [f"{name}: {blind}" for blind in source.check()]
        except (AuthError, UnavailableError, RejectedError) as error:
            proof.failed[name] = error
        else:
            opened[name] = _Asked(source, registry.spec(config.connections[name].kind).catalogues)
            proof.reached.append(name)
    where = places(config)
    for steps, message in _wrong(config, opened, remembered, proof):
        proof.problems.append(where.problem(steps, message))
    proof.problems.sort(key=lambda problem: (problem.line, problem.column))
    return proof


class _Asked:
    """A source that is asked for each list once. A list the key may not see is None; `check` told of it."""

    def __init__(self, source: ContactSource, catalogues: frozenset[str]) -> None:
        self._source, self._catalogues = source, catalogues
        self._segments: dict[Facet, list[Segment] | None] = {}
        self._lists: dict[str, list[str] | None] = {}

    def segments(self, facet: Facet) -> list[Segment] | None:
        if facet not in self._segments:
            try:
                self._segments[facet] = self._source.segments(facet)
            except (AuthError, RejectedError):
                self._segments[facet] = None
        return self._segments[facet]

    def names(self, kind: str, within: str = "") -> list[str] | None:
        """The valid names of a kind of reference; None also for what is under a board that is not there, and for what
        the CRM has no list of."""
        if kind in _FACETS:
            found = self.segments(_FACETS[kind])
            return None if found is None else [segment.name for segment in found]
        plural = _CATALOGUE.get(kind, kind)
        under = kind in UNDER_A_BOARD and f"{plural} of <board>" in self._catalogues
        if not under and plural not in self._catalogues:
            return None
        thing = f"{plural} of {within}" if under else plural
        if thing not in self._lists:
            try:
                self._lists[thing] = [name for _, name in self._source.catalogue(thing)]
            except (AuthError, RejectedError):
                self._lists[thing] = None
            except ConfigError:
                self._lists[thing] = None if under else []
        return self._lists[thing]

    def companies_called(self, written: str) -> list[str] | None:
        """The ids of the companies with this id, identifier or name; None where that cannot be asked."""
        try:
            return [found for found, _ in self._source.catalogue(f"companies called {written}")]
        except (AuthError, RejectedError, ConfigError):
            return None


Wrong = tuple[tuple[str | int, ...], str]


def _wrong(config: Config, opened: Mapping[str, _Asked], remembered: Remembered, proof: Proof) -> Iterator[Wrong]:
    for name, audience in config.audiences.items():
        if (asked := opened.get(audience.from_)) is not None:
            known = {(Facet(facet), text): at for (facet, text), at in remembered.get(audience.from_, {}).items()}
            yield from _of_audience(config, name, asked, known, proof)
    if opened:
        for reference in referenced_names(config.rules):
            if reference.path[2] == "when":
                yield from _of_rule(config, reference, opened, proof)
        for _, wrong in (*rule_names.of_actions(config, opened), *rule_names.of_fields(config, opened)):
            proof.checked += 1
            yield from wrong
        if config.rehearsal is not None:
            board = Reference(kind="board", name=config.rehearsal.board, path=("rehearsal", "board"))
            told = rule_names.of_the_rehearsal(config, board, opened) if board.name else []
            proof.checked += bool(board.name and told is not None)
            yield from told or ()
            if told is None:
                yield from _of_rule(config, board, opened, proof)
            yield from _rehearsal_company(config, config.rehearsal, opened, proof)
        _captions(config, opened, proof)


def _of_audience(
    config: Config, name: str, asked: _Asked, remembered: audiences.Remembered, proof: Proof
) -> Iterator[Wrong]:
    audience = config.audiences[name]
    used = [facet for facet in Facet if audience.names(facet) or audience.exclude.names(facet)]
    lists = {facet: asked.segments(facet) for facet in used}
    resolved = audiences.resolve(name, audience, {f: found or [] for f, found in lists.items()}, remembered)
    proof.checked += sum(len(audience.names(facet)) + len(audience.exclude.names(facet)) for facet in used)
    for finding in resolved.findings:
        if isinstance(finding, audiences.Renamed):
            proof.notices.append(str(finding))
        elif (segments := lists[finding.facet]) is not None:
            steps = tuple(finding.place.split("."))
            written = (audience.exclude if "exclude" in steps[2:] else audience).names(finding.facet)
            message = str(finding).removeprefix(f"{finding.place}: ")
            if isinstance(finding, audiences.Missing) and not finding.nearest:
                message += f" ({hint('', [segment.name for segment in segments], known='there are')})"
            yield (*steps, written.index(finding.written)), message


def _of_rule(config: Config, reference: Reference, opened: Mapping[str, _Asked], proof: Proof) -> Iterator[Wrong]:
    """One name of a condition; with several CRMs it must exist in one of those the rule is for."""
    if reference.kind == "connection":
        return
    proof.checked += 1
    lists = [opened[name].names(reference.kind, reference.within) for name in meant(config, reference, opened)]
    if any(found is None for found in lists) or not lists:
        return
    valid = [name for found in lists if found is not None for name in found]
    if _fold(reference.name) not in map(_fold, valid):
        what = reference.kind.replace("_", " ")
        place = f' of board "{reference.within}"' if reference.within else ""
        yield reference.path, f'the CRM has no {what} "{reference.name}"{place}; {hint(reference.name, valid)}'


def _rehearsal_company(
    config: Config, rehearsal: Rehearsal, opened: Mapping[str, _Asked], proof: Proof
) -> Iterator[Wrong]:
    """Each CRM that rules write to has it (where they write to none, one of all), and only once; those that cannot be
    asked say nothing."""
    if not isinstance(written := rehearsal.company, str):
        yield from _rehearsal_companies(written, opened, proof)
        return
    found = {name: asked.companies_called(written) for name, asked in opened.items()}
    counts = {name: len(companies) for name, companies in found.items() if companies is not None}
    proof.checked += bool(counts)
    for name, count in counts.items():
        if count > 1:
            many = f'{name} has {count} companies called "{written}"; name the one by its id'
            yield ("rehearsal", "company"), many
    if len(opened) > 1 and (needed := written_to(config, opened)):
        for name in needed:
            if counts.get(name) == 0:
                lacks = f'{name}, to which rules write, has no company "{written}"; create a test company there'
                remedy = f"write the name of one that is on {' and '.join(needed)}, or one by connection: {name}: …"
                yield ("rehearsal", "company"), f"{lacks}, or {remedy}"
    elif counts and len(counts) == len(found) and not any(counts.values()):
        yield (
            ("rehearsal", "company"),
            f'the CRM has no company "{written}"; create a test company there, or write the identifier, name or id of '
            "one that is there",
        )


def _rehearsal_companies(written: Mapping[str, str], opened: Mapping[str, _Asked], proof: Proof) -> Iterator[Wrong]:
    """By connection: each that is named is there, and only once."""
    for name in sorted({*written} & {*opened}):
        found = opened[name].companies_called(written[name])
        if found is None:
            continue
        proof.checked += 1
        steps = ("rehearsal", "company", name)
        if not found:
            yield (
                steps,
                f'{name} has no company "{written[name]}"; create a test company there, or write the identifier, '
                "name or id of one that is there",
            )
        elif len(found) > 1:
            yield steps, f'{name} has {len(found)} companies called "{written[name]}"; name the one by its id'


def written_to(config: Config, connections: Iterable[str]) -> list[str]:
    """Those of the connections that rules write to: where an action says, else where its rule's answers come from."""
    names = list(connections)
    found: set[str] = set()
    for rule in config.rules:
        for action in rule.then:
            on_ticket = action.add_note is not None and action.add_note.on == "ticket"  # it goes where the ticket is
            if not action.notify and not on_ticket:
                found.update(written_on(config, rule, action, names))
    return [name for name in names if name in found]


def meant(config: Config, reference: Reference, connections: Iterable[str]) -> list[str]:
    """Those of the connections whose answers the rule of this reference may apply to; that of its action's `at`."""
    number = reference.path[1]
    rule = config.rules[number] if isinstance(number, int) else None
    named: Collection[str] = (rule.when.connection if rule else None) or ()
    if rule and reference.path[2] == "then" and isinstance(reference.path[3], int):
        at = rule.then[reference.path[3]].at
        named = (at,) if at else named
    return [name for name in connections if not named or name in named]


def _captions(config: Config, opened: Mapping[str, _Asked], proof: Proof) -> None:
    """Custom fields that are not there are no mistake: the note says it all. One that looks misspelt is told with its
    place."""
    missing: dict[str, list[str]] = {}
    where = places(config)
    for name, caption, path, near in rule_names.captions(config, opened):
        if path in where.places:
            told = f'{name}: contacts have no custom field "{caption}"'
            meant = f'did you mean "{near}"?' if near else f"connector setup {name} says how to get it"
            place = where.problem(path, f"{told}; what belongs there is only written into the note; {meant}")
            proof.notices.append(str(place))
        elif caption not in missing.setdefault(name, []):
            missing[name].append(caption)
    for name, captions in missing.items():
        quoted = ", ".join(f'"{caption}"' for caption in captions)
        proof.notices.append(
            f"{name}: contacts have no custom field {quoted}; what belongs there is only written into the note"
        )


def _fold(name: str) -> str:
    return name.strip().casefold()
