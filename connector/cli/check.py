"""`connector check`"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import complain, facts, moment, say
from connector.config import Config
from connector.errors import AuthError, Problem


def check(
    live: Annotated[
        bool, typer.Option("--live", help="Also open each connection, prove its credentials and every name in use.")
    ] = False,
) -> None:
    """Check the whole configuration and report every problem at once, each with its line and the nearest valid name.

    Nothing is written and nobody is asked. Without --live it works offline.

    Example: connector check --live
    """
    config = common.configuration()
    notices = list(config.notices)
    folder = config.answers.folder
    if folder is not None and not folder.is_dir():
        notices.append(f"answers.folder: there is no folder {folder} yet; make it, or no answers are collected")
    found: dict[str, Any] = {"mode": config.mode, "config": str(config.path), "counts": _counts(config)}
    if not live:
        _say(config, notices, "configuration is sound")
        facts({**found, "problems": [], "notices": notices})
        return
    from connector.jobs import names

    proof = names.prove(config, _remembered(config))
    notices += [*proof.notices, *_holds(config)]
    _told(proof.problems, proof.failed)
    if not proof.problems and not proof.failed:
        _say(config, notices, f"configuration is sound; all {proof.checked} names exist on {', '.join(proof.reached)}")
    else:
        _say(config, notices, "")
    facts({
        **found,
        "problems": [asdict(problem) for problem in proof.problems],
        "notices": notices,
        "reached": proof.reached,
        "failed": {name: str(error) for name, error in proof.failed.items()},
        "names_checked": proof.checked,
    })  # fmt: skip
    renew = [error.exit_code for error in proof.failed.values() if isinstance(error, AuthError)]
    later = [error.exit_code for error in proof.failed.values()]
    common.leave((renew or [2] * bool(proof.problems) or later or [0])[0])


def _counts(config: Config) -> dict[str, int]:
    return {
        "connections": len(config.connections),
        "audiences": len(config.audiences),
        "rules": len(config.rules),
    }


def _say(config: Config, notices: list[str], verdict: str) -> None:
    for notice in notices:
        say(f"notice: {notice}")
    if verdict:
        counts = ", ".join(f"{n} {name if n != 1 else name[:-1]}" for name, n in _counts(config).items())
        say(f"{config.path}: {verdict} ({counts}; mode {config.mode})")


def _told(problems: list[Problem], failed: dict[str, Any]) -> None:
    for problem in problems:
        complain(problem)
    for name, error in failed.items():
        complain(f"connections.{name}: {error}")


def _holds(config: Config) -> list[str]:
    """Connections that are still held: credentials that are right now do not lift a hold by themselves."""
    from connector.jobs.runtime import open_runtime, store_exists
    from connector.store import holds

    if not store_exists(config):
        return []
    runtime = open_runtime(config)
    try:
        with runtime.store.read() as tx:
            held = [hold for hold in holds.listed(tx) if hold.kind != "audience"]
    finally:
        runtime.store.close()
    return [
        f"{hold.name} is held since {moment(hold.since)} ({hold.cause}); "
        f"connector resume {'all' if hold.kind == 'everything' else hold.name} lets it go on"
        for hold in held
    ]


def _remembered(config: Config) -> dict[str, dict[tuple[str, str], str]]:
    """What the names stood for at the last pull, so that a rename is told as one; nothing where no store is yet."""
    from connector.jobs.runtime import open_runtime, store_exists
    from connector.store.segments import remembered_names

    if not store_exists(config):
        return {}
    runtime = open_runtime(config)
    try:
        with runtime.store.read() as tx:
            return {name: remembered_names(tx, name) for name in config.connections}
    finally:
        runtime.store.close()
