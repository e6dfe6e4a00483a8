"""Records in batches of a hundred: read by id or key, created, updated; and what is associated with them.

https://developers.hubspot.com/docs/api-reference/error-handling ("Multi-status errors"): where each input has an
`objectWriteTraceId` of its own, one bad row fails alone (207); else it fails the whole batch, and each half is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from connector.adapters.hubspot.client import Portal
from connector.adapters.hubspot.meaning import is_missing, words
from connector.adapters.hubspot.written_types import WireAssociated, WireBatch, WireProblem, WireRecord
from connector.errors import ConnectorError, OutcomeUnknownError, RejectedError
from connector.ports import Answer

SIZE = 100
WITH_HISTORY = 50  # so many may be asked for together with what their values were
_ASSOCIATED = 1000
T = TypeVar("T")
Result = WireRecord | ConnectorError
"""What became of one row: the record as it stands now, RejectedError, or OutcomeUnknownError."""
Recognise = Callable[[WireRecord], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input of a writing batch. `trace` is unique among them; it comes back with the result, or the refusal."""

    trace: str
    body: Mapping[str, Any]


class Batches:
    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    # ------------------------------------------------------------ reading
    def read(
        self,
        kind: str,
        ids: Iterable[str],
        properties: Sequence[str],
        *,
        id_property: str = "",
        history: Sequence[str] = (),
    ) -> Iterator[WireRecord]:
        """Those of the records that are there, in no order; ids that are not there are left out.

        A record that was merged away is answered by the one that survives, under that one's id.
        """
        path = self._portal.path("batch_read", type=kind)
        for some in chunks(dict.fromkeys(ids), WITH_HISTORY if history else SIZE):
            body: dict[str, Any] = {
                "inputs": [{"id": each} for each in some],
                "properties": list(properties),
                "propertiesWithHistory": list(history),
            }
            if id_property:
                body["idProperty"] = id_property
            yield from self._portal.ask_each(path, body, WireBatch).results

    def of_ids(
        self, kind: str, ids: Iterable[str], properties: Sequence[str], *, history: Sequence[str] = ()
    ) -> dict[str, WireRecord]:
        """The records by the ids asked for; one that was merged away stands there as the one that survives."""
        wanted = set(ids)
        found: dict[str, WireRecord] = {}
        unexplained: dict[str, WireRecord] = {}
        asked = [*properties, "hs_merged_object_ids"]
        for record in self.read(kind, sorted(wanted, key=_by_number), asked, history=history):
            swallowed = (record.properties.get("hs_merged_object_ids") or "").split(";")
            of = {each: record for each in (record.id, *swallowed) if each in wanted}
            found |= of
            if not of:
                unexplained[record.id] = record
        missing = wanted.difference(found)
        if len(missing) == len(unexplained) == 1:  # it does not say whom it swallowed, but only one can be meant
            found[missing.pop()] = next(iter(unexplained.values()))
        return found

    def one(self, kind: str, asked: str, properties: Sequence[str]) -> WireRecord | None:
        """One record, where being told that it is gone would be final: None only where a question for it alone says so
        too, for an empty answer to many is also what a lost right looks like."""
        found = self.of_ids(kind, [asked], properties).get(asked)
        if found is not None:
            return found
        path = self._portal.path("object", type=kind, id=asked)
        try:
            return self._portal.get(path, WireRecord, {"properties": ",".join(properties)})
        except RejectedError as error:
            if is_missing(error):
                return None
            raise

    def associated(self, kind: str, to: str, ids: Iterable[str]) -> dict[str, list[str]]:
        """By id, what of the other kind is associated with it, each once; empty where nothing is.

        https://developers.hubspot.com/docs/api-reference/crm-associations-v4: past a page of one record's, that record
        is asked for again with its own `after`.
        """
        path = self._portal.path("associations_read", type=kind, to=to)
        found: dict[str, dict[str, None]] = {each: {} for each in ids}
        todo: list[dict[str, str]] = [{"id": each} for each in found]
        while todo:
            inputs, todo = todo[:_ASSOCIATED], todo[_ASSOCIATED:]
            for row in self._portal.ask_each(path, {"inputs": inputs}, WireAssociated).results:
                of = str(row.from_.id)
                found.setdefault(of, {}).update(dict.fromkeys(str(each.to_object_id) for each in row.to))
                if row.paging is not None and row.paging.next is not None and row.paging.next.after:
                    todo.append({"id": of, "after": row.paging.next.after})
        return {each: list(others) for each, others in found.items()}

    # ------------------------------------------------------------ writing
    def create(self, kind: str, rows: Sequence[Row], recognise: Recognise) -> Iterator[list[tuple[str, Result]]]:
        """Create each, once; after each request what became of its rows. `recognise`: the trace of a record created,
        where the portal does not say it."""
        return self._write("batch_create", kind, rows, recognise)

    def update(self, kind: str, rows: Sequence[Row]) -> Iterator[list[tuple[str, Result]]]:
        """The same for changes; each row's body has an id, and no two the same."""
        traces = {str(row.body["id"]): row.trace for row in rows}
        return self._write("batch_update", kind, rows, lambda record: traces.get(record.id, ""))

    def upsert(self, kind: str, rows: Sequence[Row], recognise: Recognise) -> Iterator[list[tuple[str, Result]]]:
        return self._write("batch_upsert", kind, rows, recognise)

    def _write(
        self, operation: str, kind: str, rows: Sequence[Row], recognise: Recognise
    ) -> Iterator[list[tuple[str, Result]]]:
        path = self._portal.path(operation, type=kind)
        todo = list(chunks(rows, SIZE))
        while todo:
            some = todo.pop(0)
            try:
                yield self._sent(path, some, recognise)
            except RejectedError as error:
                # The batch was refused as a whole, so none of it took effect.
                if len(some) == 1:
                    yield [(some[0].trace, error)]
                else:
                    middle = len(some) // 2
                    todo[:0] = [some[:middle], some[middle:]]

    def _sent(self, path: str, rows: Sequence[Row], recognise: Recognise) -> list[tuple[str, Result]]:
        body = {"inputs": [{**row.body, "objectWriteTraceId": row.trace} for row in rows]}
        try:
            answer = self._portal.write("POST", path, body, WireBatch)
        except OutcomeUnknownError as error:
            return [(row.trace, error) for row in rows]
        told: dict[str, Result] = {}
        for record in answer.results:
            told[record.object_write_trace_id or recognise(record)] = record
        for problem in answer.errors or ():
            for trace in _named(problem, rows):
                told.setdefault(trace, refusal(path, problem))
        left = [row.trace for row in rows if row.trace not in told]
        unsaid = [problem for problem in answer.errors or () if not _named(problem, rows)]
        for trace in left:
            if len(left) <= len(unsaid):
                told[trace] = refusal(path, *unsaid)
            else:
                told[trace] = OutcomeUnknownError(
                    f"POST {path}: accepted, but the answer does not say what became of it"
                )
        return [(row.trace, told[row.trace]) for row in rows]


def chunks(things: Iterable[T], size: int) -> Iterator[list[T]]:
    every = list(things)
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _named(problem: WireProblem, rows: Sequence[Row]) -> list[str]:
    """The traces that an error is about: it names them, or the ids they are about."""
    context = problem.context or {}
    traces = set(context.get("objectWriteTraceId", ()))
    ids: set[str] = set(context.get("ids", ())) | set(context.get("id", ()))
    return [row.trace for row in rows if row.trace in traces or (ids and str(row.body.get("id")) in ids)]


def refusal(path: str, *problems: WireProblem) -> RejectedError:
    """In the vendor's words, without the values that they may quote."""
    said = [words(Answer(status=400, body=msgspec.json.encode(problem))) for problem in problems]
    text = "; ".join(dict.fromkeys(": ".join(filter(None, (each.code, each.message))) for each in said))
    code = said[0].code
    missing = tuple(name for each in said for name in each.missing)
    return RejectedError(f"POST {path}: {text}", code=code, status=409 if code == "CONFLICT" else 400, missing=missing)


def _by_number(record_id: str) -> tuple[int, str]:
    return len(record_id), record_id
