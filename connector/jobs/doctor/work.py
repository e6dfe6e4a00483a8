"""The work: what is held, what was lost on the way, what waits for a person, what did not happen in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

import msgspec

from connector.domain import Mode
from connector.errors import ConnectorError
from connector.jobs import readiness, schedule, stories
from connector.jobs.doctor.finding import Finding, Severity
from connector.jobs.local_time import when, zone_of
from connector.jobs.owner import is_dead
from connector.jobs.records.journal import read_lines
from connector.jobs.retention import JOURNALS
from connector.jobs.runtime import Runtime
from connector.rules.actions import LOG
from connector.store import Store, attempts, forgotten, holds, jobs, outbox, standing

Examination = Callable[[Store, Runtime | None, Path, datetime], Iterator[Finding]]
SKEW = timedelta(minutes=2)
"""More than this between our clock and the CRM's: what changed in between could be missed, and due dates are off."""
LATELY = timedelta(days=7)
"""For so long it is said that a copy came back."""
FIRST_FRAMES = 40
"""In so many frames of a record the first answer stands."""


def _holds(store: Store, runtime: Runtime | None, _data: Path, _now: datetime) -> Iterator[Finding]:
    with store.read() as tx:
        found = holds.listed(tx)
    for hold in found:
        paused = hold.cause == "pause"
        name = "all" if hold.kind == holds.EVERYTHING or hold.kind == "everything" else hold.name
        remedy = f"connector resume {name}"
        if hold.kind == holds.AUDIENCE:
            remedy = "correct the name, then connector pull"
        elif hold.cause == "auth":
            remedy = f"correct its credentials (the connection's keys, or the rights of its user), then {remedy}"
        what = f"{'paused' if paused else 'held'} since {_when(hold.since, runtime)}: {hold.reason}"
        yield Finding(Severity.LOOK if paused else Severity.WRONG, f"{hold.kind} {hold.name}", what, remedy)


def _leases(store: Store, _runtime: Runtime | None, _data: Path, now: datetime) -> Iterator[Finding]:
    with store.read() as tx:
        found = standing.leases(tx)
    for lease in (each for each in found if each.owner):
        if is_dead(lease.owner) or lease.expires_at <= now:
            yield Finding(
                Severity.LOOK, lease.connection,
                f"a process ended without giving its lease back ({lease.owner.split('|')[0]}); it was killed",
                "connector run --once goes on where it stopped",
            )  # fmt: skip


def _write_backs(store: Store, runtime: Runtime | None, _data: Path, now: datetime) -> Iterator[Finding]:
    with store.read() as tx:
        entries = outbox.listed(tx, states=("rejected", "unknown"))
        counts, oldest = outbox.counts(tx), standing.oldest(tx)
        last = standing.last_of_each_story(tx)
    if runtime is not None and runtime.mode is not Mode.REHEARSAL:
        copies = [entry for entry in entries if entry.rehearsal and entry.write_back.state.value == "rejected"]
        entries = [entry for entry in entries if entry not in copies]
        if copies:
            yield Finding(
                Severity.NOTE, "rehearsals",
                f"{_number(len(copies), 'rehearsal copy was', 'rehearsal copies were')} refused; "
                f"nothing waits for that in mode {runtime.mode.value}",
                "connector outbox list --state rejected says why; connector outbox settle KEY --discard puts one away",
            )  # fmt: skip
    by_state = Counter((entry.write_back.state.value, entry.write_back.connection) for entry in entries)
    for (state, connection), count in sorted(by_state.items()):
        example = next(e for e in entries if (e.write_back.state.value, e.write_back.connection) == (state, connection))
        if state == "rejected":
            yield Finding(
                Severity.WRONG, connection,
                f"{_number(count, 'write-back was', 'write-backs were')} refused; {example.write_back.kind}: "
                f"{example.error[:200]}",
                "connector outbox list --state rejected; mend the cause, then connector outbox release KEY",
            )  # fmt: skip
        else:
            yield Finding(
                Severity.LOOK, connection,
                f"of {_number(count, 'write-back', 'write-backs')} it is not known whether "
                f"{'it' if count == 1 else 'they'} arrived",
                "connector deliver looks them up; connector outbox settle KEY for those it cannot",
            )  # fmt: skip
    for job, attempt in last:
        if attempt.outcome == "stopped":
            yield Finding(
                Severity.LOOK, f"{job.story} of {job.connection}", f"a limit stopped it: {attempt.error}",
                "connector outbox list; connector outbox release, or raise the limit",
            )  # fmt: skip
    if counts.get("sending") and now - oldest["sending"] > timedelta(minutes=10):
        yield Finding(
            Severity.LOOK, "outbox",
            f"{_number(counts['sending'], 'write-back is', 'write-backs are')} being sent for more than 10 minutes",
            "connector deliver adopts them and looks them up",
        )  # fmt: skip


