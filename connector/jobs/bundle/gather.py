"""What a bundle tells of jobs and health; plain values, people not yet taken out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connector.store import Tx, holds, jobs, outbox, standing
from connector.store.attempts import Attempt

TROUBLE = ("rejected", "unknown", "sending")
"""States of a write-back that are told one by one."""
TOLD = 200


def health(tx: Tx, now: datetime) -> dict[str, Any]:
    """Holds, leases, write-backs by state, those in trouble, and how each story on each connection ended last."""
    entries = outbox.listed(tx, states=TROUBLE)
    return {
        "at": now,
        "holds": [{"kind": h.kind, "name": h.name, "cause": h.cause, "since": h.since} for h in holds.listed(tx)],
        "leases": [
            {"connection": each.connection, "held": bool(each.owner), "token": each.token, "until": each.expires_at}
            for each in standing.leases(tx)
        ],
        "write_backs": outbox.counts(tx),
        "oldest": standing.oldest(tx),
        "in_trouble": [
            {"key": e.write_back.key, "connection": e.write_back.connection, "kind": e.write_back.kind,
             "state": e.write_back.state, "tries": e.tries, "lookups": e.lookups, "since": e.changed_at,
             "error": e.error}
            for e in entries[:TOLD]
        ],
        "last": [
            {"story": job.story, "connection": job.connection, "outcome": attempt.outcome, "ended": attempt.ended_at,
             "error": attempt.error}
            for job, attempt in standing.last_of_each_story(tx)
        ],
    }  # fmt: skip


def job(found: jobs.Job, attempts: list[Attempt], left_out: dict[str, str], folder: str) -> dict[str, Any]:
    """A job with its attempts; each says where its record is, or why it was left out."""
    return {
        "id": found.id, "story": found.story, "connection": found.connection, "params": found.params,
        "created_at": found.created_at,
        "attempts": [
            {"id": a.id, "number": a.number, "started_at": a.started_at, "ended_at": a.ended_at, "outcome": a.outcome,
             "error": a.error, "counts": a.counts, "calls": a.calls, "config": a.config,
             "record": left_out.get(a.id) or f"{folder}{a.id}.jsonl.zst"}
            for a in attempts
        ],
    }  # fmt: skip
