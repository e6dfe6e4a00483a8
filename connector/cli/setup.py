"""`connector setup`"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from connector import registry
from connector.cli import common, steps
from connector.cli.output import facts, say, table
from connector.jobs import once
from connector.jobs import setup as setting_up
from connector.jobs.runtime import Runtime
from connector.ports import FieldState

app = typer.Typer(no_args_is_help=True, help="What the rules need in the CRM; create it after a look.")


@app.callback()
def _group() -> None:
    """What the rules need in the CRM; create it after a look."""


@app.command("connectwise")
def connectwise(
    connection: Annotated[
        str | None, typer.Argument(metavar="CONNECTION", help="Needed where there are several.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before doing it.")] = False,
) -> None:
    """Show which custom fields the rules need and which are there; create the missing ones after a yes.

    It works in every mode, for it changes the set-up of the PSA and no customer's record. What is there is left alone.

    Example: connector setup connectwise psa
    """
    with common.opened(effects=False) as runtime:
        name = _meant(runtime, connection)
        states = setting_up.look(runtime.config, name) or []
        _show(name, states)
        missing = [state for state in states if not state.exists]
        possible = [state for state in missing if not state.why_not]
        told: dict[str, Any] = {"connection": name, "fields": [asdict(state) for state in states], "done": False}
        if not possible:
            say("nothing is missing" if states and not missing else "there is nothing that can be created")
            facts(told)
            common.leave(5 if missing else 0)
            return
        if not yes and (common.given.json or not typer.confirm(f"Create {_count(possible)} in {name}?", err=True)):
            say("nothing was created")
            facts(told | {"why_not": "not confirmed; add --yes"})
            return
        create = [[state.needed.on, state.needed.caption] for state in possible]
        step = steps.perform(runtime, "setup", name, {"create": create})
        steps.say_step(step)
        after = setting_up.look(runtime.config, name) or []
        _show(name, after)
        fields = [asdict(state) for state in after]
        facts(told | {"fields": fields, "done": step.outcome == "done", "step": steps.as_json(step)})
    common.leave(once.exit_code([step]) or (5 if any(not state.exists for state in after) else 0))


def _meant(runtime: Runtime, connection: str | None) -> str:
    names = [
        name for name, made in runtime.config.connections.items() if registry.spec(made.kind).kind == "connectwise"
    ]
    if connection is not None:
        return common.known("ConnectWise connection", connection, names)
    if len(names) != 1:
        common.wrong(f"name the connection: {', '.join(names)}" if names else "there is no ConnectWise connection")
    return names[0]


def _show(name: str, states: list[FieldState]) -> None:
    if not states:
        say(f"{name}: no rule writes to a custom field")
        return
    rows = [
        (
            state.needed.on,
            state.needed.caption,
            state.type if state.exists else "missing",
            state.place,
            state.needed.why,
            state.note or state.why_not or ("" if state.exists else f"can be created ({state.needed.holds})"),
        )
        for state in states
    ]
    table(("of", "caption", "type", "place", "rules", ""), rows)


def _count(states: list[FieldState]) -> str:
    return "1 custom field" if len(states) == 1 else f"{len(states)} custom fields"
