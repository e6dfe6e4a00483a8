"""Files as they really come: each row on its own, whatever stands in the others."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.adapters.folder import read
from connector.adapters.folder.columns import ANSWER_COLUMNS, WrongError, columns, moment, score
from connector.ports import BadRow, RawAnswer

HEAD = "external_id,contact_id,email,score,comment,responded_at,campaign,wave,channel,connection\n"
GOOD = "r1,42,ann@example.com,3,slow,2026-11-20T16:20:00+01:00,quarterly,2026-11,mail,psa\n"
OPEN_QUOTE = "a quotation mark is opened and not closed, or stands inside a cell; double it"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str | bytes, name: str = "answers.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def told(path: Path, zone: str = "") -> list[str]:
    """One line for each row: the score and comment of a good one, place and reason of a bad one."""
    return [
        f"{row.place} {row.why}"
        if isinstance(row, BadRow)
        else f"{row.values['score']} {row.values['comment']}".strip()
        for row in read(path, zone=zone)
    ]


def test_a_row_has_every_column(write: Write) -> None:
    (row,) = read(write(HEAD + GOOD))
    assert isinstance(row, RawAnswer)
    assert row.place == "answers.csv:2"
    assert row.values == {
        "external_id": "r1", "contact_id": "42", "email": "ann@example.com", "score": "3", "comment": "slow",
        "responded_at": "2026-11-20T16:20:00+01:00", "campaign": "quarterly", "wave": "2026-11", "channel": "mail",
        "connection": "psa",
    }  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_byte_order_marks_and_line_endings(write: Write, delimiter: str, mark: bytes, ending: str) -> None:
    rows = [
        ["Score", "Comment", "Responded At", "Contact ID"],
        ["9", f"a{delimiter}b, ü", "2026-11-20T10:00:00Z", "42"],
    ]
    text = ending.join(delimiter.join(f'"{cell}"' for cell in row) for row in rows) + ending
    assert told(write(mark + text.encode())) == [f"9 a{delimiter}b, ü"]


@pytest.mark.parametrize(
    "header",
    ["Rating,Feedback,Date,E-Mail", "NPS Score,verbatim,submitted_at,mail", "nps,Text,TIMESTAMP,Email Address",
     "NPS,answer,Completed-At,recipient", " score , comment , RespondedAt , email "],
)  # fmt: skip
def test_other_names_are_understood(write: Write, header: str) -> None:
    assert told(write(f"{header}\n9,good,2026-11-20T10:00:00Z,ann@example.com\n")) == ["9 good"]


def test_a_column_by_its_own_name_counts_more_than_an_alias(write: Write) -> None:
    assert told(write("rating,score,responded_at,contact_id\n1,9,2026-11-20T10:00:00Z,42\n")) == ["9"]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("9.5,2026-11-20T10:00:00Z,42,", 'score "9.5" is no whole number from 0 to 10'),
        ("11,2026-11-20T10:00:00Z,42,", 'score "11" is no whole number from 0 to 10'),
        ("-1,2026-11-20T10:00:00Z,42,", 'score "-1" is no whole number from 0 to 10'),
        ("９,2026-11-20T10:00:00Z,42,", 'score "９" is no whole number from 0 to 10'),
        ("nan,2026-11-20T10:00:00Z,42,", 'score "nan" is no whole number from 0 to 10'),
        (",2026-11-20T10:00:00Z,42,", "score is missing"),
        ("9,,42,", "responded_at is missing"),
        ("9,yesterday,42,", 'responded_at "yesterday" is no time; write for example 2026-11-20T16:20:00+01:00'),
        ("9,2026-11-20 10,42,", 'responded_at "2026-11-20 10" has no time zone; add one (…Z, …+01:00)'),
        ("9,0001-01-01T00:00:00+14:00,42,", "responded_at"),
        ("9,1970-01-01T00:00:00Z,42,", "responded_at: the year 1970 cannot be meant"),
        ("9,2026-11-20T10:00:00Z,,", "neither contact_id nor email says who this is"),
        ("9,2026-11-20T10:00:00Z,,ann", "email is no address, and there is no contact_id"),
        ("9,2026-11-20T10:00:00Z,42,,extra", "has 5 cells, the header 4; quote cells that hold separators"),
        ("9", "responded_at is missing"),
        ('9,2026-11-20T10:00:00Z,"42"x,', "a quotation mark is opened and not closed, or stands"),
        ("9,2026-11-20T10:00:00Z,4\x002,", "has a NUL character"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_with_its_line_and_the_others_are_taken(write: Write, row: str, why: str) -> None:
    good = "8,2026-11-20T10:00:00Z,42,\n"
    first, bad, last = told(write(f"score,responded_at,contact_id,email\n{good}{row}\n{good}"))
    assert (first, last) == ("8", "8")
    assert bad.startswith(f"answers.csv:3 {why}")


def test_rows_that_are_merely_ragged_or_empty(write: Write) -> None:
    text = "score,responded_at,contact_id,email\n\n9,2026-11-20T10:00:00Z,42\n8,2026-11-20T10:00:00Z,42,,,\n\n"
    assert told(write(text)) == ["9", "8"]


def test_lines_within_quotes_belong_to_one_row(write: Write) -> None:
    text = 'score,comment,responded_at,contact_id\n9,"one\ntwo, ""three""\n",2026-11-20T10:00:00Z,42\nx,,,\n'
    assert told(write(text)) == ['9 one\ntwo, "three"', 'answers.csv:5 score "x" is no whole number from 0 to 10']


def test_a_quote_never_closed_costs_one_row(write: Write) -> None:
    good = "8,fine,2026-11-20T10:00:00Z,42\n"
    text = f'score,comment,responded_at,contact_id\n{good}9,"open,2026-11-20T10:00:00Z,42\n{good * 1000}'
    first, bad, *rest = told(write(text))
    assert (first, rest) == ("8 fine", ["8 fine"] * 1000)
    assert bad.startswith("answers.csv:3 a quotation mark is opened and not closed")


def test_a_stray_quote_does_not_swallow_the_rows_up_to_the_next(write: Write) -> None:
    good = "8,fine,2026-11-20T10:00:00Z,42\n"
    later = '7,"yes, ""so""",2026-11-20T10:00:00Z,42\n'
    text = f'score,comment,responded_at,contact_id\n9,"open,2026-11-20T10:00:00Z,42\n{good}{later}'
    assert told(write(text))[1:] == ["8 fine", '7 yes, "so"']


