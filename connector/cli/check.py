"""`connector check`"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.output import complain, facts, moment, say
from connector.config import Config
from connector.errors import AuthError, Problem
from connector.rules.actions import LOG


def check(
    live: Annotated[
        bool, typer.Option("--live", help="Also open each connection, prove its credentials and every name in use.")
    ] = False,
    write: Annotated[
        bool, typer.Option("--write", help="With --live: open, find and close one ticket on your own company.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --write: do not ask.")] = False,
) -> None:
    """Check the whole configuration and report every problem at once, each with its line and the nearest valid name.

    Nothing is written and nobody is asked. Without --live it works offline.

    Example: connector check
    Example: connector check --live
    Example: connector --config other.yaml check --live --json

    Exit 2: something in the file must be corrected; every problem is named
    Exit 3: the CRM refuses the keys of a connection, or it is held
    """
    if write and not live:
        common.wrong("--write: goes with --live")
    config = common.configuration()
    notices = list(config.notices)
    folder = config.answers.folder
    if folder is not None and not folder.is_dir():
        notices.append(f"answers.folder: there is no folder {folder} yet; make it, or no answers are collected")
    if config.follow_up.escalate_to and config.follow_up.via == LOG:
        notices.append(
            "follow_up.escalate_to: names addresses, but via is log: nobody is mailed; write via: NAME, a connection "
            "of adapter smtp"
        )
    found: dict[str, Any] = {"mode": config.mode, "config": str(config.path), "counts": _counts(config)}
    if not live:
        _say(config, notices, "configuration is sound")
        facts({**found, "problems": [], "notices": notices})
        return
    from connector.jobs import names
    from connector.jobs.cautions import cautions

    proof = names.prove(config, _remembered(config))
    notices += [*proof.notices, *cautions(config, proof.reached), *_holds(config)]
    _told(proof.problems, proof.failed)
    if not proof.problems and not proof.failed:
        reached = ", ".join(proof.reached)
        on = f"on {reached}" if len(proof.reached) == 1 else f"where they are used ({reached})"
        _say(config, notices, f"configuration is sound; all {proof.checked} names exist {on}")
    else:
        _say(config, notices, "")
    written: dict[str, list[str]] = {}
    if write and not proof.problems and not proof.failed:
        written = {name: _write(config, name, yes=yes) for name in proof.reached}
    facts({
        **found,
        **({"written": written} if write else {}),
        "problems": [asdict(problem) for problem in proof.problems],
        "notices": notices,
        "reached": proof.reached,
        "failed": {name: str(error) for name, error in proof.failed.items()},
        "names_checked": proof.checked,
    })  # fmt: skip
    renew = [error.exit_code for error in proof.failed.values() if isinstance(error, AuthError)]
    later = [error.exit_code for error in proof.failed.values()]
    common.leave((renew or [2] * bool(proof.problems) or later or [0])[0])


def _write(config: Config, connection: str, *, yes: bool) -> list[str]:
    """Try writing on one connection, step by step; a person confirms it first. What was done."""
    from connector.jobs import write_check

    plan = write_check.planned(config, connection, company_ids=_rehearsal_companies(config, connection))
    say(f"{connection}: one ticket is opened ({plan.where}), found by its key {plan.key}, and closed")
    if not yes and (common.given.json or not typer.confirm("Do it?", err=True)):
        say(f"{connection}: nothing was written; --yes does it without asking")
        return []
    done = []
    for step in write_check.perform(config, plan):
        say(f"  {step}")
        done.append(step)
    return done


def _rehearsal_companies(config: Config, connection: str) -> list[str]:
    """What rehearsal.company means on a connection; raises ConfigError where a person paused it."""
    from connector.jobs.runtime import open_runtime, store_exists
    from connector.store import contacts, holds

    if not store_exists(config):
        return []
    runtime = open_runtime(config)
    try:
        with runtime.store.read() as tx:
            hold = holds.on_connection(tx, connection)
            if hold is not None and hold.cause == "pause":
                common.wrong(f"{connection} is paused ({hold.reason}); connector resume lets it write")
            if config.rehearsal is None:
                return []
            named = config.rehearsal.company_on(connection)
            return [each.id for each in contacts.companies_called(tx, named, connection)] if named else []
    finally:
        runtime.store.close()


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
