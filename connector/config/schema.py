"""`python -m connector.config.schema` prints the JSON Schema (draft 2020-12) that editors check and complete YAML with.

Made from the models that `load` uses, with the adapters of this installation. What one part says about another
(names of connections, templates) only `load` checks.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Union

from pydantic import Field, create_model

from connector import registry
from connector.config.compose import connection_model
from connector.config.settings import NAME, Document
from connector.errors import ConfigError

_FILLED_IN = {"type": "string", "pattern": r"\$\{"}


def schema() -> dict[str, Any]:
    """The schema as a JSON-shaped dict, the same for the same installation."""
    models = tuple(connection_model(kind) for kind in _available())
    kinds = Annotated[Union[models], Field(discriminator="adapter")]  # type: ignore[valid-type]  # noqa: UP007
    name = Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    whole = create_model(
        "Configuration",
        __base__=Document,
        __doc__=Document.__doc__,
        connections=(dict[name, kinds], Field(description=Document.model_fields["connections"].description)),
    )
    found: dict[str, Any] = _relaxed(whole.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "nps-connector", **found}


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _available() -> list[str]:
    available = []
    for kind in registry.kinds():
        try:
            registry.spec(kind)
        except ConfigError:  # an adapter whose own package is not installed
            continue
        available.append(kind)
    return available


def _relaxed(node: Any) -> Any:
    """Numbers and words of a list may also come from a variable; a span is written as text; what says nothing is left
    out (titles that repeat the key, the default null)."""
    if isinstance(node, list):
        return [_relaxed(child) for child in node]
    if not isinstance(node, dict):
        return node
    relaxed = {key: _relaxed(child) for key, child in node.items() if not (key == "title" and isinstance(child, str))}
    default = relaxed.get("default", ...)
    if default is None:
        del relaxed["default"]
    elif isinstance(default, dict) and "working_seconds" in default:
        relaxed["default"] = default["text"]
    if relaxed.get("type") in ("integer", "number", "boolean") or (
        "enum" in relaxed and relaxed.get("type") == "string"
    ):
        kept = {key: relaxed.pop(key) for key in ("description", "default") if key in relaxed}
        return {"anyOf": [relaxed, _FILLED_IN], **kept}
    return relaxed


if __name__ == "__main__":
    sys.stdout.write(text())
