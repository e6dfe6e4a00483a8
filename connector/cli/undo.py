"""`connector undo`"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from connector.cli import common, steps
from connector.cli.output import facts, say, table
from connector.domain import Mode
from connector.jobs import once
from connector.jobs import undo as undoing
from connector.jobs.runtime import Runtime
from connector.jobs.undo import Foreseen
from connector.store import jobs
from connector.store import undoing as stored


def undo(
    job: Annotated[str, typer.Argument(metavar="JOB", help="A delivery, by its id or a beginning of it (jobs list).")],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, it is only shown.")] = False,
) -> None:
    """Take back what a delivery did, as far as that is possible; what would be done is shown first.

    Tickets it opened are closed with an internal note, contacts it put into groups are taken out, fields it overwrote
    get back what they had, unless somebody changed them since. What is taken back is never delivered again.

    Example: connector undo 261120-1f3a --yes
    """
    with common.opened() as runtime:
        of = _delivery(runtime, job)
        found = undoing.found_there(runtime, of)
        before = _foreseen(runtime, of, found)
        _say(of, before, found)
        possible = sum(each.possible for each in before)
        step = None
        if yes and possible and runtime.mode is Mode.PREVIEW:
            say("nothing was done: mode is preview")
        elif yes and possible:
            params = {"job": of.id, "found": found}
            step = steps.perform(runtime, "undo", of.connection, params)
            steps.say_step(step)
            after = {each.done.entry.write_back.key: each for each in _foreseen(runtime, of, found)}
            for each in before:
                state = after[each.done.entry.write_back.key].done.undo
                if each.possible and state is not None:
                    say(f"  {_thing(each)}: {state.state}{f', {state.detail}' if state.detail else ''}")
        elif possible:
            say(f"nothing is done yet; connector undo {of.id} --yes does it")
        else:
            say("there is nothing to take back")
        facts(
            {
                "mode": runtime.mode,
                "job": of.id,
                "write_backs": [_as_json(each) for each in _foreseen(runtime, of, found)],
                "step": steps.as_json(step) if step else None,
            }
        )
    common.leave(once.exit_code([step]) if step else 0)


def _delivery(runtime: Runtime, named: str) -> jobs.Job:
    with runtime.store.read() as tx:
        found = jobs.get(tx, named)
    if found is None:
        common.wrong(f'no job begins with "{named[:40]}", or several do; connector jobs list shows them')
    if found.story not in ("deliver", "rehearse"):
        common.wrong(
            f"{found.id} is a {found.story}; what a delivery or a rehearsal did can be taken back: connector jobs list"
        )
    return found


def _foreseen(runtime: Runtime, job: jobs.Job, found: list[str] | None) -> list[Foreseen]:
    with runtime.store.read() as tx:
        done = stored.of_job(tx, job.id)
    return undoing.foresee(done, rehearsal=runtime.mode is Mode.REHEARSAL, found=found)


def _say(job: jobs.Job, foreseen: list[Foreseen], found: list[str] | None) -> None:
    many = "1 thing that is" if len(foreseen) == 1 else f"{len(foreseen):,} things that are"
    say(f"delivery {job.id} on {job.connection} did {many} still on record")
    rows = [(_thing(each), each.what if each.possible else "", each.why) for each in foreseen]
    if rows:
        table(("it did", "undo will", "cannot, because"), rows)
    if found is None:
        say("its record is not kept any more: what was found there, or looked up later, is left alone")


def _thing(each: Foreseen) -> str:
    write_back, receipt = each.done.entry.write_back, each.done.entry.receipt
    record = f" {receipt.record_type.replace('_', ' ')} {receipt.record_id}" if receipt else ""
    return f"{write_back.kind}{record}"


def _as_json(each: Foreseen) -> dict[str, Any]:
    entry, state = each.done.entry, each.done.undo
    return {
        "key": entry.write_back.key,
        "kind": entry.write_back.kind,
        "record": entry.receipt.record_id if entry.receipt else None,
        "possible": each.possible,
        "why": each.why,
        "undo": {"state": state.state, "at": state.at, "detail": state.detail} if state else None,
    }
