"""Hold a filter tree against rendered records, after checking its names and literals."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .conditions import Both, Either, Term, Tree, Value, When
from .readings import Readings
from .refusals import find_condition
from .shapes import INFO_MEMBERS, Member, by_lower_name

Test = Callable[[Mapping[str, Any]], bool]

# What a reference shows, and of which kind it is (facts 4: `{id, name[, identifier], _info}`).
REFERENCE_MEMBERS = {"id": "int", "name": "text", "identifier": "text", "summary": "text"}
# The arrays that childConditions may enter, with the members of their elements.
CHILD_MEMBERS = {
    "types": {"id": "int", "name": "text"},
    "communicationitems": {
        "id": "int",
        "value": "text",
        "extension": "text",
        "defaultFlag": "flag",
        "domain": "text",
        "communicationType": "enum.Email|Fax|Phone",
        "type/id": "int",
        "type/name": "text",
    },
}
CUSTOM_MEMBERS = {"id": "int", "caption": "text", "type": "text", "value": "any", "connectWiseId": "text"}
_FLAGS_NOT_FILTERABLE = ("defaultflag", "unsubscribeflag")


def check_names(tree: Tree, kind: str, readings: Readings) -> Tree:
    """Return the tree with names in the vendor's spelling; raise 400 for a name or literal it does not accept."""
    return _walk(tree, lambda term: _checked(term, kind, readings))


def check_child_names(tree: Tree, readings: Readings) -> Tree:
    """The same for childConditions, whose names start with an array."""
    return _walk(tree, lambda term: _checked_child(term, readings))


def check_custom_names(tree: Tree, readings: Readings) -> Tree:
    """The same for customFieldConditions, whose names are those of one custom field."""
    return _walk(tree, lambda term: _checked_custom(term, readings))


def record_test(tree: Tree, readings: Readings) -> Test:
    """Return the test of a `conditions` tree on one record."""
    return _test(tree, lambda term: _term_test(term, readings))


def child_test(tree: Tree, readings: Readings) -> Test:
    """Return the test of a `childConditions` tree on one record."""

    def on_record(part: Tree, record: Mapping[str, Any]) -> bool:
        arrays = {term.path[0] for term in _terms(part)}
        # Terms about one array look at the same element, unless the reading says that they are apart.
        if len(arrays) == 1 and (isinstance(part, Term) or readings["child_terms_same_element"] == "same"):
            inner = _test(part, lambda t: _term_test(Term(t.path[1:], t.op, t.values), readings))
            return any(inner(element) for element in record.get(arrays.pop()) or ())
        if isinstance(part, Both):
            return all(on_record(p, record) for p in part.parts)
        return isinstance(part, Either) and any(on_record(p, record) for p in part.parts)

    return lambda record: on_record(tree, record)


def custom_test(tree: Tree, readings: Readings) -> Test:
    """Return the test of a `customFieldConditions` tree: caption and value belong to one field."""
    inner = _test(tree, lambda term: _term_test(term, readings))
    return lambda record: any(inner(field) for field in record.get("customFields") or ())


def seconds(text: str) -> int:
    """Return the seconds since 1970 of one of the vendor's date-times."""
    return int(datetime.fromisoformat(text).timestamp())


def _walk(tree: Tree, change: Callable[[Term], Term]) -> Tree:
    if isinstance(tree, Term):
        return change(tree)
    return type(tree)(tuple(_walk(part, change) for part in tree.parts))


def _terms(tree: Tree) -> list[Term]:
    return [tree] if isinstance(tree, Term) else [term for part in tree.parts for term in _terms(part)]


def _checked(term: Term, kind: str, readings: Readings) -> Term:
    first, rest = term.path[0].lower(), term.path[1:]
    for name in INFO_MEMBERS:
        if first == name.lower() and not rest:
            of = "when" if name in ("lastUpdated", "dateEntered") else "text"
            _check_values(term, Member(name=name, kind=of, of=""))
            return Term(("_info", name), term.op, _times(term, readings))
    member = by_lower_name(kind).get(first)
    hidden = (first in _FLAGS_NOT_FILTERABLE and readings["unfilterable_flags"] != "none") or (
        first == "externalxref" and readings["external_xref_filter"] == "no"
    )
    if member is None or hidden or member.kind in ("list", "any"):
        raise _unknown(term)
    if member.kind != "ref":
        if rest:
            raise _unknown(term)
        _check_values(term, member)
        return Term((member.name,), term.op, _times(term, readings))
    inner = REFERENCE_MEMBERS.get(rest[0].lower()) if len(rest) == 1 else None
    if inner is None:
        if not rest and term.values == (None,):
            return Term((member.name,), term.op, term.values)
        raise _unknown(term)
    _check_values(term, Member(name=rest[0], kind=inner, of=""))
    return Term((member.name, rest[0].lower()), term.op, term.values)


def _checked_child(term: Term, readings: Readings) -> Term:
    _refuse_in(term, readings, "childConditions")
    members = {name.lower(): (name, kind) for name, kind in CHILD_MEMBERS.get(term.path[0].lower(), {}).items()}
    found = members.get("/".join(term.path[1:]).lower())
    if found is None:
        raise _unknown(term)
    name, kind = found
    word, _, of = kind.partition(".")
    _check_values(term, Member(name=name, kind=word, of=of))
    array = "types" if term.path[0].lower() == "types" else "communicationItems"
    return Term((array, *name.split("/")), term.op, term.values)


