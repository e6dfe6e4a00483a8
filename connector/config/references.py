"""`${NAME}`, `${NAME:-default}` and `${file:/run/secrets/x}` in text values; `$${` stands for `${`.

They are filled in after the YAML was read, so what a variable holds can never become structure. Each filled-in value is
remembered with its place, so that no message and no stored copy of the configuration shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.config.source import Source, Steps
from connector.errors import Problem

REDACTED = "redacted"
_TOKEN = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_SECRET_NAME = re.compile(r"key|token|secret|passw|pwd|credential|(^|_)pass($|_)", re.IGNORECASE)
_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Reference:
    """One `${…}` that was filled in. `shown` is how messages name it; `secret` is so by its name or by being a file."""

    shown: str
    value: str = field(repr=False)
    secret: bool


@dataclass(slots=True)
class Filled:
    """The tree with references filled in, and per place the literal texts and references its value is made of."""

    tree: Any
    parts: dict[Steps, tuple[str | Reference, ...]] = field(default_factory=dict, repr=False)
    problems: list[Problem] = field(default_factory=list)

    def below(self, steps: Steps) -> list[Reference]:
        """The references in the value at `steps`, or anywhere inside it, or around it."""
        return [
            part
            for place, parts in self.parts.items()
            if place[: len(steps)] == steps or steps[: len(place)] == place
            for part in parts
            if isinstance(part, Reference)
        ]


def fill(source: Source, environ: Mapping[str, str], base: Path) -> Filled:
    """Fill in every reference; what is missing is a problem that names the variable or file, never a value."""
    filled = Filled(tree=None)
    filled.tree = _walk(source.tree, (), source, environ, base, filled)
    return filled


def _walk(value: Any, steps: Steps, source: Source, environ: Mapping[str, str], base: Path, filled: Filled) -> Any:
    if isinstance(value, dict):
        return {key: _walk(child, (*steps, key), source, environ, base, filled) for key, child in value.items()}
    if isinstance(value, list):
        return [_walk(child, (*steps, at), source, environ, base, filled) for at, child in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value
    parts: list[str | Reference] = []
    end = 0
    for match in _TOKEN.finditer(value):
        parts.append(value[end : match.start()])
        end = match.end()
        if match.group() == "$${":
            parts.append("${")
            continue
        found = _resolve(match.group(1), environ, base)
        if isinstance(found, Reference):
            parts.append(found)
        else:
            filled.problems.append(source.problem(steps, found))
    parts.append(value[end:])
    if any(isinstance(part, Reference) for part in parts):
        filled.parts[steps] = tuple(part for part in parts if part != "")
    return "".join(part.value if isinstance(part, Reference) else part for part in parts)


def _resolve(inside: str | None, environ: Mapping[str, str], base: Path) -> Reference | str:
    if inside is not None and inside.startswith("file:"):
        return _from_file(inside.removeprefix("file:").strip(), base)
    match = _VARIABLE.fullmatch(inside or "")
    if match is None:
        return (
            "a reference is written ${NAME}, ${NAME:-default} or ${file:/run/secrets/name}; a plain ${ is written $${"
        )
    name, default = match.groups()
    value = environ.get(name, "")
    if not value and default is None:
        state = "is empty" if name in environ else "is not set"
        return f"the variable {name} {state}; set it, or give a default with ${{{name}:-…}}"
    return Reference(f"${{{name}}}", value or default or "", _SECRET_NAME.search(name) is not None)


def _from_file(name: str, base: Path) -> Reference | str:
    path = base / name
    shown = f"${{file:{name}}}"
    if not name:
        return "names no file; write ${file:/run/secrets/name}"
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        value = raw.decode("utf-8-sig").strip()
    except FileNotFoundError:
        return f"the file {name} does not exist; create it, or name another"
    except (OSError, ValueError) as error:
        why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None)
        return f"the file {name} cannot be read ({why or 'a bad name'})"
    if len(raw) > _LARGEST:
        return f"the file {name} is larger than 64 kB; that is no secret"
    if not value:
        return f"the file {name} is empty; put the value into it"
    return Reference(shown, value, True)
