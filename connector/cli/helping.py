"""The help of a command as a page of a manual: what it does, its options, then its examples and its exit codes.

All of it stands in the command's docstring: lines `Example: connector …` and `Exit N: when` among the sentences.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_EXAMPLE = re.compile(r"^Example: (connector .*)$")
_EXIT = re.compile(r"^Exit (\d+): (.*)$")


class Page(NamedTuple):
    """A docstring taken apart. `text` are its sentences; each example is a command line that can be typed."""

    text: str
    examples: list[str]
    exits: list[tuple[int, str]]


def page(docstring: str) -> Page:
    text: list[str] = []
    examples: list[str] = []
    exits: list[tuple[int, str]] = []
    for line in docstring.splitlines():
        if found := _EXAMPLE.match(line.strip()):
            examples.append(found[1])
        elif found := _EXIT.match(line.strip()):
            exits.append((int(found[1]), found[2]))
        else:
            text.append(line)
    return Page("\n".join(text).strip(), examples, exits)


def arrange(command: Any) -> None:
    """Show the examples and exit codes of a built command below its options; done once for each."""
    found = page(command.help or "")
    if not found.examples:
        return
    parts = ["\n".join(["\b", "Examples:", *(f"  {line}" for line in found.examples)])]
    if found.exits:
        codes = [f"  {code}  {when}" for code, when in found.exits]
        parts.append("\n".join(["\b", "Exit codes, beside those of connector --help:", *codes]))
    command.help, command.epilog = found.text, "\n\n".join(parts)
