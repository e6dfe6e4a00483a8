"""The files of the data folder: copies of the database cleaned or removed, and every file searched in the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from connector.errors import ConnectorError
from connector.jobs.forget.erasing import Erasing
from connector.jobs.forget.traces import Traces
from connector.jobs.records.journal import read_lines
from connector.jobs.runtime import Runtime
from connector.store import erase, forgotten, jobs

SQLITE = b"SQLite format 3\x00"
_CHUNK = 1 << 20
_OVERLAP = 400


def clean_backups(runtime: Runtime, stored: erase.Stored, erasing: Erasing) -> dict[str, str]:
    """Each copy of the database in the data folder, and what became of it; one that cannot be cleaned is removed."""
    told: dict[str, str] = {}
    for path in map(runtime.data.joinpath, copies(runtime)):
        name = path.relative_to(runtime.data).as_posix()
        if not _found(path, _needles(erasing.traces)):
            told[name] = "nothing of the person in it"
            continue
        if erase.clean_copy(path, stored, erasing.column) and not _found(path, _needles(erasing.traces)):
            told[name] = "cleaned"
        else:
            path.unlink()
            told[name] = "removed: it could not be cleaned; make a new one with connector db backup"
    return told


def remember(runtime: Runtime) -> list[str]:
    """Put digests and certificates into each copy that is kept; the names of those too old to take them."""
    with runtime.store.read() as tx:
        known = forgotten.everything(tx)
    return [name for name in copies(runtime) if not erase.carry(runtime.data / name, known)]


def copies(runtime: Runtime) -> list[str]:
    """The SQLite files in the data folder that are not the database itself."""
    own = runtime.store.engine.url.database
    return [
        path.relative_to(runtime.data).as_posix()
        for path in sorted(runtime.data.rglob("*"))
        if path.is_file() and _is_database(path) and not (own and path.resolve() == Path(own).resolve())
    ]


def search(runtime: Runtime, traces: Traces) -> tuple[int, list[str]]:
    """(files searched, those in which the address, the name or the number still stands), raw and unpacked."""
    needles = traces.addresses | (traces.literal - of_others(runtime, traces))
    count, found = 0, []
    for path in sorted(runtime.data.rglob("*")):
        if path.is_file():
            count += 1
            if _found(path, needles):
                found.append(path.relative_to(runtime.data).as_posix())
    return count, found


def imported(runtime: Runtime) -> list[Path]:
    """The files that people had imported."""
    with runtime.store.read() as tx:
        return [Path(each) for each in jobs.files(tx)]


def not_ours(runtime: Runtime, traces: Traces, imported: Iterable[Path]) -> list[str]:
    """Files of answers, in the watched folder or `imported`, that name the person: they are the administrator's, and
    are left."""
    folder = runtime.config.answers.folder
    watched = sorted(folder.rglob("*")) if folder is not None and folder.is_dir() else []
    named = [
        path
        for path, needles in (
            *((path, traces.addresses) for path in watched),
            *((path, _needles(traces)) for path in imported if path not in watched),
        )
        if path.is_file() and _found(path, needles)
    ]
    return [
        f"{_called(path, traces)}: a file that was imported names the person; it is yours to remove" for path in named
    ]


def _called(path: Path, traces: Traces) -> str:
    """The file, its name left out where that speaks of the person: the certificate is to be kept."""
    return str(path) if not traces.speak(str(path)) else f"{path.parent}/…{path.suffix}"


def _needles(traces: Traces) -> set[str]:
    return traces.addresses | (traces.literal - traces.shared)


def of_others(runtime: Runtime, traces: Traces, but: Collection[tuple[str, str]] = ()) -> set[str]:
    """Names and numbers that somebody else in the store has, too, than these contacts."""
    with runtime.store.read() as tx:
        return {needle for needle in traces.literal if erase.still_named(tx, needle, but)}


def _is_database(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE
    return False


def _found(path: Path, needles: set[str]) -> bool:
    forms = {form for needle in needles for form in _forms(needle)}
    return any(form in part.lower() for part in _parts(path) for form in forms)


def _forms(needle: str) -> Iterator[bytes]:
    yield needle.lower().encode()
    yield needle.encode().lower()
    yield needle.lower().encode("ascii", "backslashreplace")


def _parts(path: Path) -> Iterator[bytes]:
    """The file in pieces that overlap, and unpacked where it is a record."""
    with suppress(OSError), path.open("rb") as file:
        before = b""
        while chunk := file.read(_CHUNK):
            yield before + chunk
            before = chunk[-_OVERLAP:]
    if path.suffix == ".zst":
        with suppress(ConnectorError):
            yield from read_lines(path)
