"""`connector completion`: the scripts for shells, and the words they ask the program for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.shared import SHARED

WORDS = "words"
SCRIPTS = {
    "bash": """\
_connector() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
        connector completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -o bashdefault -F _connector connector
""",
    "zsh": """\
#compdef connector
_connector() {
    local -a found
    found=("${(@f)$(connector completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    found=(${found:#})
    if (( ${#found} )); then compadd -a found; else _files; fi
}
(( $+functions[compdef] )) && compdef _connector connector
""",
    "fish": """\
function __connector_words
    connector completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c connector -a '(__connector_words)'
""",
}
_THINGS = ("contact-types", "company-types", "marketing-groups", "boards", "statuses", "priorities", "members",
           "custom-fields")  # fmt: skip
# Another name could be an order to the shell or the terminal, and who wrote the file need not be who completes.
_HARMLESS = re.compile(r"[\w.@:+-]+")
_TAKES_VALUE = tuple("--" + name.replace("_", "-") for name in SHARED if name in ("config", "log_level"))


def completion(
    shell: Annotated[str, typer.Argument(metavar="bash|zsh|fish", help="For which shell.")],
    words: Annotated[list[str] | None, typer.Argument(hidden=True, help="What was typed so far.")] = None,
) -> None:
    """Print the script that makes a shell complete commands, options, connections and audiences.

    Example: connector completion bash > ~/.local/share/bash-completion/completions/connector
    Example: connector completion zsh > ~/.zfunc/_connector
    Example: connector completion fish > ~/.config/fish/completions/connector.fish
    """
    if shell == WORDS:
        sys.stdout.writelines(f"{word}\n" for word in candidates(words or [""]))
        return
    common.known("shell", shell, list(SCRIPTS))
    sys.stdout.write(SCRIPTS[shell])


completion.__dict__["has_shared_options"] = True  # it reads no more of the configuration than names


def candidates(typed: Sequence[str]) -> list[str]:
    """The words that may stand in place of the last one typed; none where a file or a free text is meant."""
    from connector.cli import main

    before, last = list(typed[:-1]), typed[-1]
    config, before = _without_shared(before)
    if not before:
        return _beginning(last, main.COMMANDS, [*_shared(), "--version", "--help"])
    command = main.load(before[0]) if before[0] in main.COMMANDS else None
    below = getattr(command, "commands", None)
    rest = before[1:]
    if below is not None:
        if not rest:
            return _beginning(last, below, ["--help"])
        command, rest = below.get(rest[0]), rest[1:]
    if command is None:
        return []
    options = {option: p for p in command.params for option in (*p.opts, *p.secondary_opts) if option.startswith("-")}
    if rest and rest[-1] in options and _takes_value(options[rest[-1]]):
        return _beginning(last, _values(options[rest[-1]], config), ())
    if last.startswith("-"):
        return _beginning(last, (), [option for option in options if option.startswith("--")])
    at = len(_positional(rest, options))
    arguments = [p for p in command.params if p.param_type_name == "argument" and not getattr(p, "hidden", False)]
    if not arguments:
        return []
    argument = arguments[min(at, len(arguments) - 1)]
    if at >= len(arguments) and argument.nargs != -1:
        return []
    return _beginning(last, _values(argument, config), ())


def _beginning(last: str, words: Sequence[str] | Any, options: Sequence[str]) -> list[str]:
    return [word for word in (options if last.startswith("-") else words) if word.startswith(last)]


def _shared() -> list[str]:
    return ["--" + name.replace("_", "-") for name in SHARED]


def _without_shared(words: list[str]) -> tuple[Path | None, list[str]]:
    """The configuration named before or after the command, and the words from the command's name on."""
    config: Path | None = None
    kept: list[str] = []
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if name in _TAKES_VALUE:
            value = value if equals else next(waiting, "")
            config = Path(value) if name == "--config" and value else config
        elif kept or not word.startswith("-"):
            kept.append(word)
    return config, kept


def _positional(words: Sequence[str], options: dict[str, Any]) -> list[str]:
    found: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word.startswith("-"):
            if word in options and _takes_value(options[word]):
                next(waiting, None)
        else:
            found.append(word)
    return found


def _takes_value(parameter: Any) -> bool:
    return not getattr(parameter, "is_flag", False)


def _values(parameter: Any, config: Path | None) -> list[str]:
    """What may stand for a parameter, told by its name; nothing where it is free text or a file."""
    match parameter.name:
        case "connection" | "connections":
            return [*_named("connections", config), *(["all"] if "all" in (parameter.help or "") else [])]
        case "audience" | "audiences" | "words":
            return _named("audiences", config)
        case "names":
            return [*_named("connections", config), *_named("audiences", config), "all"]
        case "thing":
            return list(_THINGS)
        case "state":
            from connector.domain import WriteBackState

            return list(WriteBackState)
        case "log_level":
            return ["debug", "info", "warning", "error"]
        case "shell":
            return list(SCRIPTS)
        case "kind":
            from connector import registry

            return [kind for kind in registry.kinds() if kind != "memory"]
    return []


def _named(part: str, config: Path | None) -> list[str]:
    """Keys of one part of the file; no more of it is read, so that keys need not be in the environment."""
    path = config or next((place for place in _places() if place.is_file()), None)
    if path is None:
        return []
    from connector.config.source import read

    found = read(path).tree.get(part)
    return [str(name) for name in found if _HARMLESS.fullmatch(str(name))] if isinstance(found, dict) else []


def _places() -> Iterator[Path]:
    if os.environ.get(common.CONFIG):
        yield Path(os.environ[common.CONFIG])
    yield from common.PLACES
