"""Bulk API 2.0 query jobs: one job for any number of rows, and its results as CSV, piece by piece.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm. Results stay for seven
days, and their locators can be used again, so a pull that stops goes on with the same job.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, TypeVar

import msgspec

from connector.adapters.paging.ahead import Steps, look_ahead
from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.soql import is_id
from connector.adapters.salesforce.wire_types import WireJob
from connector.adapters.transport import decode
from connector.adapters.transport.meaning import one_line
from connector.errors import ConnectorError, ContractError, UnavailableError
from connector.ports import Answer

R = TypeVar("R", bound=msgspec.Struct)
JOBS = "/jobs/query"
ROWS = 25_000
"""Rows of one piece of results: some megabytes, which are in memory twice while they are read."""
_LONGEST_WAIT, _PATIENCE = 30.0, 3600.0
_FAILED = ("Failed", "Aborted")
_JOB = msgspec.json.Decoder(WireJob, strict=False)


class JobFailedError(ConnectorError):
    """The org gave the job up, or does not take it; the same is to be read in another way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece(Generic[R]):
    """One piece of the results as it came, and the locator of the next ("" after the last)."""

    answer: Answer
    following: str


def begin(org: Org, query: str, *, everything: bool) -> tuple[str, str]:
    """Make a job; its id, and the org's time. It changes nothing, and made twice costs one of 10,000 a day."""
    answer = org.transport.ask(JOBS, {"operation": "queryAll" if everything else "query", "query": query})
    job = decode(answer, _JOB, place=f"POST {JOBS}").id
    if not is_id(job):
        raise ContractError(f"POST {JOBS}: a job without an id")
    return job, answer.headers.get("date", "")


def wait(org: Org, job: str) -> None:
    """Until its results are there. Raises JobFailedError, UnavailableError after an hour: the job goes on meanwhile."""
    waited, pause = 0.0, 1.0
    while True:
        found = decode(org.transport.get(f"{JOBS}/{job}"), _JOB, place=f"GET {JOBS}/{job}")
        if found.state == "JobComplete":
            return
        if found.state in _FAILED:
            raise JobFailedError(f"bulk job {job}: {found.state}: {one_line(found.error_message, cap=200)}")
        if waited >= _PATIENCE:
            raise UnavailableError(f"bulk job {job}: still {found.state} after an hour; the next run goes on with it")
        org.context.sleep(pause)
        waited, pause = waited + pause, min(pause * 1.5, _LONGEST_WAIT)


def results(org: Org, job: str, locator: str, *, size: int = ROWS) -> Generator[Piece[Any], None, None]:
    """The pieces from a locator on, the next on its way while one is read."""

    def ask(place: str) -> Answer:
        query = {"maxRecords": str(size), **({"locator": place} if place else {})}
        return org.transport.get(f"{JOBS}/{job}/results", query, headers=(("accept", "text/csv"),))

    def read(_: str, answer: Answer) -> tuple[Piece[Any], str | None]:
        following = _following(answer)
        return Piece(answer=answer, following=following), following or None

    return look_ahead(Steps(ask, lambda _, answer: _following(answer) or None, read), locator)


def rows(answer: Answer, row: type[R], flags: frozenset[str]) -> Iterator[R]:
    """The rows of a piece, read as they are come to: quotes, line ends and NULs within a value are values.

    Columns are known by their names. An empty cell is null: the vendor tells no difference.
    """
    text = io.TextIOWrapper(io.BytesIO(answer.body), encoding="utf-8-sig", newline="")
    lines = csv.reader(text)
    try:
        header = next(lines, None)
        if header is None:
            return
        pick, truths = _picked(header, row, flags)
        width = len(header)
        for line in lines:
            if len(line) != width:
                raise ContractError(f"GET {JOBS}: a row of {len(line)} columns under a head of {width}")
            values: list[Any] = [value or None for value in line]
            for place in truths:
                if values[place] is not None:
                    values[place] = values[place] == "true"
            values.append(None)
            yield row(*pick(values))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ContractError(f"GET {JOBS}: the results are no CSV ({type(error).__name__})") from None


def _picked(header: Sequence[str], row: type[R], flags: frozenset[str]) -> tuple[Any, list[int]]:
    """What takes a line's values in the order of the row's fields (what is not there from behind the line), and the
    places of those that are true or false."""
    places = {name: place for place, name in enumerate(header)}
    fields = [each.encode_name for each in msgspec.structs.fields(row)]
    if "Id" not in places:
        raise ContractError(f"GET {JOBS}: results without a column Id")
    order = [places.get(name, len(header)) for name in fields]
    return itemgetter(*order), [places[name] for name in flags if name in places]


def _following(answer: Answer) -> str:
    """The locator of the next piece; the header says the word `null` after the last."""
    locator = answer.headers.get("sforce-locator", "").strip()
    return "" if locator.casefold() in ("", "null") else locator
