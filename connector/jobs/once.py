"""`connector run --once`: everything that is due, in order, each Connection for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from connector import registry
from connector.domain import Mode
from connector.errors import LeaseLostError
from connector.jobs import runner, schedule, stories
from connector.jobs.collect import ANSWERS
from connector.jobs.retention import prune
from connector.jobs.runtime import LOG, Runtime
from connector.rules.follow_up import FINAL
from connector.store import attempts, follow_ups, work
from connector.store.attempts import Attempt
from connector.timespan import Span

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One story of a pass and how it ended; `why` says what keeps a held or busy Connection."""

    story: str
    connection: str
    outcome: str
    why: str = ""
    attempt: Attempt | None = None


def run_once(runtime: Runtime, *, watch: Callable[[Step], None] | None = None, only: str = "") -> list[Step]:
    """Pull, plan, collect, deliver, watch, reconcile whatever is due, or `only` one of these stories.

    Nothing is begun outside the hours that schedule: gives it. One Connection's trouble does not stop the others.
    """
    steps: list[Step] = []
    timed = {(entry.story, entry.connection): entry for entry in schedule.entries(runtime.config, stories.TIMED)}
    for story, connection, params in _due(runtime):
        if only and story != only:
            continue
        entry = timed.get((story, connection))
        if entry is not None and not schedule.open_at(entry, runtime.now()):
            log.info("outside_its_hours", story=story, connection=connection, setting=f"schedule.{story}")
            continue
        step = perform(runtime, story, connection, params)
        steps.append(step)
        if watch is not None:
            watch(step)
    return steps


def _due(runtime: Runtime) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Found out as the pass goes on: collecting makes work for delivering."""
    config = runtime.config
    for name, connection in config.connections.items():
        if registry.spec(connection.kind).facets:
            yield "pull", name, {}
    for name, audience in config.audiences.items():
        yield "plan", audience.from_, {"audience": name}
    if config.answers.folder is not None:
        yield "collect", ANSWERS, {}
    for name in config.answers.from_:
        yield "collect", name, {}
    for name in _waiting(runtime):
        yield "deliver", name, {}
    for name in with_tickets(runtime):
        yield "watch", name, {}
    for name in _to_reconcile(runtime):
        yield "reconcile", name, {}
    if config.follow_up.via in _waiting(runtime):  # what watching has to tell
        yield "deliver", config.follow_up.via, {}


def _waiting(runtime: Runtime) -> list[str]:
    with runtime.store.read() as tx:
        return work.connections_with_work(tx, now=runtime.now(), mode=runtime.mode)


def _to_reconcile(runtime: Runtime) -> list[str]:
    """The connections whose tickets were not compared with the CRM for as long as schedule.reconcile says."""
    timing, found = runtime.config.schedule.timing("reconcile"), []
    span = timing.every if timing else None
    for name in runtime.config.connections if isinstance(span, Span) else ():
        with runtime.store.read() as tx:
            since = follow_ups.oldest_ticket(tx, name, rehearsal=runtime.mode is Mode.REHEARSAL)
            tried = attempts.of_story(tx, "reconcile", name)
        last = next((attempt.started_at for attempt in tried if attempt.outcome in ("done", "partial")), since)
        if since is not None and last is not None and isinstance(span, Span) and span.after(last) <= runtime.now():
            found.append(name)
    return found


def with_tickets(runtime: Runtime) -> list[str]:
    """The connections on which a ticket of ours is to be watched in this mode."""
    with runtime.store.read() as tx:
        names = follow_ups.watched(tx, rehearsal=runtime.mode is Mode.REHEARSAL, without=FINAL)
    return [name for name in names if name in runtime.config.connections]


def with_any_ticket(runtime: Runtime) -> list[str]:
    """The connections on which a ticket of ours was opened in this mode, whatever became of it."""
    rehearsal = runtime.mode is Mode.REHEARSAL
    with runtime.store.read() as tx:
        return [
            name
            for name in runtime.config.connections
            if follow_ups.oldest_ticket(tx, name, rehearsal=rehearsal) is not None
        ]


def perform(runtime: Runtime, story: str, connection: str, params: dict[str, Any] | None = None) -> Step:
    """Run one story; a busy, held or unknown Connection is an outcome, not an error."""
    step = _performed(runtime, story, connection, lambda: runner.run(runtime, story, connection, params=params))
    assert step is not None, "without a slot there is always a Job to do"
    prune(runtime)
    return step


def perform_slot(
    runtime: Runtime, story: str, connection: str, params: dict[str, Any], slot: str, *, until: datetime | None = None
) -> Step | None:
    """The same for the slot it is due in; None where that was done already. Raises LeaseLostError when it is busy."""
    return _performed(
        runtime,
        story,
        connection,
        lambda: runner.run_slot(runtime, story, connection, slot, params, until=until),
        busy_raises=True,
    )


def _performed(
    runtime: Runtime,
    story: str,
    connection: str,
    begin: Callable[[], Attempt | runner.Held | None],
    *,
    busy_raises: bool = False,
) -> Step | None:
    if connection not in runtime.config.connections and connection not in (ANSWERS, LOG):
        why = (
            f"{connection} is not in {runtime.config.path.name} any more; connector outbox list shows what waits for it"
        )
        log.warning("held", story=story, connection=connection, why=why)
        return Step(story=story, connection=connection, outcome="held", why=why)
    try:
        done = begin()
    except LeaseLostError as busy:
        if busy_raises:
            raise
        log.warning("busy", story=story, connection=connection, why=str(busy))
        return Step(story=story, connection=connection, outcome="deferred", why=str(busy))
    if done is None:
        return None
    if isinstance(done, runner.Held):
        log.warning("held", story=story, connection=connection, why=done.why)
        return Step(story=story, connection=connection, outcome="held", why=done.why)
    return Step(story=story, connection=connection, outcome=done.outcome, why=done.error, attempt=done)


def exit_code(steps: list[Step]) -> int:
    """The worst of the steps, in the order 1 failed, 3 held, 4 fuse, 5 partial, 6 deferred; 0 when all is done."""
    codes = {runner.EXIT[step.outcome] for step in steps}
    return next((code for code in (1, 3, 4, 5, 6) if code in codes), 0)
