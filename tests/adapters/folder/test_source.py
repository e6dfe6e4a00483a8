"""A file is taken once, when it is complete, and again when it changed."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector import registry
from connector.adapters.folder import FolderSource
from connector.errors import UnavailableError
from connector.ports import BadRow, Context, Cursor, RawAnswer
from tests.vaults import NoVault

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEAD = "score,comment,responded_at,contact_id\n"
ROW = "9,{},2026-11-20T10:00:00Z,42\n"


def put(path: Path, text: str, *, age: float = 60.0) -> Path:
    path.write_text(text, encoding="utf-8")
    moment = (NOW - timedelta(seconds=age)).timestamp()
    os.utime(path, (moment, moment))
    return path


def told(row: RawAnswer | BadRow) -> str:
    return row.values["comment"] if isinstance(row, RawAnswer) else f"{row.place} {row.why}"


def take(source: FolderSource, cursor: Cursor | None) -> tuple[list[str], Cursor]:
    comments: list[str] = []
    for rows, after in source.responses(cursor):
        comments += [told(row) for row in rows]
        cursor = json.loads(json.dumps(after))  # a cursor is stored as JSON
    return comments, cursor or {}


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    return FolderSource(tmp_path, now=lambda: NOW)


def test_a_file_is_taken_once(source: FolderSource, tmp_path: Path) -> None:
    put(tmp_path / "b.csv", HEAD + ROW.format("b"))
    put(
        tmp_path / "a.jsonl",
        '{"score": 9, "comment": "a", "responded_at": "2026-11-20T10:00:00Z", "contact_id": "1"}\n',
    )
    comments, cursor = take(source, None)
    assert comments == ["a", "b"]
    assert set(cursor["b.csv"]) == {"size", "mtime_ns", "digest", "rows", "complete"}
    assert cursor["b.csv"]["rows"] == 1
    assert take(source, cursor) == ([], cursor)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.jsonl", "b.csv"]


def test_a_file_that_changed_is_taken_again(source: FolderSource, tmp_path: Path) -> None:
    file = put(tmp_path / "a.csv", HEAD + ROW.format("one"))
    _, cursor = take(source, None)
    put(file, HEAD + ROW.format("one") + ROW.format("two"), age=30)
    comments, cursor = take(source, cursor)
    assert comments == ["one", "two"]
    assert take(source, cursor)[0] == []


def test_a_file_that_was_only_touched_is_not(source: FolderSource, tmp_path: Path) -> None:
    file = put(tmp_path / "a.csv", HEAD + ROW.format("one"))
    _, cursor = take(source, None)
    put(file, HEAD + ROW.format("one"), age=30)
    comments, after = take(source, cursor)
    assert comments == []
    assert after["a.csv"]["mtime_ns"] != cursor["a.csv"]["mtime_ns"]


@pytest.mark.parametrize("name", ["a.csv.part", "a.tmp", ".a.csv", "~a.csv", "a.txt", "a.csv.gz", "b\n.csv"])
def test_files_that_are_not_meant(source: FolderSource, tmp_path: Path, name: str) -> None:
    put(tmp_path / name, HEAD + ROW.format("x"))
    (tmp_path / "folder.csv").mkdir()
    assert take(source, None) == ([], {})


def test_a_file_still_being_written_is_left_for_later(source: FolderSource, tmp_path: Path) -> None:
    file = put(tmp_path / "a.csv", HEAD + ROW.format("x"), age=1.5)
    assert take(source, None) == ([], {})
    put(file, HEAD + ROW.format("x"), age=2.0)
    assert take(source, None)[0] == ["x"]


def test_a_time_in_the_future_is_a_wrong_clock(source: FolderSource, tmp_path: Path) -> None:
    put(tmp_path / "a.csv", HEAD + ROW.format("x"), age=-3600)
    assert take(source, None)[0] == ["x"]


def test_pages_resume_where_they_ended(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", HEAD + "".join(ROW.format(number) for number in range(7)))
    source = FolderSource(tmp_path, now=lambda: NOW, page=3)
    pages = list(source.responses(None))
    assert [[told(row) for row in rows] for rows, _ in pages] == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    assert take(source, pages[1][1])[0] == ["6"]


def test_a_file_written_to_while_it_is_read_is_taken_again(source: FolderSource, tmp_path: Path) -> None:
    source = FolderSource(tmp_path, now=lambda: NOW, page=1)
    file = put(tmp_path / "a.csv", HEAD + ROW.format("one") + ROW.format("two"))
    pages = source.responses(None)
    next(pages)
    put(file, HEAD + ROW.format("one") + ROW.format("two") + ROW.format("three"), age=30)
    *_, (_, cursor) = pages
    assert take(source, cursor)[0] == ["one", "two", "three"]


def test_bad_rows_are_among_the_others(source: FolderSource, tmp_path: Path) -> None:
    put(tmp_path / "a.csv", HEAD + ROW.format("x") + "eleven,,,\n")
    comments, cursor = take(source, None)
    assert comments == ["x", 'a.csv:3 score "eleven" is no whole number from 0 to 10']
    assert cursor["a.csv"]["rows"] == 2
    assert cursor["a.csv"]["complete"]


def test_a_file_that_went_leaves_the_cursor(source: FolderSource, tmp_path: Path) -> None:
    file = put(tmp_path / "a.csv", HEAD + ROW.format("x"))
    _, cursor = take(source, None)
    file.unlink()
    put(tmp_path / "b.csv", HEAD + ROW.format("y"))
    comments, cursor = take(source, cursor)
    assert comments == ["y"]
    assert list(cursor) == ["b.csv"]


def test_a_folder_that_is_not_there_is_for_later(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be read"):
        list(FolderSource(tmp_path / "none", now=lambda: NOW).responses(None))


def test_one_file_by_the_adapter(tmp_path: Path) -> None:
    file = put(tmp_path / "export.txt", HEAD + "9,x,2026-11-20 10:00,42\n")
    spec = registry.spec("folder")
    settings = spec.settings(path=file, zone="Europe/Berlin")
    wire = spec.wire(settings, lambda: None, NoVault())
    ports = spec.open(settings, Context(connection="surveys", wire=wire, now=lambda: NOW, sleep=lambda _: None))
    assert ports.sink is None
    assert ports.responses is not None
    ((rows, _),) = ports.responses.responses(None)
    assert isinstance(rows[0], RawAnswer)
    assert rows[0].values["responded_at"] == "2026-11-20T10:00:00+01:00"
