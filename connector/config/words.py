"""pydantic's errors in plain sentences, at the place in the file, with the nearest valid word.

Values that came from a variable, a file, or stand in a secret's place are never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from connector.config.nearest import hint
from connector.config.shapes import keys_at, models_at, words_at
from connector.config.source import Steps
from connector.rules.actions import Action
from connector.rules.conditions import Condition

Finding = tuple[Steps, str, bool]
"""Where, what, and whether the key (not the value) is meant."""

_SHAPE = {
    "string_type": "text", "int_type": "a whole number", "int_parsing": "a whole number",
    "int_from_float": "a whole number", "int_parsing_size": "a smaller number", "float_type": "a number",
    "float_parsing": "a number", "finite_number": "a number", "bool_type": "true or false",
    "bool_parsing": "true or false", "list_type": "a list", "tuple_type": "a list", "set_type": "a list",
    "frozen_set_type": "a list", "iterable_type": "a list", "dict_type": "a mapping", "mapping_type": "a mapping",
    "model_type": "a mapping", "model_attributes_type": "a mapping", "dataclass_type": "a mapping",
    "path_type": "a path", "none_required": "nothing", "bytes_type": "text", "url_type": "an address",
    "date_type": "a date", "time_type": "a time", "datetime_type": "a date and time",
}  # fmt: skip
"""Error types that only say that a value has the wrong shape; those of one place are told together."""

_NOUN: dict[type, str] = {Condition: "condition", Action: "action"}
_SENTENCE: dict[str, str] = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "too_short": "needs at least {min_length}",
    "too_long": "may have at most {max_length}",
    "string_too_short": "must not be empty or shorter than {min_length} characters",
    "string_too_long": "must not be longer than {max_length} characters",
    "string_unicode": "has characters that cannot be stored",
    "url_parsing": "is no address; write for example https://example.com",
    "url_scheme": "must start with {expected_schemes}",
    "date_parsing": "is no date; write 2026-11-20",
    "date_from_datetime_parsing": "is no date; write 2026-11-20",
    "time_parsing": "is no time; write 09:00",
    "datetime_parsing": "is no date and time; write 2026-11-20T09:00:00Z",
    "recursion_loop": "refers to itself",
}


def reword(error: ValidationError, annotation: Any, tree: Any, prefix: Steps = ()) -> list[Finding]:
    """One sentence for each place; `annotation` and `tree` are what was validated, standing at `prefix` in the file."""
    shapes: dict[Steps, list[str]] = {}
    found: dict[tuple[Steps, str], Finding] = {}
    for item in error.errors(include_url=False):
        steps = locate(item["loc"], tree, missing=item["type"] == "missing")
        if item["type"] in _SHAPE:
            wanted = shapes.setdefault(steps, [])
            if _SHAPE[item["type"]] not in wanted:
                wanted.append(_SHAPE[item["type"]])
            continue
        message, at_key = _sentence(item, steps, annotation, tree)
        found.setdefault((steps, message), (steps, message, at_key))
    findings = list(found.values())
    for steps, wanted in shapes.items():
        if any(other[: len(steps)] == steps for other, _ in found):
            continue  # a branch of a union that was not meant; the branch that was says more
        if any(other != steps and other[: len(steps)] == steps for other in shapes):
            continue
        findings.append((steps, f"must be {' or '.join(wanted)}{_seen(tree, steps)}", False))
    return [(prefix + steps, message, at_key) for steps, message, at_key in findings]


def locate(loc: Iterable[str | int], tree: Any, *, missing: bool = False) -> Steps:
    """The steps in the file that pydantic's `loc` means: without the names of union branches and validators."""
    steps: list[str | int] = []
    parts = list(loc)
    for at, part in enumerate(parts):
        listed = isinstance(tree, list) and isinstance(part, int) and 0 <= part < len(tree)
        if listed or (isinstance(tree, dict) and part in tree):
            tree = tree[part]
            steps.append(part)
        elif isinstance(tree, str) and tree == part:  # `- open_ticket` stands for `- open_ticket: {}`
            tree = {}
            steps.append(part)
        elif missing and at == len(parts) - 1:
            steps.append(part)
    return tuple(steps)


