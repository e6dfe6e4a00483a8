"""`connector jobs list|show|replay|export|rerun`"""

from __future__ import annotations

import os
import secrets
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.cli import common
from connector.cli.config_diff import difference
from connector.cli.output import facts, moment, say, table
from connector.cli.replaying import laid_out, replayed
from connector.errors import AuthError, ConfigError, ContractError
from connector.jobs import runner
from connector.jobs.rerun import forecast
from connector.jobs.rerun import rerun as run_forecast
from connector.jobs.rerun.forecast import Forecast
from connector.jobs.runtime import Runtime
from connector.store import Tx, attempts, codec, forgotten, jobs
from connector.store.attempts import Attempt
from connector.timespan import parse_span

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)
JobId = Annotated[str, typer.Argument(metavar="ID", help="A job's id, or its beginning.")]
PSEUDONYM_KEY = "CONNECTOR_PSEUDONYM_KEY"


@app.callback()
def jobs_() -> None:
    """What was done, on record: replay it exactly and offline, or run it again against the CRM."""


@app.command("list")
def list_jobs(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    story: Annotated[str, typer.Option(help="Only of this story: pull, plan, collect, deliver, …")] = "",
    connection: Annotated[str, typer.Option(help="Only on this connection.")] = "",
    outcome: Annotated[str, typer.Option(help="Only those whose last attempt ended so: done, partial, failed, …")] = "",
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE|SPAN", help="Only since 2026-11-20, or within 2 days.", show_default=False),
    ] = None,
) -> None:
    """List the jobs, newest first, with how their last attempt ended.

    Example: connector jobs list --story pull --outcome failed --since "2 days"
    """
    if outcome:
        common.known("outcome", outcome, list(runner.EXIT))
    with common.opened(effects=False) as runtime, runtime.store.read() as tx:
        begin = _since(since, runtime.now()) if since else None
        chosen = jobs.listed(tx, limit=limit, story=story, connection=connection, outcome=outcome, since=begin)
        found = [(job, attempts.of_job(tx, job.id)) for job in chosen]
        erased = forgotten.records_removed(tx)
        facts({"jobs": [_facts(runtime, job, tried, erased) for job, tried in found]})
        if not found:
            asked = story or connection or outcome or since
            say("no job is so" if asked else "nothing was done yet; connector pull is a start")
            return
        rows = [_row(job, tried) for job, tried in found]
        header = ("job", "story", "connection", "when", "attempts", "outcome", "calls", "counts")
        table(header, rows, right=("attempts", "calls"))


@app.command()
def show(job_id: JobId) -> None:
    """Show a job: each attempt with its times, counts, calls and outcome, its configuration and its record.

    Example: connector jobs show 261122-1a2b
    """
    with common.opened(effects=False) as runtime, runtime.store.read() as tx:
        job = _job(tx, job_id)
        tried = attempts.of_job(tx, job.id)
        say(f"job {job.id}: {job.story} on {_about(job)}, asked for {moment(job.created_at)}")
        if job.params:
            say(f"  with {', '.join(f'{name} {value}' for name, value in job.params.items())}")
        told = _facts(runtime, job, tried, forgotten.records_removed(tx))
        for attempt, shown in zip(tried, told["attempts"], strict=True):
            seconds = f"{(attempt.ended_at - attempt.started_at).total_seconds():.1f} s" if attempt.ended_at else "open"
            head = f"attempt {attempt.number}: {attempt.outcome}, {moment(attempt.started_at)}, {seconds}"
            say(f"{head}, {attempt.calls} call{'' if attempt.calls == 1 else 's'}")
            say(f"  counts   {_counts(attempt.counts) or 'none'}")
            if attempt.counts.get("read_whole"):
                say(f"  read     {attempt.counts['read_whole']}")
            if attempt.error:
                say(f"  error    {attempt.error}")
            say(f"  config   {attempt.config}")
            shown["config_changes"] = changes = _changes(tx, job, attempt)
            say(*(f"           {line}" for line in changes))
            say(f"  record   {runtime.data / attempt.journal}{_record_gone(shown)}")
        kept = [shown["id"] for shown in told["attempts"] if shown["recorded"]]
        if kept:
            say(f"replay it offline: connector jobs replay {job.id if len(kept) == len(tried) else kept[-1]}")
        facts(told)


