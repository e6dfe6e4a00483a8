"""Read CSV and JSON lines row by row. A row that cannot be read is reported with its line, the others are taken.

Memory is bounded by the longest row: 16 MB.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from connector.adapters.folder.columns import ANSWER_COLUMNS, WrongError, columns, judged_answer
from connector.ports import BadRow, RawAnswer

LONGEST_ROW = 16 * 1024 * 1024
_NOT_UTF8 = "is not UTF-8; save the file as CSV UTF-8"
Remark = Callable[[str], None]
Row = tuple[int, Mapping[str, str] | WrongError]
"""Line (from 1) on which a row begins, and its values by column or why it cannot be read."""


def read(path: Path, *, zone: str = "", remark: Remark | None = None) -> Iterator[RawAnswer | BadRow]:
    """The answers of one file, in order, each judged (see `columns`). `remark` hears once about columns left out.

    Raises OSError where the file cannot be opened.
    """
    for line, values in raw_rows(path, ANSWER_COLUMNS, remark):
        place = f"{path.name}:{line}"
        try:
            if isinstance(values, WrongError):
                raise values
            yield RawAnswer(place=place, values=judged_answer(values, zone))
        except WrongError as error:
            yield BadRow(place=place, why=str(error))


def raw_rows(path: Path, known: tuple[str, ...], remark: Remark | None = None) -> Iterator[Row]:
    """Rows by column name, not yet judged."""
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(3 if start.startswith(b"\xef\xbb\xbf") else 0)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in start:
            yield 1, WrongError("the file is UTF-16, not UTF-8; save it as CSV UTF-8")
        elif path.suffix.lower() in (".jsonl", ".ndjson"):
            yield from _json_rows(file, known, remark)
        else:
            yield from _csv_rows(file, known, remark)


def _json_rows(file: BinaryIO, known: tuple[str, ...], remark: Remark | None) -> Iterator[Row]:
    left_out: set[str] = set()
    for number, line in _lines(file):
        if isinstance(line, bytes) and not line.strip():
            continue
        try:
            values, unknown = _object(line, known)
        except WrongError as error:
            yield number, error
            continue
        if fresh := sorted(set(unknown) - left_out)[:50]:
            left_out.update(fresh)
            _tell(remark, fresh)
        yield number, values


def _object(line: bytes | WrongError, known: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    text = _text(line)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise WrongError("is no JSON; each line must be one object") from None
    if not isinstance(found, dict):
        raise WrongError("is no JSON object; each line must be one, such as {…}")
    meant, unknown = columns(found, known)
    values = zip(found.values(), meant, strict=True)
    return {column: _plain(value, column) for value, column in values if column is not None}, unknown


def _plain(value: Any, column: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongError(f"{column} must be text or a number")
    text = str(value)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise WrongError(f"{column} has characters that are no text")
    return text


def _csv_rows(file: BinaryIO, known: tuple[str, ...], remark: Remark | None) -> Iterator[Row]:
    records = _Records(file)
    header = next(records, None)
    if header is None:
        return
    line, cells = header
    try:
        meant, unknown = columns(cells if isinstance(cells, list) else _raised(cells), known)
    except WrongError as error:
        yield line, WrongError(f"the header cannot be used: {error}")
        return
    if not any(meant):
        yield line, WrongError(f"the header has none of the columns {', '.join(known)}")
        return
    if unknown := [name for name in unknown if name]:
        _tell(remark, unknown)
    for line, cells in records:
        if isinstance(cells, WrongError):
            yield line, cells
        elif len(cells) > len(meant) and any(cells[len(meant) :]):
            yield line, WrongError(f"has {len(cells)} cells, the header {len(meant)}; quote cells that hold separators")
        else:
            yield line, {column: cell for column, cell in zip(meant, cells, strict=False) if column is not None}


class _Records:
    """CSV records with the line each begins on. After a broken quote it goes on with the line after the broken one."""

    def __init__(self, file: BinaryIO) -> None:
        self._source = _lines(file)
        self._again: deque[tuple[int, bytes | WrongError]] = deque()
        self._taken: list[tuple[int, bytes | WrongError]] = []
        self._delimiter = ""

    def __iter__(self) -> Iterator[tuple[int, list[str] | WrongError]]:
        return self

    def __next__(self) -> tuple[int, list[str] | WrongError]:
        while True:
            self._taken = []
            try:
                cells = self._parsed()
            except WrongError as error:
                begin = self._taken[0][0]
                self._again.extendleft(reversed(self._taken[1:]))
                return begin, error
            if cells:
                return self._taken[0][0], _clean(cells)

    def _parsed(self) -> list[str]:
        # The size limit belongs to the whole process, so it is lent for one record and given back.
        before = csv.field_size_limit(LONGEST_ROW)
        try:
            if not self._delimiter:
                self._delimiter = self._sniffed()
            cells = next(csv.reader(self._texts(), delimiter=self._delimiter, strict=True))
        except csv.Error:
            raise WrongError("a quotation mark is opened and not closed, or stands inside a cell; double it") from None
        finally:
            csv.field_size_limit(before)
        return cells

    def _texts(self) -> Iterator[str]:
        size = 0
        while (line := self._again.popleft() if self._again else next(self._source, None)) is not None:
            self._taken.append(line)
            if isinstance(line[1], WrongError):
                raise line[1]
            size += len(line[1])
            if size > LONGEST_ROW:
                raise WrongError("is longer than 16 MB, or a quotation mark is opened and not closed")
            # Bytes that are no UTF-8 are carried through, so that the record ends where it ends; see `_clean`.
            yield line[1].decode("utf-8", "surrogateescape")

    def _sniffed(self) -> str:
        first = next(self._source, None)
        if first is None:
            return ","
        self._again.appendleft(first)
        text = first[1].decode("utf-8", "replace") if isinstance(first[1], bytes) else ""
        return max(",;\t", key=text.count)


def _clean(cells: list[str]) -> list[str] | WrongError:
    for cell in cells:
        if "\x00" in cell:
            return WrongError("has a NUL character")
        if not cell.isascii() and any("\udc80" <= character <= "\udcff" for character in cell):
            return WrongError(_NOT_UTF8)
    return cells


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | WrongError]]:
    """Lines as bytes; one that is too long is a WrongError, and its rest is passed over."""
    number = 0
    while line := file.readline(LONGEST_ROW + 1):
        number += 1
        if len(line) > LONGEST_ROW:
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_ROW)
            yield number, WrongError("is longer than 16 MB")
        else:
            yield number, line


def _text(line: bytes | WrongError) -> str:
    if isinstance(line, WrongError):
        raise line
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise WrongError(_NOT_UTF8) from None


def _raised(error: WrongError) -> list[str]:
    raise error


def _tell(remark: Remark | None, unknown: list[str]) -> None:
    if remark is not None:
        remark(f"columns left out: {', '.join(name[:40] for name in unknown[:20])}")
