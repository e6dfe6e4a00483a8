"""One measurement in a process of its own; prints one JSON line. Not for use by hand: see `tests.bench`."""

from __future__ import annotations

import json
import logging
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import structlog

from connector.jobs import runner
from connector.jobs.runtime import open_runtime
from connector.store import contacts
from tests.settings import AUDIENCE, load_config

AUDIENCES: dict[str, dict[str, Any]] = {
    "everyone": {"from": "psa", "company_types": ["Managed Client"]},  # no contact type: every contact is pulled
    "types": {"from": "psa", "contact_types": ["Decision Maker", "Owner", "End User", "Billing", "Technical"]},
    "readme": AUDIENCE,
}


def main() -> None:
    what, psa, audience = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        measured = {"script": _script, "tell": _tell, "twice": _twice}[what](psa, audience, Path(folder))
    print(json.dumps(measured))


def _timed(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = run()
    found["cpu"], found["wall"] = time.process_time() - cpu, time.perf_counter() - wall
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def _tell(psa: dict[str, str], audience: str, folder: Path) -> dict[str, Any]:
    """Pull everything, then decide for everybody."""
    story = _Story(psa, audience, folder)
    return {"pull": _timed(story.pull), "plan": _timed(story.plan)}


def _twice(psa: dict[str, str], audience: str, folder: Path) -> dict[str, Any]:
    """Pull, change 1 % of contacts and companies, pull again."""
    story = _Story(psa, audience, folder)
    first = _timed(story.pull)
    control = f"{psa['url']}/control"
    served = requests.get(f"{control}/served", timeout=60).json()
    requests.post(
        f"{control}/touch",
        json={"contacts": served["contacts"][:: 100][: len(served["contacts"]) // 100],
              "companies": served["companies"][::100]},
        timeout=600,
    ).raise_for_status()  # fmt: skip
    return {"pull": first, "second": _timed(story.pull)}


class _Story:
    def __init__(self, psa: dict[str, str], audience: str, folder: Path) -> None:
        config = load_config(psa["url"], folder, audiences={"asked": AUDIENCES[audience]}, rules=[])
        self.runtime = open_runtime(config, environ={})

    def pull(self) -> dict[str, Any]:
        attempt = runner.run(self.runtime, "pull", "psa")
        assert not isinstance(attempt, runner.Held)
        assert attempt.outcome == "done", attempt.error
        with self.runtime.store.read() as tx:
            rows = list(contacts.memberships(tx, "psa"))
        return {
            "contacts": attempt.counts["contacts"],
            "calls": attempt.calls,
            "contact_members": sum(row.contact_id is not None for row in rows),
            "company_members": sum(row.company_id is not None for row in rows),
        }

    def plan(self) -> dict[str, Any]:
        attempt = runner.run(self.runtime, "plan", "psa", params={"audience": "asked"})
        assert not isinstance(attempt, runner.Held)
        assert attempt.outcome == "done", attempt.error
        return {"pulled": attempt.counts["pulled"], "invitations": attempt.counts["invitations"]}


def _script(psa: dict[str, str], audience: str, folder: Path) -> dict[str, Any]:
    """What somebody writes in ten minutes: a loop over pages into one table. No cleaning, no dedupe, no record."""
    del audience

    def load() -> dict[str, Any]:
        session = requests.Session()
        session.auth = (f"{psa['company']}+{psa['public_key']}", psa["private_key"])
        session.headers["clientId"] = psa["client_id"]
        database = sqlite3.connect(folder / "script.db")
        database.execute("create table contact (id integer primary key, name text, email text, company integer, doc)")
        page = 1
        while True:
            answer = session.get(
                f"{psa['url']}/v4_6_release/apis/3.0/company/contacts",
                params={"pageSize": "1000", "page": str(page), "orderBy": "id asc"},
                timeout=60,
            )
            rows = answer.json()
            if not rows:
                return {"contacts": 1000 * page}
            for row in rows:
                mails = [i["value"] for i in row.get("communicationItems", []) if i["communicationType"] == "Email"]
                database.execute(
                    "insert or replace into contact values (?, ?, ?, ?, ?)",
                    (row["id"], f"{row.get('firstName')} {row.get('lastName')}", mails[0] if mails else None,
                     (row.get("company") or {}).get("id"), json.dumps(row)),
                )  # fmt: skip
            database.commit()
            page += 1

    return {"pull": _timed(load)}


if __name__ == "__main__":
    main()
