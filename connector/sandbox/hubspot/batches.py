"""Batch create, update, upsert and archive: up to 100 records, each with an outcome of its own or all with one.

One bad row fails the whole batch, unless every input has an objectWriteTraceId of its own: then the others are written
and the answer is a 207 that names the bad ones (facts 6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from connector.sandbox.http import Answer

from . import schema
from .ask import Ask
from .reading import batch_answer, row_error
from .refusals import Refusal, invalid
from .state import Row
from .writing import Writing

if TYPE_CHECKING:
    from .render import Renderer
    from .world import World

MOST = 100
TRACE = "objectWriteTraceId"


class Batches:
    """Writes batches. Call under the world's lock."""

    def __init__(self, world: World, renderer: Renderer, writing: Writing) -> None:
        self._world, self._renderer, self._writing = world, renderer, writing

    def create(self, ask: Ask, kind: str) -> Answer:
        def one(row: Row) -> Row:
            record = self._writing.create(ask, kind, row)
            return self._writing.shown(kind, record, *(row.get("properties") or ()))

        return self._each(ask, one, done=201)

    def update(self, ask: Ask, kind: str) -> Answer:
        inputs = ask.inputs(MOST)
        names = [str(row.get("id", "")) for row in inputs]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise invalid(f"Duplicate IDs found in batch input: {twice}. IDs must be unique.")

        def one(row: Row) -> Row:
            record = self._writing.update(
                ask, kind, str(row.get("id", "")), row.get("properties") or {}, str(row.get("idProperty") or "")
            )
            return self._writing.shown(kind, record, *(row.get("properties") or ()))

        return self._each(ask, one, missing_apart=True)

    def upsert(self, ask: Ask, kind: str) -> Answer:
        """Write by a unique property; `new` says whether the record was made."""
        inputs = ask.inputs(MOST)
        values = [(str(row.get("idProperty")), str(row.get("id", "")).lower()) for row in inputs]
        if len(set(values)) < len(values):
            raise invalid("Duplicate IDs found in batch input. IDs must be unique.")
        by = {name for name, _ in values}
        if by == {"email"} and self._world.readings["upsert_by_email"] == "refused":
            raise invalid("Partial upserts are not supported with email as the idProperty")
        wrong = by - set(self._world.unique_names(kind))
        if wrong:
            raise invalid(f"idProperty must be a unique property of {kind}, not {sorted(wrong)}")
        if kind in (schema.NOTES, schema.TASKS) and self._world.readings["unique_on_activities"] == "refused":
            raise invalid(f"Upsert is not supported on {kind}")

        def one(row: Row) -> Row:
            name, value = str(row["idProperty"]), str(row.get("id", ""))
            properties = {name: value, **(row.get("properties") or {})}
            holder = self._world.holder(kind, name, value)
            if holder is None:
                record = self._writing.create(ask, kind, {"properties": properties})
            else:
                record = self._writing.update(ask, kind, str(holder), properties)
            return self._writing.shown(kind, record, *properties) | {"new": holder is None}

        return self._each(ask, one)

    def archive(self, ask: Ask, kind: str) -> Answer:
        for row in ask.inputs(MOST):
            self._writing.archive(kind, str(row.get("id", "")))
        return Answer(status=204)

    def _each(self, ask: Ask, one: Callable[[Row], Row], *, done: int = 200, missing_apart: bool = False) -> Answer:
        inputs = ask.inputs(MOST)
        traces = [str(row[TRACE]) for row in inputs if row.get(TRACE)]
        apart = len(set(traces)) == len(inputs) and self._world.readings["batch_errors"] == "by_trace"
        before = None if apart else self._world.state.copy()
        results, errors, count = [], [], 0
        for row in inputs:
            try:
                trace = {TRACE: row[TRACE]} if row.get(TRACE) else {}
                results.append(one(row) | trace)
            except Refusal as refusal:
                if apart:
                    context = {TRACE: [str(row[TRACE])]}
                elif missing_apart and refusal.status == 404:
                    context = {"ids": [str(row.get("id", ""))]}
                else:
                    # All or nothing: what the rows before it did is taken back.
                    if before is not None:
                        self._world.back_to(before)
                    raise
                errors.append(row_error(refusal.body, context))
                count += 1
        return batch_answer(self._world, self._renderer, results, errors, count, done=done)
