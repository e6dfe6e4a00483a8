"""Run one story as an Attempt of a Job: under the lease, on record, ended by the type of its error."""

from __future__ import annotations

import gc
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from connector import __version__, registry
from connector.domain import Mode
from connector.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    ContractError,
    FuseError,
    LeaseLostError,
    ParkedError,
    RejectedError,
    UnavailableError,
)
from connector.jobs import stories
from connector.jobs.owner import is_dead
from connector.jobs.records.journal import JournalWriter
from connector.jobs.records.record import DOES, LEASE, LiveRecord, Watching
from connector.jobs.retention import JOURNALS
from connector.jobs.runtime import Runtime
from connector.ports import ResponseSource
from connector.store import Tx, attempts, holds, jobs, leases
from connector.store.attempts import Attempt
from connector.store.tables import instant

log = structlog.get_logger()

OUTCOMES: list[tuple[type[ConnectorError], str]] = [
    (AuthError, "held"),
    (FuseError, "stopped"),
    (ParkedError, "interrupted"),
    (LeaseLostError, "deferred"),
    (UnavailableError, "deferred"),
    (RejectedError, "partial"),
    (ContractError, "failed"),
    (ConfigError, "failed"),
    (ConnectorError, "failed"),
]
EXIT = {"done": 0, "failed": 1, "held": 3, "stopped": 4, "partial": 5, "deferred": 6, "running": 6, "interrupted": 6}
"""What a command leaves with, by how its Attempt ended; 2 is the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The story was not begun: its Connection is set aside."""

    connection: str
    why: str


def run(
    runtime: Runtime, story: str, connection: str, *, slot: str = "", params: dict[str, Any] | None = None
) -> Attempt | Held:
    """Run a story as an Attempt of the Job (story, connection, slot); without a slot, the unfinished Job or a new one.

    Raises LeaseLostError when another process is at work on the Connection. Every other ConnectorError ends in the
    Attempt's outcome; a bug is written down as `failed` and raised.
    """
    params, now = params or {}, runtime.now()

    def job_of(tx: Tx) -> jobs.Job:
        job = None if slot else attempts.unfinished(tx, story, connection)
        if job is not None and job.params == params:
            return job
        return jobs.put_job(tx, story=story, connection=connection, slot=slot or instant(now), params=params, now=now)

    done = _under_lease(runtime, connection, now, job_of, params)
    assert done is not None, "without a slot there is always a Job to do"
    return done


def run_slot(
    runtime: Runtime, story: str, connection: str, slot: str, params: dict[str, Any], *, until: datetime | None = None
) -> Attempt | Held | None:
    """Run a story for the slot it is due in, unless that was done already, here or by another process: None then.

    Whether it was done is looked up under the lease, so a slot is done once. No effect leaves from `until` on.
    Raises as `run` does.
    """
    now = runtime.now()

    def job_of(tx: Tx) -> jobs.Job | None:
        job = jobs.put_job(tx, story=story, connection=connection, slot=slot, params=params, now=now)
        tried = attempts.of_job(tx, job.id)
        return job if not tried or tried[-1].outcome in attempts.UNFINISHED else None

    return _under_lease(runtime, connection, now, job_of, params, until=until)


def run_again(
    runtime: Runtime, job: jobs.Job, again: dict[str, Any], *, answers: ResponseSource | None = None
) -> Attempt | Held:
    """Another Attempt of a Job that was done before; `again` says to its story what to take again (see rerun.py)."""
    params = job.params | {"again": again}
    done = _under_lease(runtime, job.connection, runtime.now(), lambda _: job, params, answers)
    assert done is not None, "the Job is given"
    return done


def _under_lease(
    runtime: Runtime,
    connection: str,
    now: datetime,
    job_of: Callable[[Tx], jobs.Job | None],
    params: dict[str, Any],
    answers: ResponseSource | None = None,
    until: datetime | None = None,
) -> Attempt | Held | None:
    with runtime.store.read() as tx:
        hold = holds.on_connection(tx, connection)
    if hold is not None:
        return Held(connection=connection, why=f"{hold.cause}: {hold.reason}")
    with runtime.store.write() as tx:
        lease = leases.take(tx, connection, runtime.owner, now=now, ttl=LEASE, owner_is_dead=is_dead)
    try:
        return _attempt(runtime, job_of, params, lease, now, answers, until)
    finally:
        with runtime.store.write() as tx:
            leases.give_back(tx, lease)


