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

WRITES_FIELDS = frozenset(("record_response", "set_field"))


def setup(
    connection: Annotated[
        str | None, typer.Argument(metavar="CONNECTION", help="Needed where there are several.", show_default=False)
    ] = None,
    of_kind: Annotated[str | None, typer.Argument(metavar="", hidden=True, help="Connection of a kind.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before doing it.")] = False,
) -> None:
    """Show which custom fields rules and connection need and which are there; create the missing ones after a yes.

    It works in every mode, for it changes the set-up of the CRM and no customer's record. What is there is left alone.

    Example: connector setup psa
    """
    with common.opened(effects=False) as runtime:
        name = _meant(runtime, connection, of_kind)
        states = setting_up.look(runtime.config, name)
        if states is None:
            common.wrong(f"connection {name}: nothing can be set up there")
        _show(name, states)
        missing = [state for state in states if not state.exists]
        possible = [state for state in missing if not state.why_not]
        told: dict[str, Any] = {"connection": name, "fields": [asdict(state) for state in states], "done": False}
        if not possible:
            say("nothing is missing" if states and not missing else "there is nothing that can be created")
            if missing:
                say(f"make {_count(missing)} by hand as the last column says, or name others in the rules; then: "
                    f"connector setup {name}")  # fmt: skip
            facts(told)
            common.leave(5 if missing else 0)
            return
        if not yes and (common.given.json or not typer.confirm(f"Create {_count(possible)} in {name}?", err=True)):
            say(f"nothing was created; answers are recorded without them; connector setup {name} --yes creates")
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


def _meant(runtime: Runtime, connection: str | None, second: str | None) -> str:
    """The connection that is named, or the only one; `setup connectwise psa`, as it was once written, still works."""
    made = runtime.config.connections
    specs = {name: registry.spec(each.kind) for name, each in made.items()}
    names = [name for name, spec in specs.items() if WRITES_FIELDS & spec.changes]
    if connection is not None and connection not in made and connection in registry.kinds():
        names = [name for name in names if specs[name].kind == connection]
        what, connection = f"{registry.spec(connection).label} connection", second
    elif second is not None:
        common.wrong(f"one connection at a time: connector setup {connection}")
    else:
        what = "connection with custom fields"
    if connection is not None:
        return common.known(what, connection, names)
    if len(names) != 1:
        common.wrong(f"name the connection: {', '.join(names)}" if names else f"there is no {what}")
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
    table(("of", "caption", "type", "place", "for", ""), rows)


def _count(states: list[FieldState]) -> str:
    return "1 custom field" if len(states) == 1 else f"{len(states)} custom fields"