def test_bytes_that_are_no_utf8_cost_one_row_also_within_quotes(write: Write) -> None:
    good = b"8,fine,2026-11-20T10:00:00Z,42\n"
    text = b'score,comment,responded_at,contact_id\n9,"one\ntw\xf6\nthree",2026-11-20T10:00:00Z,42\n' + good
    assert told(write(text)) == ["answers.csv:2 is not UTF-8; save the file as CSV UTF-8", "8 fine"]


def test_a_comment_of_10_mb(write: Write) -> None:
    limit = csv.field_size_limit()
    text = f'score,comment,responded_at,contact_id\n9,"{"x" * 10_000_000}",2026-11-20T10:00:00Z,42\n'
    assert [len(row) for row in told(write(text))] == [10_000_002]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("quote", ['"', ""])
def test_a_row_beyond_16_mb_costs_one_row(write: Write, quote: str) -> None:
    good = "8,fine,2026-11-20T10:00:00Z,42\n"
    text = f"score,comment,responded_at,contact_id\n9,{quote}{'x' * 17_000_000}{quote},2026-11-20T10:00:00Z,42\n{good}"
    bad, last = told(write(text))
    assert bad == "answers.csv:2 is longer than 16 MB"
    assert last == "8 fine"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"\xef\xbb\xbf", []),
        (b"score,responded_at,contact_id\n", []),
        (b"a,b\n1,2\n", ["f.csv:1 the header has none of the columns " + ", ".join(ANSWER_COLUMNS)]),
        (b"score,Score\n1,2\n", ['f.csv:1 the header cannot be used: the column "score" is there twice; keep one']),
        ("score\n1\n".encode("utf-16"), ["f.csv:1 the file is UTF-16, not UTF-8; save it as CSV UTF-8"]),
        ("score\n1\n".encode("utf-16-le"), ["f.csv:1 the file is UTF-16, not UTF-8; save it as CSV UTF-8"]),
        (b'"score\n1\n', [f"f.csv:1 the header cannot be used: {OPEN_QUOTE}"]),
    ],
)  # fmt: skip
def test_files_without_usable_rows(write: Write, content: bytes, expected: list[str]) -> None:
    assert told(write(content, "f.csv")) == expected


