"""`connector resume`"""

from __future__ import annotations

from typing import Annotated

import typer

from connector.cli import common
from connector.cli.output import facts, say
from connector.cli.pause import ALL, as_json, name_of
from connector.store import holds
from connector.store.holds import EVERYTHING, Hold


def resume(
    names: Annotated[
        list[str], typer.Argument(metavar="CONNECTION|AUDIENCE|all …", help="What goes on; all lifts every hold.")
    ],
) -> None:
    """Lift a pause; or the hold after lost credentials, once they are renewed; or the hold of an audience.

    What is still wrong is held again at the next try, so nothing is lost by resuming.

    Example: connector resume psa
    Example: connector resume all
    """
    with common.opened() as runtime:
        with runtime.store.read() as tx:  # an audience that was held and then taken out of the file is known here only
            held = [hold.name for hold in holds.listed(tx) if hold.name != EVERYTHING]
        for name in names:
            valid = {*runtime.config.connections, *runtime.config.audiences, *held, ALL}
            common.known("connection or audience", name, list(valid))
        lifted = []
        with runtime.store.write() as tx:
            for hold in holds.listed(tx):
                if any(name in (ALL, hold.name) for name in names):
                    holds.lift(tx, hold.kind, hold.name, hold.cause)
                    lifted.append(hold)
        for hold in lifted:
            say(f"{name_of(hold)}: {_words(hold)}")
        if not lifted:
            say(f"{', '.join(names)}: was not held")
        with runtime.store.read() as tx:
            left = holds.listed(tx)
            for hold in left:
                say(f"still held: {name_of(hold)} ({hold.cause}): {hold.reason}")
            facts(
                {"mode": runtime.mode, "lifted": [f"{h.kind} {h.name} {h.cause}" for h in lifted], "held": as_json(tx)}
            )


def _words(hold: Hold) -> str:
    return {
        "auth": "hold lifted; the next run tries the credentials",
        "missing": "the next pull looks for its names again",
    }.get(hold.cause, "goes on")