def _attempt(
    runtime: Runtime,
    job_of: Callable[[Tx], jobs.Job | None],
    params: dict[str, Any],
    lease: leases.Lease,
    now: datetime,
    answers: ResponseSource | None,
    until: datetime | None,
) -> Attempt | None:
    config_doc = json.dumps(runtime.config.redacted(), ensure_ascii=False, default=str)
    fingerprint, seed = runtime.config.fingerprint, secrets.token_hex(8)
    with runtime.store.write() as tx:
        job = job_of(tx)
        if job is None:
            return None
        attempt = attempts.start(
            tx,
            job,
            clock=now,
            seed=seed,
            config=fingerprint,
            config_doc=config_doc,
            journal=f"{JOURNALS}/{now:%Y-%m}/{{id}}.jsonl.zst",
            now=now,
            token=lease.token,
        )
    story, connection = job.story, job.connection
    writer = JournalWriter(runtime.data / attempt.journal)
    watching = Watching(
        stopping=runtime.stopping,
        until=until,
        meter=runtime.meter,
        told=lambda name, rows: runtime.told(story, connection, name, rows),
    )
    record = LiveRecord(
        runtime.store, writer, lease, params=params, now=now, seed=seed, clock=runtime.clock, sleep=runtime.sleep,
        watching=watching,
    )  # fmt: skip
    writer.write(
        {"t": "begin", "version": __version__, "attempt": attempt.id, "story": story, "connection": connection,
         "clock": instant(now), "seed": seed, "installation": record.installation, "params": params,
         "mode": runtime.mode, "config": json.loads(config_doc), "fingerprint": fingerprint, "does": DOES}
    )  # fmt: skip
    outcome, error, remedy, counts = "failed", "", "", {}
    with collecting_seldom(), structlog.contextvars.bound_contextvars(job=job.id, story=story, connection=connection):
        try:
            counts = stories.perform(record, runtime.config, story, connection, answers=answers)
            outcome, error = stories.ended(counts)
        except ConnectorError as problem:
            outcome = outcome_of(problem)
            error = str(problem)
            if isinstance(problem, AuthError) and connection in runtime.config.connections:
                remedy = f"; {_remedy(runtime, connection)}"
                # collecting answers acts on none: it tries again by itself
                _hold(runtime, connection, error + remedy)
            log.warning("attempt_ended", outcome=outcome, error=error + remedy)
        except Exception as bug:
            error = f"{type(bug).__name__}: {bug}"
            raise
        except BaseException as stop:  # Ctrl-C, or a signal made into SystemExit
            outcome, error = "interrupted", type(stop).__name__
            raise
        finally:
            # the bare error: a replay makes that again, and has no settings to speak of
            writer.write(
                {"t": "end", "outcome": outcome, "error": error, "counts": counts, "inputs": writer.inputs_digest,
                 "outputs": writer.outputs_digest}
            )  # fmt: skip
            writer.close()
            record.close()
            attempt = replace(
                attempt,
                ended_at=runtime.now(),
                outcome=outcome,
                error=error + remedy,
                counts=counts,
                calls=record.calls,
                inputs_digest=writer.inputs_digest,
                outputs_digest=writer.outputs_digest,
            )
            with runtime.store.write() as tx:
                attempts.end(tx, attempt)
            runtime.meter.ended(story, connection, outcome)
    return attempt


_collecting = threading.Lock()
_usual: list[tuple[int, int, int]] = []
"""The threshold to return to, once for each story at work: it belongs to the process, not to a thread."""


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Look for garbage less often: a page of contacts is thousands of small values in no cycle, and Python's habit of
    looking through them at every 700 costs a fifth of a pull. Memory stays bounded by the pages in hand."""
    with _collecting:
        _usual.append(_usual[0] if _usual else gc.get_threshold())
        gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        with _collecting:
            usual = _usual.pop()
            if not _usual:
                gc.set_threshold(*usual)


def outcome_of(problem: ConnectorError) -> str:
    """How an Attempt ends that this error ended."""
    return next((name for cls, name in OUTCOMES if isinstance(problem, cls)), "failed")


def _remedy(runtime: Runtime, connection: str) -> str:
    """What a person does about refused credentials: which settings to correct, how to prove it, how to go on."""
    spec = registry.spec(runtime.config.connections[connection].kind)
    keys = [
        name
        for name, field in spec.settings.model_fields.items()
        if name in ("company", "username") or "SecretStr" in str(field.annotation)
    ]
    prove = " prove it with connector check --live;" if spec.facets else ""
    return (
        f"correct connections.{connection}.{', '.join(keys)}, or the rights behind them;{prove} "
        f"then connector resume {connection}"
    )


def _hold(runtime: Runtime, connection: str, why: str) -> None:
    with runtime.store.write() as tx:
        hold = holds.Hold(kind="connection", name=connection, cause="auth", reason=why, since=runtime.now())
        holds.put(tx, hold)


def mode_line(mode: Mode) -> str:
    """The first line of every command that could have an effect."""
    return {
        Mode.PREVIEW: "PREVIEW: nothing is sent or written",
        Mode.REHEARSAL: "REHEARSAL: mail goes to rehearsal.mail_to, tickets to the test company and board",
        Mode.LIVE: "LIVE: tickets are opened and answers written in the CRM",
    }[mode]
