"""The options that every command has, before or after its name: added to a command's own when it is loaded."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from connector.cli import common

SHARED: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="The configuration; default: $CONNECTOR_CONFIG, else nps.yaml, else config/nps.yaml.",
            show_default=False,
        ),
    ],
    "json": Annotated[bool, typer.Option("--json", help="Print the facts as one JSON object; the log is on stderr.")],
    "show_addresses": Annotated[
        bool, typer.Option("--show-addresses", help="Leave e-mail addresses readable in the log.")
    ],
    "log_level": Annotated[
        str | None,
        typer.Option(
            "--log-level", metavar="LEVEL", help="debug, info, warning or error; default: info, at a terminal warning.",
            show_default=False,
        ),
    ],
    "debug": Annotated[bool, typer.Option("--debug", help="Show the traceback of an unexpected error.")],
}  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from connector import __version__

        sys.stdout.write(f"nps-connector {__version__}\n")
        raise typer.Exit


ROOT_OPTIONS: dict[str, Any] = {
    **SHARED,
    "version": Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_version)],
}
_DEFAULT: dict[str, Any] = {"config": None, "log_level": None}


def with_shared_options(function: Callable[..., Any] | None, options: dict[str, Any] = SHARED) -> Callable[..., Any]:
    """The function with these options beside its own; a command that declares one itself keeps its own."""
    assert function is not None
    if getattr(function, "has_shared_options", False):
        return function
    own = inspect.signature(function)
    hints = get_type_hints(function, include_extras=True)
    parameters = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    takes_any = len(parameters) != len(own.parameters)
    added = [name for name in options if name not in own.parameters]

    @functools.wraps(function)
    def called(**values: Any) -> Any:
        if takes_any:
            return function(**values)
        common.give(**{name: values.pop(name) for name in added})
        return function(**values)

    keyword = inspect.Parameter.KEYWORD_ONLY
    called.__dict__.pop("__wrapped__", None)
    called.__dict__["has_shared_options"] = True
    called.__dict__["__signature__"] = inspect.Signature(
        [p.replace(kind=keyword, annotation=hints.get(p.name, Any)) for p in parameters]
        + [
            inspect.Parameter(name, keyword, default=_DEFAULT.get(name, False), annotation=options[name])
            for name in added
        ]
    )
    called.__annotations__ = {**hints, **{name: options[name] for name in added}, "return": None}
    return called