def _stories(store: Store, runtime: Runtime | None, _data: Path, _now: datetime) -> Iterator[Finding]:
    with store.read() as tx:
        last = standing.last_of_each_story(tx)
    for job, attempt in last:
        place = f"{job.story} of {job.connection}"
        if attempt.outcome == "failed":
            yield Finding(
                Severity.WRONG, place, f"failed {_when(attempt.started_at, runtime)}: {attempt.error[:300]}",
                f"connector jobs show {job.id}; connector support-bundle {job.id}",
            )  # fmt: skip
        elif attempt.outcome in ("deferred", "interrupted"):
            yield Finding(
                Severity.LOOK, place, f"{attempt.outcome}: {attempt.error[:300] or 'it goes on at the next run'}",
                "connector run --once",
            )  # fmt: skip
    if runtime is None or not last:
        return
    began = min(attempt.started_at for _, attempt in last)
    for why in readiness.reasons(runtime, schedule.entries(runtime.config, stories.TIMED), began):
        what, _, remedy = why.partition("; ")
        yield Finding(Severity.WRONG, "schedule", what, remedy or "connector run, or connector run --once from cron")


def _records(store: Store, runtime: Runtime | None, data: Path, now: datetime) -> Iterator[Finding]:
    """Records that should be there and are not, and the CRM's clock as the newest ones show it."""
    kept_since = runtime.config.storage.keep_exchanges.before(now) if runtime else now - timedelta(days=1)
    missing: list[str] = []
    with store.read() as tx:
        erased = forgotten.records_removed(tx)
        for job in jobs.listed(tx, limit=200):
            missing += [
                attempt.id
                for attempt in attempts.of_job(tx, job.id)
                if attempt.started_at > kept_since
                and not (data / attempt.journal).is_file()
                and Path(attempt.journal).name not in erased
            ]
        last = standing.last_of_each_story(tx)
    if missing:
        yield Finding(
            Severity.LOOK, str(data / "journal"),
            f"the record of attempt {missing[0]} is gone before its time"
            if len(missing) == 1
            else f"the records of {len(missing)} attempts are gone before their time, {missing[0]} for one",
            "restore the folder with the database, or raise storage.keep_exchanges_mb",
        )  # fmt: skip
    told: set[str] = set()
    for job, attempt in sorted(last, key=lambda pair: pair[1].started_at, reverse=True):
        skew = None if job.connection in told else _skew(data / attempt.journal)
        if skew is None:
            continue
        told.add(job.connection)
        if abs(skew) > SKEW:
            minutes = round(abs(skew).total_seconds() / 60)
            yield Finding(
                Severity.WRONG, job.connection,
                f"this machine's clock stands {minutes} minutes {'behind' if skew > timedelta(0) else 'ahead of'} the "
                f"CRM's, as of {_when(attempt.started_at, runtime)}",
                "set the clock (timedatectl set-ntp true), then connector doctor after the next pull",
            )  # fmt: skip


def _came_back(store: Store, runtime: Runtime | None, data: Path, now: datetime) -> Iterator[Finding]:
    """Records of attempts that the database knows nothing of: it is a copy from before them."""
    with store.read() as tx:
        known, began = attempts.records(tx)
    unknown = [
        made
        for path in (data / JOURNALS).rglob("*.jsonl.zst")
        if path.relative_to(data).as_posix() not in known
        and (made := datetime.fromtimestamp(path.stat().st_mtime, UTC)) > max(began or now, now - LATELY)
    ]
    if unknown:
        yield Finding(
            Severity.LOOK, "database",
            f"a copy came back, it seems: {_number(len(unknown), 'attempt', 'attempts')} since "
            f"{_when(min(unknown), runtime)} {'has' if len(unknown) == 1 else 'have'} a record and no row",
            "whatever was decided since then is not in it: repeat connector forget and connector suppress, and import "
            "what was answered (docs/operations.md, Coming back)",
        )  # fmt: skip


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _when(at: datetime, runtime: Runtime | None) -> str:
    return when(at, zone_of(runtime.config) if runtime else UTC)


def _skew(record: Path) -> timedelta | None:
    """The CRM's clock less ours, by the Date of the first answer; None where the record shows none."""
    if not record.is_file():
        return None
    clock: datetime | None = None
    try:
        for line in islice(read_lines(record), FIRST_FRAMES):
            frame = msgspec.json.decode(line)
            if frame["t"] == "begin":
                clock = datetime.fromisoformat(frame["clock"])
            headers = (frame.get("answer") or {}).get("headers") or {}
            stamp = {name.lower(): value for name, value in headers.items()}.get("date")
            if clock is not None and stamp:
                return parsedate_to_datetime(stamp) - clock
    except (ConnectorError, ValueError, KeyError, TypeError):
        return None
    return None


def _follow_ups(_store: Store, runtime: Runtime | None, _data: Path, _now: datetime) -> Iterator[Finding]:
    if runtime is None or runtime.mode is Mode.PREVIEW or runtime.config.follow_up.via != LOG:
        return
    if any(action.open_ticket for rule in runtime.config.rules for action in rule.then):
        yield Finding(
            Severity.NOTE, "follow_up",
            "reminders and escalations go to the log only: nobody hears by mail of a ticket that is late",
            "write follow_up: {escalate_to: [lead@example.com], via: mail}, with mail a connection of adapter smtp",
        )  # fmt: skip


EXAMINATIONS: dict[str, Examination] = {
    "holds": _holds,
    "leases": _leases,
    "write-backs": _write_backs,
    "stories": _stories,
    "follow_up": _follow_ups,
    "records": _records,
    "copies": _came_back,
}
