"""Which jobs tell support something, when none is named: most of a service's are passes that found nothing to do."""

from __future__ import annotations

from connector.store import Tx, attempts, jobs
from connector.store.attempts import Attempt

LOOKED_AT = 1000
"""So many of the newest jobs are looked at: a day and a half of a service with everything on."""
EFFECTS: dict[str, frozenset[str]] = {
    "deliver": frozenset(("applied", "already_there", "superseded", "rejected", "unknown", "ticket_deleted")),
    "collect": frozenset(("responses", "revised", "linked", "updated", "rejected")),
    "watch": frozenset(("reminded", "escalated")),
}
"""By story, the counts that say that something was done. Stories that a person asks for are always told."""
QUIET = frozenset(("pull", "plan", "reconcile", *EFFECTS))


def telling(tx: Tx, *, limit: int) -> list[jobs.Job]:
    """At most `limit` jobs: the newest that failed, ended in part or had effects; then the newest others."""
    known = jobs.listed(tx, limit=LOOKED_AT)
    first = [job for job in known if _tells(job, attempts.of_job(tx, job.id))]
    chosen = {job.id for job in first[:limit]}
    return (first + [job for job in known if job.id not in chosen])[:limit]


def _tells(job: jobs.Job, tried: list[Attempt]) -> bool:
    if job.story not in QUIET:
        return True
    words = EFFECTS.get(job.story, frozenset())
    return any(each.outcome not in ("done", "running") or any(each.counts.get(w) for w in words) for each in tried)
