"""Many records in one request, each with its own outcome.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm:
200 records in a request; the answer is 200 even where rows fail, in the order of the request. Rows of one account stand
together and requests follow each other, for rows with the same parent lock each other out.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.adapters.salesforce.client import Org
from connector.adapters.salesforce.refusals import LOCKED, WireSaved, is_locked, is_taken, refusal_of
from connector.domain import Receipt
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError
from connector.ports import Outcome

ROWS = 200
_TRIES, _FIRST_WAIT = 4, 0.4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record to write for one write-back. `near`: the account, whose rows stand together."""

    key: str
    object: str
    values: dict[str, Any]
    record_id: str = ""
    near: str = ""


Results = list[tuple[Row, str | ConnectorError]]
"""For each row of one request the id of the record, or why not: RejectedError, OutcomeUnknownError."""


class Collections:
    """`in_hand` are the keys of which something may have taken effect; who tells their outcomes takes them out."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.in_hand: set[str] = set()

    def create(self, rows: Sequence[Row]) -> Iterator[Results]:
        """Without looking first. Yields the results of each request before the next is begun."""
        return self._all("POST", "/composite/sobjects", rows)

    def update(self, rows: Sequence[Row]) -> Iterator[Results]:
        return self._all("PATCH", "/composite/sobjects", rows)

    def upsert(self, rows: Sequence[Row], field: str) -> Iterator[Results]:
        """All of one object, found or made by this external-id field, which stands in the values."""
        path = f"/composite/sobjects/{rows[0].object}/{field}" if rows else ""
        return self._all("PATCH", path, rows)

    def made(
        self,
        rows: Sequence[Row],
        receipt: Callable[[Row, str], Receipt],
        again: Callable[[frozenset[str]], Mapping[str, Receipt | ConnectorError]],
    ) -> Iterator[Outcome]:
        """`create`, told. A row whose key somebody else wrote in the meantime is what `again` finds under its key."""
        for results in self.create(rows):
            taken = frozenset(row.key for row, result in results if is_taken(result))
            found = again(taken) if taken else {}
            for row, result in results:
                told = receipt(row, result) if isinstance(result, str) else found.get(row.key, result)
                yield Outcome(key=row.key, result=told)

    def _all(self, method: str, path: str, rows: Sequence[Row]) -> Iterator[Results]:
        together = sorted(rows, key=lambda row: row.near)  # stable: rows of one account keep their order
        for start in range(0, len(together), ROWS):
            yield from self._until_unlocked(method, path, together[start : start + ROWS])

    def _until_unlocked(self, method: str, path: str, rows: Sequence[Row]) -> Iterator[Results]:
        """A row that was locked surely had no effect: it is sent again, after a wait, with those like it."""
        before = frozenset(self.in_hand)
        for attempt in range(1, _TRIES + 1):
            locked: list[Row] = []
            for results in self._send(method, path, rows):
                done = [(row, result) for row, result in results if not is_locked(result)]
                locked += [row for row, result in results if is_locked(result)]
                self.in_hand.difference_update({row.key for row in locked} - before)
                if done:
                    yield done
            if not locked:
                return
            rows = locked
            if attempt < _TRIES:
                _log.info("%d rows are locked by others; once more", len(locked))
                self._org.context.sleep(_wait(rows[0].key, attempt))
        # Not rejected: it passes by itself. Looked up after the grace, it is found missing, and sent again.
        text = f"{LOCKED} {_TRIES} times: other work holds the record or its account; it is tried again later"
        yield [(row, OutcomeUnknownError(text)) for row in rows]

    def _send(self, method: str, path: str, rows: Sequence[Row]) -> Iterator[Results]:
        new = {row.key for row in rows} - self.in_hand
        self.in_hand |= new
        try:
            yield self._once(method, path, rows)
        except OutcomeUnknownError as error:
            yield [(row, error) for row in rows]
        except RejectedError as error:
            # The request as a whole, so no row of it took effect; which one is at fault is found by halving.
            self.in_hand -= new
            if len(rows) == 1 or error.status != 400 or is_locked(error):
                # A 404 of the request says nothing of a record: no row may be taken for gone.
                told = RejectedError(str(error), code=error.code, status=400)
                yield [(row, told) for row in rows]
                return
            half = len(rows) // 2
            yield from self._send(method, path, rows[:half])
            yield from self._send(method, path, rows[half:])
        except ConnectorError:
            self.in_hand -= new
            raise

    def _once(self, method: str, path: str, rows: Sequence[Row]) -> Results:
        place = f"{method} {path}"
        body = {"allOrNone": False, "records": [_record(row) for row in rows]}
        saved = self._org.write(method, path, body, list[WireSaved])
        if len(saved) != len(rows):
            raise OutcomeUnknownError(f"{place}: {len(rows)} rows were sent, {len(saved)} are answered")
        return [(row, _result(one, f"{place} ({row.object})")) for row, one in zip(rows, saved, strict=True)]


def _record(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {"attributes": {"type": row.object}, **row.values}
    return {**found, "id": row.record_id} if row.record_id else found


def _result(saved: WireSaved, place: str) -> str | ConnectorError:
    if not saved.success:
        return refusal_of(saved.errors, place)
    return saved.id or OutcomeUnknownError(f"{place}: written, but no id came back")


def _wait(key: str, attempt: int) -> float:
    """Longer each time, and another for each write-back: two processes that met once must not meet again. The same
    in a replay."""
    spread = zlib.crc32(f"{key} {attempt}".encode()) % 1000 / 1000
    return float(_FIRST_WAIT * 2 ** (attempt - 1) * (1 + spread))
