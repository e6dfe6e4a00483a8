"""rehearse: an answer that nobody gave, through the rules and onto the test company at once; it counts nowhere.

No Response is stored, so history, NPS, caps and follow-ups never meet it; only the copies made for the test company
(jobs/rehearsal.py) stand in the outbox, under the key of an answer of the source "rehearsal".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connector.config import Config
from connector.domain import Facet, Mode, Response, WriteBack
from connector.errors import ConfigError, RejectedError
from connector.jobs import matching
from connector.jobs.collect import Look
from connector.jobs.collect.evaluation import calendars
from connector.jobs.deliver import deliver
from connector.jobs.records.record import COMPANY_IF_WRITTEN, DUE_AT_CLOSING, REHEARSES_ALL, Record
from connector.jobs.rehearsal import copies_everywhere, the_company
from connector.jobs.runtime import Runtime
from connector.jobs.stored_forms import to_stored
from connector.ports import Ports, RawAnswer
from connector.rules.evaluate import evaluate
from connector.rules.keys import response_key
from connector.rules.names import written_at
from connector.store import Tx, attempts, forgotten, jobs, outbox
from connector.store.outbox import Entry
from connector.sync.address import judge

SOURCE = "rehearsal"
STORY = "rehearse"
_OPEN = ("waiting", "sending", "unknown")


def rehearse(record: Record, config: Config, connection: str, ports: Ports, look: Look) -> dict[str, Any]:
    """Put the copies of what the rules make of the answer into the outbox, and deliver those of this connection.

    `keys` in the parameters instead of an answer: deliver these, which another connection made.
    """
    refuse(config)
    counts: dict[str, Any] = {}
    keys = record.params.get("keys")
    if keys is None:
        made = _take(record, config, connection, look)
        counts = {"copies": len(made)}
        keys = [write_back.key for write_back in made if write_back.connection == connection]
    told = deliver(record, replace(config, mode=Mode.REHEARSAL), connection, ports, only=frozenset(keys))
    return {**counts, **told}


def refuse(config: Config) -> None:
    """Raises ConfigError where nothing may be written, or nobody said where."""
    if config.mode is Mode.PREVIEW:
        raise ConfigError(
            "mode: preview writes nothing, so there is nothing to rehearse; set mode: rehearsal (live works too: it "
            "goes to the test company all the same), or see what rules would do: connector rules test"
        )
    if config.rehearsal is None:
        raise ConfigError(
            "rehearsal: is missing, so nobody knows where a rehearsal may write; add "
            "rehearsal: {company: …, board: …, mail_to: …}"
        )


def asked(
    runtime: Runtime, connection: str, contact_id: str, *, score: int, comment: str, email: str = ""
) -> dict[str, Any]:
    """The parameters of the Job; of the address a keyed digest, by which an erasure finds it.

    The same answer that was begun and has not come to its end keeps its moment, so that what it may have opened is
    found and not opened again; else its moment is now.
    """
    answer: dict[str, Any] = {"contact_id": contact_id, "score": score, "comment": comment}
    installation, key = runtime.store.installation(), judge(email).key
    with runtime.store.write() as tx:
        at = _begun(tx, installation, connection, answer)
        who = {"who": forgotten.digest(forgotten.secret(tx), forgotten.ADDRESS, key)} if key else {}
    return {**answer, **who, "at": at or runtime.now().isoformat()}


def key_of(installation: str, connection: str, params: dict[str, Any]) -> str:
    """The key of the answer that is rehearsed: of person and moment."""
    contact = f"{connection}/{params['contact_id']}"
    return response_key(installation, SOURCE, contact=contact, at=datetime.fromisoformat(params["at"]))


def entries(runtime: Runtime, connection: str, params: dict[str, Any]) -> list[Entry]:
    """The copies and how each stands."""
    with runtime.store.read() as tx:
        return outbox.listed(tx, response_key=key_of(runtime.store.installation(), connection, params))


def elsewhere(found: Collection[Entry], connection: str) -> dict[str, list[str]]:
    """By connection, the keys of the copies (messages) that others still have to deliver."""
    keys: dict[str, list[str]] = {}
    for entry in found:
        if entry.write_back.connection != connection and entry.write_back.state in _OPEN:
            keys.setdefault(entry.write_back.connection, []).append(entry.write_back.key)
    return keys


def _begun(tx: Tx, installation: str, connection: str, answer: dict[str, Any]) -> str | None:
    for job in jobs.listed(tx, story=STORY, connection=connection, limit=200):
        if {name: value for name, value in job.params.items() if name not in ("at", "who")} != answer:
            continue
        tried = attempts.of_job(tx, job.id)
        left = outbox.listed(tx, states=_OPEN, response_key=key_of(installation, connection, job.params))
        unfinished = not tried or tried[-1].outcome in attempts.UNFINISHED or left
        return str(job.params["at"]) if unfinished else None
    return None


def _take(record: Record, config: Config, connection: str, look: Look) -> tuple[WriteBack, ...]:
    contact_id, at = record.params["contact_id"], datetime.fromisoformat(record.params["at"])
    values = {"contact_id": contact_id, "score": str(record.params["score"])}
    known = record.read("known", bool, lambda tx: matching.contact_of(tx, values, connection) is not None)
    found = None if known else next(iter(look(connection, contact_id)), None)
    answer = RawAnswer(place="command line", values=values)
    matched = record.read(
        "matched",
        matching.Matched,
        lambda tx: matching.match(
            tx,
            answer,
            connection=connection,
            installation=record.installation,
            responded_at=at,
            found=found,
            at=written_at(config.rules),
        ),
    )
    contact = matched.contact
    if contact is None:
        raise RejectedError(f"contact {contact_id} is neither in the store nor in the CRM")
    response = Response(
        key=key_of(record.installation, connection, record.params),
        connection=connection,
        source=SOURCE,
        external_id="",
        score=record.params["score"],
        responded_at=at,
        received_at=at,
        comment=record.params["comment"],
        contact_id=contact.id,
        company_id=contact.company_id,
        person_id=matched.person_id,
        email=contact.email,
        campaign=config.answers.campaign,
    )
    calendar = config.connections[connection].calendar
    evaluation = evaluate(
        config.rules,
        matching.facts(response, matched, calendar.zone if calendar else "UTC"),
        now=record.now,
        settle=timedelta(0),
        calendar=calendar,
        names={Facet(facet): names for facet, names in matched.names.items()},
        as_before=not record.does(DUE_AT_CLOSING),
        calendars=calendars(config),
    )
    old = not record.does(REHEARSES_ALL)
    company_of = partial(the_company, record, config)
    asked = not record.does(COMPANY_IF_WRITTEN)
    made = copies_everywhere(evaluation.write_backs, config, connection, company_of, as_before=old, always_asked=asked)
    record.emit("response", [response])
    record.emit("judged", [{"matches": evaluation.matches, "skipped": evaluation.skipped, "rules_did_not_run": ""}])
    record.emit("write_backs", [to_stored(wb) for wb in made])
    record.commit(lambda tx: outbox.put(tx, made, rehearsal=True, now=record.now))
    return made
