"""What support is handed: how the program stands and what it did, without people in it; and the way back to a replay.

choice.py  which jobs, when none is named
gather.py  what the store knows of jobs and health     scan.py  whether anybody or a secret is still in it
words.py   what a person or another system put into words, replaced
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from connector import __version__
from connector.errors import ConfigError, ConnectorError, ContractError
from connector.jobs.bundle import choice, gather, words
from connector.jobs.bundle.scan import Scan
from connector.jobs.records.anonymous import Anonymous, settled_config
from connector.jobs.records.journal import read_lines
from connector.jobs.records.pseudonyms import export
from connector.jobs.runtime import Runtime
from connector.jobs.vaults import known_to_log
from connector.store import attempts, codec, jobs, standing
from connector.store.attempts import Attempt

MOST = 20
"""Jobs in a bundle when none is named."""
RECORDS = "records/"
LARGEST_RECORD = 1024**3
LARGEST = 2 * 1024**3
"""Bytes unpacked of one record, and of a bundle: it comes from elsewhere and must not fill the disk."""
README = """\
What is in this file
  about.json     versions of the program, of Python and of the database; the schema
  health.json    holds, leases, write-backs by state with their ages, how each story ended last
  jobs.json      {jobs} attempts; where a record was left out, why
  config/        the configuration of each attempt, by its fingerprint, without secrets
  records/       the record of each attempt: its requests, answers, rows read and rows made

People are replaced by pseudonyms of the same shape: letters for letters, digits for digits. The key that made them is
not in this file and cannot be found from it. Longer texts are only x and 0. No secret was ever in a record.
Before it was written, this file was searched for every secret of the configuration and for every name, address and
phone number of the store's contacts and for the words of every answer; nothing was found.

  connector jobs replay THIS-FILE    runs every job in it again, offline; it needs no database and no configuration
"""


@dataclass(slots=True)
class Made:
    """What a bundle holds: jobs, attempts with a record, and those whose record was left out, with the reason."""

    jobs: int = 0
    attempts: int = 0
    left_out: dict[str, str] = field(default_factory=dict)


def make(runtime: Runtime, named: Sequence[str], target: Path, key: bytes) -> Made:
    """Write the bundle to `target`. Raises ContractError, and writes nothing, if a person or a secret is left in it."""
    anonymous = Anonymous(key)
    known_to_log(runtime.store)
    with runtime.store.read() as tx:
        scan = Scan.of(tx)
        chosen = [_job(tx, each) for each in named] or choice.telling(tx, limit=MOST)
        tried = {job.id: attempts.of_job(tx, job.id) for job in chosen}
        health = gather.health(tx, runtime.now())
        fingerprints = dict.fromkeys(attempt.config for found in tried.values() for attempt in found)
        configs = {each: codec.from_text(attempts.config_doc(tx, each) or "{}") for each in fingerprints}
    made = Made(jobs=len(chosen))
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".bundle-") as name:
        folder = Path(name)
        _records(runtime, tried, folder, key, made)
        told = [words.job(gather.job(job, tried[job.id], made.left_out, RECORDS), anonymous) for job in chosen]
        _write(folder / "about.json", _about(runtime))
        _write(folder / "health.json", scan.scrubbed(words.health(health, anonymous), anonymous))
        _write(folder / "jobs.json", scan.scrubbed(told, anonymous))
        for fingerprint, config in configs.items():
            settled = scan.scrubbed(settled_config(config, anonymous), anonymous)
            _write(folder / "config" / f"{fingerprint}.json", settled)
        (folder / "README.txt").write_text(README.format(jobs=_with(len(chosen))), encoding="utf-8")
        _refuse_people(folder, scan)
        _zip(folder, target)
    return made


@contextmanager
def records(bundle: Path, within: Path | None = None) -> Iterator[list[Path]]:
    """The records of a bundle, laid out in a folder (in `within`, else the system's for such) that goes away again.

    Raises ContractError for another file and, before anything is unpacked, for one that is too large.
    """
    with tempfile.TemporaryDirectory(prefix="nps-bundle-", dir=within) as name, _opened(bundle) as archive:
        found = []
        for member in _members(bundle, archive):
            target = Path(name) / Path(member.filename).name
            with archive.open(member) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            found.append(target)
        yield found


def is_bundle(path: Path) -> bool:
    return path.is_file() and zipfile.is_zipfile(path)


def _members(bundle: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Those that are records. Their sizes are the archive's own word, but no more than that is ever unpacked of one."""
    found = [
        member
        for member in archive.infolist()
        if member.filename == f"{RECORDS}{Path(member.filename).name}" and member.filename.endswith(".jsonl.zst")
    ]
    if not found:
        raise ContractError(f"{bundle.name}: there is no record in it; connector support-bundle makes one")
    largest, total = max(member.file_size for member in found), sum(member.file_size for member in found)
    if largest > LARGEST_RECORD or total > LARGEST:
        raise ContractError(
            f"{bundle.name}: its records would take {total:,} bytes, the largest {largest:,}; at most {LARGEST:,} in "
            f"all and {LARGEST_RECORD:,} for one are unpacked; ask for fewer jobs: connector support-bundle JOB"
        )
    return found


@contextmanager
def _opened(bundle: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(bundle) as archive:
            yield archive
    except zipfile.BadZipFile as error:
        raise ContractError(f"{bundle.name}: the bundle is damaged: {error}") from error


def _job(tx: Any, named: str) -> jobs.Job:
    found = jobs.get(tx, named) if named else None
    if found is None:
        raise ConfigError(f'no job, or not only one, begins with "{named[:60]}"; connector jobs list shows all')
    return found


def _with(count: int) -> str:
    return "1 job with its" if count == 1 else f"{count} jobs with their"


def _records(runtime: Runtime, tried: dict[str, list[Attempt]], folder: Path, key: bytes, made: Made) -> None:
    (folder / "records").mkdir()
    for attempt in (each for found in tried.values() for each in found):
        target = folder / "records" / f"{attempt.id}.jsonl.zst"
        if attempt.outcome == "running":
            made.left_out[attempt.id] = "it is running"
            continue
        try:
            export(runtime.data / attempt.journal, target, key)
            made.attempts += 1
        except ConnectorError as error:
            target.unlink(missing_ok=True)
            made.left_out[attempt.id] = str(error)


def _about(runtime: Runtime) -> dict[str, Any]:
    schema = standing.schema(runtime.store)
    return {
        "program": __version__,
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "database": "postgresql" if runtime.store.postgres else f"sqlite {sqlite3.sqlite_version}",
        "schema": schema.current,
        "schema_of_the_program": schema.head,
        "mode": runtime.mode,
        "made_at": runtime.now(),
    }


def _refuse_people(folder: Path, scan: Scan) -> None:
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        packed = path.suffix == ".zst"
        lines: Iterator[bytes] = read_lines(path) if packed else iter(path.read_bytes().splitlines())
        for number, line in enumerate(lines, 1):
            found = scan.found(line.decode("utf-8", "replace"))
            if found:
                place = f"{path.relative_to(folder)} line {number}"
                raise ContractError(f"{place}: it still holds {found}; the bundle was not written; please report it")


def _zip(folder: Path, target: Path) -> None:
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)  # of an earlier, killed run, or put there by somebody else
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    stored = zipfile.ZIP_STORED if path.suffix == ".zst" else zipfile.ZIP_DEFLATED
                    archive.write(path, path.relative_to(folder), compress_type=stored)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    plain = msgspec.to_builtins(value, str_keys=True)
    path.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