def conceal(message: str, values: Mapping[str, str]) -> str:
    """The message with each value replaced by the name it is known by; longest first, so that none shows in part."""
    for value in sorted(values, key=len, reverse=True):
        for form in (repr(value)[1:-1], value):
            if form and form in message:
                message = message.replace(form, values[value])
    return message


def _sentence(item: Any, steps: Steps, annotation: Any, tree: Any) -> tuple[str, bool]:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        return "is missing", True
    if kind == "extra_forbidden":
        return _unknown(item, steps, annotation, tree), True
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", item["msg"])) or "is not valid", False
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return _choice(item, steps, annotation, tree)
    if kind == "string_pattern_mismatch":
        return _form(context.get("pattern", ""), _value(tree, steps)), False
    if kind == "rules":
        return str(item["msg"]), False
    if kind in _SENTENCE:
        return _SENTENCE[kind].format_map(_Known(context)), False
    if kind == "invalid_key":
        return "a key must be text", True
    text = re.sub(r"^(Input|Value) (should|must)", "must", item["msg"])
    return text[:1].lower() + text[1:], False


def _unknown(item: Any, steps: Steps, annotation: Any, tree: Any) -> str:
    word = str(item["loc"][-1])
    above = steps[:-1] if steps and steps[-1] == item["loc"][-1] else steps
    noun = next((_NOUN[model] for model in models_at(annotation, above) if model in _NOUN), "key")
    valid = keys_at(annotation, above)
    written = _value(tree, above)
    free = [key for key in valid if not (isinstance(written, dict) and key in written)]
    return f"unknown {noun}; {hint(word, free or valid, known=f'{noun}s are')}"


def _choice(item: Any, steps: Steps, annotation: Any, tree: Any) -> tuple[str, bool]:
    context = item.get("ctx", {})
    if item["type"] == "union_tag_invalid":
        tag = str(context.get("tag", ""))
        return f'unknown "{tag[:60]}"; {hint(tag, _quoted(context.get("expected_tags", "")))}', False
    seen = _value(tree, steps)
    valid = words_at(annotation, steps) or _quoted(str(context.get("expected", "")))
    if not isinstance(seen, str):
        return f"must be one of {', '.join(valid)}", False
    return f'unknown "{seen[:60]}"; {hint(seen, valid)}', False


def _form(pattern: str, seen: Any) -> str:
    """A pattern in words: a list of words, an address, a name, and only at last the pattern itself."""
    words = re.fullmatch(r"\^?\(([^()\[\]]+)\)\$?", pattern)
    if words is not None and isinstance(seen, str):
        choices = [re.sub(r"\\S[.*+]*", "…", word) for word in words[1].split("|")]
        return f'unknown "{seen[:60]}"; {hint(seen, choices)}'
    if "@" in pattern:
        return "is no e-mail address; write for example name@example.com"
    if pattern == r"\S":
        return "must not be empty"
    name = re.fullmatch(r"\^?\(?\[([a-z0-9_.\\-]+)\]\{1,(\d+)\}\)?\$?", pattern, re.IGNORECASE)
    if name is not None:
        return f"may only have the characters {name[1]}, and at most {name[2]} of them"
    return f"has the wrong form; it must match {pattern}"


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']*)'", text)


def _seen(tree: Any, steps: Steps) -> str:
    value = _value(tree, steps)
    told: Callable[[Any], str] = lambda shown: f", not {shown}"  # noqa: E731  a name for a phrase
    if value is None:
        return told("empty")
    if isinstance(value, dict):
        return told("a mapping")
    return told("a list") if isinstance(value, list) else ""


def _value(tree: Any, steps: Steps) -> Any:
    for step in steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
