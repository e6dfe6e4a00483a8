"""Which keys a model knows at a place, and where secrets stand: read from the type annotations.

Works without a valid value, so that messages about a wrong key can name the right one.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence, Set
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr

from connector.config.source import Steps

_LISTS = (list, tuple, set, frozenset, Sequence, Set)


def models_at(annotation: Any, steps: Steps) -> list[type[BaseModel]]:
    """Every model whose value may stand at `steps` below a value of this annotation."""
    return [kind for kind in _at(annotation, steps) if isinstance(kind, type) and issubclass(kind, BaseModel)]


def keys_at(annotation: Any, steps: Steps) -> list[str]:
    """The keys that a mapping at `steps` may have, as they are written in the file."""
    return sorted({key for model in models_at(annotation, steps) for key in fields(model)})


def words_at(annotation: Any, steps: Steps) -> list[str]:
    """The words a value at `steps` may be, where its type lists them."""
    words: set[str] = set()
    for kind in _at(annotation, steps):
        if get_origin(kind) is Literal:
            words.update(str(word.value if isinstance(word, Enum) else word) for word in get_args(kind))
        elif isinstance(kind, type) and issubclass(kind, Enum):
            words.update(str(member.value) for member in kind)
    return sorted(words)


def secret_steps(annotation: Any, value: Any, steps: Steps = ()) -> Iterator[Steps]:
    """The places in `value` that hold a secret."""
    kinds = flat(annotation)
    if any(isinstance(kind, type) and issubclass(kind, SecretStr | SecretBytes) for kind in kinds):
        yield steps
        return
    if isinstance(value, dict):
        for key, child in value.items():
            for kind in kinds:
                for below in _children(kind, key):
                    yield from secret_steps(below, child, (*steps, key))
    elif isinstance(value, list):
        for at, child in enumerate(value):
            for kind in kinds:
                for below in _children(kind, at):
                    yield from secret_steps(below, child, (*steps, at))


def fields(model: type[BaseModel]) -> dict[str, Any]:
    """Annotation of each field, by the name it has in the file."""
    return {written(name, info): info.annotation for name, info in model.model_fields.items()}


def written(name: str, info: Any) -> str:
    """How a field is written in the file: its alias, where it has one."""
    alias = info.validation_alias or info.alias
    return alias if isinstance(alias, str) else name


def flat(annotation: Any) -> list[Any]:
    """The annotation without Annotated, aliases and unions."""
    origin = get_origin(annotation)
    for alias in (annotation, origin):
        if hasattr(alias, "__value__"):  # a TypeAliasType, from typing or typing_extensions
            return flat(alias.__value__)
    if origin is Annotated:
        return flat(get_args(annotation)[0])
    if origin is Union or origin is types.UnionType:
        return [kind for branch in get_args(annotation) for kind in flat(branch)]
    return [annotation]


def _at(annotation: Any, steps: Steps) -> list[Any]:
    found = flat(annotation)
    for step in steps:
        found = [kind for above in found for child in _children(above, step) for kind in flat(child)]
    return found


def _children(kind: Any, step: str | int) -> list[Any]:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if isinstance(origin, type) and issubclass(origin, BaseModel):
        known = fields(origin)
        return [known[step]] if isinstance(step, str) and step in known else []
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return [arguments[1]] if len(arguments) == 2 and isinstance(step, str) else []
    if isinstance(origin, type) and issubclass(origin, _LISTS) and not issubclass(origin, str):
        return [argument for argument in arguments if argument is not Ellipsis] if isinstance(step, int) else []
    return []
