"""`connector run --once`: everything that is due, in order, each Connection for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import structlog

from connector import registry
from connector.errors import LeaseLostError
from connector.jobs import runner
from connector.jobs.collect import ANSWERS
from connector.jobs.retention import prune
from connector.jobs.runtime import LOG, Runtime
from connector.store import jobs, outbox

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One story of a pass and how it ended; `why` says what keeps a held or busy Connection."""

    story: str
    connection: str
    outcome: str
    why: str = ""
    attempt: jobs.Attempt | None = None


def run_once(runtime: Runtime, *, watch: Callable[[Step], None] | None = None, only: str = "") -> list[Step]:
    """Pull, plan, collect, deliver whatever is due, or `only` one of these stories.

    One Connection's trouble does not stop the others.
    """
    steps: list[Step] = []
    for story, connection, params in _due(runtime):
        if only and story != only:
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
    with runtime.store.read() as tx:
        waiting = outbox.connections_with_work(tx, now=runtime.now(), mode=config.mode)
    for name in waiting:
        yield "deliver", name, {}


def perform(runtime: Runtime, story: str, connection: str, params: dict[str, Any] | None = None) -> Step:
    """Run one story; a busy, held or unknown Connection is an outcome, not an error."""
    if connection not in runtime.config.connections and connection not in (ANSWERS, LOG):
        why = (
            f"{connection} is not in {runtime.config.path.name} any more; connector outbox list shows what waits for it"
        )
        log.warning("held", story=story, connection=connection, why=why)
        return Step(story=story, connection=connection, outcome="held", why=why)
    try:
        done = runner.run(runtime, story, connection, params=params)
    except LeaseLostError as busy:
        log.warning("busy", story=story, connection=connection, why=str(busy))
        return Step(story=story, connection=connection, outcome="deferred", why=str(busy))
    prune(runtime)
    if isinstance(done, runner.Held):
        log.warning("held", story=story, connection=connection, why=done.why)
        return Step(story=story, connection=connection, outcome="held", why=done.why)
    return Step(story=story, connection=connection, outcome=done.outcome, why=done.error, attempt=done)


def exit_code(steps: list[Step]) -> int:
    """The worst of the steps, in the order 1 failed, 3 held, 4 fuse, 5 partial, 6 deferred; 0 when all is done."""
    codes = {runner.EXIT[step.outcome] for step in steps}
    return next((code for code in (1, 3, 4, 5, 6) if code in codes), 0)
