"""One range of a pull: the rows of one query, by REST or by a bulk job, in batches after each of which it can go on.

How far it came stands in a small dict that goes into the cursor: `next` (the locator of the page that follows), `after`
(the id of the last row, for a locator that is not known any more), `from` and `width` (a window of time, once a whole
was too much) and `behind` (the id up to which the whole had been given by then), or `job`, `locator`, `skip`. Locators
are the vendor's and opaque. Rows come in the order of ids, by which nothing that changes meanwhile moves: a row that
changes behind the reader is of the next pull.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from connector.adapters.paging.ahead import Steps, look_ahead
from connector.adapters.salesforce import bulk
from connector.adapters.salesforce.client import Org, following, locator_of, read_page
from connector.adapters.salesforce.meaning import BAD_LOCATOR, TIMEOUT
from connector.adapters.salesforce.soql import moment_text, select, soql
from connector.adapters.salesforce.wire_types import QueryPage
from connector.errors import AuthError, RejectedError, UnavailableError
from connector.ports import Answer

R = TypeVar("R", bound=msgspec.Struct)
At = dict[str, Any]
BEGINNING = datetime.fromisoformat("1999-03-01T00:00:00+00:00")  # no org is older
_SHORTEST = 60.0  # seconds; a window so short that still takes too long is not halved again
_HEAD = 2048
_TOTAL = re.compile(rb'"totalSize"\s*:\s*(\d{1,12})')
_NEXT = re.compile(rb'"nextRecordsUrl"\s*:\s*"([^"\\]{1,300})"')
_STAMP = "SystemModstamp"
_ROWS_OF_A_JOB = 10_000  # in one batch: each is a transaction of its own, and few large ones cost a third less
REST, BULK, REFUSED = "REST", "Bulk", "REST (Bulk refused)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Generic[R]):
    """What a range asks for. `by_time`: rows have a SystemModstamp, so that windows of time can be cut; `by_bulk`: such
    rows may come by a job where they are many."""

    source: str
    row: type[R]
    fields: Sequence[str]
    conditions: Sequence[str] = ()
    everything: bool = False  # deleted and merged rows too
    by_time: bool = True
    by_bulk: bool = True
    since: datetime | None = None
    flags: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Generic[R]):
    """Rows that came together, and where the range stands behind them. `last`: nothing follows. `date`: the org's time,
    where an answer told it."""

    rows: Sequence[R]
    last: bool
    at: At
    date: str = ""
    way: str = ""


def read(org: Org, query: Query[R], at: At, *, now: Callable[[], datetime]) -> Generator[Batch[R], None, None]:
    """Every row from where `at` stands, which is left as it is. Raises what the transport raises."""
    return _Reading(org, query, dict(at), now).batches()


class _Reading(Generic[R]):
    def __init__(self, org: Org, query: Query[R], at: At, now: Callable[[], datetime]) -> None:
        self._org, self._query, self._at, self._now = org, query, at, now
        self._fresh_job = False
        self._date = ""

    def batches(self) -> Generator[Batch[R], None, None]:
        at, most = self._at, self._org.settings.bulk_above
        if "way" not in at:
            at["way"] = BULK if most == 0 and self._query.by_time and self._query.by_bulk else REST
        if at["way"] == REST:
            yield from self._windows()
        if at.get("way") == BULK:
            yield from self._by_bulk()
        if at.get("way") == REFUSED:
            yield from self._windows()

    # ------------------------------------------------------------ by REST
    def _windows(self) -> Iterator[Batch[R]]:
        """The whole, or window after window once the whole was too much; twice as wide after each that went well."""
        at = self._at
        while not at.get("done"):
            try:
                for page in self._window():
                    if self._too_many(page):
                        at["way"] = BULK
                        return
                    yield self._batch(page)
            except RejectedError as error:
                if error.code == BAD_LOCATOR and at.get("next"):
                    at.pop("next")
                elif error.code in TIMEOUT and self._query.by_time:
                    self._halve(error)
                else:
                    raise

    def _window(self) -> Generator[QueryPage[R], None, None]:
        steps = Steps(self._ask, self._likely, self._read)
        with closing(look_ahead(steps, str(self._at.get("next", "")))) as pages:
            yield from pages

    def _ask(self, place: str) -> Answer:
        if place:
            return self._org.follow(place)
        answer = self._org.ask(self._text(), everything=self._query.everything)
        self._date = self._date or answer.headers.get("date", "")
        return answer

    def _likely(self, place: str, answer: Answer) -> str | None:
        """The page that follows, from the head of an answer: its address stands before the rows."""
        head = answer.body[:_HEAD].partition(b'"records"')[0]
        total, found = _TOTAL.search(head), _NEXT.search(head)
        if found is None or total is None or (not place and self._is_too_many(int(total.group(1)))):
            return None
        return locator_of(found.group(1).decode())

    def _read(self, place: str, answer: Answer) -> tuple[QueryPage[R], str | None]:
        page = read_page(answer, self._query.row)
        return page, None if not place and self._is_too_many(page.total) else following(page)

    def _batch(self, page: QueryPage[R]) -> Batch[R]:
        """The rows of a page; how far the range came is noted first, so that it goes on behind them."""
        at, rows, way, until = self._at, page.records, self._way(), self._until()
        last = False
        if (locator := following(page)) is not None:
            at["next"] = locator
            if rows:
                final: Any = rows[-1]
                at["after"] = final.id
        elif until is None:
            last = True
            at.clear()
            at["done"] = True
        else:  # the end of a window
            at.pop("next", None)
            at.pop("after", None)
            at |= {"from": moment_text(until), "width": at["width"] * 2}
        return Batch(rows=rows, last=last, at=dict(at), date=self._date, way=way)

    def _too_many(self, page: QueryPage[R]) -> bool:
        return not self._at.get("next") and not self._at.get("after") and self._is_too_many(page.total)

    def _is_too_many(self, total: int) -> bool:
        at = self._at
        fresh = not at.get("after") and not at.get("next") and at.get("width") is None
        may = self._query.by_time and self._query.by_bulk
        return at.get("way") == REST and fresh and may and total > self._org.settings.bulk_above

    # ------------------------------------------------------------ windows of time
    def _text(self) -> str:
        query, at = self._query, self._at
        conditions = [*query.conditions, *self._bounds()]
        if last := at.get("after") or at.get("behind"):
            conditions.append(soql("Id > {last}", last=last))
        return select(query.fields, query.source, *conditions, order="Id")

    def _bounds(self) -> Iterator[str]:
        begins, until = self._begins(), self._until()
        if begins is not None:
            yield soql(f"{_STAMP} >= {{begins}}", begins=begins)
        if until is not None:
            yield soql(f"{_STAMP} < {{until}}", until=until)

    def _begins(self) -> datetime | None:
        written = self._at.get("from")
        return datetime.fromisoformat(written) if written else self._query.since

    def _until(self) -> datetime | None:
        """Where the window ends; None: it is open, and the last."""
        width = self._at.get("width")
        if width is None:
            return None
        ends = (self._begins() or BEGINNING) + timedelta(seconds=width)
        return None if ends >= self._now() else ends.replace(microsecond=0)

    def _halve(self, error: RejectedError) -> None:
        """https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm: QUERY_TIMEOUT"""
        at = self._at
        after = at.pop("after", None)
        if after and at.get("width") is None:  # what was given of the whole stays given, in every window of it
            at["behind"] = after
        at.pop("next", None)  # what was given of a window comes again: it is small
        begins = self._begins() or BEGINNING
        ends = self._until() or self._now()
        width = (ends - begins).total_seconds() / 2
        if width < _SHORTEST:
            raise UnavailableError(f"{error}; a window of {_SHORTEST:g} s takes too long still") from None
        at["width"] = width

    # ------------------------------------------------------------ by a bulk job
    def _by_bulk(self) -> Iterator[Batch[R]]:
        """Where the org refuses jobs, or gives this one up, the same is read by REST."""
        at = self._at
        try:
            if not at.get("job"):
                at |= {"job": self._begin(), "locator": "", "skip": 0}
                yield Batch(
                    rows=(), last=False, at=dict(at), date=self._date, way=BULK
                )  # the job is kept before it is waited for
            bulk.wait(self._org, at["job"])
            yield from self._results()
        except bulk.JobFailedError as error:
            self._refused(str(error))
        except (RejectedError, AuthError) as error:
            if at.get("job") and not self._fresh_job:  # results that are not there any more: everything anew
                at.clear()
                at["way"] = BULK
                yield from self._by_bulk()
                return
            self._refused(str(error))

    def _begin(self) -> str:
        """No order: it would keep the org from reading the object in parts."""
        query = self._query
        conditions = [*query.conditions, *self._bounds()]
        text = select(query.fields, query.source, *conditions)
        job, self._date = bulk.begin(self._org, text, everything=query.everything)
        self._fresh_job = True
        return job

    def _results(self) -> Iterator[Batch[R]]:
        at, size = self._at, _ROWS_OF_A_JOB
        with closing(bulk.results(self._org, at["job"], at["locator"])) as pieces:
            for piece in pieces:
                rows = bulk.rows(piece.answer, self._query.row, self._query.flags)
                rows = islice(rows, at["skip"], None)
                part = list(islice(rows, size))
                while True:
                    more = list(islice(rows, size))
                    last = not more and not piece.following
                    if last:
                        at.clear()
                        at["done"] = True
                    elif more:
                        at["skip"] += len(part)
                    else:
                        at |= {"locator": piece.following, "skip": 0}
                    yield Batch(rows=part, last=last, at=dict(at), way=BULK)
                    if not more:
                        break
                    part = more

    def _way(self) -> str:
        why = self._at.get("why", "")
        return f"{self._at.get('way', REST)}{': ' if why else ''}{why}"

    def _refused(self, why: str) -> None:
        self._at.clear()
        self._at |= {"way": REFUSED, "why": why[:200]}