def _checked_custom(term: Term, readings: Readings) -> Term:
    _refuse_in(term, readings, "customFieldConditions")
    for name, kind in CUSTOM_MEMBERS.items():
        if [name.lower()] == [part.lower() for part in term.path]:
            _check_values(term, Member(name=name, kind=kind, of=""))
            return Term((name,), term.op, term.values)
    raise _unknown(term)


def _refuse_in(term: Term, readings: Readings, parameter: str) -> None:
    if term.op.endswith("in") and readings["in_child_conditions"] == "error":
        raise find_condition(f"The operator 'in' is not supported in {parameter}.")


def _unknown(term: Term) -> Exception:
    return find_condition(f"{'/'.join(term.path)} is not a recognized name.")


_EXPECTED = {"flag": "boolean", "int": "numeric", "num": "numeric", "when": "DateTime", "text": "string"}


def _check_values(term: Term, member: Member) -> None:
    kind = "text" if member.kind == "enum" else member.kind
    for value in term.values:
        if value is None or kind == "any":
            continue
        given = _given(value)
        if given != _EXPECTED[kind]:
            raise find_condition(
                f"Expected a {_EXPECTED[kind]} value, not a {given}. String values should be enclosed with double "
                "or single quotes; DateTime values should be enclosed with square brackets; "
                "null values should be specified with the keyword null."
            )
        if member.kind == "enum" and term.op in ("=", "!=", "in", "not in"):
            choices = {choice.lower() for choice in member.choices}
            if str(value).lower() not in choices:
                raise find_condition("Enum value supplied was invalid")


def _given(value: Value) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "numeric"
    return "DateTime" if isinstance(value, When) else "string"


def _times(term: Term, readings: Readings) -> tuple[Value, ...]:
    if readings["condition_times"] == "exact":
        return term.values
    # One self-hosted tenant found nothing with a time of day, only with a bare date (facts 3).
    never = When(-1 if term.op.startswith("<") else 1 << 60, whole_day=False)
    return tuple(never if isinstance(v, When) and not v.whole_day else v for v in term.values)


def _test(tree: Tree, leaf: Callable[[Term], Test]) -> Test:
    if isinstance(tree, Term):
        return leaf(tree)
    tests = [_test(part, leaf) for part in tree.parts]
    if isinstance(tree, Both):
        return lambda record: all(test(record) for test in tests)
    return lambda record: any(test(record) for test in tests)


def _term_test(term: Term, readings: Readings) -> Test:
    fold = readings["string_case"] == "ignored"
    null_differs = readings["null_not_equal"] == "matches"
    literal_brackets = readings["brackets_in_like"] == "literal"
    path, op, wanted = term.path, term.op, tuple(_plain(v, fold) for v in term.values)
    negated = op.startswith("not ")
    word = op.removeprefix("not ")
    pattern = None
    if word in ("like", "contains"):
        text = str(term.values[0])
        pattern = _pattern(text if word == "like" else f"*{text}*", literal_brackets)

    def holds(record: Mapping[str, Any]) -> bool:
        value: Any = record
        for name in path:
            value = value.get(name) if isinstance(value, Mapping) else None
        value = _stored(value, wanted, fold)
        if value is None:
            if word == "in" and not negated:
                return None in wanted
            if wanted[0] is None:
                return op == "="
            return null_differs and None not in wanted and (op == "!=" or negated)
        if pattern is not None:
            return (pattern.fullmatch(str(value)) is not None) is not negated
        if word == "in":
            return (value in wanted) is not negated
        return _compare(op, value, wanted[0])

    return holds


def _plain(value: Value, fold: bool) -> Any:
    if isinstance(value, When):
        return value.seconds
    return value.casefold() if fold and isinstance(value, str) else value


def _stored(value: Any, wanted: tuple[Any, ...], fold: bool) -> Any:
    if not isinstance(value, str):
        return value
    if any(isinstance(w, int | float) and not isinstance(w, bool) for w in wanted):
        return _number_in(value)
    return value.casefold() if fold else value


@functools.lru_cache(maxsize=4096)
def _number_in(text: str) -> float | None:
    """A date-time as seconds, a number kept as text as its number; else nothing."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return seconds(text)
    except ValueError:
        return None


def _compare(op: str, value: Any, wanted: Any) -> bool:
    if wanted is None:
        return op == "!="
    if op == "=":
        return bool(value == wanted)
    if op == "!=":
        return bool(value != wanted)
    try:
        if op == "<":
            return bool(value < wanted)
        if op == "<=":
            return bool(value <= wanted)
        return bool(value > wanted) if op == ">" else bool(value >= wanted)
    except TypeError:
        return False


@functools.lru_cache(maxsize=512)
def _pattern(text: str, literal_brackets: bool) -> re.Pattern[str]:
    out: list[str] = []
    at = 0
    while at < len(text):
        letter = text[at]
        end = text.find("]", at) if letter == "[" else -1
        if text.startswith("[[]", at):
            out.append(r"\[")
            at += 3
            continue
        if end > at + 1 and not literal_brackets:
            inside = text[at + 1 : end].replace("\\", "\\\\")
            out.append(f"[{inside}]")
            at = end + 1
            continue
        out.append(".*" if letter in "*%" else re.escape(letter))
        at += 1
    try:
        return re.compile("".join(out), re.IGNORECASE | re.DOTALL)
    except re.error:
        return re.compile(re.escape(text), re.IGNORECASE | re.DOTALL)
