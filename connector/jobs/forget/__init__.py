"""Erase a person: records, backups, rows, files of the database; then search every file, and write a certificate.

In this order, because the rows are what says whom to look for: an erasure that was cut short is simply begun again.
"""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from connector.errors import ConfigError, ConnectorError
from connector.jobs import rehearse
from connector.jobs.collect import ANSWERS
from connector.jobs.forget import files
from connector.jobs.forget.erasing import Erasing
from connector.jobs.forget.traces import Traces
from connector.jobs.owner import is_dead
from connector.jobs.records.journal import read_lines
from connector.jobs.records.pseudonyms import rewrite
from connector.jobs.records.recorded import Recorded
from connector.jobs.retention import JOURNALS
from connector.jobs.runtime import LOG, Runtime
from connector.rules.fuses import DAY
from connector.store import erase, forgotten, fuses, leases, standing
from connector.store.tables import moment
from connector.sync.address import judge

LEASE = timedelta(minutes=30)
ON_REQUEST = (
    "files that somebody had written (preview --csv, hygiene --csv, export, jobs export, support-bundle, --json into a "
    "file) are where that person put them: yours to remove"
)
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is of a person before anything is done."""

    address: str
    stored: erase.Stored
    in_crm: list[erase.Remains]
    others: list[str]
    """Contacts of other people who have the same address: they are erased with it."""


@dataclass(slots=True, kw_only=True)
class Certificate:
    """What was removed where; no personal data, so that it can be kept and shown."""

    number: str
    at: datetime
    subject: str
    """A keyed digest of the address: proves, to whoever knows the address and has the store, that this is about it."""
    rows: dict[str, int] = field(default_factory=dict)
    records_rewritten: int = 0
    records_removed: list[str] = field(default_factory=list)
    why_removed: dict[str, str] = field(default_factory=dict)
    """Of each of them, by its name."""
    backups: dict[str, str] = field(default_factory=dict)
    remains_in_crm: list[dict[str, Any]] = field(default_factory=list)
    write_backs: list[str] = field(default_factory=list)
    """The keys of what was written, which tickets in the CRM carry yet: so that reconcile knows them as ours."""
    tickets_opened: list[dict[str, Any]] = field(default_factory=list)
    """Connection, time and a keyed digest of the owner of each ticket of the last day: the fuses count them on."""
    still_to_do: list[str] = field(default_factory=list)
    searched: int = 0
    found_in: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.found_in


def find(runtime: Runtime, email: str) -> Found:
    """Who is meant. Raises ConfigError for what is no address."""
    key = judge(email).key
    if not key:
        raise ConfigError(f'"{email[:60]}" is no e-mail address; connector explain shows what is stored of a contact')
    with runtime.store.read() as tx:
        stored = erase.find(tx, key, partial(rehearse.key_of, runtime.store.installation()))
    stored.addresses.add(email.strip().casefold())
    names = sorted({contact.name for contact in stored.contacts})
    return Found(address=key, stored=stored, in_crm=stored.remains, others=names[1:])


def forget(runtime: Runtime, found: Found, told: Told = lambda _: None) -> Certificate:
    """Do it, under the leases of every connection. Raises LeaseLostError where another process is at work."""
    stored, now = found.stored, runtime.now()
    traces = Traces(stored.addresses)
    for contact in stored.contacts:
        traces.add_contact(contact)
    for words in stored.texts:
        traces.add_text(words)
    erasing = Erasing(secrets.token_bytes(32), traces, stored)
    with _alone(runtime) as go_on:
        with runtime.store.write() as tx:
            key = forgotten.secret(tx)
            forgotten.put(tx, addresses=stored.addresses, contacts=stored.refs, now=now)
        subject = forgotten.digest(key, forgotten.ADDRESS, found.address)
        made = Certificate(number=f"{now:%y%m%d}-{secrets.token_hex(4)}", at=now, subject=subject)
        made.remains_in_crm = [
            {"connection": each.connection, "what": each.record_type.replace("_", " "), "id": each.record_id}
            | ({"fields": list(each.fields)} if each.fields else {})
            for each in found.in_crm
        ]
        made.write_backs = sorted(stored.write_backs)
        made.tickets_opened = [
            {"connection": connection, "at": at, "rehearsal": rehearsal,
             "owner": forgotten.digest(key, fuses.OWNER, owner)}
            for connection, at, owner, rehearsal in stored.tickets
            if moment(at) > now - DAY
        ]  # fmt: skip
        _records(runtime, erasing, made, told, go_on)
        traces.shared = files.of_others(runtime, traces, stored.refs)
        told("copies of the database")
        made.backups = files.clean_backups(runtime, stored, erasing)
        for name in files.remember(runtime):
            made.backups[name] += "; it is too old to know of this erasure"
            made.still_to_do.append(f"{name}: whoever comes back to it has to run connector forget EMAIL once more")
        go_on()
        told("the database")
        imported = files.imported(runtime)
        _rows(runtime, stored, erasing, made)
        told("a search of every file")
        made.searched, made.found_in = files.search(runtime, traces)
        made.still_to_do += [*files.not_ours(runtime, traces, imported), ON_REQUEST]
        with runtime.store.write() as tx:
            forgotten.put_certificate(tx, made.number, msgspec.to_builtins(made), now=now)
        files.remember(runtime)  # the certificate, too
    return made


def lift(runtime: Runtime, email: str) -> bool:
    """Store and ask this person again from the next pull on; False where nobody was forgotten under the address."""
    key = judge(email).key
    with runtime.store.write() as tx:
        return forgotten.lift(tx, {key, email.strip().casefold()} - {""})


def _rows(runtime: Runtime, stored: erase.Stored, erasing: Erasing, made: Certificate) -> None:
    counts: Counter[str] = Counter()
    with runtime.store.write() as tx:
        counts += erase.erase(tx, stored, erasing.column)
    made.rows = dict(sorted(counts.items()))
    made.still_to_do += erase.wipe(runtime.store, made.rows)


def _records(runtime: Runtime, erasing: Erasing, made: Certificate, told: Told, go_on: Callable[[], None]) -> None:
    """Rewrite each record that speaks of the person; one that cannot be replayed afterwards is removed."""
    with runtime.store.read() as tx:
        attempts = erase.attempts_by_record(tx)
    paths = sorted((runtime.data / JOURNALS).rglob("*.jsonl.zst"))
    concerned = list(_concerned(paths, erasing))  # all, before any is rewritten: each may tell of a former address
    if len(erasing.traces.addresses) > len(erasing.stored_addresses):
        concerned = list(_concerned(paths, erasing))
    for number, path in enumerate(concerned, 1):
        told(f"record {number} of {len(concerned)}")
        go_on()
        part = path.with_name(f".{path.name}.part")
        try:
            rewrite(path, part, erasing)
            if any(erasing.is_named_in(line) for line in read_lines(part)):
                raise ConnectorError("it still speaks of the person")
        except ConnectorError as error:
            part.unlink(missing_ok=True)
            path.unlink()
            made.records_removed.append(path.name)
            made.why_removed[path.name] = _why_removed(path, erasing.traces, error)
            continue
        written = path.stat().st_mtime_ns
        os.utime(part, ns=(written, written))  # it is kept no longer for having been rewritten
        part.replace(path)
        made.records_rewritten += 1
        attempt_id = attempts.get(path.relative_to(runtime.data).as_posix())
        recorded = Recorded.load(path)
        if attempt_id is not None and recorded.end is not None:
            with runtime.store.write() as tx:
                erase.put_digests(tx, attempt_id, recorded.inputs_digest, str(recorded.end["outputs"]))


def _why_removed(path: Path, traces: Traces, error: ConnectorError) -> str:
    """Without the rows that differ, which may be about people: the certificate is to be kept."""
    why = str(error).removeprefix(f"{path.name}: ").partition("; not exported")[0].splitlines()[0]
    return why if len(why) <= 200 and not traces.speak(why) else "it could not be rewritten without the person"


def _concerned(paths: Iterable[Path], erasing: Erasing) -> Iterator[Path]:
    for path in paths:
        if _speaks(path, erasing):
            yield path


def _speaks(path: Path, erasing: Erasing) -> bool:
    """Whether a replacement would change anything in it; reading on to the end finds former names and addresses."""
    try:
        return sum(erasing.changes(line) for line in read_lines(path)) > 0
    except ConnectorError:
        return True  # damaged: what cannot be read cannot be kept


@contextmanager
def _alone(runtime: Runtime) -> Iterator[Callable[[], None]]:
    """Every connection's lease, so that no story stores or records anything meanwhile; call what is given to go on."""
    with runtime.store.read() as tx:
        known = {lease.connection for lease in standing.leases(tx)}
    names = sorted({*runtime.config.connections, ANSWERS, LOG, *known})
    with ExitStack() as held:
        taken = []
        for name in names:
            with runtime.store.write() as tx:
                lease = leases.take(tx, name, runtime.owner, now=runtime.now(), ttl=LEASE, owner_is_dead=is_dead)
            held.callback(_give_back, runtime, lease)
            taken.append(lease)

        def go_on() -> None:
            with runtime.store.write() as tx:
                for lease in taken:
                    leases.check(tx, lease, now=runtime.now(), ttl=LEASE)

        yield go_on


def _give_back(runtime: Runtime, lease: leases.Lease) -> None:
    with runtime.store.write() as tx:
        leases.give_back(tx, lease)


def certificates(runtime: Runtime) -> list[dict[str, Any]]:
    """Every certificate, oldest first."""
    with runtime.store.read() as tx:
        return [doc for _, _, doc in forgotten.certificates(tx)]
