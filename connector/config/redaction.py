"""What is secret in a filled-in tree, and the tree without it.

Secret is: what stands where a settings model wants a secret; what came from a file or from a variable whose name
speaks of keys, tokens, secrets or passwords; and what came from a variable that also stands in a secret's place.
"""

from __future__ import annotations

from typing import Any

from connector.config.compose import connection_model, kind_of
from connector.config.references import REDACTED, Filled, Reference
from connector.config.shapes import secret_steps
from connector.config.source import Steps


def redact(filled: Filled) -> dict[str, Any]:
    """A copy of the tree in which every secret is a placeholder, and every other value is as filled in."""
    places, names = _secret_places(filled), _secret_names(filled)

    def copied(value: Any, steps: Steps) -> Any:
        if steps in places and value is not None:
            return REDACTED
        if isinstance(value, dict):
            return {key: copied(child, (*steps, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [copied(child, (*steps, at)) for at, child in enumerate(value)]
        if steps in filled.parts:
            return "".join(
                part if isinstance(part, str) else REDACTED if part.shown in names else part.value
                for part in filled.parts[steps]
            )
        return value

    copy: dict[str, Any] = copied(filled.tree, ())
    return copy


def secrets(filled: Filled) -> list[str]:
    """The secret values themselves, for the log to hide."""
    names = _secret_names(filled)
    values = {part.value for part in _references(filled) if part.shown in names}
    values |= {str(_value(filled.tree, steps)) for steps in _secret_places(filled)}
    return sorted(values - {""})


def hidden(filled: Filled, steps: Steps) -> dict[str, str]:
    """What a message about `steps` must not show, by the name to show instead: secrets, and values filled in there."""
    shown: dict[str, str] = dict.fromkeys((value for value in secrets(filled) if len(value) > 3), REDACTED)
    shown |= {part.value: part.shown for part in _references(filled) if part.value in shown}
    shown |= {part.value: part.shown for part in filled.below(steps)}
    near = [place for place in _secret_places(filled) if place[: len(steps)] == steps or steps[: len(place)] == place]
    shown |= {str(_value(filled.tree, place)): REDACTED for place in near if place not in filled.parts}
    shown.pop("", None)
    return shown


def literal_secrets(filled: Filled) -> list[Steps]:
    """Places where a secret is written out in the file."""
    return sorted(steps for steps in _secret_places(filled) if steps not in filled.parts and _value(filled.tree, steps))


def _secret_places(filled: Filled) -> set[Steps]:
    connections = filled.tree.get("connections")
    places: set[Steps] = set()
    for name, values in connections.items() if isinstance(connections, dict) else ():
        kind = kind_of(values)
        if isinstance(kind, str):
            places |= set(secret_steps(connection_model(kind), values, ("connections", name)))
    return places


def _secret_names(filled: Filled) -> set[str]:
    places = _secret_places(filled)
    return {part.shown for part in _references(filled) if part.secret} | {
        part.shown for steps in places for part in filled.parts.get(steps, ()) if isinstance(part, Reference)
    }


def _references(filled: Filled) -> list[Reference]:
    return [part for parts in filled.parts.values() for part in parts if isinstance(part, Reference)]


def _value(tree: Any, steps: Steps) -> Any:
    for step in steps:
        tree = tree[step]
    return tree
