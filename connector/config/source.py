"""Read the YAML into plain values, and remember where each stood.

YAML 1.2: `yes`, `no` and `on` are text, dates are text. Keys are always text. Tags, merge keys and a key written twice
are problems, all of them reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from connector.errors import Problem

Steps = tuple[str | int, ...]
"""The way from the top of the file to a value: keys and list indexes."""

_LARGEST = 1_000_000  # bytes of file and values after aliases; a configuration is a few kilobytes
_DEEPEST = 50
_NO_MERGE = "merge keys are not part of YAML 1.2; use an alias for the whole"
_PREFIX = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column of a key and of its value, counted from 1."""

    key: tuple[int, int]
    value: tuple[int, int]


@dataclass(slots=True)
class Source:
    """One file: its values, their places, and what is wrong with it as YAML."""

    file: str
    tree: dict[str, Any] = field(default_factory=dict)
    places: dict[Steps, Place] = field(default_factory=dict)
    numbers: dict[Steps, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def problem(self, steps: Steps, message: str, *, at_key: bool = False) -> Problem:
        """A Problem at these steps; where nothing stands there, at the nearest enclosing key."""
        place = self.places.get(steps)
        near = steps
        while place is None and near:
            near, at_key = near[:-1], True
            place = self.places.get(near)
        line, column = (place.key if at_key else place.value) if place else (0, 0)
        return Problem(file=self.file, line=line, column=column, path=dotted(steps), message=message)


def read(path: Path) -> Source:
    """Read one file. Never raises for what a person can put in a file: that is in `problems`."""
    source = Source(file=str(path))
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return _failed(source, "there is no such file; write one (config/example.yaml is a start) or name another")
    except OSError as error:
        return _failed(source, f"cannot be read ({error.strerror or type(error).__name__})")
    if len(raw) > _LARGEST:
        return _failed(source, "is larger than 1 MB; that is no configuration")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        return _failed(source, "is not UTF-8; save it as UTF-8", line, column)
    return parse(text, source.file)


def parse(text: str, file: str) -> Source:
    """The same for text already in hand; `file` is only the name in the messages."""
    source = Source(file=file)
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
        return _failed(source, f"YAML: {_words(error)}", line, column)
    except YAMLError as error:
        position = getattr(error, "position", None)
        before = text[:position] if isinstance(position, int) else ""
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        return _failed(source, "YAML: a character that may not stand in a YAML file", line, column)
    except RecursionError:
        return _failed(source, "YAML: nested too deeply")
    except Exception as error:  # the YAML library trips over some garbage with bare ValueError, TypeError …
        return _failed(source, f"YAML: cannot be read ({type(error).__name__})")
    if node is None:
        return _failed(source, "is empty; config/example.yaml is a start")
    if not isinstance(node, MappingNode):
        return _failed(source, "must be a mapping (mode:, connections:, …)", node.start_mark.line + 1, 1)
    source.tree = _value(node, (), source, ())
    return source


def dotted(steps: Steps) -> str:
    """`rules[0].when.band`"""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _value(node: Node, steps: Steps, source: Source, above: tuple[int, ...]) -> Any:
    source.count += 1
    if id(node) in above or len(above) > _DEEPEST or source.count > _LARGEST // 10:
        if not any("refers to itself" in problem.message for problem in source.problems):
            source.problems.append(source.problem(steps, "refers to itself, or is nested too deeply or too often"))
        return None
    above = (*above, id(node))
    if isinstance(node, MappingNode):
        return _mapping(node, steps, source, above)
    if isinstance(node, SequenceNode):
        values = []
        for index, child in enumerate(node.value):
            at = _position(child)
            source.places[(*steps, index)] = Place(key=at, value=at)
            values.append(_value(child, (*steps, index), source, above))
        return values
    return _scalar(node, steps, source)


def _mapping(node: MappingNode, steps: Steps, source: Source, above: tuple[int, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, child in node.value:
        at = _position(key_node)
        if not isinstance(key_node, ScalarNode):
            source.problems.append(
                Problem(file=source.file, line=at[0], column=at[1], path=dotted(steps), message="a key must be text")
            )
            continue
        key = str(key_node.value)
        below = (*steps, key)
        if key in values:
            first = source.places[below].key[0]
            source.problems.append(
                Problem(
                    file=source.file, line=at[0], column=at[1], path=dotted(below),
                    message=f"written twice (first in line {first}); keep one",
                )
            )  # fmt: skip
            continue
        empty = isinstance(child, ScalarNode) and not child.value and child.style is None
        source.places[below] = Place(key=at, value=at if empty else _position(child))
        if key_node.tag == f"{_PREFIX}merge":
            source.problems.append(source.problem(below, _NO_MERGE, at_key=True))
            continue
        values[key] = _value(child, below, source, above)
    return values


def _scalar(node: Node, steps: Steps, source: Source) -> Any:
    text, tag = str(node.value), str(node.tag)
    kind = tag.removeprefix(_PREFIX)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in ("int", "float"):
        source.numbers[steps] = text
        try:
            return _number(text, kind)
        except (ValueError, OverflowError):
            return text
    if kind not in ("str", "timestamp", "merge", "value"):
        source.problems.append(source.problem(steps, f'the tag "{tag}" is not used here; write a plain value'))
    return text


def _number(text: str, kind: str) -> int | float:
    if kind == "int":
        return int(text, 0) if text.lstrip("+-")[:2].lower() in ("0x", "0o", "0b") else int(text)
    named = {".inf": "inf", "+.inf": "inf", "-.inf": "-inf", ".nan": "nan"}.get(text.lower())
    return float(named or text)


def _position(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


_REMEDIES = (
    ("expected <block end>", "the line is indented otherwise than those it belongs to; begin it in the same column"),
    (
        "mapping values are not allowed here",
        "a colon that may not stand here: is the line indented too far, does the one before lack its own colon or the "
        "space behind it, or wants a text with a colon quotes?",
    ),
    ("'\\t'", "a tab; indent with spaces"),
    ("while scanning a quoted scalar", "the quote that opens in line {opened} is never closed"),
    ("while parsing a flow sequence", "the [ in line {opened} is not closed before this"),
    ("while parsing a flow mapping", "the {{ in line {opened} is not closed before this"),
)
"""What an admin does about what the YAML library says, by its words; {opened} is where the thing began."""


def _words(error: MarkedYAMLError) -> str:
    parts = [str(part).strip() for part in (error.context, error.problem) if part]
    said = ": ".join(" ".join(part.split())[:200] for part in parts) or "cannot be read"
    opened = error.context_mark.line + 1 if error.context_mark is not None else 0
    remedy = next((remedy for words, remedy in _REMEDIES if words in said), None)
    return f"{remedy.format(opened=opened)} ({parts[-1]})" if remedy else said


def _failed(source: Source, message: str, line: int = 0, column: int = 0) -> Source:
    source.problems.append(Problem(file=source.file, line=line, column=column, message=message))
    return source
