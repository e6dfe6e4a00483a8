"""Rerun: take a Job up again, live. First what it would change, from a dry run; then, if a person says so, for real.

pull     from the cursor the Job began at; the cursor itself stays where it stands
plan     once more, on what is stored now
collect  the recorded answers through today's rules, known ones too
deliver  the Job's own write-backs: rejected ones are sent again, unknown ones looked up; a receipt is final
"""

from __future__ import annotations

from typing import Any

from connector.errors import ConfigError
from connector.jobs import runner, stories
from connector.jobs.dry import DryRecord
from connector.jobs.local_time import when, zone_of
from connector.jobs.rerun import answers as rerun_answers
from connector.jobs.rerun.forecast import Forecast, first, records
from connector.jobs.runtime import Runtime
from connector.store import attempts, codec, contacts, jobs, plans
from connector.store.attempts import Attempt

STORIES = ("pull", "plan", "collect", "deliver")


def forecast(runtime: Runtime, job: jobs.Job, *, failed: bool = False) -> Forecast:
    """What a rerun would create, update and find; nothing is done. Raises ConfigError for a story that has none."""
    found = Forecast(job=job)
    match job.story:
        case "pull":
            _pull(runtime, found, failed=failed)
        case "plan":
            _plan(runtime, found, failed=failed)
        case "collect":
            rerun_answers.foresee_collect(runtime, found, failed=failed)
        case "deliver":
            rerun_answers.foresee_deliver(runtime, found, failed=failed)
        case "watch" | "reconcile":
            raise ConfigError(f"a look is not repeated: connector {job.story} {job.connection} takes a new one")
        case "undo":
            raise ConfigError(f"connector undo {job.params['job']} --yes goes on with it")
        case "rehearse":
            raise ConfigError("connector rehearse goes on with what did not come to its end, and else begins anew")
        case "history":
            raise ConfigError(
                "a history import is repeated from its file: connector history import FILE adds no row twice"
            )
        case _:
            raise ConfigError(
                f"{job.story} is not run again: what it sent cannot be taken back; there is {', '.join(STORIES)}"
            )
    return found


def rerun(runtime: Runtime, found: Forecast) -> Attempt | runner.Held:
    """Do what the forecast said, as a new Attempt of the same Job."""
    job = found.job
    if found.resumes:
        return runner.run(runtime, job.story, job.connection, slot=job.slot, params=job.params)
    return runner.run_again(runtime, job, found.again, answers=found.answers)


# ---------------------------------------------------------------- pull
def _pull(runtime: Runtime, found: Forecast, *, failed: bool) -> None:
    connection = found.job.connection
    with runtime.store.read() as tx:
        unfinished = attempts.unfinished(tx, "pull", connection)
    if failed:
        found.remarks.append("a pull has no single parts that fail; the whole of it is taken again")
    if unfinished is not None and unfinished.id != found.job.id:
        raise ConfigError(f"pull {unfinished.id} did not come to its end; connector run --once goes on with it first")
    if unfinished is not None:
        found.resumes = True
        found.remarks.append("it did not come to its end: it goes on where it stopped")
    else:
        found.again = {"cursor": first(records(runtime, found.job), "cursor", dict[str, Any] | None)}
    stored_members = _Members(runtime, connection)

    def watch(name: str, rows: list[Any]) -> None:
        with runtime.store.read() as tx:
            for row in rows:
                if name == "contacts":
                    document = bytes(row)
                    stored = contacts.contact(tx, connection, codec.decode_contact(document).id)
                    found.count("contacts", stored is not None, stored is not None and stored.doc == document)
                elif name == "companies":
                    company = contacts.company(tx, connection, row.id)
                    found.count("companies", company is not None, company == row)
                elif name == "memberships":
                    found.count("memberships", *stored_members.compare(row))

    params = found.job.params | ({"again": found.again} if found.again else {})
    dry = DryRecord(runtime, params=params, watch=watch)
    stories.perform(dry, runtime.config, "pull", connection)


class _Members:
    def __init__(self, runtime: Runtime, connection: str) -> None:
        with runtime.store.read() as tx:
            rows = list(contacts.memberships(tx, connection))
        self._known = {(m.group_id, m.contact_id, m.company_id): m for m in rows}

    def compare(self, row: Any) -> tuple[bool, bool]:
        known = self._known.get((row.group_id, row.contact_id, row.company_id))
        return known is not None, known == row


# ---------------------------------------------------------------- plan
def _plan(runtime: Runtime, found: Forecast, *, failed: bool) -> None:
    if failed:
        found.remarks.append("a plan has no single parts that fail; the whole of it is made again")
    found.again = {"plan": "again"}
    with runtime.store.read() as tx:
        newest = plans.newest(tx, found.job.params["audience"])
    found.remarks.append(
        f"compared with the plan of {when(newest.at, zone_of(runtime.config))}" if newest else "there is no plan yet"
    )

    def watch(name: str, rows: list[Any]) -> None:
        if name != "decisions":
            return
        with runtime.store.read() as tx:
            for row in rows:
                decision = codec.decode_decision(bytes(row))
                old = plans.decision(tx, newest.id, decision.contact_id) if newest else None
                found.count("decisions", old is not None, old == decision)

    stories.perform(
        DryRecord(runtime, params=found.job.params, watch=watch), runtime.config, "plan", found.job.connection
    )
