"""`connector`: the tree of commands, each imported when it is asked for, and the one place that makes exit codes.

A command is a module of this room. It offers either a function with the command's name, or `app`, a `typer.Typer` with
subcommands. It says what it found by `output`, opens things by `common`, and leaves with another code than 0 by
`common.leave(code)`; it catches no ConnectorError.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from connector.cli import common, failures, helping
from connector.cli.shared import ROOT_OPTIONS, with_shared_options

COMMANDS: dict[str, str] = {
    "init": "Write a first configuration, with the names of your system or as an example.",
    "check": "Prove the configuration, offline or against the CRM.",
    "show": "List the types, groups, boards, members … of a connection.",
    "pull": "Bring contacts from the CRM into the store.",
    "callbacks": "Let a CRM tell of changes between pulls; take that back.",
    "preview": "Who would be asked, who not and why; nothing is sent.",
    "hygiene": "What a person should put right in the CRM, with proposals.",
    "suppress": "Ask an address or a company no more, for ever or until a date.",
    "responses": "Take answers in from a file; list them.",
    "history": "Take a former tool's askings, scores, opt-outs and bounces in.",
    "rules": "Try the rules on an answer; nothing is done.",
    "rehearse": "Walk one person through the loop, on the test company.",
    "outbox": "What waits to be written to the CRM; settle or release it.",
    "deliver": "Write what is due to the CRM and to people.",
    "setup": "What the rules need in the CRM; create it after a look.",
    "watch": "How our tickets stand in the CRM; who must be told.",
    "follow-ups": "What became of the answers that a ticket was opened for.",
    "reconcile": "Our tickets against the CRM; each difference with the next command.",
    "undo": "Take back what a delivery did, as far as possible.",
    "run": "Do what is due, as a service or once.",
    "health": "Ask a running service whether it is well.",
    "db": "Copy, upgrade, tidy and look at the database.",
    "jobs": "What was done; replay it offline or run it again.",
    "doctor": "What is wrong, each with the next command.",
    "export": "All that is stored of a person, as one file.",
    "forget": "Erase a person everywhere here, with a certificate.",
    "support-bundle": "One file for support: jobs and health, without people in it.",
    "explain": "Why a person was asked or not, and what followed.",
    "pause": "Stop effects on a connection, or on all; list what is held.",
    "resume": "Let effects go on, also after credentials were renewed.",
    "sandbox": "A stand-in CRM to try things on, with people in it.",
    "completion": "Let the shell complete commands, options and names.",
    "demo": "The whole story on stand-in CRMs, in a folder of its own.",
}
EPILOG = """\b
Exit codes:
  0  done
  1  failed
  2  correct the configuration or the command line
  3  held: renew credentials or rights, or lift the pause; then connector resume
  4  a limit stopped it; what is beyond waits, and you decide
  5  done but for some records or audiences
  6  put off; try again later
"""


class Commands(TyperGroup):
    """The root: names and one-line help stand in COMMANDS, so that --help imports no command."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the signature is typer's
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the signature is typer's
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0].lower(), COMMANDS, 1, 0.5)
            ctx.fail(f'no command "{args[0][:60]}"; ' + (f'did you mean "{near[0]}"?' if near else "connector --help"))
        return super().resolve_command(ctx, args)


def load(name: str) -> Any:
    """The command of this name, its module imported now."""
    module = import_module(f"connector.cli.{name.replace('-', '_')}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(getattr(module, name.replace("-", "_")))
    for command in app.registered_commands:
        command.callback = with_shared_options(command.callback)
    app.rich_markup_mode = None
    built = typer.main.get_command(app)
    built.name = name
    for command in getattr(built, "commands", {"": built}).values():
        helping.arrange(command)
    return built


app = typer.Typer(
    cls=Commands, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, epilog=EPILOG,
    no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)  # fmt: skip


def _root(**given: Any) -> None:
    """Self-hosted NPS connector: clean contacts in, answers and follow-up tickets out, each written once."""
    given.pop("version")
    common.give(**given)


app.callback(invoke_without_command=False)(with_shared_options(_root, ROOT_OPTIONS))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code, everything that went wrong said."""
    common.reset()
    command = typer.main.get_command(app)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = command.main(args=given, prog_name="connector", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return failures.INTERRUPTED
    except OSError as error:
        if error.errno != errno.EPIPE:
            return failures.told(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what reads us has enough; flush in peace
        return 1
    except Exception as error:
        return failures.told(error)
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console entry point."""
    sys.exit(run())
