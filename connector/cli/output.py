"""How commands print: lines and tables for people, one JSON object for machines. Text from outside is made harmless.

With --json `say` and `table` are silent and `facts` prints; without it is the other way round.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO, Any

from connector.cli import common
from connector.log import one_line
from connector.timespan import zone_name

WIDEST = 100


def safe(text: object) -> str:
    """One line in which control, escape and direction characters are visible instead of obeyed."""
    return one_line(str(text))


def say(*lines: object) -> None:
    """Lines for people; nothing with --json."""
    if not common.given.json:
        for line in lines or ("",):
            sys.stdout.write(safe(line) + "\n")
        sys.stdout.flush()


def complain(line: object) -> None:
    """A line on stderr."""
    sys.stderr.write(safe(line) + "\n")
    sys.stderr.flush()


def facts(found: Any) -> None:
    """The one JSON object of --json; nothing without it."""
    if common.given.json:
        write_json(found)


def write_json(found: Any) -> None:
    """Whatever it holds, one line of JSON: dataclasses, dates and sets included."""
    sys.stdout.write(json.dumps(found, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def table(header: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Aligned columns; those named in `right` to the right. At a terminal with a bold header, cut to its width."""
    if common.given.json:
        return
    cells = [[_cut(safe("" if cell is None else cell)) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich_table(header, cells, right)
        return
    widths = [max(len(row[at]) for row in [list(header), *cells]) for at in range(len(header))]
    for row in [list(header), *cells]:
        parts = [
            cell.rjust(width) if header[at] in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        sys.stdout.write("  ".join(parts).rstrip() + "\n")


def _rich_table(header: Sequence[str], cells: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in header:
        made.add_column(escape(name), justify="right" if name in right else "left", overflow="fold")
    for row in cells:
        made.add_row(*(escape(cell) for cell in row))
    Console(highlight=False, emoji=False).print(made)


def write_csv(stream: IO[str], header: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """CSV that no spreadsheet takes for formulas; how many rows."""
    from connector.sync.hygiene import csv_cell

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    count = 0
    for row in rows:
        count += 1
        writer.writerow([csv_cell(safe("" if cell is None else cell)) for cell in row])
    return count


class Live:
    """A line at a terminal that is written over again and again, on stderr; nothing elsewhere."""

    def __init__(self) -> None:
        self.on = sys.stderr.isatty() and not common.given.json
        self._shown = False

    def show(self, text: str) -> None:
        if self.on:
            sys.stderr.write(f"\r\x1b[K{safe(text)}")
            sys.stderr.flush()
            self._shown = True

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


def moment(at: datetime | None) -> str:
    """`20 Nov 2026 16:20 CET`, the same in every locale, in the zone of the calendar; empty for none."""
    if at is None:
        return ""
    local = at.astimezone(common.given.zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local:%Y %H:%M} {zone_name(at, common.given.zone)}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _plain(value: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(value, str_keys=True)
