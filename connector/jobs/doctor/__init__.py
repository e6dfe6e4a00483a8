"""What is wrong, and the next command. Each examination stands for itself: one that fails is a finding, not the end.

folder.py  the machine: data folder, rights, disk, whether the database answers
work.py    the work: holds, leases, write-backs, stories, records
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from connector import config
from connector.config import Config
from connector.config.source import read
from connector.errors import ConfigError, ConnectorError
from connector.jobs.doctor import folder, work
from connector.jobs.doctor.finding import Finding, Severity
from connector.jobs.runtime import DATABASE_URL, DATABASE_URL_FILE, Runtime, named_database
from connector.store import Store, open_store
from connector.store.engine import schema_problem

__all__ = ["Finding", "Severity", "examine"]
_CORRECT = f"correct {DATABASE_URL}, or the file that {DATABASE_URL_FILE} names"


def examine(
    path: Path, environ: Mapping[str, str], clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> list[Finding]:
    """Everything found wrong, the worst first. Reads only, asks nobody, and makes neither folder nor database."""
    found, loaded, data = _configuration(path.absolute(), environ)
    found += _guarded("data folder", lambda: folder.examine(data))
    try:
        url = named_database(environ)
    except ConfigError as error:
        found.append(Finding(Severity.WRONG, "database", str(error), _CORRECT))
        return _worst_first(found)
    if not url and not (data / "nps.sqlite3").is_file():
        found.append(
            Finding(Severity.NOTE, "database", "there is none yet; nothing was ever done", "connector pull makes it")
        )
        return found
    store = _opened(url or f"sqlite:///{data / 'nps.sqlite3'}", found)
    if store is not None:
        try:
            if problem := schema_problem(store):
                found.append(Finding(Severity.WRONG, "database", problem, "connector db upgrade"))
            else:
                runtime = Runtime(
                    config=loaded, store=store, data=data, clock=clock, sleep=lambda _: None, owner="doctor"
                ) if loaded else None  # fmt: skip
                for name, examination in work.EXAMINATIONS.items():
                    found += _guarded(name, lambda each=examination: each(store, runtime, data, clock()))  # type: ignore[misc]
        finally:
            store.close()
    return _worst_first(found)


def _worst_first(found: list[Finding]) -> list[Finding]:
    return sorted(found, key=lambda finding: list(Severity).index(finding.severity))


def _configuration(path: Path, environ: Mapping[str, str]) -> tuple[list[Finding], Config | None, Path]:
    """Its problems; itself where it is sound; and the data folder, also where it is not."""
    try:
        loaded = config.load(path, environ)
    except ConfigError as error:
        found = [
            Finding(Severity.WRONG, str(path), str(problem), "correct it, then connector check")
            for problem in error.problems
        ]
        return found, None, _data(path)
    return [], loaded, loaded.storage.data


def _data(path: Path) -> Path:
    """The folder that a broken configuration names, if it can be read at all; else the default one."""
    named = "nps-data"
    try:
        storage = read(path).tree.get("storage")
        if isinstance(storage, dict) and isinstance(storage.get("data"), str):
            named = storage["data"]
    except (ConnectorError, OSError):
        pass
    return path.parent / named


def _opened(url: str, found: list[Finding]) -> Store | None:
    try:
        store = open_store(url, migrate=False)
    except ConnectorError as error:
        found.append(Finding(Severity.WRONG, "database", str(error), _CORRECT))
        return None
    trouble = list(_guarded("database", lambda: folder.answers(store)))
    found += trouble
    if trouble:
        store.close()
        return None
    return store


def _guarded(place: str, examination: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    try:
        yield from list(examination())
    except Exception as error:  # one broken part must not hide the others
        words = (str(error) or type(error).__name__).splitlines()[0]
        yield Finding(Severity.WRONG, place, f"could not be examined: {words}", "connector support-bundle for support")
