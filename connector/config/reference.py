"""`python -m connector.config.reference` prints docs/configuration.md: every key, its meaning, default, allowed values.

Made from the schema, which is made from the models that `load` uses; a test holds that the committed page is current.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from connector.config.schema import schema

Node = dict[str, Any]
_PLAIN = ("string", "integer", "number", "boolean")
HEAD = """\
# Configuration

Every key of `nps.yaml`: what it means, its default, what may be written. Made from the program's own models by
`make reference`; do not edit it. A file with every option and comments is [config/full.yaml](../config/full.yaml), a
short one [config/example.yaml](../config/example.yaml), the schema for editors
[config/nps.schema.json](../config/nps.schema.json). `connector check` reports every problem at once, with line and
column. Conditions, actions and texts in depth: [rules](rules.md).

**Where it stands** is the heading: `audiences.NAME.exclude` is the key `exclude` below a name of your choice below
`audiences`; `rules[]` is each entry of the list `rules`. Unknown keys are errors.

**Values.** Lengths of time are written `15 minutes`, `8 hours`, `90 days`, `2 weeks`, `18 months`, `1 year`; where
business time is meant also `1 business day` or `8 working hours`. `${NAME}` is taken from the environment,
`${NAME:-value}` has a default, `${file:secrets/key}` is a file's content, `$${` a plain `${`. References stand in
values, never in keys.
"""
_LEFT_OUT = {"memory"}  # kinds of connections that live in tests only
_FILLED_IN = r"\$\{"
_LONGEST = 60


def text() -> str:
    """The page as it is committed."""
    whole = schema()
    blocks = [HEAD.rstrip()]
    for place, node in _sections(whole):
        blocks.append("\n".join([f"## {place}", "", *_table(place, node, whole)]))
    return "\n\n".join(blocks) + "\n"


def _sections(whole: Node) -> Iterator[tuple[str, Node]]:
    """(where it stands, mapping with keys) of everything, in the order of the file; recursion only once."""
    yield "The whole file", whole
    seen: set[str] = set()
    for place, node in _below("", whole, whole, ()):
        if place not in seen:
            seen.add(place)
            yield place, node


def _below(place: str, node: Node, whole: Node, above: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    for key, child in node.get("properties", {}).items():
        for where, name, found in _mappings(f"{place}.{key}".strip("."), child, whole):
            if name not in above:
                yield where, found
                yield from _below(where.partition(" (")[0], found, whole, (*above, name))


def _mappings(place: str, node: Node, whole: Node) -> Iterator[tuple[str, str, Node]]:
    """(place, name of its model, model) of each mapping that a value of this node may be or hold."""
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        found = whole["$defs"][name]
        if "properties" in found:
            yield place, name, found
        else:
            yield from _mappings(place, found, whole)
    for branch in (*node.get("anyOf", ()), *node.get("allOf", ())):
        yield from _mappings(place, branch, whole)
    for branch in node.get("oneOf", ()):
        for where, name, found in _mappings(f"{place}.NAME".replace(".NAME.NAME", ".NAME"), branch, whole):
            kind = found["properties"].get("adapter", {}).get("const", "")
            if kind not in _LEFT_OUT:
                yield f"{where} ({kind})" if kind else where, name, found
    named = [*node.get("patternProperties", {}).values()]
    if isinstance(node.get("additionalProperties"), dict):
        named.append(node["additionalProperties"])
    for child in named:
        yield from _mappings(f"{place}.NAME", child, whole)
    if isinstance(node.get("items"), dict):
        yield from _mappings(f"{place}[]", node["items"], whole)


def _table(place: str, node: Node, whole: Node) -> list[str]:
    required = set(node.get("required", ()))
    lines = [_sentence(node.get("description", "")), ""] if node.get("description") else []
    lines += ["| Key | Means | Default | Allowed |", "|---|---|---|---|"]
    keys = node.get("properties", {})
    for key in sorted(keys, key=lambda key: key != "adapter"):  # what all connections begin with
        child = keys[key]
        means = _sentence(child.get("description") or _resolved(child, whole).get("description", ""))
        default = "**must be written**" if key in required else _default(child, whole)
        path = key if place == "The whole file" else f"{place.partition(' (')[0]}.{key}"
        lines.append(f"| `{key}` | {_cell(means)} | {default} | {_cell(_allowed(child, whole, path))} |")
    return lines


def _sentence(description: str) -> str:
    """The first letter large, one line, a full stop."""
    flat = " ".join(description.split())
    first = flat[:1] if re.match(r"\w+[:@]", flat) else flat[:1].upper()  # a word to be written stays as it is
    return f"{first}{flat[1:]}{'' if flat.endswith(('.', '!', '?')) or not flat else '.'}"


def _default(node: Node, whole: Node) -> str:
    value = node.get("default")
    if value is None and "properties" in _resolved(node, whole):
        return "see below"
    if value is None or value in ("", [], {}):
        return "none"
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    shown = " ".join(shown.split())
    if len(shown) > _LONGEST or "|" in shown or "`" in shown:
        return "a text, see [rules](rules.md)" if isinstance(value, str) else "see below"
    return f"`{shown}`"


def _allowed(node: Node, whole: Node, path: str) -> str:
    found = list(dict.fromkeys(_kinds(node, whole, path)))
    if len(found) > 1:
        found = [part for part in found if "anything" not in part]
    return " or ".join(found) or "anything"


def _kinds(node: Node, whole: Node, path: str) -> Iterator[str]:
    if node.get("pattern") == _FILLED_IN or node.get("type") == "null":
        return
    if "const" in node:
        yield f"`{node['const']}`"
    elif "enum" in node:
        yield ", ".join(f"`{word}`" for word in node["enum"])
    elif "$ref" in node:
        found = _resolved(node, whole)
        yield from [f"keys, see `{path}`"] if "properties" in found else _kinds(found, whole, path)
    elif "anyOf" in node or "oneOf" in node:
        for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            yield from _kinds(branch, whole, path)
    elif node.get("type") == "array":
        inner = _allowed(node.get("items", {}), whole, f"{path}[]")
        yield f"list of: {inner}"
    elif node.get("type") == "object":
        named = [*node.get("patternProperties", {}).values(), node.get("additionalProperties", {})]
        values = [child for child in named if isinstance(child, dict) and child]
        plain = [child for child in values if child.get("type") in _PLAIN]
        if plain:
            yield f"names of your choice, each with: {_allowed(plain[0], whole, path)}"
        else:
            yield f"names of your choice, see `{path}.NAME`" if values else "keys of your choice"
    else:
        yield _plain(node)


def _plain(node: Node) -> str:
    match node.get("type"):
        case "boolean":
            return "`true`, `false`"
        case "integer" | "number" as kind:
            word = "whole number" if kind == "integer" else "number"
            least, most = node.get("minimum"), node.get("maximum")
            if least is not None and most is not None:
                return f"{word}, {least} to {most}"
            return f"{word}, at least {least}" if least is not None else word
        case "string":
            if node.get("writeOnly") or node.get("format") == "password":
                return "a secret: `${NAME}` or `${file:PATH}`"
            if node.get("examples"):
                return "such as " + ", ".join(f"`{example}`" for example in node["examples"])
            return "path" if node.get("format") == "path" else "text"
    return "anything"


def _resolved(node: Node, whole: Node) -> Node:
    if "$ref" in node:
        found: Node = whole["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node


def _cell(words: str) -> str:
    """Text that ends no cell, starts no markup and no HTML."""
    return re.sub(r"<(?=\w)", r"\\<", words.replace("|", r"\|"))


if __name__ == "__main__":
    sys.stdout.write(text())