@app.command()
def replay(
    what: Annotated[str, typer.Argument(metavar="ID|FILE", help="A job, an attempt, a record or a bundle.")],
    attempt: Annotated[
        int | None, typer.Option(min=1, help="Only this attempt; default: all.", show_default=False)
    ] = None,
) -> None:
    """Run a job again on its record, offline, and compare; then under today's configuration, where that is another one.

    Leaves with 0 where all is the same under the recorded configuration, else with 1. What today's configuration would
    change is told, and is no failure. A file is compared under its own configuration only.

    Example: connector jobs replay 261122-1a2b
    """
    file = Path(what)
    if file.is_file():
        common.start_log()
        with laid_out(file) as records:  # on its own: no configuration and no database are needed
            same = replayed(None, [(record, "") for record in records])
    else:
        with common.opened(effects=False) as runtime:
            same = replayed(runtime, _not_erased(runtime, _records(runtime, what, attempt)))
    common.leave(0 if same else 1)


@app.command()
def export(
    what: Annotated[str, typer.Argument(metavar="ID", help="A job's id (its last attempt) or an attempt's id.")],
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where the record goes; must not exist.")],
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Replace names, addresses, phone numbers and words; without: refused.")
    ] = False,
) -> None:
    """Write a record for somebody else to replay, without personal data in it.

    The same key in CONNECTOR_PSEUDONYM_KEY makes the same pseudonyms; without one a new key is made and forgotten.

    Example: connector jobs export 261122-1a2b job.jsonl.zst --pseudonyms
    """
    if not pseudonyms:
        common.wrong("a record holds names and addresses; write --pseudonyms, or copy the file that jobs show names")
    if target.exists():
        common.wrong(f"{target}: is there already; write another name")
    from connector.jobs.records.compared import rows
    from connector.jobs.records.pseudonyms import export as export_record

    key = os.environ.get(PSEUDONYM_KEY, "").encode() or secrets.token_bytes(32)
    with common.opened(effects=False) as runtime:
        source = _not_erased(runtime, _records(runtime, what, None)[-1:])[0][0]
        report = export_record(source, target, key)
        target.chmod(0o600)
        say(f"{target}: written; replay of the original and of this one show no difference ({rows(report.compared)})")
        if report.remarks:
            say(*report.remarks)
        facts({"file": str(target), "compared": report.compared, "remarks": report.remarks})


@app.command()
def rerun(
    job_id: JobId,
    failed: Annotated[bool, typer.Option("--failed", help="Only what was refused, unknown or not done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before doing it.")] = False,
) -> None:
    """Run a job again against the CRM: first say what it would create and update, then do it as a new attempt.

    Nothing is done twice: what is there already is found, a receipt is final, no cursor moves back.

    Example: connector jobs rerun 261122-1a2b --failed
    """
    with common.opened() as runtime:
        with runtime.store.read() as tx:
            job = _job(tx, job_id)
        found = forecast(runtime, job, failed=failed)
        say(*found.lines(), *found.remarks)
        told = _forecast_facts(found)
        if found.why_not or found.idle:
            say(found.why_not or "nothing to do")
            facts(told | {"done": False, "why_not": found.why_not or "nothing to do"})
            return
        if not yes and (common.given.json or not typer.confirm("Do it?", err=True)):
            facts(told | {"done": False, "why_not": "not confirmed; add --yes"})
            say("nothing was done")
            return
        done = run_forecast(runtime, found)
        if isinstance(done, runner.Held):
            raise AuthError(f"{done.connection} is held: {done.why}; connector resume {done.connection}")
        calls = f"{done.calls} call{'' if done.calls == 1 else 's'}"
        say(f"attempt {done.number}: {done.outcome}; {_counts(done.counts) or 'nothing'}; {calls}")
        if done.error:
            say(f"    {done.error}")
        facts(told | {"done": True, "attempt": done})
        common.leave(runner.EXIT[done.outcome])


def _forecast_facts(found: Forecast) -> dict[str, Any]:
    counts = {"create": dict(found.create), "update": dict(found.update), "already_there": dict(found.there)}
    return {"job": found.job.id, "would": counts, "remarks": found.remarks}