def test_columns_left_out_are_told_once(write: Write) -> None:
    remarks: list[str] = []
    text = "score,mood,responded_at,contact_id,Shoe Size\n" + "9,x,2026-11-20T10:00:00Z,42,44\n" * 3
    rows = list(read(write(text), remark=remarks.append))
    assert remarks == ["columns left out: mood, Shoe Size"]
    assert all(isinstance(row, RawAnswer) and "mood" not in row.values for row in rows)


def test_json_lines(write: Write) -> None:
    good = {"score": 9, "comment": "é\n\u2028x", "responded_at": "2026-11-20T10:00:00Z", "contact_id": 42, "mood": [1]}
    lines = [
        json.dumps(good), "", json.dumps(good | {"score": "10.0"}), "{", "[1]", "7", json.dumps(good | {"score": True}),
        json.dumps(good | {"comment": {"a": 1}}), '{"score": NaN}', "[" * 100_000, '{"score": ' + "9" * 5000 + "}",
        json.dumps(good | {"comment": "\ud800"}), json.dumps(good | {"email": None, "Score": 1}), json.dumps(good),
    ]  # fmt: skip
    remarks: list[str] = []
    path = write("\n".join(lines), "answers.jsonl")
    assert told(path) == [
        "9 é\n\u2028x",
        "10 é\n\u2028x",
        "answers.jsonl:4 is no JSON; each line must be one object",
        "answers.jsonl:5 is no JSON object; each line must be one, such as {…}",
        "answers.jsonl:6 is no JSON object; each line must be one, such as {…}",
        "answers.jsonl:7 score must be text or a number",
        "answers.jsonl:8 comment must be text or a number",
        'answers.jsonl:9 score "nan" is no whole number from 0 to 10',
        "answers.jsonl:10 is no JSON; each line must be one object",
        "answers.jsonl:11 is no JSON; each line must be one object",
        "answers.jsonl:12 comment has characters that are no text",
        'answers.jsonl:13 the column "score" is there twice; keep one',
        "9 é\n\u2028x",
    ]
    list(read(path, remark=remarks.append))
    assert remarks == ["columns left out: mood"]


def test_a_time_without_a_zone_is_meant_in_the_zone_set() -> None:
    assert moment("2026-11-20 16:20", "Europe/Berlin", "at").isoformat() == "2026-11-20T16:20:00+01:00"
    assert moment("2026-07-20T16:20", "Europe/Berlin", "at").isoformat() == "2026-07-20T16:20:00+02:00"
    assert moment("2026-07-20T16:20Z", "Europe/Berlin", "at").isoformat() == "2026-07-20T16:20:00+00:00"


@given(text=st.text(max_size=12))
def test_a_score_is_0_to_10_or_refused(text: str) -> None:
    with suppress(WrongError):
        assert 0 <= score(text) <= 10


@given(text=st.text(max_size=40))
def test_a_time_is_aware_or_refused(text: str) -> None:
    with suppress(WrongError):
        assert moment(text, "Europe/Berlin", "at").utcoffset() is not None


@given(header=st.lists(st.text(max_size=12)))
def test_any_header_is_understood_or_refused(header: list[str]) -> None:
    try:
        meant, unknown = columns(header, ANSWER_COLUMNS)
    except WrongError:
        return
    assert len(meant) == len(header)
    assert len(unknown) == meant.count(None)


@given(content=st.binary(max_size=300))
def test_any_bytes_are_read_to_the_end(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for name in ("any.csv", "any.jsonl"):
        path = folder / name
        path.write_bytes(b"score,comment,responded_at,contact_id\n" + content)
        for row in read(path):
            assert row.place.startswith(name)


@given(cells=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00")), min_size=1, max_size=5))
def test_what_the_csv_module_writes_is_read_unchanged(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["score", "comment", "responded_at", "contact_id"])
        writer.writerows([["9", cell, "2026-11-20T10:00:00Z", "42"] for cell in cells])
    rows = [row.values["comment"] for row in read(path) if isinstance(row, RawAnswer)]
    assert [row.replace("\r\n", "\n") for row in rows] == [cell.replace("\r\n", "\n") for cell in cells]
