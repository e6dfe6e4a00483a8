"""From a file to a `Config`, or to every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from connector import log
from connector.config.compose import Connection, connection_model, kind_of
from connector.config.crossings import crossings
from connector.config.loaded import Config, fingerprint_of
from connector.config.redaction import hidden, literal_secrets, redact, secrets
from connector.config.references import fill
from connector.config.settings import NAME, Document
from connector.config.source import Source, Steps, parse, read
from connector.config.words import Finding, conceal, locate, reword
from connector.errors import ConfigError

_NAME_RULE = "is no name; use a-z, 0-9 and -, at most 40 characters"
_UNSTORABLE = (
    "a secret cannot stand here, for this value is shown and stored; write the value itself, or take it from a "
    "variable whose name speaks of no key, token, secret or password"
)


def load(path: Path | str, environ: Mapping[str, str]) -> Config:
    """The configuration in the file, references filled in from `environ`, everything checked that needs no network.

    Raises ConfigError with every problem found. The secrets it holds are made known to the log, which hides them.
    """
    path = Path(path)
    return _loaded(read(path), path, environ)


def load_text(text: str, path: Path, environ: Mapping[str, str]) -> Config:
    """The same for text that shall stand in the file `path`, before it stands there."""
    return _loaded(parse(text, str(path)), path, environ)


def _loaded(source: Source, path: Path, environ: Mapping[str, str]) -> Config:
    if not source.tree:
        raise ConfigError(source.problems)
    source.tree = {key: value for key, value in source.tree.items() if value is not None}
    filled = fill(source, environ, path.parent)
    checked = _check(filled.tree, path.parent, source)
    redacted = redact(filled)
    stored = _check(redacted, None, source)
    findings = checked.findings
    if not findings:
        findings = [(steps, _UNSTORABLE, False) for steps, _, _ in stored.findings]
    problems = source.problems + filled.problems
    told = {problem.path for problem in problems}
    for steps, message, at_key in findings:
        problem = source.problem(steps, conceal(message, hidden(filled, steps)), at_key=at_key)
        if problem.path not in told:
            problems.append(problem)
    if problems or checked.document is None or stored.document is None:
        raise ConfigError(sorted(dict.fromkeys(problems), key=lambda problem: (problem.line, problem.column)))
    log.register_secrets(secrets(filled))
    return Config.of(
        checked.document,
        checked.connections,
        path=path,
        tree=redacted,
        literal=literal_secrets(filled),
        fingerprint=fingerprint_of(stored.document, stored.connections),
    )


def restore(redacted: Mapping[str, Any], name: str = "recorded configuration") -> Config:
    """A Config from what `Config.redacted()` gave, for replay: the same but that each secret is a placeholder.

    Nothing is filled in and paths stay as written. Raises ConfigError when this version refuses it.
    """
    source = Source(file=name, tree=dict(redacted))
    checked = _check(source.tree, None, source)
    if checked.document is None or checked.findings:
        raise ConfigError([source.problem(steps, message) for steps, message, _ in checked.findings])
    return Config.of(
        checked.document,
        checked.connections,
        path=Path(name),
        tree=source.tree,
        fingerprint=fingerprint_of(checked.document, checked.connections),
    )


class _Checked(NamedTuple):
    document: Document | None
    connections: dict[str, Connection]
    findings: list[Finding]


def _check(tree: dict[str, Any], base: Path | None, source: Source) -> _Checked:
    findings: list[Finding] = []
    connections = _connections(tree, base, source, findings)
    audiences = tree.get("audiences")
    names = list(audiences) if isinstance(audiences, dict) else []
    findings += [(("audiences", name), _NAME_RULE, True) for name in names if not NAME.fullmatch(name)]
    document = _validated(Document, tree, (), base, source, findings)
    written = tree.get("connections")
    declared = sorted(written) if isinstance(written, dict) else []
    findings += crossings(tree, connections, declared)
    return _Checked(document, connections, findings)


def _connections(
    tree: dict[str, Any], base: Path | None, source: Source, findings: list[Finding]
) -> dict[str, Connection]:
    found: dict[str, Connection] = {}
    written = tree.get("connections")
    if not isinstance(written, dict):
        return found
    if not written:
        findings.append((("connections",), "is empty; name at least one connection", True))
    for name, values in written.items():
        steps: Steps = ("connections", name)
        if not NAME.fullmatch(name):
            findings.append((steps, _NAME_RULE, True))
        kind = kind_of(values)
        if not isinstance(kind, str):
            findings += [((*steps, *below), message, at_key) for below, message, at_key in kind]
            continue
        settings = _validated(connection_model(kind), values, steps, base, source, findings)
        if settings is not None:
            found[name] = Connection.of(name, kind, settings)
    return found


def _validated(
    model: type[BaseModel], tree: Any, steps: Steps, base: Path | None, source: Source, findings: list[Finding]
) -> Any:
    """The model of this part of the tree, or None with what is wrong in `findings`.

    Where text is wanted and a bare number stands (an id, say), the digits are put into the tree as they were written.
    """
    try:
        return model.model_validate(tree, context={"base": base})
    except ValidationError as error:
        if not _digits_as_text(error, tree, steps, source):
            findings += reword(error, model, tree, steps)
            return None
    return _validated(model, tree, steps, base, source, findings)


def _digits_as_text(error: ValidationError, tree: Any, steps: Steps, source: Source) -> bool:
    replaced = False
    for item in error.errors(include_url=False, include_context=False):
        below = locate(item["loc"], tree)
        if item["type"] != "string_type" or not below or (*steps, *below) not in source.numbers:
            continue
        parent = tree
        for step in below[:-1]:
            parent = parent[step]
        if not isinstance(parent[below[-1]], str):
            parent[below[-1]] = source.numbers[(*steps, *below)]
            replaced = True
    return replaced