def _job(tx: Tx, job_id: str) -> jobs.Job:
    job = jobs.get(tx, job_id) if job_id else None
    if job is None:
        common.wrong(f'no job, or not only one, begins with "{job_id[:60]}"; connector jobs list shows all')
    return job


def _records(runtime: Runtime, what: str, number: int | None) -> list[tuple[Path, str]]:
    """(file of a record, digest of its inputs as the store has it) of an attempt or a job."""
    with runtime.store.read() as tx:
        one = attempts.get(tx, what)
        found = [one] if one is not None else attempts.of_job(tx, _job(tx, what).id)
    if number is not None:
        found = [attempt for attempt in found if attempt.number == number]
        if not found:
            raise ConfigError(f"--attempt: {what} has no attempt {number}; connector jobs show {what}")
    return [(runtime.data / attempt.journal, attempt.inputs_digest) for attempt in found]


def _not_erased(runtime: Runtime, records: list[tuple[Path, str]]) -> list[tuple[Path, str]]:
    """The same. Raises ContractError for one that an erasure removed."""
    with runtime.store.read() as tx:
        erased = forgotten.records_removed(tx)
    for path, _ in records:
        if not path.is_file() and path.name in erased:
            raise ContractError(
                f"{path.name}: an erasure removed the record, {moment(erased[path.name])}, for it could not be "
                "rewritten without the person (connector forget --list); nothing to replay"
            )
    return records


def _record_gone(shown: dict[str, Any]) -> str:
    if shown["erased_at"]:
        return f" (removed by an erasure, {moment(shown['erased_at'])})"
    return "" if shown["recorded"] else " (not kept any more)"


def _facts(runtime: Runtime, job: jobs.Job, tried: list[Attempt], erased: dict[str, datetime]) -> dict[str, Any]:
    return {
        "id": job.id,
        "story": job.story,
        "connection": job.connection,
        "params": job.params,
        "created_at": job.created_at,
        "attempts": [
            {
                "id": a.id, "number": a.number, "started_at": a.started_at, "ended_at": a.ended_at,
                "outcome": a.outcome, "error": a.error, "counts": a.counts, "calls": a.calls, "config": a.config,
                "record": str(runtime.data / a.journal), "recorded": (runtime.data / a.journal).is_file(),
                "erased_at": erased.get(Path(a.journal).name),
            }
            for a in tried
        ],
    }  # fmt: skip


def _since(text: str, now: datetime) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), common.given.zone)
    except ValueError:
        pass
    try:
        return parse_span(text).before(now)
    except ValueError as error:
        common.wrong(f"--since: {error}; or a date such as 2026-11-20")


def _row(job: jobs.Job, tried: list[Attempt]) -> tuple[object, ...]:
    last = tried[-1] if tried else None
    calls = sum(attempt.calls for attempt in tried)
    ended = (last.outcome, calls, _counts(last.counts)) if last else ("", calls, "")
    return (job.id, job.story, _about(job), moment(job.created_at), len(tried), *ended)


def _changes(tx: Tx, job: jobs.Job, attempt: Attempt) -> list[str]:
    """What changed in the configuration since the run before of the same story and connection."""
    earlier = [a for a in attempts.of_story(tx, job.story, job.connection) if a.started_at < attempt.started_at]
    if not earlier:
        return ["the first of its kind"]
    if earlier[0].config == attempt.config:
        return [f"the same as of {earlier[0].id}"]
    before, after = (attempts.config_doc(tx, fingerprint) for fingerprint in (earlier[0].config, attempt.config))
    lines = difference(codec.from_text(before or "{}"), codec.from_text(after or "{}"))
    return [f"changed since {earlier[0].id}:", *lines]


def _about(job: jobs.Job) -> str:
    audience = job.params.get("audience")
    return f"{job.connection} ({audience})" if audience else job.connection


def _counts(counts: dict[str, Any]) -> str:
    """`contacts 154, companies 100`: the numbers that are not nothing."""
    shown = {name: value for name, value in counts.items() if isinstance(value, int) and value}
    return ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in shown.items())
