"""A watched folder as a ResponseSource. Files are read, never moved, changed or deleted.

A file is taken once, and again when its content changed; the response key then tells known rows from new ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from connector import log
from connector.adapters.folder.history import read_history
from connector.adapters.folder.rows import read
from connector.errors import UnavailableError
from connector.ports import BadRow, Cursor, HistoryRow, RawAnswer

PAGE = 500
SETTLED = 2.0  # seconds without a change after which a file counts as completely written
_SUFFIXES = (".csv", ".jsonl", ".ndjson")


class FolderSource:
    """The answers below one folder (not its subfolders), or in one file.

    The cursor is {file name: {size, mtime_ns, digest, rows, complete}}; `rows` counts the rows taken, bad ones
    included.
    """

    def __init__(self, path: Path, *, now: Callable[[], datetime], zone: str = "", page: int = PAGE) -> None:
        self._path, self._now, self._zone, self._page = path, now, zone, page

    def responses(self, cursor: Cursor | None) -> Iterator[tuple[list[RawAnswer | BadRow], Cursor]]:
        """Pages of rows not yet taken, bad ones among them. Raises UnavailableError where the folder cannot be read."""
        files = _files(self._path)
        taken: Cursor = {name: entry for name, entry in (cursor or {}).items() if name in files}
        for name, file in files.items():
            for rows, entry in self._file(file, taken.get(name)):
                taken = {**taken, name: entry}
                yield rows, taken

    def _file(
        self, file: Path, before: dict[str, Any] | None
    ) -> Iterator[tuple[list[RawAnswer | BadRow], dict[str, Any]]]:
        try:
            stamp = _stamp(file)
            if not self._settled(stamp) or (before and before["complete"] and _same(before, stamp)):
                return
            digest = _digest(file)
            if digest is None:
                return
            entry = {**stamp, "digest": digest, "rows": 0, "complete": False}
            if before is not None and before["digest"] == digest:
                entry = {**before, **stamp}
            if entry["complete"]:
                yield [], entry  # only touched: same content
                return
            yield from self._rows(file, entry)
        except OSError as error:
            log.get().warning("file of answers left for later", file=file.name, why=error.strerror or "")

    def _rows(self, file: Path, entry: dict[str, Any]) -> Iterator[tuple[list[RawAnswer | BadRow], dict[str, Any]]]:
        page: list[RawAnswer | BadRow] = []
        skip, count = entry["rows"], 0
        for row in read(file, zone=self._zone, remark=_teller(file)):
            count += 1
            if count <= skip:
                continue
            page.append(row)
            if count % self._page == 0:
                yield page, {**entry, "rows": count}
                page = []
        if not _same(entry, _stamp(file)):
            # Written to while it was read: what was read stands, the rest comes with the next pass.
            yield page, {**entry, "rows": count, "digest": ""}
            return
        yield page, {**entry, "rows": count, "complete": True}

    def _settled(self, stamp: dict[str, int]) -> bool:
        if self._path.is_file():
            return True  # a person named this very file
        age = self._now().timestamp() - stamp["mtime_ns"] / 1e9
        return not 0 <= age < SETTLED  # a time in the future is a wrong clock, not a file being written


class FolderHistory:
    """A former tool's export: one file, or every file of a folder in the order of their names."""

    def __init__(self, path: Path, *, zone: str = "") -> None:
        self._path, self._zone = path, zone

    def history(self) -> Iterator[HistoryRow | BadRow]:
        """Each row, in order. Raises UnavailableError where a file cannot be read."""
        for file in _files(self._path).values():
            try:
                yield from read_history(file, zone=self._zone, remark=_teller(file))
            except OSError as error:
                raise UnavailableError(f"{file}: cannot be read ({error.strerror})") from error


def _teller(file: Path) -> Callable[[str], None]:
    def tell(text: str) -> None:
        log.get(file=file.name).info(text)

    return tell


def _files(path: Path) -> dict[str, Path]:
    try:
        if path.is_file():
            return {path.name: path}
        found = [entry for entry in path.iterdir() if _takes(entry.name) and entry.is_file()]
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read ({error.strerror}); create it, or correct the path") from error
    return {entry.name: entry for entry in sorted(found)}


def _takes(name: str) -> bool:
    """Finished-looking files of a kind we read; a name that is no text cannot be kept in a cursor."""
    return not name.startswith((".", "~")) and name.lower().endswith(_SUFFIXES) and name.isprintable()


def _stamp(file: Path) -> dict[str, int]:
    found = file.stat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns}


def _same(entry: dict[str, Any], stamp: dict[str, int]) -> bool:
    return bool(entry["size"] == stamp["size"] and entry["mtime_ns"] == stamp["mtime_ns"])


def _digest(file: Path) -> str | None:
    """SHA-256 of the content, or None where it changed meanwhile."""
    before = _stamp(file)
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return digest if _stamp(file) == before else None
