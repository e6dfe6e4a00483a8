"""What is said of an error, and the code the command leaves with. The only place that turns one into the other."""

from __future__ import annotations

import sys
import traceback
from dataclasses import asdict
from typing import Any

import typer

from connector.cli import common
from connector.errors import ConfigError, ConnectorError

INTERRUPTED = 130


def told(error: Exception) -> int:
    """Say it on stderr (with --json also as an object on stdout), never as a traceback; the exit code."""
    code, lines = _read(error)
    if common.given.json:
        from connector.cli.output import write_json

        write_json(_object(error, code, lines))
    from connector.cli.output import complain

    for line in lines:
        complain(line)
    if common.given.debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    return code


def _read(error: Exception) -> tuple[int, list[str]]:
    if isinstance(error, ConfigError):
        return error.exit_code, [_place(str(problem)) for problem in error.problems]
    if isinstance(error, ConnectorError):
        return error.exit_code, [str(error)]
    if isinstance(error, typer.TyperException):
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stdout.write(error.format_message() + "\n")
            return 0, []
        where = getattr(getattr(error, "ctx", None), "command_path", "connector")
        return 2, [f"{error.format_message()}", f"See: {where} --help"]
    if isinstance(error, typer.Abort):
        return 1, ["", "stopped"]  # below the question that it answers
    if isinstance(error, OSError):
        return 1, [f"{error.filename or 'the system'}: {error.strerror or type(error).__name__}"]
    return 1, [
        f"unexpected error ({type(error).__name__}); this is a bug, please report it",
        "the same command with --debug shows where" if not common.given.debug else "it was here:",
    ]


def _place(line: str) -> str:
    """What no file says (a word on the command line, say) needs no file in front."""
    return line.removeprefix("configuration: ")


def _object(error: Exception, code: int, lines: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"error": type(error).__name__, "exit_code": code, "message": "\n".join(lines).strip()}
    if isinstance(error, ConfigError):
        found["problems"] = [asdict(problem) for problem in error.problems]
    return found
