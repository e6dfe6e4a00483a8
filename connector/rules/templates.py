"""Texts with names in them: a small part of Jinja2, checked when loaded, that cannot fail or run away when rendered.

Names, conditions, `~`, comparisons and a few filters; no loops, calls or assignments. Every name is always there: text
(empty where nothing is known), but for `response.score`, a number. Nothing is escaped here: that is done where the text
lands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2 import Template as Compiled
from jinja2.sandbox import ImmutableSandboxedEnvironment

from connector.rules.wording import cut, one_line

LIMIT = 20_000
"""Characters of a template, and of what is rendered from it."""

PARTS: dict[str, tuple[str, ...]] = {
    "contact": ("first_name", "last_name", "name", "title", "role", "email", "phone", "types"),
    "company": ("name", "types"),
    "response": ("score", "band", "comment", "date", "campaign", "wave", "channel"),
    "rule": ("id", "name"),
}
PLAIN = ("before", "company_answers", "due", "due_at")
NAMES = (*(f"{root}.{part}" for root, parts in PARTS.items() for part in parts), *PLAIN)

_FILTERS: dict[str, tuple[Any, tuple[type, ...]]] = {
    "capitalize": (lambda value: str(value).capitalize(), ()),
    "default": (lambda value, other: other if value == "" else value, (str,)),
    "lower": (lambda value: str(value).lower(), ()),
    "title": (lambda value: str(value).title(), ()),
    "trim": (lambda value: str(value).strip(), ()),
    "truncate": (lambda value, length: text if len(text := str(value)) <= length else text[:length] + "…", (int,)),
    "upper": (lambda value: str(value).upper(), ()),
}
_WALKED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not,
    nodes.Concat, nodes.Operand,
)  # fmt: skip


def problems(source: str) -> list[str]:
    """Everything wrong with a template, each with its line and, for a name, the nearest that exists."""
    if len(source) > LIMIT:
        return [f"the text has {len(source):,} characters; {LIMIT:,} are allowed"]
    try:
        tree = _environment().parse(source)
    except TemplateSyntaxError as error:
        return [f"line {error.lineno}: {error.message}"]
    found: list[str] = []
    _check(tree, found)
    return found


def mentions(source: str, names: Iterable[str]) -> list[str]:
    """Which of the names a sound template uses; one of PARTS means every name below it."""
    tree = _environment().parse(source)
    used = {node.name for node in tree.find_all(nodes.Name)}
    used |= {
        f"{node.node.name}.{node.attr}" for node in tree.find_all(nodes.Getattr) if isinstance(node.node, nodes.Name)
    }
    return [name for name in names if name in used]


def render(source: str, names: Mapping[str, object], *, single_line: bool = False) -> str:
    """The text, without space around it, at most `LIMIT` characters and a word on what was cut."""
    text = _compiled(source).render(names).strip()
    return one_line(text, LIMIT) if single_line else cut(text, LIMIT)


def names_of(**roots: Mapping[str, object] | str) -> dict[str, object]:
    """What `render` wants, from one mapping for each root in PARTS and one text for each name in PLAIN."""
    return {name: value if isinstance(value, str) else SimpleNamespace(**value) for name, value in roots.items()}


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.filters = {name: function for name, (function, _) in _FILTERS.items()}
    environment.tests = {}
    return environment


@lru_cache(maxsize=512)
def _compiled(source: str) -> Compiled:
    return _environment().from_string(source)


def _check(node: nodes.Node, found: list[str]) -> None:
    if isinstance(node, nodes.Name):
        _check_name(node, found)
    elif isinstance(node, nodes.Getattr):
        _check_part(node, found)
    elif isinstance(node, nodes.Const):
        pass
    elif isinstance(node, nodes.Filter):
        _check_filter(node, found)
    elif isinstance(node, nodes.Compare):
        _check_comparison(node, found)
    elif isinstance(node, _WALKED):
        if isinstance(node, nodes.CondExpr) and node.expr2 is None:
            found.append(f'line {node.lineno}: "… if …" needs its else')
        for child in node.iter_child_nodes():
            _check(child, found)
    else:
        kind = type(node).__name__.lower()
        found.append(f"line {node.lineno}: {kind} is not available here; use names, if, ~ and {', '.join(_FILTERS)}")


def _check_name(node: nodes.Name, found: list[str]) -> None:
    if node.name in PARTS:
        parts = ", ".join(f"{node.name}.{part}" for part in PARTS[node.name])
        found.append(f"line {node.lineno}: {node.name} alone says nothing; write one of {parts}")
    elif node.name not in PLAIN:
        found.append(_unknown(node.lineno, node.name))


def _check_part(node: nodes.Getattr, found: list[str]) -> None:
    path = [node.attr]
    inner: nodes.Node = node.node
    while isinstance(inner, nodes.Getattr):
        path.append(inner.attr)
        inner = inner.node
    if not isinstance(inner, nodes.Name):
        _check(inner, found)
        found.append(f"line {node.lineno}: .{path[0]} is not available on a value; use names such as contact.name")
        return
    name = ".".join([inner.name, *reversed(path)])
    if name not in NAMES:
        found.append(_unknown(node.lineno, name))


def _check_filter(node: nodes.Filter, found: list[str]) -> None:
    if node.node is not None:
        _check(node.node, found)
    if node.name not in _FILTERS:
        near = get_close_matches(node.name, _FILTERS, n=1)
        remedy = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(_FILTERS)}"
        found.append(f'line {node.lineno}: unknown filter "{node.name}"; {remedy}')
        return
    wanted = _FILTERS[node.name][1]
    given = tuple(type(argument.value) if isinstance(argument, nodes.Const) else None for argument in node.args)
    if given != wanted or node.kwargs or node.dyn_args or node.dyn_kwargs:
        form = {(): node.name, (str,): f'{node.name}("…")', (int,): f"{node.name}(80)"}[wanted]
        found.append(f"line {node.lineno}: write this filter as {form}")


def _check_comparison(node: nodes.Compare, found: list[str]) -> None:
    _check(node.expr, found)
    left: nodes.Node = node.expr
    for operand in node.ops:
        _check(operand.expr, found)
        sides = {_kind(left), _kind(operand.expr)}
        if operand.op in ("in", "notin") and sides != {"text"}:
            found.append(f'line {node.lineno}: "in" looks for one text in another, such as "slow" in response.comment')
        elif operand.op in ("lt", "lteq", "gt", "gteq") and sides != {"number"}:
            found.append(f"line {node.lineno}: only numbers have an order, such as response.score < 3")
        left = operand.expr


def _kind(node: nodes.Node) -> str:
    """`text` or `number` where that is certain; only then can the comparison not fail when it is rendered."""
    if isinstance(node, nodes.Const):
        return {str: "text", int: "number"}.get(type(node.value), "other")
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return "number" if (node.node.name, node.attr) == ("response", "score") else "text"
    if isinstance(node, nodes.Filter):
        return "other" if node.name == "default" else "text"
    return "text" if isinstance(node, nodes.Name | nodes.Concat) else "other"


def _unknown(line: int, name: str) -> str:
    near = get_close_matches(name, NAMES, n=1) or [full for full in NAMES if full.endswith(f".{name}")]
    remedy = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(NAMES)}"
    return f'line {line}: unknown name "{name}"; {remedy}'
